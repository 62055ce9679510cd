// The operating system's files behind the disk port.

import {
  close,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  read,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

import { asError } from '../errors.ts';
import { hasErrorCode } from './disk.ts';
import type { FilePart, InspectableDisk, OpenMode, PathStat, ReadAt, SyncDone } from './disk.ts';

const openFlags: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  append: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
  truncate: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_TRUNC,
  'create-new': constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_EXCL,
};

const maxRetries = 100;
/** The blocks of larger files are given back off the main thread. */
const largeFileBytes = 1024 * 1024;
/** As much as is fetched at once. */
const fetchBytes = 4 * 1024 * 1024;
const sleepCell = new Int32Array(new SharedArrayBuffer(4));

// EINTR may be retried at once, EAGAIN after a moment; anything else is the caller's to judge,
// a failed sync above all: what it did not write no later sync will.
function isTransient(error: unknown, attempt: number): boolean {
  if (attempt >= maxRetries) return false;
  if (hasErrorCode(error, 'EINTR')) return true;
  if (!hasErrorCode(error, 'EAGAIN')) return false;
  Atomics.wait(sleepCell, 0, 0, 1);
  return true;
}

/**
 * Removing the last name of a large file takes long, 250 ms for 400 MB, since its blocks are given
 * back in the call. Somebody who has it open makes that happen when he closes it: in libuv's pool.
 */
function keepingOpen(path: string, removeName: () => void): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  const large = stats !== undefined && stats.isFile() && stats.size >= largeFileBytes;
  const fd = large ? tryOpen(path) : -1;
  try {
    removeName();
  } finally {
    // How closing goes is of no account: nothing was written through it.
    if (fd >= 0) close(fd, () => {});
  }
}

/** -1 when it cannot be opened: then the name goes without. */
function tryOpen(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch {
    return -1;
  }
}

/** One of libuv's threads syncs; as there, EINTR is tried again. */
function inPool(sync: typeof fdatasync, fd: number, done: SyncDone): void {
  const run = (attempt: number): void => {
    sync(fd, (error) => {
      if (error !== null && error.code === 'EINTR' && attempt < maxRetries) run(attempt + 1);
      else done(error);
    });
  };
  run(0);
}

class RealDisk implements InspectableDisk {
  /** Takes what nobody looks at. */
  private fetched: Buffer | null = null;

  open(path: string, mode: OpenMode): number {
    return openSync(path, openFlags[mode], 0o644);
  }

  read(fd: number, target: Uint8Array, at: ReadAt): number {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return readSync(fd, target, at.offset, at.length, at.position);
      } catch (error) {
        if (!isTransient(error, attempt)) throw error;
      }
    }
  }

  /** Reads it in one of libuv's threads, so that the system has it at hand. */
  fetch(fd: number, { position, length }: FilePart): void {
    this.fetched ??= Buffer.allocUnsafeSlow(fetchBytes);
    read(fd, this.fetched, 0, Math.min(length, fetchBytes), position, () => {});
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return writeSync(fd, bytes, offset, length, null);
      } catch (error) {
        if (!isTransient(error, attempt)) throw error;
      }
    }
  }

  sync(fd: number): void {
    for (let attempt = 0; ; attempt += 1) {
      try {
        fdatasyncSync(fd);
        return;
      } catch (error) {
        if (!isTransient(error, attempt)) throw error;
      }
    }
  }

  syncAsync(fd: number, done: SyncDone): void {
    inPool(fdatasync, fd, done);
  }

  truncate(path: string, lengthBytes: number): void {
    truncateSync(path, lengthBytes);
  }

  truncateOpen(fd: number, lengthBytes: number): void {
    ftruncateSync(fd, lengthBytes);
  }

  hasName(fd: number): boolean {
    return fstatSync(fd).nlink > 0;
  }

  close(fd: number): void {
    const { nlink, size } = fstatSync(fd);
    // The last one to close a file without a name, as an aborted snapshot has none.
    if (nlink === 0 && size >= largeFileBytes) close(fd, () => {});
    else closeSync(fd);
  }

  rename(from: string, to: string): void {
    keepingOpen(to, () => renameSync(from, to));
  }

  unlink(path: string): void {
    keepingOpen(path, () => unlinkSync(path));
  }

  makeDirectory(path: string): void {
    try {
      mkdirSync(path, 0o755);
    } catch (error) {
      if (!hasErrorCode(error, 'EEXIST') || this.stat(path)?.kind !== 'directory') throw error;
    }
  }

  syncDirectory(path: string): void {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  syncDirectoryAsync(path: string, done: SyncDone): void {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      setImmediate(done, asError(error));
      return;
    }
    inPool(fsync, fd, (error) => {
      closeSync(fd);
      done(error);
    });
  }

  list(path: string): string[] {
    return readdirSync(path).sort();
  }

  stat(path: string): PathStat | null {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    return { kind: stats.isDirectory() ? 'directory' : 'file', sizeBytes: stats.size };
  }

  inodeOf(fd: number): number {
    return fstatSync(fd).ino;
  }

  inodeAt(path: string): number {
    return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
  }

  sizeOf(fd: number): number {
    return fstatSync(fd).size;
  }
}

/** The operating system's files. */
export function realDisk(): InspectableDisk {
  return new RealDisk();
}
