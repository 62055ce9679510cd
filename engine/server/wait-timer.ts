// One timer for all clients that wait with a timeout: set to the moment when the first gives up.

/** Longest that setTimeout can wait, in ms. */
const longestMs = 2 ** 31 - 1;

/** Calls `wake` when the earliest of the moments asked for has come. */
export class WaitTimer {
  private readonly wake: () => void;
  private timer: NodeJS.Timeout | null = null;
  private dueMs = Infinity;

  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** `unixMs` Infinity: there is nothing to wake for. */
  wakeAt(unixMs: number, nowMs: number): void {
    if (unixMs >= this.dueMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.dueMs = unixMs;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.dueMs = Infinity;
      this.wake();
    }, Math.min(Math.max(unixMs - nowMs, 0), longestMs));
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.dueMs = -Infinity;
  }
}
