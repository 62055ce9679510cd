// Which files a tool is asked to look at: a manifest, the folder that holds one, or a single file.
import { LogDirectory } from '../aof/log-directory.ts';
import { parseManifest } from '../aof/manifest.ts';
import type { Manifest } from '../aof/manifest.ts';
import { EngineError } from '../errors.ts';
import { readStart, WriteError } from '../io/disk.ts';
import type { Disk } from '../io/disk.ts';
import { refuseUnlisted } from '../persistence/startup.ts';
import { beginsAsSnapshot } from '../rdb/file-window.ts';

/** What a tool may touch. */
export interface ToolPorts {
  readonly disk: Disk;
  /** One line of the result. */
  readonly print: (line: string) => void;
  /**
   * Memory for the values of a snapshot that is read; the largest arena unless given. A process
   * that starts others afterwards gives less: what it reserves counts against their limit.
   */
  readonly arenaBytes?: number;
}

/** One file of a log. */
export interface ToolFile {
  readonly name: string;
  readonly path: string;
  readonly role: 'base' | 'incr';
  readonly sizeBytes: number;
  /** How long the manifest says it is: see LogFile. */
  readonly bytes?: number;
}

/** A log as it lies on disk. */
export interface ToolLog {
  /** Where the files are, and the manifest; null: a single file without one. */
  readonly directory: LogDirectory | null;
  /** Base first, then the increments, oldest first. */
  readonly files: readonly ToolFile[];
}

const manifestEnd = '.manifest';
const usualFolder = 'appendonlydir';

/**
 * Finds the log that `path` names.
 * @throws {EngineError} MANIFEST_BAD when the manifest is damaged, names what does not exist or
 * does not name what does, DIRECTORY_UNUSABLE when there is nothing at `path`, or nothing that may
 * be read.
 */
export function findLog(disk: Disk, path: string): ToolLog {
  return onPath(path, () => {
    const stat = disk.stat(path);
    if (stat === null) {
      throw new EngineError('DIRECTORY_UNUSABLE', `${path} does not exist; name the manifest of a`
        + ' log, the folder that holds it, or a single append-only file');
    }
    if (stat.kind === 'directory') return listedLog(disk, manifestIn(disk, path));
    if (path.endsWith(manifestEnd)) return listedLog(disk, path);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const file = { name, path, role: 'base', sizeBytes: stat.sizeBytes } as const;
    return { directory: null, files: [file] };
  });
}

/** The log that a manifest lists, as the server would take it. */
function listedLog(disk: Disk, path: string): ToolLog {
  const manifest = parseManifest(readStart(disk, path, disk.stat(path)?.sizeBytes ?? 0), path);
  const folder = path.slice(0, Math.max(1, path.lastIndexOf('/')));
  const directory = new LogDirectory({
    disk, inBlocks: () => false,
    parent: folder.slice(0, folder.lastIndexOf('/')),
    name: folder.slice(folder.lastIndexOf('/') + 1),
    prefix: path.slice(path.lastIndexOf('/') + 1, -manifestEnd.length),
  });
  directory.manifest = manifest;
  refuseUnlisted(disk, directory, manifest);
  return { directory, files: filesOf(disk, folder, manifest) };
}

/**
 * Does something with a file or folder; where the system refuses, the error names the path.
 * @throws {EngineError} DIRECTORY_UNUSABLE
 */
export function onPath<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const ofSystem = error instanceof WriteError || (error instanceof Error && 'syscall' in error);
    if (!ofSystem) throw error;
    throw new EngineError('DIRECTORY_UNUSABLE', `${path}: ${error.message}`, { cause: error });
  }
}

/** The one manifest in a data directory or in the folder of a log. */
function manifestIn(disk: Disk, folder: string): string {
  const manifests = disk.list(folder)
    .filter((name) => name.endsWith(manifestEnd) && !name.startsWith('temp-'));
  const [only] = manifests;
  if (only !== undefined && manifests.length === 1) return `${folder}/${only}`;
  const inside = `${folder}/${usualFolder}`;
  if (manifests.length === 0 && disk.stat(inside)?.kind === 'directory'
    && disk.list(inside).length > 0) return manifestIn(disk, inside);
  throw new EngineError('MANIFEST_BAD', manifests.length === 0
    ? noManifest(disk, folder)
    : `${folder} holds several manifests (${manifests.join(', ')}); name the one that is meant`);
}

function noManifest(disk: Disk, folder: string): string {
  const found = `${folder} holds no manifest`;
  const logs = disk.list(folder)
    .filter((name) => name.endsWith('.aof') && !name.startsWith('temp-'))
    .filter((name) => disk.stat(`${folder}/${name}`)?.kind === 'file');
  if (logs.length === 0) {
    return `${found} and no ${usualFolder}; name the manifest or a file itself`;
  }
  // Parts of a log without their manifest have numbers in their names.
  const whole = logs.filter((name) => !/\.\d+\.(base|incr)\.aof$/.test(name));
  if (whole.length === 0) {
    return `${found}, but parts of a log (${logs.join(', ')}): restore the manifest from a copy, or`
      + ' name one of the files itself';
  }
  return `${found}, but ${whole.join(' and ')}: ${whole.length === 1 ? 'a log' : 'logs'} in one`
    + ` file, as Redis up to 6 keeps it. Name the file itself: ${folder}/${whole[0]}`;
}

function filesOf(disk: Disk, folder: string, manifest: Manifest): ToolFile[] {
  const listed = [
    ...(manifest.base === null ? [] : [{ ...manifest.base, role: 'base' as const }]),
    ...manifest.increments.map((file) => ({ ...file, role: 'incr' as const })),
  ];
  return listed.map(({ name, role, bytes }) => {
    const path = `${folder}/${name}`;
    const stat = disk.stat(path);
    const noted = bytes === undefined ? {} : { bytes };
    if (stat?.kind === 'file') return { name, path, role, sizeBytes: stat.sizeBytes, ...noted };
    throw new EngineError('MANIFEST_BAD', `the manifest names ${name}, which does not exist in`
      + ` ${folder}. Restore the file from a copy`);
  });
}

/** Whether the file begins as a snapshot does; only a base may. */
export function isSnapshot(disk: Disk, file: Pick<ToolFile, 'path' | 'role'>): boolean {
  return file.role === 'base' && beginsAsSnapshot(disk, file.path);
}
