// Taking a backup: copy, check, name, publish, and then let old ones go.

import { mkdir, rm, rename } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError, reasonOf } from '../errors.ts';
import { hold } from '../holdings/holdings.ts';
import { installation } from '../metrics/installation.ts';
import { checkBackup } from './check.ts';
import { copyBytes, listFiles, writeSynced } from './files.ts';
import type { Work } from './files.ts';
import { copyLive } from './live.ts';
import type { LiveServer } from './live.ts';
import { loadData } from './loading/load.ts';
import type { DataForm, LoadAnswer } from './loading/messages.ts';
import { backupFormat, backupName, dataFolder, formatRecord, parseRecord, recordName,
  totalBytes } from './record.ts';
import type { BackupRecord } from './record.ts';
import { copyStopped, findData } from './source.ts';
import type { Names, WantedForm } from './source.ts';
import type { BackupStore } from './stores/store.ts';

/** Where the data comes from. */
export type BackupSource =
  | { readonly kind: 'stopped'; readonly directory: string; readonly names: Names }
  | { readonly kind: 'live'; readonly server: LiveServer; readonly directory: string | null };

/** What to do, and who hears of it. */
export interface BackupOptions {
  readonly source: BackupSource;
  readonly wanted: WantedForm;
  readonly store: BackupStore;
  readonly takenAt: Date;
  /** A step begins, with the bytes it has to do where they are known. */
  readonly onStep: (step: string, bytes: number | null) => void;
  readonly say: (text: string) => void;
}

/**
 * Takes a backup and publishes it.
 * @throws {HarnessError} USAGE, ENVIRONMENT, TARGET_FAILED, BACKUP_BAD, STORE_FAILED, INTERRUPTED.
 */
export async function takeBackup(options: BackupOptions, work: Work): Promise<BackupRecord> {
  const { store, takenAt } = options;
  await store.names(work.signal); // a store that cannot be reached is known before the work
  const label = `${takenAt.toISOString().replaceAll(/[:.]/g, '-')}-${process.pid}`;
  const staged = store.stagingFolder(label);
  const release = hold({ kind: 'folder', path: staged });
  let record: BackupRecord | null = null;
  try {
    record = await stage(options, staged, work);
    options.onStep('storing', totalBytes(record));
    await store.publish(staged, record, work);
  } catch (error) {
    const isKept = record !== null && error instanceof HarnessError
      && error.code === 'STORE_FAILED';
    if (isKept && record !== null) throw await keptFor(options, { staged, record, error });
    if (record !== null) await store.forget(staged, record).catch(() => {});
    await rm(staged, { recursive: true, force: true }).catch(() => {});
    release();
    throw error;
  }
  await rm(staged, { recursive: true, force: true });
  release();
  return record;
}

/**
 * Publishes a backup that lies in a folder: one that could not be stored, or of another store.
 * @throws {HarnessError} as `takeBackup`.
 */
export async function pushBackup(
  folder: string, { store, onStep, readRecord }: Pick<BackupOptions, 'store' | 'onStep'> & {
    readonly readRecord: () => Promise<string>;
  }, work: Work,
): Promise<BackupRecord> {
  const record = parseRecord(await readRecord(), folder);
  onStep('checking', totalBytes(record));
  await checkBackup(record, { folder: path.join(folder, dataFolder), where: folder }, work);
  onStep('storing', totalBytes(record));
  if (!store.movesFolder) {
    await store.publish(folder, record, work);
    return record;
  }
  const staged = store.stagingFolder(`${record.name}-${process.pid}`);
  const release = hold({ kind: 'folder', path: staged });
  try {
    for (const file of [recordName, ...record.files.map((each) => `${dataFolder}/${each.path}`)]) {
      await copyBytes(path.join(folder, file), path.join(staged, file), work);
    }
    await store.publish(staged, record, work);
  } finally {
    await rm(staged, { recursive: true, force: true });
    release();
  }
  return record;
}

async function stage(
  options: BackupOptions, staged: string, work: Work,
): Promise<BackupRecord> {
  const { takenAt, onStep } = options;
  const data = path.join(staged, dataFolder);
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = reasonOf(cause);
    throw new HarnessError('ENVIRONMENT', `cannot make ${data}: ${why}`, { cause });
  }
  onStep('copying', null);
  const { form, server } = await copied(options, data, work);
  onStep('checking', null);
  // Deadlines are compared with this moment at every later check: so the digest stays the same.
  const answer = await loadData({
    directory: path.resolve(data), form, atMs: takenAt.getTime(), cutTail: true,
  }, work.signal);
  const known = dataOf(answer, options);
  const files = await listFiles(data, { ...work, onBytes: () => {} });
  const record: BackupRecord = {
    format: backupFormat, plugpull: installation.version,
    name: backupName(takenAt, { files, data: known }), takenAt: takenAt.toISOString(),
    server, form, files, data: known,
  };
  await writeSynced(path.join(staged, recordName), formatRecord(record));
  return record;
}

async function copied(
  { source, wanted, say }: BackupOptions, to: string, work: Work,
): Promise<{ form: DataForm; server: string | null }> {
  if (source.kind === 'live') {
    return copyLive(source.server, { directory: source.directory, to, wanted, say }, work);
  }
  const form = findData(source.directory, source.names, wanted);
  await copyStopped(source.directory, { form, to }, work);
  return { form, server: null };
}

function dataOf(answer: LoadAnswer, { say }: BackupOptions): BackupRecord['data'] {
  switch (answer.kind) {
    case 'loaded':
      if (answer.cutBytes > 0) {
        say(`the log ended inside a command: its last ${answer.cutBytes} bytes are not in the`
          + ' backup, as no server would load them');
      }
      return { kind: 'digest', digest: answer.digest, keys: answer.keys };
    case 'unknown':
      say(`the bundled engine does not know all of this data (${answer.why}): the backup is checked`
        + ' by the sums of its files alone');
      return { kind: 'unknown', why: answer.why };
    case 'damaged':
      throw new HarnessError('BACKUP_BAD', `the data is damaged, so no backup of it was made:`
        + ` ${answer.why}`);
  }
}

/** The backup is whole here and could not be stored: it stays, under its name, to be pushed. */
async function keptFor({ store }: BackupOptions, { staged, record, error }: {
  readonly staged: string; readonly record: BackupRecord; readonly error: HarnessError;
}): Promise<HarnessError> {
  const kept = path.join(path.dirname(staged), record.name);
  await rename(staged, kept);
  return new HarnessError('STORE_FAILED', `${error.message}. The backup is whole in ${kept}; go on`
    + ` with: plugpull backup push ${kept} --to ${store.where}`, { cause: error });
}
