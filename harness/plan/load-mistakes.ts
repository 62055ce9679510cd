// What the load of a scenario may not be: refused before anything starts, with the number that
// would work. Pure.

import { meanFactorBetween } from '../drivers/resp/load/rate-profile.ts';
import { valuesForQuantileBounds } from '../metrics/bounds.ts';
import { sizePicker } from '../workloads/value-sizes.ts';
import type { Load, Scenario } from './scenario.ts';
import { studyAroundMs } from './studies.ts';

/** Says what contradicts itself in a load; empty when it is in order. */
export function loadMistakes(scenario: Scenario): string[] {
  const { load, ratePerSecond } = scenario;
  const rates = ratePerSecond.length === 0 ? [load.ratePerSecond] : ratePerSecond;
  return [
    ...rateMistakes({ ...load, ratePerSecond: rates[0] ?? null }),
    ...rates.flatMap((rate) => durationMistakes(scenario, rate)),
    ...sizeMistakes(scenario),
    ...edgeMistakes(scenario),
    ...studyMistakes(scenario),
  ];
}

function rateMistakes({ ratePerSecond, ratePercent, arrivals, profile, mix }: Load): string[] {
  if (mix === 'full' && (ratePerSecond ?? ratePercent) !== null) {
    return ["load.mix: expected chaos or set with a rate, found 'full': its FLUSHALL and SWAPDB "
      + 'run alone, so its clients wait for each other; leave the rate out'];
  }
  if (ratePerSecond !== null && ratePercent !== null) {
    return ['load.ratePercent: expected none beside load.ratePerSecond, found both: keep one'];
  }
  if (ratePerSecond !== null || ratePercent !== null) return [];
  const needsRate = (name: string, text: string): string => `load.${name}: '${text}' shapes an `
    + 'open loop: set a rate as well (--rate 5k or --rate 70%), or leave it out';
  return [
    ...(arrivals === 'even' ? [] : [needsRate('arrivals', arrivals)]),
    ...(profile === 'flat' ? [] : [needsRate('profile', profile)]),
  ];
}

// A trial that judges loss is killed anywhere in the last quarter of its load, so that the kill
// meets every phase of a second-long sync cycle; one that measures only speed near its end.
const earliestKill = { loss: 0.75, other: 0.95 };

/** The share of the load after which the kill may come. */
export function earliestKillShare(measures: Scenario['measures']): number {
  return measures.includes('loss') ? earliestKill.loss : earliestKill.other;
}

/** At a known rate it is known how many latencies there will be: too few have no p99. */
function durationMistakes(
  { load, measures, actions }: Scenario, ratePerSecond: number | null,
): string[] {
  const { profile, warmupMs, durationMs } = load;
  if (ratePerSecond === null || !measures.includes('qps')) return [];
  if (actions.length > 0) return windowMistakes(ratePerSecond);
  const share = earliestKillShare(measures);
  const rate = ratePerSecond * meanFactorBetween(profile, {
    loadMs: warmupMs + durationMs, fromMs: warmupMs, toMs: warmupMs + share * durationMs,
  });
  const needed = valuesForQuantileBounds({ fraction: 0.99 });
  const given = Math.floor((rate * share * durationMs) / 1000);
  if (given >= needed) return [];
  const neededMs = Math.ceil((needed * 1000) / rate / share);
  return [`load.durationMs: expected at least ${neededMs}: a p99 needs ${needed} operations, and `
    + `${ratePerSecond} a second give ${given} in the ${Math.round(share * durationMs)} ms before `
    + `the earliest kill (--duration ${neededMs}ms)`];
}

/** What a study of background work sees before and after it does not follow the duration. */
function windowMistakes(ratePerSecond: number): string[] {
  const needed = valuesForQuantileBounds({ fraction: 0.99 });
  const leastPerSecond = Math.ceil((needed * 1000) / studyAroundMs);
  if (ratePerSecond >= leastPerSecond) return [];
  return [`load.ratePerSecond: expected at least ${leastPerSecond} with actions: a p99 needs `
    + `${needed} operations, and ${ratePerSecond} a second give `
    + `${Math.floor((ratePerSecond * studyAroundMs) / 1000)} in the ${studyAroundMs} ms before the `
    + `work (--rate ${leastPerSecond})`];
}

const units: Readonly<Record<string, number>> = {
  '': 1, b: 1, k: 1000, kb: 1024, m: 1_000_000, mb: 1_048_576, g: 1e9, gb: 1_073_741_824,
};

/** A server that is told to take shorter values refuses the longer ones. */
function sizeMistakes({ load, directives, valueSizeBytes }: Scenario): string[] {
  const match = /^(\d+)([a-z]*)$/i.exec(directives['proto-max-bulk-len'] ?? '');
  const unit = units[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) return [];
  const limitBytes = Number(match[1]) * unit;
  const maximumBytes = valueSizeBytes.length > 0 ? Math.max(...valueSizeBytes)
    : sizePicker(load.valueSizes, load.valueSizeBytes).maximumBytes;
  if (maximumBytes <= limitBytes) return [];
  return [`load.valueSizeBytes: expected at most ${limitBytes}, the proto-max-bulk-len of the `
    + `server, found ${maximumBytes}`];
}

/** What is sent over HTTP is single SETs and GETs, one at a time on a connection. */
function edgeMistakes({ edges, load }: Scenario): string[] {
  if (edges.length === 0) return [];
  const { pipeline, mix, ratePerSecond, clients } = load;
  return [
    ...(pipeline === 1 ? [] : [`load.pipeline: expected 1 with edges, since HTTP clients do not `
      + `pipeline, found ${pipeline}`]),
    ...(mix === 'set' ? [] : [`load.mix: expected 'set' with edges, found '${mix}'`]),
    ...(ratePerSecond === null || ratePerSecond >= clients ? [] : [`load.ratePerSecond: expected `
      + `at least ${clients} with edges, one for each client, found ${ratePerSecond}`]),
  ];
}

/** A study of recovery has files that were synced: a rebuilt power cut would change nothing. */
function studyMistakes(scenario: Scenario): string[] {
  const { forms, actions, crash, valueSizeBytes, ratePerSecond } = scenario;
  const odd = crash.find((model) => model === 'power' || model === 'power-torn');
  const few = (name: string, one: string): string => `${name}: expected none, since a list is for `
    + `studies with ${one}; keep one value, in the load (load.${name})`;
  return [
    ...(forms.length === 0 || odd === undefined ? []
      : [`crash: expected process or block with forms, found '${odd}'`]),
    ...(valueSizeBytes.length === 0 || forms.length + actions.length > 0 ? []
      : [few('valueSizeBytes', 'forms or actions')]),
    ...(ratePerSecond.length === 0 || actions.length > 0 ? []
      : [few('ratePerSecond', 'actions')]),
  ];
}
