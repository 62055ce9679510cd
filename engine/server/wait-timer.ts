// One timer for all clients that wait with a timeout: set to the moment when the first gives up.

import type { Scheduler } from '../io/scheduler.ts';

/** Longest that a timer of Node can wait, in ms. */
const longestMs = 2 ** 31 - 1;

/** Calls `wake` when the earliest of the moments asked for has come. */
export class WaitTimer {
  private readonly scheduler: Scheduler;
  private readonly wake: () => void;
  private forget: (() => void) | null = null;
  private dueMs = Infinity;

  constructor(scheduler: Scheduler, wake: () => void) {
    this.scheduler = scheduler;
    this.wake = wake;
  }

  /** `unixMs` Infinity: there is nothing to wake for. */
  wakeAt(unixMs: number, nowMs: number): void {
    if (unixMs >= this.dueMs) return;
    this.forget?.();
    this.dueMs = unixMs;
    const delayMs = Math.min(Math.max(unixMs - nowMs, 0), longestMs);
    this.forget = this.scheduler.after(delayMs, () => {
      this.forget = null;
      this.dueMs = Infinity;
      this.wake();
    });
  }

  stop(): void {
    this.forget?.();
    this.forget = null;
    this.dueMs = -Infinity;
  }
}
