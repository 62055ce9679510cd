// Claim 9: what always keeps, what it costs, and whether a log writes fewer QPS than a snapshot.

import {
  defineClaim, doesNotHold, groupedText, holds, holdsWithin, inconclusive, roundedText, shareText,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, Shown } from '../../harness/index.ts';
import { cellOf, rateRatio, ratioText } from './support.ts';
import type { Spread } from './support.ts';

/** Losses of always, and rates as ratios to the snapshot's, trial by trial. */
export interface Figures {
  /** Crashes judged, and acknowledged writes lost in them. */
  readonly crashes: number;
  readonly powerCuts: number;
  readonly lostWrites: number;
  readonly rates: Readonly<Record<string, number>>;
  readonly always: Spread | null;
  readonly everysec: Spread | null;
}

interface Parameters {
  readonly durationMs: number;
  readonly trials: number;
}

const settings = ['rdb', 'aof/everysec', 'aof/always'] as const;

async function measure(lab: Lab, { durationMs, trials }: Parameters): Promise<Figures> {
  const { cells } = await lab.run({
    name: 'claim-write-rates', measures: ['qps'], settings, crash: ['process'], trials,
    load: { mix: 'set', warmupMs: 200, durationMs, clients: 50, pipeline: 1, keys: 20_000 },
  });
  const loss = await lab.run({
    name: 'claim-always', measures: ['loss'], settings: ['aof/always'],
    crash: ['process', 'power'], trials: 2, cutInstants: 2,
    load: { mix: 'chaos', warmupMs: 0, durationMs: 1500, clients: 16, pipeline: 2, keys: 4000 },
  });
  const [rdb, everysec, always] = settings.map((setting) => cellOf(cells, setting));
  const losses = loss.cells.flatMap(({ loss: one, crash, perTrial }) => (
    one === null ? [] : [{ ...one, crash, perTrial }]));
  const ratio = (cell: typeof rdb): Spread | null => (
    rdb === undefined || cell === undefined ? null : rateRatio(rdb, cell));
  return {
    crashes: losses.reduce((sum, { runs }) => sum + runs, 0),
    powerCuts: losses.filter(({ crash }) => crash === 'power').length,
    lostWrites: Math.max(0, ...losses.flatMap(({ writes, perTrial }) => (
      [writes.max, ...perTrial.map(({ curve }) => curve?.maximum.writes ?? 0)]))),
    rates: Object.fromEntries(settings.map((setting) => (
      [setting, cellOf(cells, setting)?.qps?.median ?? 0]))),
    always: ratio(always),
    everysec: ratio(everysec),
  };
}

/** Below 1 in every trial is a cost; about 1 or above in every trial is none. */
function isLower({ high }: Spread): boolean {
  return high < 1;
}

/** In some trials clearly lower and in others not. */
function isUnsure({ low, high }: Spread): boolean {
  return low < 0.9 && high >= 1;
}

/** A loss refutes it; then always and everysec are asked for their price. */
export function judge(figures: Figures): Judgement {
  const { crashes, powerCuts, lostWrites, always, everysec } = figures;
  if (always === null || everysec === null || crashes === 0) {
    return inconclusive('not measured', 'Rates or losses were not measured.');
  }
  const decisive = `${groupedText(lostWrites)} lost; always ${ratioText(always)}, everysec ${
    ratioText(everysec)} the rate of a snapshot`;
  if (lostWrites > 0) {
    return doesNotHold({ decisive, instead: 'An acknowledged write was lost with always.' });
  }
  if (powerCuts === 0) {
    return inconclusive(decisive, 'Without power cuts nobody knows what always keeps.');
  }
  if (isUnsure(always)) {
    return inconclusive(decisive, 'Nothing was lost; what always costs cannot be told, as the '
      + 'rates spread too widely: try a quieter machine or --profile nightly.');
  }
  if (isLower(always) && isLower(everysec)) return holds(decisive);
  if (isLower(always)) {
    return holdsWithin('always', {
      decisive,
      instead: 'always loses nothing and costs performance; what everysec costs beside a snapshot '
        + 'lies within the spread of the trials here.',
    });
  }
  return holdsWithin('its first half', {
    decisive, instead: 'always loses nothing; what it costs lies within the spread of the trials: '
      + 'on this disk a sync is cheap, and clients share one.',
  });
}

function show(figures: Figures): Shown {
  const { crashes, lostWrites, rates, always, everysec } = figures;
  const [rdb = 0] = Object.values(rates);
  return {
    facts: [
      ['acknowledged writes lost with always', `${lostWrites} in ${crashes} runs`],
      ...Object.entries(rates).map(([setting, rate]) => [
        `writes a second, ${setting}`, `${roundedText(rate)} (${shareText(rate / rdb)} of rdb)`,
      ] as const),
      ['always ÷ rdb, trial by trial', always === null ? 'not measured' : ratioText(always)],
      ['everysec ÷ rdb, trial by trial', everysec === null ? 'not measured' : ratioText(everysec)],
    ],
    chart: {
      title: 'Writes a second, 50 clients', unit: 'per second',
      bars: Object.entries(rates).map(([label, value]) => ({ label, value })),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 9,
  name: 'always-cost',
  sentence: 'always loses nothing, and costs performance; write QPS with AOF is lower than with '
    + 'RDB.',
  statedIn: 'redis.io, "Redis persistence"; textbooks and interviews',
  refutedBy: 'an acknowledged write that is lost; a rate with always or everysec that is not below '
    + 'that of a snapshot in every trial',
  measured: 'write rates of rdb, everysec and always in turns; process crashes and power cuts of '
    + 'always, judged at every instant',
  estimatedMs: { quick: 45_000, nightly: 600_000 },
  parameters: {
    quick: { durationMs: 1200, trials: 4 }, nightly: { durationMs: 10_000, trials: 15 },
  },
  measure,
  judge,
  show,
});

export default claim;
