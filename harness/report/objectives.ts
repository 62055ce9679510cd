// Which setting is the cheapest that met a loss, a downtime and a rate: the rule of the page's
// chooser, with bounds instead of medians, and with the reason for every setting that is not it.

import { durationText, groupedText, roundedText, shareText, sizeText } from '../plan/units.ts';
import { zeroSeenUpperBound95 } from './aggregate.ts';
import { cheapest } from './html/client/choose.ts';
import { crashWords, modelOf } from './html/model.ts';
import type { Entry } from './html/model.ts';
import { candidateOf, harshest, slowest } from './html/sections/choice.ts';
import type { RunRecord } from './record.ts';

/** What is asked for. */
export interface Objectives {
  /** Most that may be lost, ms before the crash. */
  readonly rpoMs: number;
  /** Longest until it serves again, ms. */
  readonly rtoMs: number;
  /** Writes a second that it must take; null: any. */
  readonly perSecond: number | null;
}

/** Whether one of the three was met. */
export interface Finding {
  readonly verdict: 'met' | 'missed' | 'unknown';
  /** What was seen, and by how much it was met or missed. */
  readonly text: string;
}

/** What a setting came to. */
export interface Assessment {
  readonly entry: Entry;
  readonly findings: readonly Finding[];
  /** The worst of its findings: missed, then unknown, then met. */
  readonly verdict: Finding['verdict'];
}

/** What can be said to one target. */
export interface TargetAdvice {
  readonly target: string;
  /** Every setting of the run. */
  readonly assessments: readonly Assessment[];
  /** The cheapest that met all; null: none did. */
  readonly chosen: Assessment | null;
  /** Others that met all and that the run cannot tell from it. */
  readonly alike: readonly Assessment[];
}

/** The advice for each target of a record. */
export function adviceFor(record: RunRecord, objectives: Objectives): TargetAdvice[] {
  const { targets, entries } = modelOf(record);
  return targets.map((target) => {
    const assessments = entries.filter((entry) => entry.target === target)
      .map((entry) => assess(entry, objectives));
    const candidates = assessments.map(({ entry, verdict }) => ({
      // What was assessed by its bounds is met for the chooser, which then compares rates.
      ...candidateOf(entry), hasFailed: verdict !== 'met', readyMs: 0,
    }));
    const [choice] = cheapest(candidates, objectives);
    return {
      target, assessments,
      chosen: choice === undefined ? null : assessments[choice.at] ?? null,
      alike: (choice?.alike ?? []).flatMap((at) => assessments[at] ?? []),
    };
  });
}

function assess(entry: Entry, objectives: Objectives): Assessment {
  const findings = [
    lossFinding(entry, objectives.rpoMs), readyFinding(entry, objectives.rtoMs),
    rateFinding(entry, objectives.perSecond),
  ];
  const verdict = (['missed', 'unknown'] as const)
    .find((each) => findings.some((finding) => finding.verdict === each)) ?? 'met';
  return { entry, findings, verdict };
}

function lossFinding(entry: Entry, rpoMs: number): Finding {
  const losses = harshest(entry);
  if (entry.verdict === 'fail') {
    return { verdict: 'missed', text: 'broke its own promise in this run' };
  }
  if (losses === null) return { verdict: 'unknown', text: 'loss was not judged' };
  const crash = crashWords[losses.crash];
  const { windowMs, writes } = losses.worst;
  if (losses.boundMs === null) {
    return { verdict: 'missed', text: `promises no bound for what a ${crash} costs` };
  }
  const bound = shareText(zeroSeenUpperBound95(losses.runs));
  const seen = writes === 0
    ? `lost nothing in ${losses.runs} ${crash} runs (at most ${bound} of crashes)`
    : `lost at worst the last ${durationText(windowMs)} in a ${crash}`;
  if (windowMs > rpoMs) return { verdict: 'missed', text: `${seen}, asked ${durationText(rpoMs)}` };
  const promised = losses.boundMs > rpoMs
    ? `; but its promise allows ${durationText(losses.boundMs)}` : '';
  return { verdict: 'met', text: `${seen}, ${marginText(rpoMs - windowMs)}${promised}` };
}

function readyFinding(entry: Entry, rtoMs: number): Finding {
  const slow = slowest(entry);
  if (slow === null) return { verdict: 'unknown', text: 'recovery was not measured' };
  const { estimate, mountMs, keys } = slow;
  const size = keys === 0 ? 'the keys of the load' : `${sizeText(keys)} keys`;
  const interval = estimate.ci95 ?? estimate.range;
  if (interval === null) {
    const seen = durationText(mountMs + estimate.median);
    return { verdict: 'unknown', text: `recovered once only (${seen}): take more --trials` };
  }
  const [low, high] = [interval[0] + mountMs, interval[1] + mountMs];
  const seen = `served again within ${durationText(high)} with ${size}`;
  if (high <= rtoMs) return { verdict: 'met', text: `${seen}, ${marginText(rtoMs - high)}` };
  if (low > rtoMs) {
    return { verdict: 'missed', text: `served again after ${durationText(low)} at the earliest with`
      + ` ${size}, asked ${durationText(rtoMs)}` };
  }
  return { verdict: 'unknown', text: `served again after ${durationText(low)} to`
    + ` ${durationText(high)} with ${size}: too wide for ${durationText(rtoMs)}, take more`
    + ' --trials' };
}

function rateFinding({ rate }: Entry, perSecond: number | null): Finding {
  if (rate === null) return { verdict: 'unknown', text: 'write rate was not measured' };
  const interval = rate.perSecond.ci95 ?? rate.perSecond.range;
  const median = `${roundedText(rate.perSecond.median)} writes/s`;
  if (perSecond === null) return { verdict: 'met', text: `took ${median}` };
  if (interval === null) {
    return { verdict: 'unknown', text: `took ${median} in one trial only: take more --trials` };
  }
  const [low, high] = interval;
  const asked = `${groupedText(perSecond)} asked`;
  if (low >= perSecond) {
    const share = shareText(low / perSecond - 1);
    return { verdict: 'met', text: `took at least ${roundedText(low)} writes/s, ${share} above what`
      + ' was asked' };
  }
  if (rate.limited) {
    return { verdict: 'unknown', text: `took ${median}, as fast as the load was sent; ${asked}:`
      + ' raise --clients or --pipeline' };
  }
  if (high < perSecond) {
    return { verdict: 'missed', text: `took at most ${roundedText(high)} writes/s, ${asked}` };
  }
  return { verdict: 'unknown', text: `took ${roundedText(low)} to ${roundedText(high)} writes/s:`
    + ` too wide for ${groupedText(perSecond)}, take more --trials` };
}

function marginText(ms: number): string {
  return ms === 0 ? 'no margin' : `margin ${durationText(ms)}`;
}
