// `npm run selfcheck`: is every planted bug found, and does no healthy engine give an alarm?
//
//   --healthy N     healthy trials (1,000)
//   --processes N   how many at once (the cores, 4 at most)
//   --write         keep the table in harness/checkers/README.md
//   --canaries      instead: weaknesses of redis-server, and the bundled engine beside it

import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { canaryTable } from './canaries/canaries.ts';
import { allJobs } from './jobs.ts';
import type { Healthy, Job, JobResult } from './jobs.ts';
import { pageOf, tableOf } from './table.ts';

const { values: flags } = parseArgs({
  options: {
    healthy: { type: 'string', default: '1000' },
    processes: { type: 'string', default: String(Math.min(4, os.availableParallelism())) },
    write: { type: 'boolean', default: false },
    canaries: { type: 'boolean', default: false },
  },
});

process.exitCode = flags.canaries ? await canaries() : await selfcheck();

async function canaries(): Promise<number> {
  const { text, isAsExpected } = await canaryTable();
  process.stdout.write(text);
  return isAsExpected ? 0 : 1;
}

async function selfcheck(): Promise<number> {
  const beganMs = performance.now();
  const results = await doAll(allJobs(Number(flags.healthy)), Number(flags.processes));
  const hunts = results.flatMap((each) => (each.kind === 'hunted' ? [each.hunt] : []));
  const healthy = sumOf(results.flatMap((each) => (each.kind === 'healthy' ? [each.healthy] : [])));
  const table = tableOf(hunts, healthy);
  process.stdout.write(`${table}Took ${((performance.now() - beganMs) / 1000).toFixed(0)} s.\n`);
  for (const alarm of healthy.alarms) process.stdout.write(`alarm: ${alarm}\n`);
  if (flags.write) {
    fs.writeFileSync(path.join(import.meta.dirname, '../checkers/README.md'), pageOf(table));
  }
  return hunts.every((each) => each.finding !== null) && healthy.alarms.length === 0 ? 0 : 1;
}

/** Hands the jobs to some processes; the results in the order in which they come. */
async function doAll(jobs: readonly Job[], processes: number): Promise<JobResult[]> {
  const results: JobResult[] = [];
  const waiting = [...jobs];
  const worker = async (): Promise<void> => {
    const child = fork(path.join(import.meta.dirname, 'worker.ts'));
    try {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        results.push(await answerOf(child, job));
        process.stderr.write(`\r${results.length} of ${jobs.length} jobs`);
      }
    } finally {
      child.kill();
    }
  };
  await Promise.all(Array.from({ length: processes }, worker));
  process.stderr.write('\n');
  return results;
}

function answerOf(child: ReturnType<typeof fork>, job: Job): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const died = (): void => reject(new Error(`a process died over ${JSON.stringify(job)}`));
    child.once('exit', died);
    child.once('message', (message: { result?: JobResult; error?: string }) => {
      child.off('exit', died);
      const { result, error } = message;
      if (result === undefined) reject(new Error(`${JSON.stringify(job)}: ${error}`));
      else resolve(result);
    });
    child.send(job);
  });
}

function sumOf(parts: readonly Healthy[]): Healthy {
  const total = (of: (part: Healthy) => number): number =>
    parts.reduce((sum, part) => sum + of(part), 0);
  return {
    trials: total((part) => part.trials), cycles: total((part) => part.cycles),
    tookMs: total((part) => part.tookMs), alarms: parts.flatMap((part) => part.alarms),
  };
}
