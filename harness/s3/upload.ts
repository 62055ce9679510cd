// A file into an object: whole when it is small, else in parts, of which those that the server has
// already are not sent again.

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { HarnessError } from '../errors.ts';
import type { S3Client, S3Part } from './client.ts';

/** Files up to this size go in one piece; parts have at least this size. */
const usualPartBytes: number = 8 * 1024 * 1024;
const maxParts = 10_000;

/** Where an upload stands, for one that has to be taken up again. */
export interface UploadMemory {
  /** The id of an upload of this key that was begun; null when none was. */
  begun(key: string): string | null;
  /** An upload was begun (null: is over). */
  note(key: string, uploadId: string | null): void;
}

/** What to upload. */
export interface Upload {
  readonly path: string;
  readonly key: string;
  readonly memory: UploadMemory;
  /** Smallest part; tests take smaller ones than a server of others would. */
  readonly partBytes?: number;
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Uploads one file.
 * @throws {HarnessError} STORE_FAILED, INTERRUPTED; what the server has by then is used again.
 */
export async function uploadFile(client: S3Client, upload: Upload): Promise<void> {
  const file = await open(upload.path, 'r');
  try {
    const { size } = await file.stat();
    const least = upload.partBytes ?? usualPartBytes;
    if (size <= least) await client.put(upload.key, await piece(file, 0, size));
    else await uploadParts(client, upload, { file, size, least });
    if (size <= least) upload.onProgress?.(size);
    const stored = await client.size(upload.key);
    if (stored !== size) {
      throw new HarnessError('STORE_FAILED', `${upload.key}: the store has ${stored ?? 'none'} of`
        + ` ${size} bytes after the upload`);
    }
  } finally {
    await file.close();
  }
}

async function uploadParts(
  client: S3Client, { key, memory, onProgress }: Upload,
  { file, size, least }: { file: FileHandle; size: number; least: number },
): Promise<void> {
  const step = Math.max(least, Math.ceil(size / maxParts));
  const { uploadId, there } = await beginOrResume(client, key, memory);
  const parts: { number: number; etag: string }[] = [];
  for (let offset = 0, number = 1; offset < size; offset += step, number++) {
    const bytes = await piece(file, offset, Math.min(step, size - offset));
    const stored = there.get(number);
    const isThere = stored !== undefined && stored.bytes === bytes.length
      && stored.etag === createHash('md5').update(bytes).digest('hex');
    const etag = isThere ? stored.etag : await client.putPart(key, { uploadId, number }, bytes);
    parts.push({ number, etag });
    onProgress?.(bytes.length);
  }
  await client.completeParts(key, uploadId, parts);
  memory.note(key, null);
}

async function beginOrResume(
  client: S3Client, key: string, memory: UploadMemory,
): Promise<{ uploadId: string; there: Map<number, S3Part> }> {
  const begun = memory.begun(key);
  const parts = begun === null ? null : await client.parts(key, begun);
  if (begun !== null && parts !== null) {
    return { uploadId: begun, there: new Map(parts.map((part) => [part.number, part])) };
  }
  const uploadId = await client.beginParts(key);
  memory.note(key, uploadId);
  return { uploadId, there: new Map() };
}

async function piece(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) {
      throw new HarnessError('ENVIRONMENT', 'a file of the backup shrank while it was uploaded');
    }
    filled += bytesRead;
  }
  return bytes;
}
