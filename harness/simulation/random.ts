// Everything drawn in a simulation comes from here: the same numbers for the same seed.

import { seededEntropy } from '../../engine/io/entropy.ts';
import type { Entropy } from '../../engine/io/entropy.ts';

/** Draws from a seed. */
export class Random {
  readonly #entropy: Entropy;

  constructor(seed: number) {
    this.#entropy = seededEntropy(seed);
  }

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor((this.#entropy.uint32() / 2 ** 32) * limit);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in `count` times on average. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A seed for something else, unrelated to what is drawn here afterwards. */
  seed(): number {
    return this.#entropy.uint32();
  }
}
