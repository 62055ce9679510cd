// A process of the self-check: does the jobs that it is sent, one after the other.

import type { Job } from './jobs.ts';
import { doJob } from './jobs.ts';

process.on('message', (job: Job) => {
  void doJob(job).then((result) => process.send?.({ result }), (error: unknown) => {
    process.send?.({ error: error instanceof Error ? error.stack : String(error) });
  });
});
