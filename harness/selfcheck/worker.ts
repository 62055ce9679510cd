// A process of the self-check: does the jobs that it is sent, one after the other, and ends with
// its parent. Told to stop it ends the real servers of its job first.

import type { Order } from './crew.ts';
import { doJob } from './jobs.ts';

const abort = new AbortController();
let isBusy = false;

function stop(): void {
  abort.abort();
  if (!isBusy) process.exit();
}

function answer(message: object): void {
  isBusy = false;
  if (abort.signal.aborted) process.exit();
  process.send?.(message);
}

process.on('message', (order: Order) => {
  if (order.kind === 'stop') {
    stop();
    return;
  }
  isBusy = true;
  void doJob(order, abort.signal).then((result) => answer({ result }), (error: unknown) => {
    answer({ error: error instanceof Error ? error.stack : String(error) });
  });
});
process.on('disconnect', stop);
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group: the parent decides
