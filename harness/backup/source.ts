// What a data directory holds, and a consistent copy of it. Of a server that does not run the files
// must not change meanwhile; of one that does, see live.ts.

import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestName } from '../../engine/aof/format.ts';
import { parseManifest } from '../../engine/aof/manifest.ts';
import { HarnessError } from '../errors.ts';
import { copyBytes } from './files.ts';
import type { Work } from './files.ts';
import type { DataForm } from './loading/messages.ts';

/** Names of a server's files; Redis' own without a server to ask. */
export interface Names {
  readonly snapshot: string;
  readonly logFolder: string;
  readonly logPrefix: string;
}

/** The names of a server that was not told others. */
export const usualNames: Names = {
  snapshot: 'dump.rdb', logFolder: 'appendonlydir', logPrefix: 'appendonly.aof',
};

/** Which form is asked for; `auto`: the log where there is one, as a server does. */
export type WantedForm = 'auto' | 'rdb' | 'aof';

/**
 * Finds the data.
 * @throws {HarnessError} USAGE when there is none.
 */
export function findData(directory: string, names: Names, wanted: WantedForm): DataForm {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) {
    throw new HarnessError('USAGE', `${directory}: expected the data directory of a Redis server,`
      + ` found ${stat === undefined ? 'nothing' : 'a file'}`);
  }
  const manifest = path.join(directory, names.logFolder, manifestName(names.logPrefix));
  if (wanted !== 'rdb') {
    if (existsSync(manifest)) {
      return { kind: 'aof', folderName: names.logFolder, prefix: names.logPrefix };
    }
    if (existsSync(path.join(directory, names.logPrefix))) {
      return { kind: 'single-aof', fileName: names.logPrefix };
    }
  }
  if (wanted !== 'aof' && existsSync(path.join(directory, names.snapshot))) {
    return { kind: 'rdb', fileName: names.snapshot };
  }
  const looked = [
    ...(wanted === 'rdb' ? [] : [`${names.logFolder}/${manifestName(names.logPrefix)}`,
      names.logPrefix]),
    ...(wanted === 'aof' ? [] : [names.snapshot]),
  ];
  throw new HarnessError('USAGE', `${directory} holds no Redis data: looked for`
    + ` ${looked.join(', ')}; files of other names: --dbfilename, --appenddirname,`
    + ' --appendfilename');
}

/** The files of a form, as paths below the directory; the manifest first. */
export async function filesOf(directory: string, form: DataForm): Promise<string[]> {
  if (form.kind !== 'aof') return [form.fileName];
  const manifest = `${form.folderName}/${manifestName(form.prefix)}`;
  const file = path.join(directory, manifest);
  const { base, increments } = parseManifest(await readFile(file), file);
  const names = [...(base === null ? [] : [base.name]), ...increments.map(({ name }) => name)];
  return [manifest, ...names.map((name) => `${form.folderName}/${name}`)];
}

/** Bytes of these files now. */
export function sizeOf(directory: string, files: readonly string[]): number {
  return files.reduce((sum, file) => (
    sum + (statSync(path.join(directory, file), { throwIfNoEntry: false })?.size ?? 0)), 0);
}

/**
 * Copies the data of a server that does not run.
 * @throws {HarnessError} ENVIRONMENT when the files change meanwhile.
 */
export async function copyStopped(
  directory: string, { form, to }: { readonly form: DataForm; readonly to: string }, work: Work,
): Promise<void> {
  const files = await filesOf(directory, form);
  const before = stateOf(directory, files);
  for (const file of files) {
    await copyBytes(path.join(directory, file), path.join(to, file), work);
  }
  const changed = files.find((_, at) => stateOf(directory, files)[at] !== before[at]);
  if (changed !== undefined) {
    throw new HarnessError('ENVIRONMENT', `${path.join(directory, changed)} changed while it was`
      + ' copied: a server is at work there; name it with --port, so that the copy is consistent');
  }
}

/**
 * Copies the log of a server that runs and does not rewrite it: every file but the last is closed,
 * and of the last its beginning is what was logged by then.
 * @returns false when the manifest has changed meanwhile: somebody rewrote it.
 */
export async function copyGrowing(
  directory: string, { form, to }: { readonly form: DataForm; readonly to: string }, work: Work,
): Promise<boolean> {
  const files = await filesOf(directory, form);
  const [manifest = ''] = files;
  if (form.kind !== 'aof') {
    // One file, which a rewrite replaces by another: what is open here stays what it was.
    await copyBytes(path.join(directory, manifest), path.join(to, manifest), work);
    return true;
  }
  const before = await readFile(path.join(directory, manifest));
  for (const file of files) {
    await copyBytes(path.join(directory, file), path.join(to, file), work);
  }
  const copied = await readFile(path.join(to, manifest));
  const after = await readFile(path.join(directory, manifest));
  return before.equals(after) && before.equals(copied);
}

function stateOf(directory: string, files: readonly string[]): string[] {
  return files.map((file) => {
    const stat = statSync(path.join(directory, file), { throwIfNoEntry: false, bigint: true });
    return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  });
}
