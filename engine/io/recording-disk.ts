// A disk that writes down each storage call (op log) before and after it runs.
//
// It is the innermost layer, directly above the real disk and below any sabotage, so that the log
// tells what truly happened. Nothing is retained but one small object per open file.

import { resolve } from 'node:path';

import { hasErrorCode } from './disk.ts';
import type {
  Disk, FilePart, InspectableDisk, OpenMode, PathStat, ReadAt, SyncDone,
} from './disk.ts';
import { opFlags } from './op-log.ts';
import type { OpBegin, OpCall, OpLogWriter } from './op-log.ts';

/** How a recording is made. */
export interface RecordingOptions {
  /** The data directory: only calls on it and below it are recorded, with paths relative to it. */
  rootPath: string;
  /**
   * How much longer each successful sync takes, in ms (default 0). It makes a reply that did not
   * wait for its sync visible: on a fast disk it would hide behind the client's own lag.
   */
  syncDelayMs?: number;
}

const nothing = new Uint8Array(0);
const sleepCell = new Int32Array(new SharedArrayBuffer(4));

const flagsOfMode: Record<OpenMode, number> = {
  read: opFlags.read,
  append: opFlags.create,
  truncate: opFlags.create | opFlags.truncate,
  'create-new': opFlags.create | opFlags.exclusive,
};

interface OpenFile {
  fullPath: string;
  // Reused for every call on this descriptor.
  op: OpBegin;
}

function errnoResult(error: unknown): number {
  if (hasErrorCode(error) && 'errno' in error && typeof error.errno === 'number') {
    return error.errno < 0 ? error.errno : -error.errno;
  }
  return -5; // EIO
}

function crossDevice(from: string, to: string, rootPath: string): Error {
  const message = `EXDEV: rename '${from}' -> '${to}' crosses the recorded directory ${rootPath}`;
  return Object.assign(new Error(message), { code: 'EXDEV', errno: -18, syscall: 'rename' });
}

class RecordingDisk implements Disk {
  readonly #inner: InspectableDisk;
  readonly #log: OpLogWriter;
  readonly #rootPath: string;
  readonly #syncDelayMs: number;
  readonly #files = new Map<number, OpenFile>();

  constructor(inner: InspectableDisk, log: OpLogWriter, options: RecordingOptions) {
    this.#inner = inner;
    this.#log = log;
    this.#rootPath = resolve(options.rootPath);
    this.#syncDelayMs = options.syncDelayMs ?? 0;
  }

  open(path: string, mode: OpenMode): number {
    const relative = this.#relative(path);
    if (relative === null) return this.#inner.open(path, mode);
    const inode = this.#inner.inodeAt(path);
    const created = inode === 0 && mode !== 'read' ? opFlags.created : 0;
    const op = beginOf('open', { inode, path: relative, flags: flagsOfMode[mode] | created });
    const id = this.#log.begin(op);
    let fd: number;
    try {
      fd = this.#inner.open(path, mode);
      op.inode = this.#inner.inodeOf(fd);
    } catch (error) {
      this.#log.end(id, errnoResult(error));
      throw error;
    }
    this.#log.end(id, 0, op.inode);
    this.#files.set(fd, { fullPath: resolve(path), op });
    return fd;
  }

  read(fd: number, target: Uint8Array, at: ReadAt): number {
    return this.#inner.read(fd, target, at);
  }

  fetch(fd: number, part: FilePart): void {
    this.#inner.fetch?.(fd, part);
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    const file = this.#files.get(fd);
    if (file === undefined) return this.#inner.write(fd, bytes, offset, length);
    file.op.call = 'write';
    file.op.flags = 0;
    file.op.offsetBytes = this.#inner.sizeOf(fd);
    const id = this.#log.begin(file.op, bytes, offset, offset + length);
    let count: number;
    try {
      count = this.#inner.write(fd, bytes, offset, length);
    } catch (error) {
      this.#log.end(id, errnoResult(error));
      throw error;
    }
    this.#log.end(id, count);
    return count;
  }

  sync(fd: number): void {
    const op = this.#openOp(fd, 'sync', 0);
    if (op === null) this.#inner.sync(fd);
    else this.#recordSync(op, () => this.#inner.sync(fd));
  }

  syncAsync(fd: number, done: SyncDone): void {
    const op = this.#openOp(fd, 'sync', 0);
    if (op === null) {
      this.#inner.syncAsync(fd, done);
      return;
    }
    this.#recordAsync(op, done, (ended) => this.#inner.syncAsync(fd, ended));
  }

  truncate(path: string, lengthBytes: number): void {
    const relative = this.#relative(path);
    const run = (): void => this.#inner.truncate(path, lengthBytes);
    if (relative === null) return run();
    const inode = this.#inner.inodeAt(path);
    this.#record(beginOf('truncate', { inode, path: relative, offsetBytes: lengthBytes }), run);
  }

  truncateOpen(fd: number, lengthBytes: number): void {
    const op = this.#openOp(fd, 'truncate', lengthBytes);
    const run = (): void => this.#inner.truncateOpen(fd, lengthBytes);
    if (op === null) run();
    else this.#record(op, run);
  }

  hasName(fd: number): boolean {
    return this.#inner.hasName(fd);
  }

