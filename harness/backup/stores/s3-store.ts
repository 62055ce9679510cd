// Backups below a prefix of a bucket. The record goes last: without it nothing there is a backup.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError } from '../../errors.ts';
import { S3Client } from '../../s3/client.ts';
import type { ClientOptions } from '../../s3/client.ts';
import type { S3Settings } from '../../s3/settings.ts';
import { uploadFile } from '../../s3/upload.ts';
import type { UploadMemory } from '../../s3/upload.ts';
import type { Work } from '../files.ts';
import { dataFolder, momentOf, recordName } from '../record.ts';
import type { BackupFile } from '../record.ts';
import type { BackupStore, StoredName } from './store.ts';

/** How a store of S3 works. */
export interface S3StoreOptions extends Omit<ClientOptions, 'signal'> {
  /** An existing folder with room for a backup on its way. */
  readonly staging: string;
  /** Smallest part of an upload; tests take small ones. */
  readonly partBytes?: number;
}

/** Where uploads in parts stand: beside the record in the staged folder. */
const memoryName = '.uploads.json';
const forgetWithinMs = 20_000;

/** The store below `s3://bucket/prefix`. */
export function s3Store(settings: S3Settings, options: S3StoreOptions): BackupStore {
  const root = settings.prefix === '' ? '' : `${settings.prefix}/`;
  const clientFor = (signal: AbortSignal): S3Client => new S3Client(settings, {
    ...options, signal,
  });
  const keyOf = (name: string, file: string): string => `${root}${name}/${file}`;
  return {
    where: `s3://${settings.bucket}/${settings.prefix}`,
    movesFolder: false,
    names: (signal) => namesBelow(clientFor(signal), root),
    recordText: (name, signal) => clientFor(signal).getText(keyOf(name, recordName)),
    stagingFolder: (label) => path.join(options.staging, `plugpull-backup-${label}`),
    async publish(folder, record, work): Promise<void> {
      const client = clientFor(work.signal);
      if (await client.getText(keyOf(record.name, recordName)) !== null) {
        throw new HarnessError('USAGE', `${record.name} is in the store already; nothing was`
          + ' overwritten');
      }
      const memory = memoryIn(folder);
      for (const file of record.files) {
        await uploadFile(client, {
          path: path.join(folder, dataFolder, file.path), memory,
          key: keyOf(record.name, `${dataFolder}/${file.path}`), onProgress: work.onBytes,
          ...(options.partBytes === undefined ? {} : { partBytes: options.partBytes }),
        });
      }
      await client.put(keyOf(record.name, recordName),
        await readFile(path.join(folder, recordName)));
      rmSync(path.join(folder, memoryName), { force: true });
    },
    async forget(folder): Promise<void> {
      const client = clientFor(AbortSignal.timeout(forgetWithinMs));
      for (const [key, id] of Object.entries(readMemory(folder))) await client.abortParts(key, id);
    },
    fetch: (name, file, work) => (
      download(clientFor(work.signal), keyOf(name, `${dataFolder}/${file.path}`), { file, work })),
    async remove(name, signal): Promise<void> {
      const client = clientFor(signal);
      await client.remove(keyOf(name, recordName));
      for (const { key } of await client.list(keyOf(name, ''))) await client.remove(key);
    },
  };
}

async function namesBelow(client: S3Client, root: string): Promise<StoredName[]> {
  const whole = new Map<string, boolean>();
  for (const { key } of await client.list(root)) {
    const [name = '', file = ''] = key.slice(root.length).split('/');
    if (momentOf(name) !== null) whole.set(name, file === recordName || whole.get(name) === true);
  }
  return [...whole].map(([name, isWhole]) => ({ name, isWhole }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Appends what is missing to the file of a former try. */
async function download(client: S3Client, key: string, { file, work }: {
  readonly file: BackupFile; readonly work: Work & { readonly to: string };
}): Promise<void> {
  const target = path.join(work.to, file.path);
  await mkdir(path.dirname(target), { recursive: true });
  const there = (await stat(target).catch(() => null))?.size ?? 0;
  const handle = await open(target, there > file.bytes ? 'w' : 'a', 0o600);
  try {
    let offset = (await handle.stat()).size;
    work.onBytes(offset);
    await client.read(key, {
      total: file.bytes, offset: () => offset,
      take: async (bytes) => {
        await handle.writeFile(bytes);
        offset += bytes.length;
        work.onBytes(bytes.length);
      },
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function memoryIn(folder: string): UploadMemory {
  return {
    begun: (key) => readMemory(folder)[key] ?? null,
    note(key, uploadId): void {
      const { [key]: _, ...rest } = readMemory(folder);
      const noted = uploadId === null ? rest : { ...rest, [key]: uploadId };
      writeFileSync(path.join(folder, memoryName), JSON.stringify(noted));
    },
  };
}

function readMemory(folder: string): Record<string, string> {
  const file = path.join(folder, memoryName);
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch {
    return {}; // a crash while it was written: the upload begins anew
  }
}
