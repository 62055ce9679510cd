// The processes of a self-check: jobs are handed out until all are done, or it is interrupted.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Job, JobResult } from './jobs.ts';

/** What a process of the crew is told: a job, or to end the one that it does. */
export type Order = Job | { readonly kind: 'stop' };

/** How the jobs are done. */
export interface CrewOptions {
  readonly processes: number;
  /** What is done by then is kept, what is begun is ended. */
  readonly signal: AbortSignal;
  onDone(done: number): void;
}

/** Hands the jobs to some processes; the results in the order in which they come. */
export async function doAll(
  jobs: readonly Job[], { processes, signal, onDone }: CrewOptions,
): Promise<JobResult[]> {
  const results: JobResult[] = [];
  const waiting = [...jobs];
  const work = async (): Promise<void> => {
    const child = fork(path.join(import.meta.dirname, 'worker.ts'));
    const ended = once(child, 'exit'); // nothing of its output is read here
    let isAtRealServers = false; // these it must end itself; a simulation leaves nothing
    const stop = (): void => {
      if (isAtRealServers) child.send({ kind: 'stop' } satisfies Order, () => {});
      else child.kill('SIGKILL');
    };
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        const job = waiting.shift();
        if (job === undefined) break;
        isAtRealServers = job.kind === 'real';
        const result = await answerOf(child, job, signal);
        if (result === null) break;
        onDone(results.push(result));
      }
    } finally {
      signal.removeEventListener('abort', stop);
      if (child.connected) child.disconnect();
      await ended;
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return results;
}

/** Null: it was interrupted before it had an answer. */
function answerOf(child: ChildProcess, job: Job, signal: AbortSignal): Promise<JobResult | null> {
  return new Promise((resolve, reject) => {
    const died = (): void => {
      if (signal.aborted) resolve(null);
      else reject(new Error(`a process died over ${JSON.stringify(job)}`));
    };
    child.once('exit', died);
    child.once('message', (message: { result?: JobResult; error?: string }) => {
      child.off('exit', died);
      const { result, error } = message;
      if (result !== undefined) resolve(result);
      else if (signal.aborted) resolve(null);
      else reject(new Error(`${JSON.stringify(job)}: ${error}`));
    });
    child.send(job);
  });
}
