// Does something grow that should not? Samples of memory and open files over the time of a soak,
// and the rule of the verdict. Pure.

/** One look. */
export interface GrowthSample {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly openFiles: number;
}

/** What the samples say. */
export interface Growth {
  readonly verdict: 'steady' | 'grows' | 'too-few';
  readonly rssBytes: { readonly early: number; readonly late: number };
  readonly openFiles: { readonly early: number; readonly late: number };
}

const leastSamples = 8;
/** Collectors and allocators breathe: so much more is no growth. */
const rssAllowance = 1.3;
const rssAllowanceBytes = 64 * 1024 * 1024;
const filesAllowance = 8;

/**
 * Compares the second quarter with the last: the first is warming up. The lowest of a quarter
 * counts, since what was not given back by then is kept.
 */
export function growthOf(samples: readonly GrowthSample[]): Growth {
  const quarter = (number: number): readonly GrowthSample[] => samples.slice(
    Math.floor(samples.length * number / 4), Math.floor(samples.length * (number + 1) / 4));
  const lowest = (part: readonly GrowthSample[], of: (sample: GrowthSample) => number): number => (
    part.length === 0 ? 0 : Math.min(...part.map(of)));
  const [early, late] = [quarter(1), quarter(3)];
  const rss = {
    early: lowest(early, (each) => each.rssBytes), late: lowest(late, (each) => each.rssBytes),
  };
  const files = {
    early: lowest(early, (each) => each.openFiles), late: lowest(late, (each) => each.openFiles),
  };
  const grows = rss.late > rss.early * rssAllowance + rssAllowanceBytes
    || files.late > files.early + filesAllowance;
  return {
    verdict: samples.length < leastSamples ? 'too-few' : grows ? 'grows' : 'steady',
    rssBytes: rss, openFiles: files,
  };
}
