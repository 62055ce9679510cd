// What /proc says about a process; null wherever there is no /proc.

import fs from 'node:fs';

const usPerTick = 10_000; // USER_HZ is 100 on every Linux that Node runs on

function readOrNull(path: string): string | null {
  try {
    return fs.readFileSync(path, 'latin1');
  } catch {
    return null; // the process is gone, or this is not Linux
  }
}

/** User and system CPU time of a process so far, in µs, in steps of 10 ms. */
export function processCpuUs(pid: number): number | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  return stat === null ? null : parseStatCpuUs(stat);
}

/** Fields 14 and 15 of /proc/pid/stat, counted after the name, which may hold anything. */
export function parseStatCpuUs(stat: string): number | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * usPerTick : null;
}

/** Resident memory of a process in bytes. */
export function processRssBytes(pid: number): number | null {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readOrNull(`/proc/${pid}/status`) ?? '');
  return match === null ? null : Number(match[1]) * 1024;
}

/** Processes that a process has forked and not yet reaped. */
export function childrenOf(pid: number): number[] {
  const text = readOrNull(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.trim().split(' ').filter((word) => word !== '').map(Number);
}

/** Bytes of pages that only this process has and has changed: of a fork, what was copied. */
export function privateDirtyBytes(pid: number): number | null {
  const match = /^Private_Dirty:\s+(\d+) kB$/m.exec(readOrNull(`/proc/${pid}/smaps_rollup`) ?? '');
  return match === null ? null : Number(match[1]) * 1024;
}

/** Bytes that a process has sent towards the disk so far, page cache included. */
export function writtenBytes(pid: number): number | null {
  const match = /^write_bytes: (\d+)$/m.exec(readOrNull(`/proc/${pid}/io`) ?? '');
  return match === null ? null : Number(match[1]);
}
