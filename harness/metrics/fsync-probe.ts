// How long this disk takes to make 4 KiB durable: the figure beside which every QPS must be read.

import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicNs } from './monotonic.ts';
import { quantile } from './statistics.ts';

/** Times of a sync after an append of 4 KiB, in µs. */
export interface FsyncProbe {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** How much is probed. */
export interface FsyncProbeOptions {
  /** Appends at most; 200 unless given. */
  readonly count?: number;
  /** `fdatasync` unless given: what servers call. `fsync` syncs times and modes as well. */
  readonly call?: 'fdatasync' | 'fsync';
  /** It ends early after this time; 500 ms unless given. At least one append is timed. */
  readonly maximumMs?: number;
}

const blockBytes = 4096;
const turnEvery = 16; // a few ms on a fast disk: progress and Ctrl-C stay alive

/**
 * Appends and syncs in `directory`, in a file that is removed again.
 * @throws {Error} as the file system says when the directory cannot be written.
 */
export async function probeFsync(
  directory: string,
  options: FsyncProbeOptions = {},
): Promise<FsyncProbe> {
  const file = path.join(directory, `.plugpull-fsync-probe-${process.pid}`);
  const fd = fs.openSync(file, 'w');
  try {
    const timesUs = await timeAppends(fd, options);
    return {
      count: timesUs.length,
      p50Us: Math.round(quantile(timesUs, 0.5)),
      p99Us: Math.round(quantile(timesUs, 0.99)),
      maxUs: Math.round(quantile(timesUs, 1)),
    };
  } finally {
    fs.closeSync(fd);
    fs.rmSync(file, { force: true });
  }
}

async function timeAppends(
  fd: number, { count = 200, maximumMs = 500, call = 'fdatasync' }: FsyncProbeOptions,
): Promise<number[]> {
  const sync = call === 'fsync' ? fs.fsyncSync : fs.fdatasyncSync;
  const block = Buffer.alloc(blockBytes, 0xa5);
  const timesUs: number[] = [];
  const endNs = monotonicNs() + maximumMs * 1e6;
  while (timesUs.length < count) {
    fs.writeSync(fd, block);
    const startNs = monotonicNs();
    sync(fd);
    const syncedNs = monotonicNs();
    timesUs.push((syncedNs - startNs) / 1000);
    if (syncedNs > endNs) break;
    if (timesUs.length % turnEvery === 0) await nextTurn();
  }
  return timesUs;
}
