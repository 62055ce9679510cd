// The machine that a run was measured on: numbers from two testbeds are not comparable.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What identifies a testbed, without the fsync figures, which are probed. */
export interface Testbed {
  readonly cpu: string;
  /** Cores this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** `Linux 6.18.44`, say. */
  readonly kernel: string;
  /** File system type of the data directories: ext4, xfs, tmpfs, …; `unknown` without /proc. */
  readonly fs: string;
  readonly node: string;
  /** Limits of the container, where they are visible and lower than the machine. */
  readonly limits: { readonly cpus: number | null; readonly memoryBytes: number | null };
}

/** Describes this machine; `directory` is where the data will lie. */
export function describeTestbed(directory: string): Testbed {
  return {
    cpu: (os.cpus()[0]?.model ?? 'unknown').trim(),
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    fs: fileSystemOf(directory),
    node: process.version,
    limits: containerLimits(),
  };
}

/** The type of the file system that holds `directory`; `unknown` where /proc/mounts is not. */
export function fileSystemOf(directory: string): string {
  const mounts = readOrEmpty('/proc/self/mounts');
  let real = path.resolve(directory);
  try {
    real = fs.realpathSync(directory);
  } catch {
    // It does not exist yet: its parents decide.
  }
  return fileSystemIn(mounts, real);
}

/** Looks a path up in the text of /proc/mounts: the longest mount point, mounted last, decides. */
export function fileSystemIn(mounts: string, directory: string): string {
  let type = 'unknown';
  let longest = 0;
  for (const line of mounts.split('\n')) {
    const [, escaped = '', found = ''] = line.split(' ');
    if (escaped === '') continue;
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = point === '/' || directory === point || directory.startsWith(`${point}/`);
    if (isAbove && point.length >= longest) {
      longest = point.length;
      type = found;
    }
  }
  return type;
}

function containerLimits(): Testbed['limits'] {
  const memory = process.constrainedMemory(); // 0 or absurdly much: no limit
  return {
    cpus: cpuQuota(),
    memoryBytes: memory > 0 && memory < os.totalmem() ? memory : null,
  };
}

/** CPUs that the control group grants: `quota period` in cgroup v2, two files in v1. */
function cpuQuota(): number | null {
  const v1 = ['cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us'];
  const text =
    readOrEmpty('/sys/fs/cgroup/cpu.max') ||
    v1.map((name) => readOrEmpty(`/sys/fs/cgroup/${name}`).trim()).join(' ');
  const [quota = Number.NaN, period = Number.NaN] = text.trim().split(' ').map(Number);
  return quota > 0 && period > 0 ? quota / period : null;
}

function readOrEmpty(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // not Linux, or not allowed
  }
}

/** Whether the disk of a folder turns; null where the kernel does not tell. */
export function isRotational(folder: string): boolean | null {
  try {
    const { dev } = fs.statSync(folder);
    const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)];
    const device = `/sys/dev/block/${major}:${minor}`;
    // A partition has no queue of its own.
    const queue = [`${device}/queue`, `${device}/../queue`].find((each) => fs.existsSync(each));
    if (queue === undefined) return null;
    return fs.readFileSync(`${queue}/rotational`, 'latin1').trim() === '1';
  } catch {
    return null;
  }
}
