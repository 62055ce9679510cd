// The machine that a run was measured on: numbers from two testbeds are not comparable.

import { createHash } from 'node:crypto';
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
  readonly mountOptions: string;
  readonly device: string;
  /** Frequency governor of the first core; null in most virtual machines. */
  readonly governor: string | null;
  readonly node: string;
  /** Limits of the container, where they are visible and lower than the machine; file handles. */
  readonly limits: {
    readonly cpus: number | null;
    readonly memoryBytes: number | null;
    readonly openFiles: number | null;
  };
  /** Equal where figures may be compared: a hash of `identityOf`. */
  readonly fingerprint: string;
}

/**
 * What must be the same where figures are compared, name by name: all that describes a machine but
 * for its file handles. Memory is in GiB: a machine that is started anew has a few pages more or
 * less.
 */
export function identityOf(
  testbed: Omit<Testbed, 'fingerprint'>,
): Readonly<Record<string, string | number | null>> {
  const { cpu, cores, memoryBytes, kernel, fs: type, mountOptions, device, governor: by, node }
    = testbed;
  const { cpus, memoryBytes: mostBytes } = testbed.limits;
  return {
    cpu, cores, memoryGiB: Math.round(memoryBytes / 2 ** 30), kernel, fs: type, mountOptions,
    device, governor: by, node, 'limits.cpus': cpus, 'limits.memoryBytes': mostBytes,
  };
}

/** A nightly gets these anew: dated notes of its history tell of them, and its series go on. */
const renewed: ReadonlySet<string> = new Set(['kernel', 'mountOptions', 'device']);

/** The same in words, without what is renewed from night to night: what makes a series one. */
export function nightlyIdentity(testbed: Omit<Testbed, 'fingerprint'>): string {
  const units: Readonly<Record<string, (value: string | number) => string>> = {
    cpu: String, fs: String, cores: (value) => `${value} cores`,
    memoryGiB: (value) => `${value} GiB`,
  };
  return Object.entries(identityOf(testbed))
    .flatMap(([name, value]) => (value === null || renewed.has(name) ? []
      : [units[name]?.(value) ?? `${name} ${value}`])).join(', ');
}

/** What differs between two machines, in words; empty where figures may be compared. */
export function identityDifferences(
  before: Omit<Testbed, 'fingerprint'>, after: Omit<Testbed, 'fingerprint'>,
): string[] {
  const [one, other] = [identityOf(before), identityOf(after)];
  return Object.keys(one).filter((name) => one[name] !== other[name])
    .map((name) => `${name}: ${one[name] ?? 'none'} → ${other[name] ?? 'none'}`);
}

/** Describes this machine; `directory` is where the data will lie. */
export function describeTestbed(directory: string): Testbed {
  const { fs: type, mountOptions, device } = mountOf(directory);
  const found = {
    cpu: (os.cpus()[0]?.model ?? 'unknown').trim(),
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    fs: type, mountOptions, device,
    governor: governor(),
    node: process.version,
    limits: { ...containerLimits(), openFiles: openFilesLimit() },
  };
  const text = JSON.stringify(identityOf(found));
  return { ...found, fingerprint: createHash('sha256').update(text).digest('hex').slice(0, 12) };
}

/** How a directory is mounted; `unknown` where /proc/mounts is not. */
export interface Mount {
  readonly fs: string;
  readonly mountOptions: string;
  readonly device: string;
}

/** The mount that holds `directory`. */
export function mountOf(directory: string): Mount {
  const mounts = readOrEmpty('/proc/self/mounts');
  let real = path.resolve(directory);
  try {
    real = fs.realpathSync(directory);
  } catch {
    // It does not exist yet: its parents decide.
  }
  return mountIn(mounts, real);
}

/** Looks a path up in the text of /proc/mounts: the longest mount point, mounted last, decides. */
export function mountIn(mounts: string, directory: string): Mount {
  let found: Mount = { fs: 'unknown', mountOptions: '', device: 'unknown' };
  let longest = 0;
  for (const line of mounts.split('\n')) {
    const [device = '', escaped = '', type = '', mountOptions = ''] = line.split(' ');
    if (escaped === '') continue;
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = point === '/' || directory === point || directory.startsWith(`${point}/`);
    if (isAbove && point.length >= longest) {
      longest = point.length;
      found = { fs: type, mountOptions, device };
    }
  }
  return found;
}

/** Files that one process may have open; null where /proc does not say. */
export function openFilesLimit(): number | null {
  const match = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m
    .exec(readOrEmpty('/proc/self/limits'));
  const hard = match?.[2]; // Node raises its own limit to the hard one
  return hard === undefined || hard === 'unlimited' ? null : Number(hard);
}

/** CPU time of the whole machine so far, in ticks; null without /proc. */
export interface MachineTicks {
  readonly all: number;
  /** Taken by the hypervisor for other machines. */
  readonly stolen: number;
}

/** Reads them now. */
export function machineTicks(): MachineTicks | null {
  return parseTicks(readOrEmpty('/proc/stat'));
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal, … */
export function parseTicks(stat: string): MachineTicks | null {
  const fields = /^cpu\s+([\d ]+)/.exec(stat)?.[1]?.trim().split(' ').map(Number);
  if (fields === undefined || fields.length < 8) return null;
  // Time of guests is in user time already.
  return { all: fields.slice(0, 8).reduce((sum, one) => sum + one, 0), stolen: fields[7] ?? 0 };
}

/** Share of the CPU time between two readings that was stolen, 0 to 1; null when not known. */
export function stealShare(from: MachineTicks | null, to: MachineTicks | null): number | null {
  if (from === null || to === null || to.all <= from.all) return null;
  return (to.stolen - from.stolen) / (to.all - from.all);
}

/** Mean length of the run queue over the last minute. */
export function loadAverage(): number {
  return Math.round((os.loadavg()[0] ?? 0) * 100) / 100;
}

function governor(): string | null {
  const text = readOrEmpty('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor').trim();
  return text === '' ? null : text;
}

function containerLimits(): { cpus: number | null; memoryBytes: number | null } {
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
