// How late a delayed call is: a fixed time, or one drawn from a distribution. The same seed draws
// the same times in the same order.

import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A time in ms, or where it is drawn from. */
export type DelayTime =
  | number
  | { readonly kind: 'uniform'; readonly fromMs: number; readonly toMs: number }
  /** Most are short: a share of e^-x is longer than x times the mean. */
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** A heavy tail, as busy disks have: the 99th percentile is the median times e^(2.33 sigma). */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number };

/** The numbers of a delay, by the names that a user gave them. */
export function delayNumbers(time: DelayTime): ReadonlyMap<string, number> {
  if (typeof time === 'number') return new Map([['delayMs', time]]);
  return new Map(Object.entries(time).flatMap(([name, value]) => (
    typeof value === 'number' ? [[`delayMs.${name}`, value] as const] : [])));
}

/** Draws delays in ms, each ≥ 0. */
export function delayDrawer(time: DelayTime, seed: number): () => number {
  if (typeof time === 'number') return () => time;
  const random = xoroshiro128plus(seed);
  const draw = (): number => uniformFloat64(random);
  switch (time.kind) {
    case 'uniform':
      return () => time.fromMs + (time.toMs - time.fromMs) * draw();
    case 'exponential':
      return () => -Math.log(1 - draw()) * time.meanMs;
    case 'lognormal':
      return () => time.medianMs * Math.exp(time.sigma * normal(draw));
  }
}

/** One number of the standard normal distribution (Box and Muller). */
function normal(draw: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}
