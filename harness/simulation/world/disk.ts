// A disk in memory whose calls take time: seeded microseconds of the simulated clock, so that every
// record of the op log has an instant of its own, and a crash can fall between any two.

import type { ManualClock } from '../../../engine/io/clock.ts';
import type {
  InspectableDisk, OpenMode, PathStat, ReadAt, SyncDone,
} from '../../../engine/io/disk.ts';
import type { MemoryDisk } from '../../../engine/io/memory-disk.ts';
import type { Random } from '../random.ts';

/** Most that a call takes, µs. */
const callUs = 20;
const syncUs = 400;

/** A memory disk, with asynchronous syncs in flight until somebody ends it. */
export class TimedDisk implements InspectableDisk {
  readonly memory: MemoryDisk;
  readonly #clock: ManualClock;
  readonly #random: Random;

  constructor(memory: MemoryDisk, clock: ManualClock, random: Random) {
    this.memory = memory;
    this.#clock = clock;
    this.#random = random;
  }

  open(path: string, mode: OpenMode): number {
    this.#pass(callUs);
    return this.memory.open(path, mode);
  }

  read(fd: number, target: Uint8Array, at: ReadAt): number {
    return this.memory.read(fd, target, at);
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    this.#pass(callUs);
    return this.memory.write(fd, bytes, offset, length);
  }

  sync(fd: number): void {
    this.#pass(syncUs);
    this.memory.sync(fd);
  }

  syncAsync(fd: number, done: SyncDone): void {
    this.#pass(callUs);
    this.memory.syncAsync(fd, done);
  }

  truncate(path: string, lengthBytes: number): void {
    this.#pass(callUs);
    this.memory.truncate(path, lengthBytes);
  }

  truncateOpen(fd: number, lengthBytes: number): void {
    this.#pass(callUs);
    this.memory.truncateOpen(fd, lengthBytes);
  }

  hasName(fd: number): boolean {
    return this.memory.hasName(fd);
  }

  close(fd: number): void {
    this.#pass(callUs);
    this.memory.close(fd);
  }

  rename(from: string, to: string): void {
    this.#pass(callUs);
    this.memory.rename(from, to);
  }

  unlink(path: string): void {
    this.#pass(callUs);
    this.memory.unlink(path);
  }

  makeDirectory(path: string): void {
    this.#pass(callUs);
    this.memory.makeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.#pass(syncUs);
    this.memory.syncDirectory(path);
  }

  syncDirectoryAsync(path: string, done: SyncDone): void {
    this.#pass(callUs);
    this.memory.syncDirectoryAsync(path, done);
  }

  list(path: string): string[] {
    return this.memory.list(path);
  }

  stat(path: string): PathStat | null {
    return this.memory.stat(path);
  }

  inodeOf(fd: number): number {
    return this.memory.inodeOf(fd);
  }

  inodeAt(path: string): number {
    return this.memory.inodeAt(path);
  }

  sizeOf(fd: number): number {
    return this.memory.sizeOf(fd);
  }

  #pass(mostUs: number): void {
    this.#clock.advanceNs(1000 * this.#random.between(1, mostUs));
  }
}
