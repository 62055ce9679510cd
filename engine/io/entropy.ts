// The entropy port: where the engine's random numbers come from, so that a seed repeats a run.

import { randomFillSync } from 'node:crypto';

/** A source of uniformly distributed random numbers. */
export interface Entropy {
  /** An integer from 0 to 2^32 - 1. */
  uint32(): number;
}

class RealEntropy implements Entropy {
  // Drawn in blocks: a call into the system per number would be slow.
  readonly #pool = new Uint32Array(256);
  #next = 256;

  uint32(): number {
    if (this.#next === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#next = 0;
    }
    const value = this.#pool[this.#next] as number;
    this.#next += 1;
    return value;
  }
}

/** Random numbers of the operating system. */
export function realEntropy(): Entropy {
  return new RealEntropy();
}

// splitmix32: one word of state, good enough mixing, every seed usable.
class SeededEntropy implements Entropy {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
}

/** The same numbers for the same seed (its low 32 bits), on every machine. */
export function seededEntropy(seed: number): Entropy {
  return new SeededEntropy(seed);
}
