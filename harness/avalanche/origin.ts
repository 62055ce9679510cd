// The database behind a cache, simulated: so many workers, each busy with one request for so long,
// a queue in front of them that is full some time, and callers who do not wait for ever.

/** What an origin is like. */
export interface OriginOptions {
  readonly workers: number;
  /** How long a worker needs for a request, ms. */
  readonly serviceMs: number;
  /** Most requests that wait; one more is refused. */
  readonly queueLimit: number;
  /** After so long a caller gives up, ms; what has not begun by then is dropped. */
  readonly patienceMs: number;
  readonly nowMs: () => number;
}

interface Waiting {
  readonly sinceMs: number;
  readonly done: (isAnswered: boolean) => void;
}

/** Counts what it is asked for; the answer itself is up to the caller. */
export class Origin {
  readonly #options: OriginOptions;
  readonly #queue: Waiting[] = [];
  #busy = 0;
  /** Requests that came. */
  requests = 0;
  /** Of those, refused or given up. */
  errors = 0;
  /** Most that ever waited since `forgetPeak`. */
  queuePeak = 0;

  constructor(options: OriginOptions) {
    this.#options = options;
  }

  /** Requests a second that it can answer. */
  get capacity(): number {
    return this.#options.workers * 1000 / this.#options.serviceMs;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** The peak of the queue counts from here on. */
  forgetPeak(): void {
    this.queuePeak = this.#queue.length;
  }

  /** Asks for one thing; false when it is refused or takes too long. */
  async fetch(): Promise<boolean> {
    this.requests += 1;
    const isAnswered = await new Promise<boolean>((resolve) => {
      if (this.#busy < this.#options.workers) this.#serve({ sinceMs: 0, done: resolve });
      else if (this.#queue.length >= this.#options.queueLimit) resolve(false);
      else this.#queue.push({ sinceMs: this.#options.nowMs(), done: resolve });
      this.queuePeak = Math.max(this.queuePeak, this.#queue.length);
    });
    if (!isAnswered) this.errors += 1;
    return isAnswered;
  }

  #serve(request: Waiting): void {
    this.#busy += 1;
    setTimeout(() => {
      this.#busy -= 1;
      request.done(true);
      this.#next();
    }, this.#options.serviceMs);
  }

  #next(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (this.#options.nowMs() - next.sinceMs <= this.#options.patienceMs) {
        this.#serve(next);
        return;
      }
      next.done(false);
    }
  }
}
