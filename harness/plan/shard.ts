// A part of a plan for one of several machines. Cells that are compared with one another stay
// together, so a comparison is never made across machines; seeds and moments stay what they were.

import { HarnessError } from '../errors.ts';
import type { Cell, Plan } from './plan.ts';
import { hashOf } from './seeds.ts';

/** `2/4`, or `auto` from the environment of a Kubernetes Indexed Job; what --shard takes. */
export function parseShard(
  text: string, env: Readonly<Record<string, string | undefined>>,
): { index: number; count: number } {
  const words = text === 'auto' ? fromEnvironment(env) : text;
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(words);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || index < 1 || index > count) {
    throw new HarnessError('USAGE', '--shard: expected auto or I/N with I from 1 to N, such as '
      + `2/4, found '${words}'`);
  }
  return { index, count };
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): string {
  const [at, total] = [env['JOB_COMPLETION_INDEX'], env['PLUGPULL_SHARD_TOTAL']];
  if (at === undefined || total === undefined) {
    throw new HarnessError('USAGE', '--shard auto: expected JOB_COMPLETION_INDEX (from 0) and '
      + 'PLUGPULL_SHARD_TOTAL in the environment');
  }
  return `${Number(at) + 1}/${total}`;
}

/**
 * The part of the plan for one shard: groups of cells, the longest first, each to the shard that
 * has least so far. `durationMs` may give what a cell took last time; else its estimate counts.
 * What was not run is told by the first shard.
 */
export function shardPlan(
  plan: Plan, { index, count }: { readonly index: number; readonly count: number },
  durationMs: ReadonlyMap<string, number> = new Map(),
): Plan {
  const groups = [...groupsOf(plan, durationMs)]
    .sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
  const sums = Array.from({ length: count }, () => 0);
  const own = new Set<string>();
  for (const [group, ms] of groups) {
    const least = sums.indexOf(Math.min(...sums));
    sums[least] = (sums[least] ?? 0) + ms;
    if (least === index - 1) own.add(group);
  }
  const cells = plan.cells.filter((cell) => own.has(groupOf(cell)));
  const trials = plan.trials.filter((trial) => own.has(groupOf(trial.cell)));
  return {
    ...plan, cells, trials,
    skipped: index === 1 ? plan.skipped : [],
    estimatedMs: trials.reduce((sum, trial) => sum + trial.estimatedMs, 0),
    shard: {
      index, count, planHash: planHashOf(plan), planCells: plan.cells.map((cell) => cell.id),
    },
  };
}

/** Cells of the same scenario, crash model and size are compared with one another. */
function groupOf({ scenario, crash, preloadKeys }: Cell): string {
  return `${scenario}/${crash}/${preloadKeys}`;
}

function groupsOf(plan: Plan, durationMs: ReadonlyMap<string, number>): Map<string, number> {
  const groups = new Map<string, number>();
  for (const cell of plan.cells) {
    const estimate = plan.trials.filter((trial) => trial.cell === cell)
      .reduce((sum, trial) => sum + trial.estimatedMs, 0);
    const ms = durationMs.get(cell.id) ?? estimate;
    groups.set(groupOf(cell), (groups.get(groupOf(cell)) ?? 0) + ms);
  }
  return groups;
}

function planHashOf({ seed, flags, cells }: Plan): string {
  const parts = cells.map((cell) => JSON.stringify(cell));
  const [one, other] = ['plan', 'again'].map((word) => hashOf(word, seed, ...flags, ...parts));
  return [one, other].map((part) => (part ?? 0).toString(16).padStart(8, '0')).join('');
}
