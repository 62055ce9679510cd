// Is this folder the data that its record says? Sums, then check-rdb or check-aof, then DEBUG
// DIGEST of what the bundled engine loads.

import path from 'node:path';
import { HarnessError } from '../errors.ts';
import { checkSums } from './files.ts';
import type { Work } from './files.ts';
import { loadData } from './loading/load.ts';
import type { BackupRecord } from './record.ts';

/** What a check found out beyond the sums. */
export type Checked =
  | { readonly kind: 'equal'; readonly digest: string; readonly keys: number }
  | { readonly kind: 'sums-only'; readonly why: string };

/**
 * Checks the files below `folder`.
 * @throws {HarnessError} BACKUP_BAD, BACKUP_NEWER, ENVIRONMENT, INTERRUPTED.
 */
export async function checkBackup(
  record: BackupRecord,
  { folder, where }: { readonly folder: string; readonly where: string }, work: Work,
): Promise<Checked> {
  const { files, form, data } = record;
  await checkSums(folder, { files, where }, work);
  const answer = await loadData({
    directory: path.resolve(folder), form, atMs: Date.parse(record.takenAt), cutTail: false,
  }, work.signal);
  if (answer.kind === 'damaged') throw bad(`${where}: ${answer.why}`);
  if (answer.kind === 'unknown') {
    if (data.kind === 'unknown') return { kind: 'sums-only', why: data.why };
    throw new HarnessError('BACKUP_NEWER', `${where}: ${answer.why}; Plugpull ${record.plugpull}`
      + ' could read it when it was made: update Plugpull');
  }
  if (data.kind === 'digest' && data.digest !== answer.digest) {
    throw bad(`${where}: its data has the digest ${answer.digest}, expected ${data.digest}`);
  }
  return { kind: 'equal', digest: answer.digest, keys: answer.keys };
}

function bad(text: string): HarnessError {
  return new HarnessError('BACKUP_BAD', `${text}; take another backup`);
}
