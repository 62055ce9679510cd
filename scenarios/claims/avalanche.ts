// Claim 17: losing the cache is an avalanche on the database behind it. Clients of a cache, an
// origin of limited capacity; the server is killed and comes back with nothing, its snapshot, its
// log; with and without coalescing and jitter.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  defineClaim, doesNotHold, durationText, figuresOf, holds, holdsWithin, Origin, Population,
  roundedText, shareText, significant,
} from '../../harness/index.ts';
import type {
  AvalancheFigures, Claim, ClaimCourse, Judgement, Lab, SettingLabel, Shown,
} from '../../harness/index.ts';

/** One case: what the server kept, and how the clients behaved. */
export interface Case extends AvalancheFigures {
  readonly kept: 'nothing' | 'RDB' | 'AOF';
  readonly isProtected: boolean;
}

/** All cases. */
export interface Figures {
  readonly capacityPerSecond: number;
  readonly requestsPerSecond: number;
  readonly cases: readonly Case[];
}

interface Parameters {
  readonly keys: number;
  readonly requestsPerSecond: number;
  readonly ttlMs: number;
  readonly workers: number;
  readonly serviceMs: number;
  /** Before the kill, and after the cache serves again. */
  readonly beforeMs: number;
  readonly afterMs: number;
}

const settings: readonly (readonly [Case['kept'], SettingLabel])[] = [
  ['nothing', 'none'], ['RDB', 'rdb'], ['AOF', 'aof/everysec'],
];
const sampleEveryMs = 50;
const queueLimit = 1000;
const patienceMs = 1000;
const avalancheFrom = 2;
const nowMs = (): number => performance.now();

async function measure(lab: Lab, parameters: Parameters): Promise<Figures> {
  const cases: Case[] = [];
  for (const isProtected of [false, true]) {
    for (const [kept, setting] of settings) {
      const figures = await crash(lab, { setting, isProtected, ...parameters });
      cases.push({ kept, isProtected, ...figures });
      lab.say(`${kept}${isProtected ? ', coalescing and jitter' : ''}: peak `
        + `${roundedText(figures.peakAfterPerSecond)} requests/s at the origin`);
    }
  }
  const { requestsPerSecond, workers, serviceMs } = parameters;
  return { capacityPerSecond: workers * 1000 / serviceMs, requestsPerSecond, cases };
}

async function crash(lab: Lab, given: Parameters & {
  readonly setting: SettingLabel; readonly isProtected: boolean;
}): Promise<AvalancheFigures> {
  const { setting, isProtected, workers, serviceMs, beforeMs, afterMs } = given;
  const directory = lab.folder();
  const server = await lab.start({ directory, setting });
  const origin = new Origin({ workers, serviceMs, queueLimit, patienceMs, nowMs });
  const population = new Population({
    origin, keys: given.keys, distribution: 'zipf:0.99', requestsPerSecond: given.requestsPerSecond,
    ttlMs: given.ttlMs, coalesces: isProtected, jitters: isProtected, seed: lab.seed, nowMs,
  });
  try {
    await population.fill(server.port);
    await population.connect(server.port);
    population.start(sampleEveryMs);
    await sleep(beforeMs / 2);
    // Half of what the clients do before the crash is not in the snapshot.
    if (setting === 'rdb') await server.finish('BGSAVE');
    await sleep(beforeMs / 2);
    const killedMs = population.atMs;
    population.disconnect();
    await server.kill();
    const again = await lab.start({ directory, setting });
    await population.connect(again.port);
    const servesMs = population.atMs;
    await sleep(afterMs);
    population.stop();
    await again.kill();
    return figuresOf(population.samples, { killedMs, servesMs });
  } finally {
    population.stop();
  }
}

function caseOf({ cases }: Figures, kept: Case['kept'], isProtected: boolean): Case | undefined {
  return cases.find((each) => each.kept === kept && each.isProtected === isProtected);
}

/** How many times its usual load the origin gets at worst after the cache is back. */
function ratioOf(found: Case | undefined): number {
  if (found === undefined) return 0;
  return found.peakAfterPerSecond / Math.max(1, found.usualOriginPerSecond);
}

