// What the samples of a population say: the usual load of the origin, its peak after the cache came
// back, and when hits were as frequent as before. Pure.

import type { Sample } from './population.ts';

/** When what happened, ms from the start of the population. */
export interface Moments {
  readonly killedMs: number;
  /** The cache answers again. */
  readonly servesMs: number;
}

/** What one crash of the cache did. */
export interface AvalancheFigures {
  /** Share of requests answered by the cache before the crash, 0 to 1. */
  readonly usualHitRatio: number;
  /** Requests a second that the origin got before. */
  readonly usualOriginPerSecond: number;
  /** From kill until the cache served again, ms. */
  readonly downMs: number;
  /** The most it got over half a second while the cache was away; null when that was shorter. */
  readonly peakWhileDownPerSecond: number | null;
  /** The same from the moment on at which the cache served again. */
  readonly peakAfterPerSecond: number;
  readonly queuePeak: number;
  /** Requests of clients that failed, from the kill on. */
  readonly errors: number;
  /** From the kill until half a second had 95 % of the usual hit ratio, ms; null: never. */
  readonly backMs: number | null;
  /** Requests a second that the origin got, by the time from the kill, ms. */
  readonly originCourse: readonly (readonly [atMs: number, perSecond: number])[];
}

const coursePoints = 150;
const courseStepMs = 100;
const windowMs = 500;
const backShare = 0.95;

/** Reads the samples. */
export function figuresOf(samples: readonly Sample[], moments: Moments): AvalancheFigures {
  const { killedMs, servesMs } = moments;
  const before = samples.filter(({ atMs }) => atMs <= killedMs);
  const down = samples.filter(({ atMs }) => atMs > killedMs && atMs <= servesMs);
  const after = samples.filter(({ atMs }) => atMs > servesMs);
  const [first, last] = [before[0], before.at(-1)];
  const usual = first === undefined || last === undefined ? null : between(first, last);
  const usualHitRatio = usual?.hitRatio ?? 0;
  const away = windows(down);
  return {
    usualHitRatio,
    usualOriginPerSecond: usual?.originPerSecond ?? 0,
    downMs: servesMs - killedMs,
    peakWhileDownPerSecond: away.length === 0 ? null
      : Math.max(...away.map(({ originPerSecond }) => originPerSecond)),
    peakAfterPerSecond: Math.max(0, ...windows(after).map(({ originPerSecond }) => (
      originPerSecond))),
    queuePeak: Math.max(0, ...[...down, ...after].map(({ waiting }) => waiting)),
    errors: (samples.at(-1)?.errors ?? 0) - (last?.errors ?? 0),
    backMs: backMs(after, { killedMs, wanted: usualHitRatio * backShare }),
    originCourse: courseOf(samples, killedMs),
  };
}

/** Each step with what came in it. */
function courseOf(
  samples: readonly Sample[], killedMs: number,
): AvalancheFigures['originCourse'] {
  const stepMs = Math.max(courseStepMs, (samples.at(-1)?.atMs ?? 0) / coursePoints);
  const points: (readonly [number, number])[] = [];
  let from = samples[0];
  for (const sample of samples) {
    if (from === undefined || sample.atMs < from.atMs + stepMs) continue;
    const { originPerSecond } = between(from, sample);
    points.push([Math.round(sample.atMs - killedMs), Math.round(originPerSecond)]);
    from = sample;
  }
  return points;
}

interface Rates {
  readonly fromMs: number;
  readonly hitRatio: number;
  readonly originPerSecond: number;
}

function between(from: Sample, to: Sample): Rates {
  const requests = to.requests - from.requests;
  return {
    fromMs: from.atMs,
    hitRatio: requests === 0 ? 0 : (to.hits - from.hits) / requests,
    originPerSecond: (to.originRequests - from.originRequests) * 1000 / (to.atMs - from.atMs),
  };
}

/** What happened from each sample on until half a second later. */
function windows(samples: readonly Sample[]): Rates[] {
  return samples.flatMap((from) => {
    const to = samples.find(({ atMs }) => atMs >= from.atMs + windowMs);
    return to === undefined ? [] : [between(from, to)];
  });
}

function backMs(
  after: readonly Sample[], { killedMs, wanted }: { killedMs: number; wanted: number },
): number | null {
  const found = windows(after).find(({ hitRatio }) => hitRatio >= wanted);
  return found === undefined ? null : found.fromMs - killedMs;
}
