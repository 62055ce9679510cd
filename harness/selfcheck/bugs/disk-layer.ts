// A disk that does what the one below it does; planted bugs override what they get wrong.

import type { Disk, OpenMode, PathStat, ReadAt, SyncDone } from '../../../engine/io/disk.ts';
import type { Scheduler } from '../../../engine/io/scheduler.ts';
import type { EngineWrappers } from '../../../engine/start.ts';

/** Passes every call on, and knows which path each descriptor was opened with. */
export class DiskLayer implements Disk {
  protected readonly inner: Disk;
  protected readonly scheduler: Scheduler;
  protected readonly paths: Map<number, string> = new Map();

  constructor(inner: Disk, scheduler: Scheduler) {
    this.inner = inner;
    this.scheduler = scheduler;
  }

  protected pathOf(fd: number): string {
    return this.paths.get(fd) ?? '';
  }

  open(path: string, mode: OpenMode): number {
    const fd = this.inner.open(path, mode);
    this.paths.set(fd, path);
    return fd;
  }

  read(fd: number, target: Uint8Array, at: ReadAt): number {
    return this.inner.read(fd, target, at);
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.inner.write(fd, bytes, offset, length);
  }

  sync(fd: number): void {
    this.inner.sync(fd);
  }

  syncAsync(fd: number, done: SyncDone): void {
    this.inner.syncAsync(fd, done);
  }

  truncate(path: string, lengthBytes: number): void {
    this.inner.truncate(path, lengthBytes);
  }

  truncateOpen(fd: number, lengthBytes: number): void {
    this.inner.truncateOpen(fd, lengthBytes);
  }

  hasName(fd: number): boolean {
    return this.inner.hasName(fd);
  }

  close(fd: number): void {
    this.inner.close(fd);
    this.paths.delete(fd);
  }

  rename(from: string, to: string): void {
    this.inner.rename(from, to);
  }

  unlink(path: string): void {
    this.inner.unlink(path);
  }

  makeDirectory(path: string): void {
    this.inner.makeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.inner.syncDirectory(path);
  }

  syncDirectoryAsync(path: string, done: SyncDone): void {
    this.inner.syncDirectoryAsync(path, done);
  }

  list(path: string): string[] {
    return this.inner.list(path);
  }

  stat(path: string): PathStat | null {
    return this.inner.stat(path);
  }
}

/** Wrappers that put such a disk around the engine's. */
export function onDisk(
  Layer: new (inner: Disk, scheduler: Scheduler) => DiskLayer,
): () => EngineWrappers {
  return () => ({ disk: (disk, scheduler) => new Layer(disk, scheduler) });
}

export const isLog = (path: string): boolean => path.endsWith('.incr.aof');
export const isManifest = (path: string): boolean => path.endsWith('.manifest');
/** A base on its way or in its place, of whatever format. */
export const isBase = (path: string): boolean =>
  /temp-rewriteaof|\.base\.(rdb|aof)$/.test(path);
/** A snapshot on its way or in its place. */
export const isSnapshot = (path: string): boolean => /\/(temp-\d+|dump)\.rdb$/.test(path);
