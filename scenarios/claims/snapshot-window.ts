// Claim 7: what a crash costs with snapshots alone, and how long the window is.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  defineClaim, doesNotHold, durationText, groupedText, holds, holdsWithin, inconclusive,
  shareText,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, Shown } from '../../harness/index.ts';

/** One crash of a server with `save <seconds> 1`. */
export interface Crash {
  readonly intervalMs: number;
  readonly acknowledged: number;
  readonly survived: number;
  /** What survived is everything up to one write. */
  readonly isPrefix: boolean;
  /** From the acknowledgement of the oldest lost write to the kill. */
  readonly windowMs: number;
}

/** All crashes. */
export interface Figures {
  readonly crashes: readonly Crash[];
}

interface Parameters {
  readonly intervalsS: readonly number[];
  readonly trials: number;
}

/** The save point that people mean by "five minutes". */
const statedMs = 300_000;
/** Redis compares whole seconds, and writing the snapshot takes a while. */
const slackMs = 2500;

async function measure(lab: Lab, { intervalsS, trials }: Parameters): Promise<Figures> {
  const crashes: Crash[] = [];
  for (const intervalS of intervalsS) {
    for (let trial = 0; trial < trials; trial++) {
      crashes.push(await crash(lab, intervalS, trial));
    }
  }
  return { crashes };
}

async function crash(lab: Lab, intervalS: number, trial: number): Promise<Crash> {
  const directives = { save: `${intervalS} 1` };
  const start = { directory: lab.folder(), setting: 'rdb', directives } as const;
  const server = await lab.start(start);
  const acknowledgedAtMs: number[] = [];
  let saves = 0;
  let last = '';
  let endMs = Number.POSITIVE_INFINITY;
  while (performance.now() < endMs) {
    await server.call('SET', `w:${acknowledgedAtMs.length}`, '1');
    acknowledgedAtMs.push(performance.now());
    if (acknowledgedAtMs.length % 50 !== 0) continue;
    await sleep(5);
    // The kill comes at a seeded moment of the interval after the first snapshot.
    const facts = await server.info('persistence');
    const saved = facts.get('rdb_last_save_time') ?? '';
    if (last !== '' && saved !== last) saves += 1;
    last = saved;
    if (saves === 1 && endMs === Number.POSITIVE_INFINITY) {
      const share = 0.3 + 0.6 * lab.draw('kill', intervalS, trial);
      endMs = performance.now() + 1000 * intervalS * share;
    }
  }
  const killedMs = performance.now();
  await server.kill();
  const back = await lab.start(start);
  const survived = await back.keys();
  const oldest = survived === 0 ? 1 : Number(await back.call('EXISTS', `w:${survived - 1}`));
  const next = Number(await back.call('EXISTS', `w:${survived}`));
  await back.kill();
  return {
    intervalMs: 1000 * intervalS, acknowledged: acknowledgedAtMs.length, survived,
    isPrefix: oldest === 1 && next === 0,
    windowMs: killedMs - (acknowledgedAtMs[survived] ?? killedMs),
  };
}

/** Everything behind one write is lost; the save point says how much that is. */
export function judge({ crashes }: Figures): Judgement {
  if (crashes.length === 0) return inconclusive('not measured', 'No crash was measured.');
  const broken = crashes.filter(({ isPrefix }) => !isPrefix).length;
  const lossless = crashes.filter(({ acknowledged, survived }) => survived === acknowledged).length;
  const worst = crashes.reduce((most, each) => (each.windowMs > most.windowMs ? each : most));
  const decisive = `everything since the snapshot lost in ${
    crashes.length - broken - lossless} of ${crashes.length} crashes; at worst ${
    durationText(worst.windowMs)} with save ${worst.intervalMs / 1000} 1`;
  if (broken > 0 || lossless === crashes.length) {
    const instead = broken > 0 ? 'What survived was not everything up to one moment.'
      : 'Nothing was lost.';
    return doesNotHold({ decisive, instead });
  }
  if (worst.windowMs >= statedMs) return holds(decisive);
  const beyond = crashes.find(({ windowMs, intervalMs }) => windowMs > intervalMs + slackMs);
  if (beyond !== undefined) {
    return doesNotHold({
      decisive, instead: 'Everything since the last snapshot is lost, which is more than the save '
        + 'point says.',
    });
  }
  return holdsWithin('its save points', {
    decisive,
    instead: 'Everything since the last snapshot is lost; how long that is, the save points and '
      + 'the rate of writes say: five minutes is one setting of them (save 300 100), and a busy '
      + 'server has 60 s by default (save 60 10000).',
  });
}

function show({ crashes }: Figures): Shown {
  const lostShare = ({ acknowledged, survived }: Crash): string => (
    shareText((acknowledged - survived) / Math.max(1, acknowledged)));
  return {
    facts: crashes.map((each, at) => [
      `crash ${at + 1}, save ${each.intervalMs / 1000} 1`,
      `${groupedText(each.acknowledged - each.survived)} of ${groupedText(each.acknowledged)} `
        + `writes lost (${lostShare(each)}), the last ${durationText(each.windowMs)}`,
    ]),
    chart: {
      title: 'Age of the oldest lost write at the kill', unit: 'ms',
      bars: crashes.map(({ windowMs, intervalMs }, at) => (
        { label: `crash ${at + 1}, save ${intervalMs / 1000} 1`, value: windowMs })),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 7,
  name: 'snapshot-window',
  sentence: 'With RDB alone, a crash loses everything since the last snapshot, five minutes or '
    + 'more.',
  statedIn: 'redis.io, "Redis persistence", disadvantages of RDB; interviews',
  refutedBy: 'a write after the last snapshot that survives, or a window that has nothing to do '
    + 'with '
    + 'the save points',
  measured: 'one client writes without a pause, save points of seconds; SIGKILL at a seeded moment '
    + 'after a snapshot; which writes are there again',
  estimatedMs: { quick: 20_000, nightly: 2_400_000 },
  parameters: {
    quick: { intervalsS: [1, 3], trials: 2 },
    nightly: { intervalsS: [1, 10, 60, 300], trials: 3 },
  },
  measure,
  judge,
  show,
});

export default claim;
