// Which of its keys a client takes next: even, by Zipf's law, a hot set, or in turn. Pure functions
// of 32 random bits and the sequence; nothing is allocated or looked up per key.

import { mix32 } from './hash.ts';

/**
 * - `uniform`: every key alike.
 * - `zipf:S`: the k-th key is taken in proportion to 1 / k^S; 0 < S ≤ 10.
 * - `hotset:K:O`: a share K of the keys gets a share O of the operations; both between 0 and 1.
 * - `sequential`: one after the other, then from the start again.
 * Each client draws from its own keys, so the hottest key is one a client.
 */
export type KeyDistribution = 'uniform' | 'sequential' | `zipf:${number}`
  | `hotset:${number}:${number}`;

/** What a text must look like to be a distribution; for messages. */
export const distributionExpected: string =
  'uniform, sequential, zipf:S with S above 0 up to 10, or hotset:KEYS:OPERATIONS as shares '
  + 'such as hotset:0.1:0.9';

/** Chooses keys for one distribution. */
export interface KeyPicker {
  /** A slot from 0 to keys − 1. */
  pick(hash: number, sequence: number): number;
}

/** True for a text that names a distribution. */
export function isDistribution(text: unknown): text is KeyDistribution {
  return typeof text === 'string' && parametersOf(text) !== null;
}

/** The picker of a distribution over `keys` keys; the text has been checked. */
export function keyPicker(distribution: KeyDistribution, keys: number): KeyPicker {
  const [kind, [first = 0, second = 0]] = parametersOf(distribution) ?? ['uniform', []];
  if (kind === 'sequential') return { pick: (_hash, sequence) => (sequence - 1) % keys };
  if (kind === 'zipf') return new ZipfPicker(first, keys);
  if (kind === 'hotset') return hotSet(keys, first, second);
  return { pick: (hash) => scale(hash, keys) };
}

function parametersOf(text: string): [kind: string, numbers: number[]] | null {
  const [kind = '', ...words] = text.split(':');
  const numbers = words.map((word) => (/^\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN));
  const isShare = (value: number | undefined): boolean =>
    value !== undefined && value > 0 && value < 1;
  const isGood = kind === 'uniform' || kind === 'sequential' ? numbers.length === 0
    : kind === 'zipf' ? numbers.length === 1 && (numbers[0] ?? 0) > 0 && (numbers[0] ?? 11) <= 10
      : kind === 'hotset' && numbers.length === 2 && numbers.every(isShare);
  return isGood ? [kind, numbers] : null;
}

function hotSet(keys: number, keyShare: number, operationShare: number): KeyPicker {
  const hot = Math.max(1, Math.round(keys * keyShare));
  const cold = keys - hot;
  const hotBelow = operationShare * 4_294_967_296;
  return {
    pick: (hash) => {
      const place = mix32(hash ^ 0x2545f491);
      return hash < hotBelow || cold === 0 ? scale(place, hot) : hot + scale(place, cold);
    },
  };
}

/**
 * Zipf's law by rejection-inversion: Hörmann and Derflinger 1996, "Rejection-inversion to generate
 * variates from monotone discrete distributions". Exact, and needs no table, whatever the keys.
 */
class ZipfPicker implements KeyPicker {
  readonly #exponent: number;
  readonly #keys: number;
  readonly #first: number;
  readonly #last: number;
  readonly #squeeze: number;

  constructor(exponent: number, keys: number) {
    this.#exponent = exponent;
    this.#keys = keys;
    this.#first = this.#integral(1.5) - 1;
    this.#last = this.#integral(keys + 0.5);
    this.#squeeze = 2 - this.#inverse(this.#integral(2.5) - this.#density(2));
  }

  pick(hash: number): number {
    let bits = hash;
    for (;;) {
      const area = this.#last + ((bits + 0.5) / 4_294_967_296) * (this.#first - this.#last);
      const x = this.#inverse(area);
      const rank = Math.min(this.#keys, Math.max(1, Math.round(x)));
      const isInside = rank - x <= this.#squeeze
        || area >= this.#integral(rank + 0.5) - this.#density(rank);
      if (isInside) return rank - 1;
      bits = mix32(bits + 0x9e3779b9);
    }
  }

  /** ∫ x^-s, whose inverse is below; both hold for s = 1 too, by expm1 and log1p. */
  #integral(x: number): number {
    const log = Math.log(x);
    const scaled = (1 - this.#exponent) * log;
    return (Math.abs(scaled) > 1e-8 ? Math.expm1(scaled) / scaled : 1 + scaled / 2) * log;
  }

  #inverse(area: number): number {
    const scaled = Math.max(-1, area * (1 - this.#exponent));
    const factor = Math.abs(scaled) > 1e-8 ? Math.log1p(scaled) / scaled : 1 - scaled / 2;
    return Math.exp(factor * area);
  }

  #density(x: number): number {
    return Math.exp(-this.#exponent * Math.log(x));
  }
}

/** Maps 32 random bits to 0 … limit − 1, evenly. */
function scale(bits: number, limit: number): number {
  return Math.floor((bits / 4_294_967_296) * limit);
}
