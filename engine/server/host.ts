// The process and the machine below the engine: its log lines, clocks of the CPU, memory, and how
// to stand still.

import { appendFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import { multiplexer } from './transport.ts';

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

/** One line for the log of the server. */
export type Log = (level: LogLevel, text: string) => void;

/** Levels in the order of importance, with Redis' marks. */
const marks: Readonly<Record<LogLevel, string>> = {
  debug: '.', verbose: '-', notice: '*', warning: '#',
};
const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, verbose: 1, notice: 2, warning: 3 };

export interface LogOptions {
  readonly wallMs: () => number;
  /** The least important level to be written; asked for each line, since CONFIG SET changes it. */
  readonly level: () => string;
  readonly write: (line: string) => void;
}

/** Log lines in Redis' manner: `4711:M 22 Nov 2026 17:42:10.600 * Ready to accept connections`. */
export function createLog(options: LogOptions): Log {
  return (level, text) => {
    const threshold = ranks[options.level() as LogLevel] ?? ranks.notice;
    if (ranks[level] < threshold) return;
    const line = text.replaceAll(/[\r\n]+/g, ' ');
    options.write(`${processId}:M ${logDate(options.wallMs())} ${marks[level]} ${line}\n`);
  };
}

/** The id of this process. */
export const processId: number = process.pid;

/** Whether a process with this id exists, ours or not. */
export function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Writes log lines to standard output, or appends them to a file. A log that cannot be written
 * never stops the engine. */
export function logWriter(file: string): (line: string) => void {
  return (line) => {
    try {
      if (file === '') writeSync(1, line);
      else appendFileSync(file, line);
    } catch {
      // The reader of our output is gone or the disk is full: nowhere left to say it.
    }
  };
}

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

/** Stands still, sockets and timers included. */
export function standStill(milliseconds: number): void {
  Atomics.wait(sleepCell, 0, 0, milliseconds);
}

/** What INFO shows of the machine. */
export interface HostFacts {
  readonly os: string;
  readonly executable: string;
  readonly nodeVersion: string;
  readonly totalMemoryBytes: number;
  readonly multiplexer: string;
}

export function hostFacts(): HostFacts {
  return {
    os: `${os.type()} ${os.release()} ${os.machine()}`,
    executable: process.execPath,
    nodeVersion: process.versions.node,
    totalMemoryBytes: os.totalmem(),
    multiplexer: multiplexer(),
  };
}

/** What INFO shows of the process now; bytes, and CPU seconds. */
export interface ProcessUsage {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly cpuUserSec: number;
  readonly cpuSystemSec: number;
}

export function processUsage(): ProcessUsage {
  const { heapUsed } = process.memoryUsage();
  const cpu = process.cpuUsage();
  return {
    rssBytes: process.memoryUsage.rss(),
    heapBytes: heapUsed,
    cpuUserSec: cpu.user / 1e6,
    cpuSystemSec: cpu.system / 1e6,
  };
}

const months = [
  'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec',
];

/** Local time as Redis logs it: `22 Nov 2026 17:42:10.600`. */
function logDate(wallMs: number): string {
  const date = new Date(wallMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const millis = String(date.getMilliseconds()).padStart(3, '0');
  const day = `${two(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`;
  return `${day} ${time}.${millis}`;
}
