// The disk port: every storage call of the engine goes through it, so that the same engine runs on
// real files, in memory, recorded, or sabotaged. All paths are absolute.

import { reasonOf } from '../errors.ts';

/**
 * How a file is opened: `read` needs it to exist; the others write at the end. `append` keeps what
 * is there and creates if absent, `truncate` empties or creates, `create-new` fails with EEXIST.
 */
export type OpenMode = 'read' | 'append' | 'truncate' | 'create-new';

/** Where a read starts: bytes go to `target[offset …]`, at most `length`, from file `position`. */
export interface ReadAt {
  offset: number;
  length: number;
  position: number;
}

/** Bytes of a file. */
export interface FilePart {
  position: number;
  length: number;
}

/** What a path names. */
export interface PathStat {
  kind: 'file' | 'directory';
  sizeBytes: number;
}

/** Told how a sync off the main thread ended. */
export type SyncDone = (error: Error | null) => void;

/** Storage calls. Errors are Node-style: `error.code` is `ENOENT`, `ENOSPC`, `EIO` and so on. */
export interface Disk {
  /** Opens a file and returns its descriptor. */
  open(path: string, mode: OpenMode): number;
  /** Reads like pread(2): may be short, 0 at the end of the file. */
  read(fd: number, target: Uint8Array, at: ReadAt): number;
  /** Hears that these bytes will be read soon: a hint, which may come to nothing. */
  fetch?(fd: number, part: FilePart): void;
  /** Appends `bytes[offset …]` like write(2): returns how many bytes were taken, may be short. */
  write(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  /** Makes the file's data durable: fdatasync(2). */
  sync(fd: number): void;
  /** The same off the main thread; `done` is always called later, never before this returns. */
  syncAsync(fd: number, done: SyncDone): void;
  /** Cuts or zero-extends the file at `path`. */
  truncate(path: string, lengthBytes: number): void;
  /** Cuts or zero-extends an open file. */
  truncateOpen(fd: number, lengthBytes: number): void;
  /** False once the last name of an open file was removed: it goes when it is closed. */
  hasName(fd: number): boolean;
  /** Closes the descriptor; never retried. */
  close(fd: number): void;
  /** Renames atomically, over `to` if that exists. */
  rename(from: string, to: string): void;
  /** Removes a file's name. */
  unlink(path: string): void;
  /** Makes one directory; not an error when it exists. */
  makeDirectory(path: string): void;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): void;
  /** The same off the main thread; `done` is always called later, whatever goes wrong. */
  syncDirectoryAsync(path: string, done: SyncDone): void;
  /** The names in a directory, sorted; ENOENT when it does not exist. */
  list(path: string): string[];
  /** What a path names, or null when it names nothing. */
  stat(path: string): PathStat | null;
}

/** A disk that can tell files apart by inode number: what a recording needs below itself. */
export interface InspectableDisk extends Disk {
  /** The inode number of an open file. */
  inodeOf(fd: number): number;
  /** The inode number that a path names, or 0 when it names nothing. */
  inodeAt(path: string): number;
  /** The present length of an open file: where the next write lands. */
  sizeOf(fd: number): number;
}

/** Node's shape of a system error. */
export interface SystemError extends Error {
  code: string;
}

/** True when an error carries this code (any code at all when none is given). */
export function hasErrorCode(error: unknown, code?: string): error is SystemError {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return code === undefined ? typeof error.code === 'string' : error.code === code;
}

/** A write that could not be finished: `writtenBytes` of it are in the file all the same. */
export class WriteError extends Error {
  readonly code: string;
  readonly writtenBytes: number;

  constructor(code: string, writtenBytes: number, options: ErrorOptions & { message: string }) {
    super(options.message, { cause: options.cause });
    this.name = 'WriteError';
    this.code = code;
    this.writtenBytes = writtenBytes;
  }
}

/**
 * Writes all bytes, however short the single writes are.
 *
 * @throws {WriteError} with the code of the failed call, when a write fails or takes nothing;
 *   `writtenBytes` says how far the file grew, so that the caller can cut it back.
 */
export function writeFully(
  disk: Disk,
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  let written = 0;
  while (written < length) {
    let count: number;
    try {
      count = disk.write(fd, bytes, offset + written, length - written);
    } catch (cause) {
      const code = hasErrorCode(cause) ? cause.code : 'EIO';
      const reason = reasonOf(cause);
      const message = `write failed after ${written} of ${length} bytes: ${reason}`;
      throw new WriteError(code, written, { message, cause });
    }
    if (count <= 0) {
      const message = `write took nothing after ${written} of ${length} bytes`;
      throw new WriteError('EIO', written, { message });
    }
    written += count;
  }
}

/**
 * Reads on, however short the single reads are, until at least `leastBytes` have come (all that is
 * asked for, unless told otherwise) or the file ends; returns how many came.
 */
export function readFully(
  disk: Disk, fd: number, target: Uint8Array, at: Readonly<ReadAt>,
  leastBytes: number = at.length,
): number {
  let filled = 0;
  while (filled < leastBytes) {
    const count = disk.read(fd, target, {
      offset: at.offset + filled, length: at.length - filled, position: at.position + filled,
    });
    if (count <= 0) break;
    filled += count;
  }
  return filled;
}

/** The first `lengthBytes` bytes of a file, fewer when it is shorter. */
export function readStart(disk: Disk, path: string, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  const fd = disk.open(path, 'read');
  try {
    const filled = readFully(disk, fd, bytes, { offset: 0, length: lengthBytes, position: 0 });
    return bytes.subarray(0, filled);
  } finally {
    disk.close(fd);
  }
}

/** While what was read is worked on, the disk finds what follows of a file of `sizeBytes`. */
export function fetchNext(
  disk: Disk, fd: number, { position, length }: FilePart, sizeBytes: number,
): void {
  const left = Math.min(length, sizeBytes - position);
  if (left > 0) disk.fetch?.(fd, { position, length: left });
}
