// The one file of this room that touches the disk: writes crash images, reads directories.

import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { HarnessError, reasonOf } from '../errors.ts';
import type { FileTree } from './crash-tree.ts';

/** What was written. */
export interface Materialized {
  readonly fileCount: number;
  readonly totalBytes: number;
  /** Relative path → length. */
  readonly fileBytes: ReadonlyMap<string, number>;
}

/**
 * Writes an image into a directory, which it makes (its parents too) or finds empty.
 *
 * @throws {HarnessError} ENVIRONMENT when the directory is not empty or cannot be written.
 */
export function materialize(image: FileTree, directory: string): Materialized {
  const fileBytes = new Map<string, number>();
  try {
    mkdirSync(directory, { recursive: true });
    if (readdirSync(directory).length > 0) throw new Error('it is not empty');
    for (const path of image.directories) mkdirSync(join(directory, path));
    for (const [path, bytes] of image.files) {
      writeFileSync(join(directory, path), bytes, { flag: 'wx' });
      fileBytes.set(path, bytes.length);
    }
  } catch (cause) {
    const reason = reasonOf(cause);
    const message = `cannot write a crash image into ${directory}: ${reason}`;
    throw new HarnessError('ENVIRONMENT', message, { cause });
  }
  const totalBytes = [...fileBytes.values()].reduce((sum, length) => sum + length, 0);
  return { fileCount: fileBytes.size, totalBytes, fileBytes };
}

/** Reads a whole directory: what was there before a recording, or to compare with an image. */
export function readTree(directory: string): FileTree {
  const { files, directories } = pathsBelow(directory);
  const read = files.map((path): [string, Uint8Array] => [
    path,
    readFileSync(join(directory, path)),
  ]);
  return { files: new Map(read), directories };
}

/** Relative path → length of every file below a directory. */
export function fileSizes(directory: string): Map<string, number> {
  const { files } = pathsBelow(directory);
  return new Map(files.map((path) => [path, statSync(join(directory, path)).size]));
}

function pathsBelow(directory: string): { files: string[]; directories: string[] } {
  const files: string[] = [];
  const directories: string[] = [];
  const visit = (prefix: string): void => {
    for (const entry of readdirSync(join(directory, prefix), { withFileTypes: true })) {
      const path = prefix + entry.name;
      if (entry.isFile()) files.push(path);
      if (!entry.isDirectory()) continue;
      directories.push(path);
      visit(`${path}/`);
    }
  };
  visit('');
  return { files, directories };
}
