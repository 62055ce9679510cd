// The clock port: wall time for deadlines and file times, monotonic time for everything measured.

/** Two clocks. Times are plain integers: they can be logged, and compared across processes. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  wallMs(): number;
  /** Nanoseconds of CLOCK_MONOTONIC: comparable between processes of one machine. */
  monotonicNs(): number;
}

class RealClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicNs(): number {
    // A double holds integer nanoseconds exactly for the first 104 days of uptime, and to 2 ns
    // for the next: enough to order storage calls. Two integers avoid a BigInt per call.
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e9 + nanoseconds;
  }
}

/** The machine's clocks. */
export function realClock(): Clock {
  return new RealClock();
}

/** A clock that moves only when told to, for tests and simulation. */
export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicNs: number;

  constructor(start: { wallMs?: number; monotonicNs?: number } = {}) {
    this.#wallMs = start.wallMs ?? 1_700_000_000_000;
    this.#monotonicNs = start.monotonicNs ?? 1_000_000_000;
  }

  wallMs(): number {
    return Math.floor(this.#wallMs);
  }

  monotonicNs(): number {
    return this.#monotonicNs;
  }

  /** Moves both clocks forward by whole milliseconds. */
  advanceMs(milliseconds: number): void {
    this.advanceNs(milliseconds * 1e6);
  }

  /** Moves both clocks forward by nanoseconds. */
  advanceNs(nanoseconds: number): void {
    this.#monotonicNs += nanoseconds;
    this.#wallMs += nanoseconds / 1e6;
  }
}
