// Copies, sums and syncs of the files of a backup. What is named durable here was synced, and its
// names with it.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError } from '../errors.ts';
import type { BackupFile } from './record.ts';

/** Who is told of long work, and who ends it. */
export interface Work {
  readonly signal: AbortSignal;
  /** So many more bytes of what goes on are done. */
  readonly onBytes: (bytes: number) => void;
}

const chunkBytes = 1024 * 1024;

/** @throws {HarnessError} INTERRUPTED when the user has had enough. */
export function unlessInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new HarnessError('INTERRUPTED', 'interrupted');
}

/**
 * Copies the first bytes of a file, as many as it has when the copy begins: what is appended
 * meanwhile stays out. Synced.
 */
export async function copyBytes(from: string, to: string, work: Work): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  const source = await open(from, 'r');
  try {
    const { size } = await source.stat();
    const target = await open(to, 'wx', 0o600);
    try {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      for (let at = 0; at < size;) {
        unlessInterrupted(work.signal);
        const length = Math.min(chunkBytes, size - at);
        const { bytesRead } = await source.read(chunk, 0, length, at);
        if (bytesRead === 0) {
          throw new HarnessError('ENVIRONMENT', `${from} shrank while it was copied: a server is at`
            + ' work there; name it with --port');
        }
        await target.write(chunk, 0, bytesRead);
        at += bytesRead;
        work.onBytes(bytesRead);
      }
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The sum of a file as it lies on disk. */
export async function sumOf(file: string, work: Work): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  const handle = await open(file, 'r');
  let bytes = 0;
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      unlessInterrupted(work.signal);
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, null);
      if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
      hash.update(chunk.subarray(0, bytesRead));
      bytes += bytesRead;
      work.onBytes(bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** The files below a folder, as a record lists them, in the order of their paths. */
export async function listFiles(folder: string, work: Work): Promise<BackupFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  const files: BackupFile[] = [];
  for (const each of paths) {
    files.push({ path: each, ...await sumOf(path.join(folder, each), work) });
  }
  return files;
}

/** @throws {HarnessError} BACKUP_BAD naming the first file that is not what the record says. */
export async function checkSums(
  folder: string, { files, where }: { readonly files: readonly BackupFile[]; where: string },
  work: Work,
): Promise<void> {
  for (const file of files) {
    const found = await sumOf(path.join(folder, file.path), work).catch((error: unknown) => {
      if (error instanceof HarnessError) throw error;
      return null;
    });
    if (found === null || found.bytes !== file.bytes || found.sha256 !== file.sha256) {
      const what = found === null ? 'it cannot be read'
        : found.bytes !== file.bytes ? `${found.bytes} bytes, ${file.bytes} expected`
          : `SHA-256 ${found.sha256.slice(0, 12)}…, ${file.sha256.slice(0, 12)}… expected`;
      throw new HarnessError('BACKUP_BAD', `${where}: ${file.path} is damaged: ${what}; take`
        + ' another backup');
    }
  }
}

/** A small file, written and synced. */
export async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names in a folder, and in all folders below it, durable. */
export async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(path.join(folder, entry.name));
  }
  await syncFolder(folder);
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A copy that shares its blocks with the original where the file system can. */
export async function cloneFile(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}
