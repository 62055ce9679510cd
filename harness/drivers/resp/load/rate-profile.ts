// How the rate of an open loop changes over a load, as factors of the rate asked for.

/**
 * - `flat`: all the time the same.
 * - `ramp:A-B`: from A times the rate at the start to B times at the end, in a straight line.
 * - `steps:A,B,C`: equal parts of the load, each with its factor.
 * Factors are from 0.01 to 10 (a ramp may start or end at 0). After the load's end the last holds.
 */
export type Profile = 'flat' | `ramp:${number}-${number}` | `steps:${string}`;

/** What a text must look like to be a profile; for messages. */
export const profileExpected: string =
  'flat, ramp:A-B or steps:A,B,C with factors of the rate from 0.01 to 10';

interface Part {
  readonly fromNs: number;
  /** Work done before it, in ns at the full rate. */
  readonly workNs: number;
  readonly factor: number;
  /** Change of the factor in each ns. */
  readonly slope: number;
}

/** True for a text that names a profile. */
export function isProfile(text: unknown): text is Profile {
  return typeof text === 'string' && factorsOf(text) !== null;
}

/** The mean factor over the load: the mean rate is so many times the rate asked for. */
export function meanFactor(profile: Profile): number {
  const factors = factorsOf(profile) ?? [1];
  return factors.reduce((sum, factor) => sum + factor, 0) / factors.length;
}

/** The greatest factor over the load. */
export function greatestFactor(profile: Profile): number {
  return Math.max(...factorsOf(profile) ?? [1]);
}

/**
 * The mean factor from one moment of a load to another, ms from its start: the integral of what was
 * offered then, over the time. The same as `meanFactor` for the whole load.
 */
export function meanFactorBetween(
  profile: Profile, { loadMs, fromMs, toMs }: { loadMs: number; fromMs: number; toMs: number },
): number {
  const parts = partsOf(profile, loadMs);
  const workAt = (at: number): number => {
    const part = parts.findLast(({ fromNs }) => fromNs <= at) ?? parts[0] as Part;
    const since = at - part.fromNs;
    return part.workNs + since * (part.factor + (part.slope * since) / 2);
  };
  return toMs <= fromMs ? meanFactor(profile) : (workAt(toMs) - workAt(fromMs)) / (toMs - fromMs);
}

function factorsOf(text: string): number[] | null {
  if (text === 'flat') return [1];
  const [kind, list = ''] = text.split(':');
  const numbers = list.split(kind === 'ramp' ? '-' : ',')
    .map((word) => (/^\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN));
  const isIn = (low: number): boolean => numbers.every((one) => one >= low && one <= 10);
  if (kind === 'ramp' && numbers.length === 2 && isIn(0)) {
    return Math.max(...numbers) >= 0.01 ? numbers : null;
  }
  return kind === 'steps' && isIn(0.01) && numbers.length <= 1000 ? numbers : null;
}

/** Turns work into time: the n-th operation is due when n operations' worth of rate has passed. */
export class RateProfile {
  readonly #parts: readonly Part[];
  #at = 0;

  /** A profile that has been checked, over a load of `loadMs`. */
  constructor(profile: Profile, loadMs: number) {
    this.#parts = partsOf(profile, loadMs * 1e6);
  }

  /** Time from the start at which so much work (ns at the full rate) is due, ns. */
  timeNs(workNs: number): number {
    const parts = this.#parts;
    // Questions come nearly in order, so the last part asked for is nearly always the one.
    while (this.#at > 0 && (parts[this.#at] as Part).workNs > workNs) this.#at--;
    while (this.#at + 1 < parts.length && (parts[this.#at + 1] as Part).workNs <= workNs) {
      this.#at++;
    }
    const part = parts[this.#at] as Part;
    const left = workNs - part.workNs;
    if (part.slope === 0) return part.fromNs + left / part.factor;
    const root = Math.sqrt(Math.max(0, part.factor ** 2 + 2 * part.slope * left));
    return part.fromNs + (root - part.factor) / part.slope;
  }
}

function partsOf(profile: Profile, loadNs: number): Part[] {
  const factors = factorsOf(profile) ?? [1];
  const [first = 1, last = 1] = [factors[0], factors.at(-1)];
  if (loadNs === 0 || factors.length === 1) {
    return [{ fromNs: 0, workNs: 0, factor: first, slope: 0 }];
  }
  if (profile.startsWith('ramp')) {
    const workNs = (loadNs * (first + last)) / 2;
    return [
      { fromNs: 0, workNs: 0, factor: first, slope: (last - first) / loadNs },
      { fromNs: loadNs, workNs, factor: Math.max(last, 0.01), slope: 0 },
    ];
  }
  const stepNs = loadNs / factors.length;
  let workNs = 0;
  return factors.map((factor, index) => {
    const part = { fromNs: index * stepNs, workNs, factor, slope: 0 };
    workNs += factor * stepNs;
    return part;
  });
}
