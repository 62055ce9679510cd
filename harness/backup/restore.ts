// Bringing a backup back into an empty folder. It is fetched beside its place, checked there, and
// moved with one rename: a server that starts in the middle finds nothing.

import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError, reasonOf } from '../errors.ts';
import { checkBackup } from './check.ts';
import type { Checked } from './check.ts';
import { syncFolder, syncFolders } from './files.ts';
import type { Work } from './files.ts';
import type { DataForm } from './loading/messages.ts';
import { parseRecord, totalBytes } from './record.ts';
import type { BackupRecord } from './record.ts';
import type { BackupStore } from './stores/store.ts';

/** What is on its way lies here, in the folder that it is restored to. */
const partialPrefix = '.plugpull-restore-';

/** What was restored. */
export interface Restored {
  readonly record: BackupRecord;
  readonly checked: Checked;
}

/**
 * Finds a backup by its name, or the newest for `latest`.
 * @throws {HarnessError} USAGE when there is none, BACKUP_BAD, BACKUP_NEWER, STORE_FAILED.
 */
export async function findBackup(
  store: BackupStore, name: string, signal: AbortSignal,
): Promise<BackupRecord> {
  const names = (await store.names(signal)).filter(({ isWhole }) => isWhole);
  const wanted = name === 'latest' ? names.at(-1)?.name : name;
  const text = wanted === undefined ? null : await store.recordText(wanted, signal);
  if (wanted === undefined || text === null) {
    const there = names.length === 0 ? 'it has none'
      : `it has ${names.slice(-5).map((each) => each.name).join(', ')}`;
    throw new HarnessError('USAGE', `${store.where}: no backup '${name}'; ${there}`);
  }
  const record = parseRecord(text, `${store.where}/${wanted}`);
  if (record.name !== wanted) {
    throw new HarnessError('BACKUP_BAD', `${store.where}/${wanted}: its record is of`
      + ` ${record.name}; take another backup`);
  }
  return record;
}

/**
 * Refuses a folder that holds anything but what a restore before left unfinished.
 * @throws {HarnessError} USAGE naming what is in the way.
 */
export async function checkEmpty(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new HarnessError('USAGE', `${directory}: ${error.message}`);
  });
  const others = entries.filter((name) => !name.startsWith(partialPrefix));
  if (others.length > 0) {
    const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
    throw new HarnessError('USAGE', `${directory}: expected an empty folder, found`
      + ` ${others.slice(0, 3).join(', ')}${more}; nothing was overwritten. Move that away, or name`
      + ' another folder');
  }
}

/**
 * Restores a backup.
 * @throws {HarnessError} USAGE, BACKUP_BAD, BACKUP_NEWER, STORE_FAILED, ENVIRONMENT, INTERRUPTED.
 */
export async function restoreBackup(
  record: BackupRecord,
  { store, directory, onStep }: {
    readonly store: BackupStore; readonly directory: string;
    readonly onStep: (step: string, bytes: number | null) => void;
  },
  work: Work,
): Promise<Restored> {
  await checkEmpty(directory);
  const isNew = !existsSync(directory);
  const partial = path.join(directory, `${partialPrefix}${record.name}`);
  try {
    await mkdir(partial, { recursive: true, mode: 0o700 });
    const checked = await fetchAndCheck(record, { store, to: partial, onStep }, work);
    await ownAs(directory, partial);
    await syncFolders(partial);
    await checkEmpty(directory);
    const entry = entryOf(record.form);
    await rename(path.join(partial, entry), path.join(directory, entry));
    await syncFolder(directory);
    await removePartials(directory);
    return { record, checked };
  } catch (error) {
    const isResumable = error instanceof HarnessError && error.code === 'STORE_FAILED';
    if (!isResumable) {
      await removePartials(directory);
      if (isNew) await rm(directory, { recursive: true, force: true });
    }
    if (error instanceof HarnessError) throw error;
    const why = reasonOf(error);
    throw new HarnessError('ENVIRONMENT', `cannot restore to ${directory}: ${why}`, {
      cause: error,
    });
  }
}

/** Fetches a backup and checks it; what is in `to` already is used, and fetched anew if damaged. */
export async function fetchAndCheck(
  record: BackupRecord,
  { store, to, onStep }: {
    readonly store: BackupStore; readonly to: string;
    readonly onStep: (step: string, bytes: number | null) => void;
  },
  work: Work,
): Promise<Checked> {
  const where = `${store.where}/${record.name}`;
  for (let tried = 1; ; tried++) {
    const isResumed = (await readdir(to)).length > 0;
    onStep('fetching', totalBytes(record));
    for (const file of record.files) await store.fetch(record.name, file, { ...work, to });
    onStep('checking', totalBytes(record));
    try {
      return await checkBackup(record, { folder: to, where }, work);
    } catch (error) {
      const isDamage = error instanceof HarnessError && error.code === 'BACKUP_BAD';
      // Bytes of a former try may be damaged where the store's are not.
      if (!isDamage || !isResumed || tried > 1) throw error;
      await rm(to, { recursive: true, force: true });
      await mkdir(to, { recursive: true });
    }
  }
}

/** Every form has one name at the top: so one rename brings all of it into place. */
function entryOf(form: DataForm): string {
  return form.kind === 'aof' ? form.folderName : form.fileName;
}

/** The server that will read them may be another user than the one who restores as root. */
async function ownAs(directory: string, partial: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(directory);
  for (const entry of await readdir(partial, { recursive: true })) {
    await chown(path.join(partial, entry), uid, gid);
  }
}

async function removePartials(directory: string): Promise<void> {
  const entries = await readdir(directory).catch(() => []);
  for (const name of entries.filter((each) => each.startsWith(partialPrefix))) {
    await rm(path.join(directory, name), { recursive: true, force: true });
  }
}
