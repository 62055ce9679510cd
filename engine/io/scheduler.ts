// The scheduler port: how the engine goes on by itself. Sockets, disk and clock aside, everything
// that it does without being asked comes through here, so that a seed can repeat it.

import type { ManualClock } from './clock.ts';

/** When steps run. Steps that are due at the same time run in the order in which they came. */
export interface Scheduler {
  /** Is it the event loop of the process, which sockets wake as well? */
  readonly isEventLoop: boolean;
  /** Runs a step soon, after pending I/O was served. */
  soon(step: () => void): void;
  /** Runs a step after so many ms; the answer, once called, forgets it. */
  after(milliseconds: number, step: () => void): () => void;
}

const real: Scheduler = {
  isEventLoop: true,
  soon(step) {
    setImmediate(step);
  },
  after(milliseconds, step) {
    const timer = setTimeout(step, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** The event loop of the process. */
export function realScheduler(): Scheduler {
  return real;
}

interface Timer {
  readonly dueNs: number;
  readonly step: () => void;
}

/** Runs nothing by itself: tests and simulations take its steps, one by one or all. */
export class ManualScheduler implements Scheduler {
  readonly #clock: ManualClock;
  readonly isEventLoop = false;
  readonly #soon: (() => void)[] = [];
  #timers: Timer[] = [];

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  soon(step: () => void): void {
    this.#soon.push(step);
  }

  after(milliseconds: number, step: () => void): () => void {
    const timer = { dueNs: this.#clock.monotonicNs() + milliseconds * 1e6, step };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Steps that wait for nothing but their turn. */
  get ready(): number {
    return this.#soon.length;
  }

  /** When the next timer is due, CLOCK_MONOTONIC ns; Infinity: none is set. */
  get nextDueNs(): number {
    let dueNs = Infinity;
    for (const timer of this.#timers) dueNs = Math.min(dueNs, timer.dueNs);
    return dueNs;
  }

  /** Takes the oldest waiting step; false when there is none. */
  runOne(): boolean {
    const step = this.#soon.shift();
    step?.();
    return step !== undefined;
  }

  /** Takes the timer that is due longest; false when none is due. */
  runDue(): boolean {
    const dueNs = this.nextDueNs;
    if (dueNs > this.#clock.monotonicNs()) return false;
    const index = this.#timers.findIndex((timer) => timer.dueNs === dueNs);
    const [timer] = this.#timers.splice(index, 1);
    timer?.step();
    return timer !== undefined;
  }
}
