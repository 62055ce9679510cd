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
