// Which files count at start: looks at names, manifest and sizes, and changes nothing.
//
//   appendonly no    dump.rdb, or nothing
//   appendonly yes   the log, if there is one; dump.rdb is then left aside
//                    an appendonly.aof of Redis 6: it becomes the base of a log
//                    dump.rdb alone: it is loaded and becomes the base. Redis would start empty
//                    here and later overwrite it, and so does `compat-strict yes`
//                    nothing: an empty log is made
import { incrementSequence } from '../aof/format.ts';
import type { LogDirectory } from '../aof/log-directory.ts';
import type { LogFile, Manifest } from '../aof/manifest.ts';
import { EngineError } from '../errors.ts';
import type { Disk } from '../io/disk.ts';
import type { LogFileToLoad } from './recovery.ts';
import type { PersistenceOptions } from './settings.ts';

/** What to load. */
export type StartPlan =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'snapshot'; readonly path: string; readonly sizeBytes: number }
  | {
    readonly kind: 'log';
    readonly files: readonly LogFileToLoad[];
    /** Says which files count; not on disk yet when it has to be adopted. */
    readonly manifest: Manifest;
    readonly adopt: boolean;
    /** A file of Redis 6 that belongs into the log's directory, or null. */
    readonly moveFrom: string | null;
  };

/**
 * Decides what to load.
 * @throws {EngineError} DIRECTORY_UNUSABLE, MANIFEST_BAD
 */
export function planStart(options: PersistenceOptions, directory: LogDirectory): StartPlan {
  const { disk, settings } = options;
  if (disk.stat(settings.directory)?.kind !== 'directory') {
    throw new EngineError('DIRECTORY_UNUSABLE', `${settings.directory} is no directory: make it,`
      + " or name another one with 'dir'");
  }
  if (settings.appendOnly) {
    const plan = planLog(options, directory);
    if (plan !== null) return plan;
    // Redis starts empty; a snapshot that is there stays until the next save.
    if (settings.compatStrict) return { kind: 'nothing' };
  }
  const path = `${settings.directory}/${settings.dbFileName}`;
  const stat = disk.stat(path);
  if (stat === null) return { kind: 'nothing' };
  return { kind: 'snapshot', path, sizeBytes: stat.sizeBytes };
}

function planLog(options: PersistenceOptions, directory: LogDirectory): StartPlan | null {
  const oldPath = `${options.settings.directory}/${directory.prefix}`;
  const old = options.disk.stat(oldPath)?.kind === 'file' ? oldPath : null;
  if (directory.read()) return planListed(options.disk, directory, old);
  const adopted = manifestFromNames(options.disk, directory);
  if (adopted !== null) {
    options.log('warning', `${directory.manifestPath} is missing; the base beside it is whole and`
      + ' nothing was logged after it, so it is loaded.');
    const files = filesOf(options.disk, directory, adopted);
    return { kind: 'log', files, manifest: adopted, adopt: true, moveFrom: null };
  }
  if (old === null) return null;
  const manifest = { base: { name: directory.prefix, sequence: 1 }, history: [], increments: [] };
  const sizeBytes = options.disk.stat(old)?.sizeBytes ?? 0;
  const file = { path: old, name: directory.prefix, role: 'base', sizeBytes } as const;
  return { kind: 'log', files: [file], manifest, adopt: true, moveFrom: old };
}

function planListed(disk: Disk, directory: LogDirectory, old: string | null): StartPlan {
  const { manifest } = directory;
  refuseUnlisted(disk, directory, manifest);
  // The move of a Redis 6 file was interrupted: the manifest came first.
  const { base } = manifest;
  const unmoved = base !== null && base.name === directory.prefix && old !== null
    && disk.stat(directory.pathOf(base.name)) === null;
  if (!unmoved) {
    const files = filesOf(disk, directory, manifest);
    return { kind: 'log', files, manifest, adopt: false, moveFrom: null };
  }
  const sizeBytes = disk.stat(old)?.sizeBytes ?? 0;
  const moved: LogFileToLoad = { path: old, name: base.name, role: 'base', sizeBytes };
  const files = [moved, ...filesOf(disk, directory, { ...manifest, base: null })];
  return { kind: 'log', files, manifest, adopt: false, moveFrom: old };
}

