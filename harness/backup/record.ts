// The record of a backup, `backup.json`, and the name of its folder.
//
//   <store>/2026-11-30T07-17-40Z-0f3c9a1b2d4e/
//     backup.json            written last: a folder without it is no backup
//     data/dump.rdb          or data/appendonlydir/…, as they lay in the data directory
//
// The name is the moment (UTC) and the first 12 digits of DEBUG DIGEST, or of the SHA-256 of all
// files for data that the bundled engine does not know. `checksum` in the record is the SHA-256 of
// the rest of it, as JSON without spaces.

import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { HarnessError } from '../errors.ts';
import type { DataForm } from './loading/messages.ts';

/** The version of this format; a later one is refused. */
export const backupFormat = 1;
/** The name of the record in the folder of a backup. */
export const recordName = 'backup.json';
/** The folder of the files in that of the backup. */
export const dataFolder = 'data';

const safePath = v.pipe(v.string(), v.minLength(1), v.check((path) => (
  !path.startsWith('/') && path.split('/').every((part) => part !== '' && part !== '..'
    && part !== '.')), 'leads out of the backup'));
const fileSchema = v.object({
  path: safePath, bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
const formSchema = v.variant('kind', [
  v.object({ kind: v.literal('rdb'), fileName: safePath }),
  v.object({ kind: v.literal('aof'), folderName: safePath, prefix: safePath }),
  v.object({ kind: v.literal('single-aof'), fileName: safePath }),
]);
const recordSchema = v.object({
  format: v.literal(backupFormat),
  plugpull: v.string(),
  name: v.string(),
  takenAt: v.pipe(v.string(), v.isoTimestamp()),
  server: v.nullable(v.string()),
  form: formSchema,
  files: v.pipe(v.array(fileSchema), v.minLength(1)),
  data: v.variant('kind', [
    v.object({ kind: v.literal('digest'), digest: v.string(), keys: v.number() }),
    v.object({ kind: v.literal('unknown'), why: v.string() }),
  ]),
});

/** One file of a backup. */
export interface BackupFile {
  /** Below the data directory, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What is known about a backup. */
export interface BackupRecord {
  readonly format: typeof backupFormat;
  /** The version that made it. */
  readonly plugpull: string;
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** `redis 7.0.15`; null for files of a server that did not run. */
  readonly server: string | null;
  readonly form: DataForm;
  readonly files: readonly BackupFile[];
  readonly data:
    | { readonly kind: 'digest'; readonly digest: string; readonly keys: number }
    /** The bundled engine does not know what is in it; the files were compared all the same. */
    | { readonly kind: 'unknown'; readonly why: string };
}

const namePattern = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z-[0-9a-f]{12}$/;

/** The name of a backup's folder. */
export function backupName(
  taken: Date, { files, data }: Pick<BackupRecord, 'files' | 'data'>,
): string {
  const digest = data.kind === 'digest' ? data.digest : sha256(JSON.stringify(files));
  const [seconds = ''] = taken.toISOString().split('.');
  return `${seconds.replaceAll(':', '-')}Z-${digest.slice(0, 12)}`;
}

/** The moment in a name, ms; null for what is no name of a backup. */
export function momentOf(name: string): number | null {
  const match = namePattern.exec(name);
  if (match === null) return null;
  const ms = Date.parse(`${match[1]}T${match[2]}:${match[3]}:${match[4]}Z`);
  return Number.isNaN(ms) ? null : ms;
}

/** Bytes of all files. */
export function totalBytes({ files }: Pick<BackupRecord, 'files'>): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The record as its file. */
export function formatRecord(record: BackupRecord): string {
  const checksum = sha256(JSON.stringify(record));
  return `${JSON.stringify({ ...record, checksum }, null, 2)}\n`;
}

/**
 * Reads a record; `where` is for messages.
 * @throws {HarnessError} BACKUP_BAD, BACKUP_NEWER.
 */
export function parseRecord(text: string, where: string): BackupRecord {
  const bad = (why: string): HarnessError => new HarnessError('BACKUP_BAD',
    `${where}: its ${recordName} is damaged (${why}); take another backup`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad('it is no JSON');
  }
  if (typeof value !== 'object' || value === null) throw bad('expected an object');
  const { checksum, ...rest } = value as Record<string, unknown>;
  if (checksum !== sha256(JSON.stringify(rest))) throw bad('its checksum does not match');
  const { format, plugpull } = rest;
  if (typeof format === 'number' && format > backupFormat) {
    throw new HarnessError('BACKUP_NEWER', `${where}: was made by Plugpull ${String(plugpull)} in`
      + ` format ${format}, this one reads up to ${backupFormat}: update Plugpull`);
  }
  const parsed = v.safeParse(recordSchema, rest);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw bad(`${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  }
  return parsed.output;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
