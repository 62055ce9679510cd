// The percentile bootstrap, for tests that show how far its intervals fall short: for 7 values it
// holds the true median in 87.5 % of cases where it says 95 %.

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { median, quantile } from '../statistics.ts';

/** The middle 95 % of the medians of `resamples` samples drawn with replacement. */
export function bootstrapCi95(
  values: readonly number[],
  { seed, resamples }: { readonly seed: number; readonly resamples: number },
): [low: number, high: number] {
  const random = xoroshiro128plus(seed);
  const medians = Array.from({ length: resamples }, () => median(
    values.map(() => values[uniformInt(random, 0, values.length - 1)] as number),
  ));
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
}
