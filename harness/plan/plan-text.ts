// A plan as text: `--dry-run` and `plugpull list` print it. The same plan is the same bytes.

import { bytesText, countText, durationText, groupedText, shareText } from './units.ts';
import type { Load } from './scenario.ts';
import type { Cell, Plan, SkippedCell, Trial } from './plan.ts';

/** Everything a run would do: cells, then every trial in order with its seed and moments. */
export function planText(plan: Plan): string {
  const cells = cellLines(plan.cells);
  const lines = [headline(plan), '', ...cells, '', ...trialLines(plan.trials)];
  if (plan.skipped.length > 0) lines.push('', ...skippedLines(plan.skipped));
  return `${lines.join('\n')}\n`;
}

/** `seed 7 · 30 cells, 66 trials, about 1 min 22 s`. */
export function headline(plan: Plan): string {
  const { seed, cells, trials, estimatedMs } = plan;
  return `seed ${seed} · ${countText(cells.length, 'cell')}, ${countText(trials.length, 'trial')}, `
    + `about ${durationText(estimatedMs)}`;
}

/** Cells that are not run, with the reason. */
export function skippedLines(skipped: readonly SkippedCell[]): string[] {
  const rows = skipped.map((cell) => [`  ${cell.id}`, cell.reason]);
  return ['skipped', ...aligned(rows)];
}

function cellLines(cells: readonly Cell[]): string[] {
  const lines: string[] = [];
  for (const name of new Set(cells.map((cell) => cell.scenario))) {
    const own = cells.filter((cell) => cell.scenario === name);
    const [first] = own;
    if (first === undefined) continue;
    const rows = own.map((cell) => [`  ${cell.id}`, `× ${cell.trials}`, directivesText(cell)]);
    lines.push(...(lines.length > 0 ? [''] : []), `${name}: ${loadText(first)}`, ...aligned(rows));
  }
  return lines;
}

function loadText({ load }: Cell): string {
  return `${load.mix} for ${durationText(load.durationMs)} after ${durationText(load.warmupMs)}, `
    + `${countText(load.clients, 'client')}, pipeline ${load.pipeline}, `
    + `${countText(load.keys, 'key')}${keysText(load)}, ${valuesText(load)}, ${paceText(load)}`;
}

function keysText({ distribution, readShare }: Load): string {
  const keys = distribution === 'uniform' ? '' : ` (${distribution})`;
  return readShare === 0 ? keys : `${keys}, ${shareText(readShare)} reads`;
}

function valuesText({ valueSizes, valueSizeBytes }: Load): string {
  if (valueSizes === 'fixed') return `values of ${bytesText(valueSizeBytes)}`;
  const [kind = '', sizes = ''] = valueSizes.split(':');
  return kind === 'sizes' ? `values as ${countText(sizes.split(',').length, 'size')} of a trace`
    : `values ${valueSizes}`;
}

/** `as fast as replies come`, `5,000 operations a second, poisson`. */
export function paceText({ ratePerSecond, ratePercent, arrivals, profile }: Load): string {
  if (ratePerSecond === null && ratePercent === null) return 'as fast as replies come';
  const rate = ratePerSecond === null ? `${ratePercent} % of the peak`
    : `${groupedText(ratePerSecond)} operations a second`;
  const shape = [arrivals, profile].filter((each) => each !== 'even' && each !== 'flat');
  return [rate, ...shape].join(', ');
}

function directivesText(cell: Cell): string {
  const given = cell.directives.map(([name, value]) => `${name} ${value === '' ? '""' : value}`);
  const recorded = cell.syncDelayMs === null ? [] : [`recorded, syncs + ${cell.syncDelayMs} ms`];
  return [...given, ...recorded].join(', ');
}

function trialLines(trials: readonly Trial[]): string[] {
  const rows = trials.map((trial, at) => [
    `  ${at + 1}`,
    `${trial.cell.id} #${trial.index + 1}`,
    `seed ${trial.seed}`,
    `kill at ${trial.crashAtMs} ms`,
    momentsText(trial),
  ]);
  return ['trials, in this order', ...aligned(rows)];
}

function momentsText(trial: Trial): string {
  const parts: string[] = [];
  if (trial.snapshotsAtMs.length > 0) parts.push(`BGSAVE at ${trial.snapshotsAtMs.join(', ')} ms`);
  if (trial.rewritesAtMs.length > 0) {
    parts.push(`BGREWRITEAOF at ${trial.rewritesAtMs.join(', ')} ms`);
  }
  if (trial.cell.crash === 'power-torn') {
    parts.push(`${countText(trial.cell.cutInstants, 'crash image')}`);
  } else if (trial.cutFractions.length > 0) {
    parts.push(`cuts at ${trial.cutFractions.map((cut) => cut.toFixed(4)).join(', ')} of it`);
  }
  for (const { name, from, to, isRandom } of trial.faults) {
    if (isRandom) parts.push(`${name} from ${from} to ${to} of it`);
  }
  return parts.join('; ');
}

/** Columns padded to their widest cell, no spaces at the ends of lines. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    });
  }
  return rows.map((row) => (
    row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ').trimEnd()
  ));
}