  close(fd: number): void {
    const op = this.#openOp(fd, 'close', 0);
    const run = (): void => this.#inner.close(fd);
    this.#files.delete(fd);
    if (op === null) run();
    else this.#record(op, run);
  }

  rename(from: string, to: string): void {
    const [relativeFrom, relativeTo] = [this.#relative(from), this.#relative(to)];
    const run = (): void => this.#inner.rename(from, to);
    if (relativeFrom === null && relativeTo === null) return run();
    if (relativeFrom === null || relativeTo === null) throw crossDevice(from, to, this.#rootPath);
    const inode = this.#inner.inodeAt(from);
    this.#record(beginOf('rename', { inode, path: relativeFrom, newPath: relativeTo }), run);
    this.#renameOpenFiles(from, to, relativeTo);
  }

  unlink(path: string): void {
    const relative = this.#relative(path);
    const run = (): void => this.#inner.unlink(path);
    if (relative === null) return run();
    this.#record(beginOf('unlink', { inode: this.#inner.inodeAt(path), path: relative }), run);
  }

  makeDirectory(path: string): void {
    const relative = this.#relative(path);
    if (relative === null) return this.#inner.makeDirectory(path);
    const known = this.#inner.inodeAt(path);
    const flags = known === 0 ? opFlags.created : 0;
    const id = this.#log.begin(beginOf('mkdir', { inode: known, path: relative, flags }));
    let inode: number;
    try {
      this.#inner.makeDirectory(path);
      inode = this.#inner.inodeAt(path);
    } catch (error) {
      this.#log.end(id, errnoResult(error));
      throw error;
    }
    this.#log.end(id, 0, inode);
  }

  syncDirectory(path: string): void {
    const relative = this.#relative(path);
    const run = (): void => this.#inner.syncDirectory(path);
    if (relative === null) return run();
    const inode = this.#inner.inodeAt(path);
    this.#recordSync(beginOf('sync-directory', { inode, path: relative }), run);
  }

  syncDirectoryAsync(path: string, done: SyncDone): void {
    const relative = this.#relative(path);
    if (relative === null) {
      this.#inner.syncDirectoryAsync(path, done);
      return;
    }
    const op = beginOf('sync-directory', { inode: this.#inner.inodeAt(path), path: relative });
    this.#recordAsync(op, done, (ended) => this.#inner.syncDirectoryAsync(path, ended));
  }

  list(path: string): string[] {
    return this.#inner.list(path);
  }

  stat(path: string): PathStat | null {
    return this.#inner.stat(path);
  }

  // The path below the root, or null when it lies outside.
  #relative(path: string): Uint8Array | null {
    const full = resolve(path);
    if (full === this.#rootPath) return nothing;
    const prefix = this.#rootPath === '/' ? '/' : `${this.#rootPath}/`;
    return full.startsWith(prefix) ? Buffer.from(full.slice(prefix.length)) : null;
  }

  #openOp(fd: number, call: OpCall, offsetBytes: number): OpBegin | null {
    const file = this.#files.get(fd);
    if (file === undefined) return null;
    file.op.call = call;
    // Should it fail: so Linux does, and so does the memory disk.
    file.op.flags = call === 'sync' ? opFlags.dropped : 0;
    file.op.offsetBytes = offsetBytes;
    return file.op;
  }

  #record(op: OpBegin, run: () => void): void {
    const id = this.#log.begin(op);
    try {
      run();
    } catch (error) {
      this.#log.end(id, errnoResult(error));
      throw error;
    }
    this.#log.end(id, 0);
  }

  #recordSync(op: OpBegin, run: () => void): void {
    this.#record(op, () => {
      run();
      if (this.#syncDelayMs > 0) Atomics.wait(sleepCell, 0, 0, this.#syncDelayMs);
    });
  }

  #recordAsync(op: OpBegin, done: SyncDone, run: (ended: SyncDone) => void): void {
    const id = this.#log.begin(op);
    const finish = (error: Error | null): void => {
      this.#log.end(id, error === null ? 0 : errnoResult(error));
      done(error);
    };
    try {
      run((error) => {
        if (error !== null || this.#syncDelayMs === 0) finish(error);
        else setTimeout(finish, this.#syncDelayMs, null);
      });
    } catch (error) {
      this.#log.end(id, errnoResult(error));
      throw error;
    }
  }

  // A log that says `append to temp-x` long after the rename would mislead its readers.
  #renameOpenFiles(from: string, to: string, relativeTo: Uint8Array): void {
    const fullFrom = resolve(from);
    for (const file of this.#files.values()) {
      if (file.fullPath !== fullFrom) continue;
      file.fullPath = resolve(to);
      file.op.path = relativeTo;
    }
  }
}

function beginOf(call: OpCall, known: Partial<OpBegin> & { path: Uint8Array }): OpBegin {
  return { call, inode: 0, newPath: nothing, flags: 0, offsetBytes: 0, ...known };
}

/**
 * A disk that records into `log` what it does on `inner`. Use `inner` as it is; wrap the result.
 *
 * @throws {EngineError} OP_LOG_BAD from any call when the log itself cannot be written.
 */
export function recordingDisk(
  inner: InspectableDisk,
  log: OpLogWriter,
  options: RecordingOptions,
): Disk {
  return new RecordingDisk(inner, log, options);
}