/** With nothing kept the origin must get at least twice its usual load; else no avalanche. */
export function judge(figures: Figures): Judgement {
  const [nothing, rdb, aof] = settings.map(([kept]) => ratioOf(caseOf(figures, kept, false)));
  const text = (ratio: number | undefined): string => `${significant(ratio ?? 0)} ×`;
  const decisive = `origin at its worst ${text(nothing)} its usual load with nothing kept, `
    + `${text(rdb)} with RDB, ${text(aof)} with AOF`;
  if ((nothing ?? 0) < avalancheFrom) {
    return doesNotHold({
      decisive, instead: 'The origin hardly noticed that the cache had come back empty.',
    });
  }
  if ((aof ?? 0) >= avalancheFrom) return holds(decisive);
  return holdsWithin('caches that come back empty', {
    decisive, instead: 'A cache that comes back with its data spares the origin the avalanche after'
      + ' the restart; while it is away everything goes to the origin, whatever it keeps.',
  });
}

function labelOf({ kept, isProtected }: Pick<Case, 'kept' | 'isProtected'>): string {
  return `${kept}${isProtected ? ', coalescing and jitter' : ''}`;
}

function show(figures: Figures): Shown {
  const { capacityPerSecond, requestsPerSecond, cases } = figures;
  return {
    facts: [
      ['requests of the clients', `${requestsPerSecond} a second, zipf 0.99`],
      ['capacity of the origin', `${roundedText(capacityPerSecond)} a second`],
      ...cases.map((each) => [labelOf(each), factOf(each)] as const),
      ['peaks of nothing : RDB : AOF', peaksText(figures)],
    ],
    chart: {
      title: 'Origin requests a second at worst, after the cache served again (usual, then peaks)',
      unit: 'per second',
      bars: [
        { label: 'usual', value: cases[0]?.usualOriginPerSecond ?? null },
        ...cases.map((each) => ({ label: labelOf(each), value: each.peakAfterPerSecond })),
      ],
    },
    course: courseOf(figures),
  };
}

function courseOf({ cases }: Figures): ClaimCourse {
  const worst = cases.map((each) => ({
    label: labelOf(each),
    peak: each.originCourse.reduce((most, point) => (point[1] > most[1] ? point : most), [0, 0]),
  })).sort((one, other) => other.peak[1] - one.peak[1]);
  const [first, last] = [worst[0], worst.at(-1)];
  const text = (each: typeof first): string => (each === undefined ? ''
    : `${each.label}, ${roundedText(each.peak[1])} a second, ${durationText(each.peak[0])} after`);
  return {
    title: 'What the origin gets, before and after the cache is killed',
    reading: `The highest: ${text(first)} the kill; the lowest of these peaks: ${text(last)}.`,
    valueLabel: 'requests/s at the origin', timeLabel: 'from the kill →',
    lines: cases.map((each) => ({ label: labelOf(each), points: each.originCourse })),
  };
}

/** `1 : 0.73 : 0.41`, without coalescing and jitter. */
function peaksText(figures: Figures): string {
  const peaks = settings.map(([kept]) => caseOf(figures, kept, false)?.peakAfterPerSecond ?? 0);
  return peaks.map((peak) => significant(peak / Math.max(1, peaks[0] ?? 1))).join(' : ');
}

function factOf(each: Case): string {
  const back = each.backMs === null ? 'not back in the time watched'
    : `back after ${durationText(each.backMs)}`;
  const away = each.peakWhileDownPerSecond === null ? ''
    : ` (${roundedText(each.peakWhileDownPerSecond)} while it was away)`;
  return `usual ${roundedText(each.usualOriginPerSecond)}, peak `
    + `${roundedText(each.peakAfterPerSecond)} a second${away}; queue up to ${each.queuePeak}, `
    + `${each.errors} failed; hit ratio ${shareText(each.usualHitRatio)}, ${back}`;
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 17,
  name: 'avalanche',
  sentence: 'Losing the cache is an avalanche of requests on the database behind it.',
  statedIn: 'interview questions on cache avalanche; runbooks of caches in front of databases',
  refutedBy: 'less than twice the usual load at the origin after the cache came back empty',
  measured: 'cache-aside clients with zipf keys and a simulated origin of limited capacity; the '
    + 'server is killed and started again with nothing, RDB, AOF; origin requests a second, its '
    + 'queue, failed requests, time until the hit ratio is back; with and without coalescing of '
    + 'requests and jittered expiry',
  estimatedMs: { quick: 50_000, nightly: 400_000 },
  parameters: {
    quick: {
      keys: 1500, requestsPerSecond: 1500, ttlMs: 4000, workers: 10, serviceMs: 20,
      beforeMs: 1500, afterMs: 5500,
    },
    nightly: {
      keys: 20_000, requestsPerSecond: 3000, ttlMs: 30_000, workers: 20, serviceMs: 20,
      beforeMs: 10_000, afterMs: 50_000,
    },
  },
  measure,
  judge,
  show,
});

export default claim;