function filesOf(disk: Disk, directory: LogDirectory, manifest: Manifest): LogFileToLoad[] {
  const toLoad = (file: LogFile, role: 'base' | 'incr'): LogFileToLoad => {
    const path = directory.pathOf(file.name);
    const stat = disk.stat(path);
    if (stat === null || stat.kind !== 'file') {
      throw new EngineError('MANIFEST_BAD', `${directory.manifestPath} names ${file.name}, which`
        + ` does not exist in ${directory.path}. Restore the file from a copy; starting without`
        + ' it would lose what it holds');
    }
    const inBlocks = file.inBlocks === true;
    const complete = file.bytes === undefined ? {} : { bytes: file.bytes };
    return { path, name: file.name, role, sizeBytes: stat.sizeBytes, inBlocks, ...complete };
  };
  const base = manifest.base === null ? [] : [toLoad(manifest.base, 'base')];
  return [...base, ...manifest.increments.map((file) => toLoad(file, 'incr'))];
}

/**
 * A manifest that lost its last lines would hide what came last: Redis would not notice.
 * @throws {EngineError} MANIFEST_BAD
 */
export function refuseUnlisted(disk: Disk, directory: LogDirectory, manifest: Manifest): void {
  const last = manifest.increments.at(-1)?.sequence ?? 0;
  const listed = new Set([...manifest.increments, ...manifest.history].map((file) => file.name));
  for (const name of directory.list()) {
    const sequence = incrementSequence(directory.prefix, name);
    const sizeBytes = disk.stat(directory.pathOf(name))?.sizeBytes ?? 0;
    if (sequence > last && sizeBytes > 0 && !listed.has(name)) {
      throw new EngineError('MANIFEST_BAD', `${directory.manifestPath} does not name ${name}, which`
        + ` is later than all it names and holds ${sizeBytes} bytes. Add the line 'file ${name}`
        + ` seq ${sequence} type i' if it belongs to the log, else move the file away`);
    }
  }
}

/**
 * There is no manifest: a log was being made (the manifest comes last), or the manifest is lost.
 * One base and nothing logged after it is the same data either way.
 */
function manifestFromNames(disk: Disk, directory: LogDirectory): Manifest | null {
  const { prefix } = directory;
  const bases: LogFile[] = [];
  for (const name of directory.list()) {
    const match = name.startsWith(`${prefix}.`)
      ? /^([1-9]\d{0,14})\.base\.(rdb|aof)$/.exec(name.slice(prefix.length + 1))
      : null;
    if (match !== null) bases.push({ name, sequence: Number(match[1]) });
    const logged = incrementSequence(prefix, name) > 0
      && (disk.stat(directory.pathOf(name))?.sizeBytes ?? 0) > 0;
    if (logged || bases.length > 1) {
      throw new EngineError('MANIFEST_BAD', `${directory.manifestPath} is missing, and without it`
        + ` nobody knows which of the files in ${directory.path} count: ${name} is one of them.`
        + ' Restore the manifest from a copy, or move the directory away to start without it');
    }
  }
  const [base] = bases;
  return base === undefined ? null : { base, history: [], increments: [] };
}

const temporaryNames = /^temp-(?:rewriteaof-|rewriteaof-bg-)?(\d+)\.(?:rdb|aof)$/;

/** Removes what a process that is gone left half written. */
export function removeLeftovers(options: PersistenceOptions): void {
  const { disk, settings, processId, isAlive, log } = options;
  for (const name of disk.list(settings.directory)) {
    const match = temporaryNames.exec(name);
    if (match === null) continue;
    const owner = Number(match[1]);
    // A file with our own id is from an earlier process that had it.
    if (owner !== processId && isAlive(owner)) continue;
    try {
      disk.unlink(`${settings.directory}/${name}`);
      log('notice', `Removed ${name}, which a process left unfinished`);
    } catch (error) {
      log('warning', `Leftover ${name} cannot be removed: ${String(error)}`);
    }
  }
}
