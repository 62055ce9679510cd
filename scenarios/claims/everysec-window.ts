// Claim 8: how much everysec loses in a process crash, in a power cut, and on a slow disk.

import {
  defineClaim, doesNotHold, durationText, groupedText, holds, holdsWithin, inconclusive,
} from '../../harness/index.ts';
import type { CellRecord, Claim, CrashModel, Judgement, Lab, Shown } from '../../harness/index.ts';

/** What crashes of one kind cost at worst. */
export interface Loss {
  readonly crash: CrashModel;
  readonly isSlow: boolean;
  readonly runs: number;
  /** Instants of those runs, all judged by the op log; of a process crash the kill. */
  readonly instants: number;
  readonly windowMs: number;
  readonly writes: number;
}

/** All kinds that this machine can do. */
export interface Figures {
  readonly losses: readonly Loss[];
  readonly skipped: readonly string[];
}

interface Parameters {
  readonly durationMs: number;
  readonly trials: number;
}

const statedMs = 1000;
/** The sync begins up to a second after the write, and takes its own time. */
const usualMs = 2500;

async function measure(lab: Lab, { durationMs, trials }: Parameters): Promise<Figures> {
  const scenario = {
    measures: ['loss'], settings: ['aof/everysec'], trials,
    load: { mix: 'chaos', warmupMs: 0, durationMs, clients: 16, pipeline: 2, keys: 4000 },
  } as const;
  const healthy = await lab.run({
    ...scenario, name: 'claim-everysec', crash: ['process', 'power'],
  });
  const slow = await lab.run({
    ...scenario, name: 'claim-everysec-slow-disk', crash: ['power'], faults: ['disk-slow'],
  });
  return {
    losses: [
      ...healthy.cells.flatMap((cell) => lossOf(cell, false)),
      ...slow.cells.flatMap((cell) => lossOf(cell, true)),
    ],
    skipped: [...healthy.skipped, ...slow.skipped],
  };
}

function lossOf({ crash, loss, perTrial }: CellRecord, isSlow: boolean): Loss[] {
  if (loss === null) return [];
  const worstOf = (name: 'windowMs' | 'writes'): number => Math.max(loss[name].max,
    ...perTrial.map(({ curve }) => curve?.maximum[name] ?? 0));
  return [{
    crash, isSlow, runs: loss.runs, instants: loss.instants,
    windowMs: worstOf('windowMs'), writes: worstOf('writes'),
  }];
}

/** Only a power cut can refute it: a killed process leaves what it wrote in the page cache. */
export function judge({ losses, skipped }: Figures): Judgement {
  const worstOf = (list: readonly Loss[]): number => (
    Math.max(0, ...list.map((one) => one.windowMs)));
  const [cuts, slow] = [losses.filter(({ crash, isSlow }) => crash === 'power' && !isSlow),
    losses.filter(({ isSlow }) => isSlow)];
  const killed = losses.filter(({ crash }) => crash === 'process');
  const parts = [
    `SIGKILL ${durationText(worstOf(killed))}`,
    ...(cuts.length === 0 ? [] : [`power cut ${durationText(worstOf(cuts))}`]),
    ...(slow.length === 0 ? [] : [`on a slow disk ${durationText(worstOf(slow))}`]),
  ];
  const decisive = `at worst: ${parts.join(', ')}`;
  if (cuts.length === 0) {
    const why = skipped.length === 0 ? 'it was not measured' : skipped.join('; ');
    return inconclusive(decisive, `Only a power cut can tell: ${why}.`);
  }
  const worstMs = Math.max(worstOf(cuts), worstOf(slow), worstOf(killed));
  if (worstMs <= statedMs) return holds(decisive);
  const limit = `${Math.ceil(worstMs / 100) / 10} s`;
  if (worstOf(cuts) > usualMs) {
    return doesNotHold({ decisive, instead: `A power cut lost up to ${limit}.` });
  }
  return holdsWithin(limit, {
    decisive,
    instead: 'A sync begins up to a second after a write and must end before it counts: a power '
      + 'cut '
      + `costs a second and the time of the sync, here up to ${limit}; more, the slower the disk.`,
  });
}

function show({ losses, skipped }: Figures): Shown {
  const label = ({ crash, isSlow }: Loss): string => (
    `${crash === 'process' ? 'SIGKILL' : 'power cut'}${isSlow ? ', slow disk' : ''}`);
  return {
    facts: [
      ...losses.map((loss) => [
        label(loss), `${groupedText(loss.writes)} writes, the last ${durationText(loss.windowMs)} `
          + `at worst (${loss.runs} runs, ${groupedText(loss.instants)} instants judged)`,
      ] as const),
      ...skipped.map((reason, at) => [`not measured ${at + 1}`, reason] as const),
    ],
    chart: {
      title: 'Age of the oldest lost write, at worst', unit: 'ms',
      bars: losses.map((loss) => ({ label: label(loss), value: loss.windowMs })),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 8,
  name: 'everysec-window',
  sentence: 'AOF with everysec loses at most one second.',
  statedIn: 'redis.io, "Redis persistence"; redis.conf; every interview',
  refutedBy: 'an acknowledged write that is lost and was acknowledged more than a second before '
    + 'the '
    + 'crash',
  measured: 'process crashes, power cuts judged at every instant of the op log, and power cuts '
    + 'of a '
    + 'disk whose syncs are slow; the age of the oldest lost write',
  estimatedMs: { quick: 30_000, nightly: 600_000 },
  parameters: {
    quick: { durationMs: 3500, trials: 2 }, nightly: { durationMs: 20_000, trials: 9 },
  },
  measure,
  judge,
  show,
});

export default claim;
