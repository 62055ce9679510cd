// Where backups are kept: what every kind of store can do.

import type { BackupFile, BackupRecord } from '../record.ts';
import type { Work } from '../files.ts';

/** A folder of a store that bears the name of a backup. */
export interface StoredName {
  readonly name: string;
  /** Its record is there: it was written to its end. */
  readonly isWhole: boolean;
}

/** A store. All calls throw {HarnessError} STORE_FAILED, ENVIRONMENT or INTERRUPTED. */
export interface BackupStore {
  /** As the user names it. */
  readonly where: string;
  /** `publish` moves the staged folder instead of reading it. */
  readonly movesFolder: boolean;
  /** In the order of time, oldest first. */
  names(signal: AbortSignal): Promise<StoredName[]>;
  /** The record's text; null when there is none of that name. */
  recordText(name: string, signal: AbortSignal): Promise<string | null>;
  /** The folder in which a backup is put together before it is published; not made yet. */
  stagingFolder(label: string): string;
  /**
   * Makes a backup of a staged folder, whose record is `backup.json` in it. It is there whole or
   * not at all, and durable.
   */
  publish(folder: string, record: BackupRecord, work: Work): Promise<void>;
  /** What is left of `publish` that failed is taken away, as far as that can be done. */
  forget(folder: string, record: BackupRecord): Promise<void>;
  /** Brings one file; goes on where a former try ended. The caller checks its sum. */
  fetch(name: string, file: BackupFile, work: Work & { readonly to: string }): Promise<void>;
  /** Removes a backup, or what is left of one; first that which makes it a backup. */
  remove(name: string, signal: AbortSignal): Promise<void>;
}
