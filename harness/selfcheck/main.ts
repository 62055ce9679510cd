// `npm run selfcheck`: is every planted bug found, and does no healthy engine give an alarm?
//
//   --healthy N     healthy trials (1,000)
//   --processes N   how many at once (the cores, 4 at most)
//   --write         keep the table in harness/checkers/README.md
//   --canaries      instead: weaknesses of redis-server, and the bundled engine beside it
//
// Exit codes: 0 all found and no alarm · 1 not · 64 a flag is wrong · 130 Ctrl-C: what was judged
// by then is printed.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { HarnessError } from '../errors.ts';
import { canaryTable } from './canaries/canaries.ts';
import { doAll } from './crew.ts';
import { allJobs } from './jobs.ts';
import { pageOf, reportOf } from './table.ts';

const page = path.join(import.meta.dirname, '../checkers/README.md');
const interrupted = 130;

process.exitCode = await main().catch((error: unknown) => {
  if (!isMistake(error)) throw error;
  process.stderr.write(`selfcheck: ${error.message}\n`);
  return 64;
});

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      healthy: { type: 'string', default: '1000' },
      processes: { type: 'string', default: String(Math.min(4, os.availableParallelism())) },
      write: { type: 'boolean', default: false },
      canaries: { type: 'boolean', default: false },
    },
  });
  const [healthy, processes] = [
    countOf('--healthy', flags.healthy, 0), countOf('--processes', flags.processes, 1),
  ];
  const signal = untilInterrupted();
  if (flags.canaries) return canaries(signal);
  return selfcheck({ healthy, processes, isKept: flags.write, signal });
}

async function canaries(signal: AbortSignal): Promise<number> {
  const { text, isAsExpected } = await canaryTable(signal);
  process.stdout.write(text);
  if (!signal.aborted) return isAsExpected ? 0 : 1;
  process.stdout.write('Interrupted: the rest was not asked.\n');
  return interrupted;
}

async function selfcheck(
  { healthy, processes, isKept, signal }: { readonly healthy: number; readonly processes: number;
    readonly isKept: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const beganMs = performance.now();
  const jobs = allJobs(healthy);
  const results = await doAll(jobs, {
    processes, signal,
    onDone: (done) => process.stderr.write(`\r${done} of ${jobs.length} jobs`),
  });
  process.stderr.write('\n');
  const tookMs = performance.now() - beganMs;
  const { table, text, isSound } = reportOf(results, { jobs: jobs.length, tookMs });
  process.stdout.write(text);
  if (signal.aborted) return interrupted;
  if (isKept) fs.writeFileSync(page, pageOf(table));
  return isSound ? 0 : 1;
}

/** The first Ctrl-C ends it in order, a second one at once; a second SIGTERM is timeout(1)'s. */
function untilInterrupted(): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted && name === 'SIGINT') process.exit(interrupted);
      if (abort.signal.aborted) return;
      process.stderr.write('\nstopping: what was judged is printed; once more to leave at once\n');
      abort.abort();
    });
  }
  return abort.signal;
}

/** @throws {HarnessError} USAGE when it is no whole number, or less than that. */
function countOf(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new HarnessError('USAGE',
    `${flag}: expected a whole number from ${least} on, found '${text}'`);
}

/** A flag that is wrong: our own complaint, or one of parseArgs. */
function isMistake(error: unknown): error is Error {
  if (error instanceof HarnessError) return error.code === 'USAGE';
  const { code = '' } = error as { readonly code?: string };
  return error instanceof Error && code.startsWith('ERR_PARSE_ARGS');
}
