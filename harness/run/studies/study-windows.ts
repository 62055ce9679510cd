// A load cut into before, during and after some background work: whole intervals of the driver's
// series, whose latencies are added up, so that a percentile is that of all operations in them.

import { LatencyInterval } from '../../metrics/latency-interval.ts';
import type { IntervalCounts } from '../../metrics/latency-interval.ts';
import type { StudyWindow } from '../../report/study-record.ts';

/** One look at the server and what it forked. */
export interface Sample {
  /** From the start of the load. */
  readonly atMs: number;
  readonly rssBytes: number;
  readonly copiedBytes: number | null;
  /** Since the process began; it never goes back. */
  readonly writtenBytes: number;
}

/** A load as it was seen; all times are ms from its first operation, by one clock. */
export interface ObservedLoad {
  readonly stepMs: number;
  /** Writes of each interval. */
  readonly acknowledged: readonly number[];
  readonly p99Us: readonly (number | null)[];
  readonly steps: readonly IntervalCounts[];
  /** When the sending ended: the interval in which that was is not whole. */
  readonly stoppedMs: number;
  readonly samples: readonly Sample[];
  /** Of an operation, mean. */
  readonly payloadBytes: number;
}

/** Intervals of a series, the last excluded. */
export type Span = readonly [first: number, last: number];

/** The spans around work that lasted from `fromMs` to `toMs`. */
export function spansAround(
  { stepMs, stoppedMs }: Pick<ObservedLoad, 'stepMs' | 'stoppedMs'>,
  { settledMs, fromMs, toMs }: { settledMs: number; fromMs: number; toMs: number },
): Readonly<Record<'before' | 'during' | 'after', Span>> {
  const first = Math.floor(fromMs / stepMs);
  const last = Math.max(first + 1, Math.ceil(toMs / stepMs));
  const settled = Math.min(first, Math.ceil(settledMs / stepMs));
  const whole = Math.max(last, Math.floor(stoppedMs / stepMs));
  return { before: [settled, first], during: [first, last], after: [last, whole] };
}

/** What a load was like in a span of its intervals. */
export function windowOf(load: ObservedLoad, [first, last]: Span): StudyWindow {
  const { stepMs, acknowledged, p99Us, payloadBytes } = load;
  const operations = acknowledged.slice(first, last).reduce((sum, count) => sum + count, 0);
  const latency = new LatencyInterval();
  for (const { valuesUs, counts } of load.steps.slice(first, last)) {
    for (const [at, us] of valuesUs.entries()) latency.record(us, counts[at]);
  }
  const percentile = (at: number): number => latency.percentileUs(at) ?? 0;
  const ms = (last - first) * stepMs;
  const { rssBytes, writtenBytes } = memoryAndDisk(load.samples, [first * stepMs, last * stepMs]);
  return {
    ms,
    qps: ms === 0 ? 0 : Math.round((operations * 1000) / ms),
    p50Us: percentile(50), p99Us: percentile(99), p999Us: percentile(99.9), maxUs: percentile(100),
    worstP99Us: Math.max(0, ...p99Us.slice(first, last).filter((us) => us !== null)),
    rssBytes,
    writtenBytes,
    amplification: writtenBytes !== null && operations > 0
      ? Math.round((writtenBytes / (operations * payloadBytes)) * 100) / 100 : null,
  };
}

/** The samples of some time, with the last before it and the first after it. */
function memoryAndDisk(
  samples: readonly Sample[], [fromMs, toMs]: readonly [number, number],
): Pick<StudyWindow, 'rssBytes' | 'writtenBytes'> {
  const first = Math.max(0, samples.findLastIndex(({ atMs }) => atMs <= fromMs));
  const after = samples.findIndex(({ atMs }) => atMs >= toMs);
  const inside = samples.slice(first, after < 0 ? samples.length : after + 1);
  const [begin, end] = [inside[0], inside.at(-1)];
  if (begin === undefined || end === undefined) return { rssBytes: null, writtenBytes: null };
  const isKnown = inside.length > 1 && end.writtenBytes > 0;
  return {
    rssBytes: Math.max(...inside.map((each) => each.rssBytes)),
    writtenBytes: isKnown ? end.writtenBytes - begin.writtenBytes : null,
  };
}
