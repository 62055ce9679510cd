// How a time grows with a size: a straight line fitted to what was measured, and how far off it is.

/** A fitted line, y = intercept + slope · x. */
export interface Growth {
  readonly intercept: number;
  readonly slope: number;
  /** Standard deviation of what the line leaves over, in the unit of y; null for two points. */
  readonly residualSd: number | null;
  /** The largest distance of a point from the line, as a share of the point. */
  readonly worstShare: number;
}

/** Least squares; null for fewer than two different x. */
export function fitLine(
  points: readonly (readonly [x: number, y: number])[],
): Growth | null {
  const count = points.length;
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / count;
  const [meanX, meanY] = [mean(0), mean(1)];
  const sxx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (count < 2 || sxx === 0) return null;
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / sxx;
  const intercept = meanY - slope * meanX;
  const left = points.map(([x, y]) => y - intercept - slope * x);
  const squares = left.reduce((sum, one) => sum + one ** 2, 0);
  return {
    intercept, slope,
    residualSd: count < 3 ? null : Math.sqrt(squares / (count - 2)),
    worstShare: Math.max(...left.map((one, at) => Math.abs(one / (points[at]?.[1] ?? Number.NaN)))),
  };
}

/** A line is called one when no point is farther from it than this. */
const straightShare = 0.1;

/** `linear`, `faster than linear`, `slower than linear`: by the middle of three points and more. */
export function growthWord(points: readonly (readonly [x: number, y: number])[]): string {
  const line = fitLine(points);
  if (line === null || points.length < 3) return 'too few sizes';
  if (line.worstShare <= straightShare) return 'linear';
  const sorted = [...points].sort(([one], [other]) => one - other);
  const [first, last] = [sorted[0], sorted.at(-1)] as [[number, number], [number, number]];
  const chord = (x: number): number =>
    first[1] + ((x - first[0]) / (last[0] - first[0])) * (last[1] - first[1]);
  const bow = sorted.slice(1, -1).reduce((sum, [x, y]) => sum + (y - chord(x)), 0);
  return bow < 0 ? 'faster than linear' : 'slower than linear';
}
