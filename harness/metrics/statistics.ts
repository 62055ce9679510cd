// Statistics of repeated trials: pure, checked against published and hand-computed values.

/** The middle value; the mean of the two middle ones for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of `fraction` (0 to 1) lies, linearly interpolated between
 * neighbours (type 7 of Hyndman and Fan, the default of R and NumPy); NaN for no values.
 */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  return sortedQuantile(sorted, fraction);
}

function sortedQuantile(sorted: Float64Array, fraction: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = (sorted.length - 1) * Math.min(Math.max(fraction, 0), 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/** A value far from the rest: pointed at in reports, never left out of a figure. */
export interface Outlier {
  readonly index: number;
  readonly value: number;
  /** Modified z-score: distance from the median in standard deviations, estimated robustly. */
  readonly score: number;
}

/** Standard deviation of a normal distribution over its median absolute deviation. */
const sdPerMad = 1.482602218505602;
/** And over its mean absolute deviation: √(π/2). */
const sdPerMeanDeviation = 1.2533141373155003;

/**
 * Robust standard deviation: the median absolute deviation from the median, × 1.4826 (R: `mad`).
 * Where more than half of the values are equal, the mean absolute deviation × 1.2533 stands in.
 */
export function robustSd(values: readonly number[]): number {
  const centre = median(values);
  const deviations = values.map((value) => Math.abs(value - centre));
  const mad = median(deviations);
  if (mad !== 0) return mad * sdPerMad;
  return (deviations.reduce((sum, one) => sum + one, 0) / values.length) * sdPerMeanDeviation;
}

/**
 * The values whose modified z-score exceeds 3.5 either way: Iglewicz and Hoaglin 1993, recommended
 * by the NIST/SEMATECH e-Handbook, 1.3.5.17. In the order of the values.
 */
export function flagOutliers(values: readonly number[]): Outlier[] {
  const [centre, sd] = [median(values), robustSd(values)];
  return values
    .map((value, index) => ({ index, value, score: sd > 0 ? (value - centre) / sd : 0 }))
    .filter(({ score }) => Math.abs(score) > 3.5);
}

/**
 * P-values adjusted for being members of one family: those at or below a level are significant,
 * and any false one among them is at most that likely (Holm 1979; R: `p.adjust(p, "holm")`).
 */
export function adjustHolm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index)
    .sort((one, other) => (pValues[one] as number) - (pValues[other] as number));
  const adjusted = pValues.map(() => 1);
  let floor = 0;
  for (const [rank, index] of order.entries()) {
    floor = Math.max(floor, Math.min(1, (pValues[index] as number) * (pValues.length - rank)));
    adjusted[index] = floor;
  }
  return adjusted;
}
