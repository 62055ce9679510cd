// Backups in a local folder. One is put together beside the others under a name that is none,
// synced, and then renamed.

import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError, reasonOf } from '../../errors.ts';
import { copyBytes, syncFolder, syncFolders } from '../files.ts';
import type { Work } from '../files.ts';
import { dataFolder, momentOf, recordName } from '../record.ts';
import type { BackupFile, BackupRecord } from '../record.ts';
import type { BackupStore, StoredName } from './store.ts';

/** The store of a folder, which need not be there yet. */
export function folderStore(folder: string): BackupStore {
  return {
    where: folder,
    movesFolder: true,
    names: () => namesIn(folder),
    recordText: (name) => readFile(path.join(folder, name, recordName), 'utf8')
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
        throw unusable(folder, error);
      }),
    stagingFolder: (label) => path.join(folder, `.partial-${label}`),
    publish: (staged, record) => publish(folder, staged, record),
    forget: (staged) => rm(staged, { recursive: true, force: true }),
    fetch: (name, file, work) => fetchFile(path.join(folder, name), file, work),
    remove: (name) => remove(folder, name),
  };
}

async function namesIn(folder: string): Promise<StoredName[]> {
  const entries = await readdir(folder, { withFileTypes: true })
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw unusable(folder, error);
    });
  return entries.filter((entry) => entry.isDirectory() && momentOf(entry.name) !== null)
    .map(({ name }) => ({ name, isWhole: existsSync(path.join(folder, name, recordName)) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function publish(folder: string, staged: string, { name }: BackupRecord): Promise<void> {
  const to = path.join(folder, name);
  try {
    await mkdir(folder, { recursive: true });
    await syncFolders(staged);
    await rename(staged, to);
    await syncFolder(folder);
  } catch (error) {
    if (existsSync(path.join(to, recordName)) && existsSync(staged)) {
      throw new HarnessError('USAGE', `${to} is there already; nothing was overwritten`);
    }
    throw unusable(folder, error);
  }
}

async function fetchFile(
  from: string, file: BackupFile, { to, ...work }: Work & { readonly to: string },
): Promise<void> {
  const target = path.join(to, file.path);
  const source = path.join(from, dataFolder, file.path);
  if ((await stat(source).catch(() => null))?.isFile() !== true) {
    throw new HarnessError('BACKUP_BAD', `${from}: ${file.path} is missing; take another backup`);
  }
  await rm(target, { force: true });
  await copyBytes(source, target, work);
}

async function remove(folder: string, name: string): Promise<void> {
  const doomed = path.join(folder, `.removed-${name}`);
  try {
    await rename(path.join(folder, name), doomed);
    await syncFolder(folder);
    await rm(doomed, { recursive: true, force: true });
  } catch (error) {
    throw unusable(folder, error);
  }
}

function unusable(folder: string, cause: unknown): HarnessError {
  const why = reasonOf(cause);
  return new HarnessError('ENVIRONMENT', `the store ${folder}: ${why}`, { cause });
}
