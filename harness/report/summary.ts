// One row for each target and setting, with what all scenarios of the run found out about it.
// The terminal table and the Markdown summary show the same rows.

import type { CrashModel } from '../plan/scenario.ts';
import {
  bytesText, countText, durationText, groupedText, roundedText, shareText, significant, sizeText,
} from '../plan/units.ts';
import { zeroSeenUpperBound95 } from './aggregate.ts';
import { worstVerdict } from './verdicts.ts';
import { recordLabel } from './cell-label.ts';
import type { CellRecord, RunRecord } from './record.ts';

/** A column: its heading in lines for the table, in one line for other forms. */
export interface Column {
  readonly heading: readonly string[];
  readonly label: string;
}

/** One target with one setting; each cell of the row is one or two lines of text. */
export interface Row {
  readonly target: string;
  readonly setting: string;
  readonly verdict: string;
  readonly texts: readonly (readonly string[])[];
}

/** The rows and the columns that at least one row has something for. */
export interface Summary {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** All cells of one target with one setting. */
export interface Group {
  readonly target: string;
  readonly setting: string;
  readonly cells: readonly CellRecord[];
}

/** Shown where nothing was measured. */
export const nothing = '–';
/** Marks a bound, explained in the notes. */
export const boundMark = '*';
/** Marks a range of few repetitions, explained in the notes. */
export const rangeMark = '†';

/** Joins the scenarios of a run by target and setting, in the order of the record. */
export function summarise(record: RunRecord): Summary {
  const groups = groupCells(record);
  const sizes = recoverySizes(record);
  const candidates: { column: Column; read: (group: Group) => string[] | null }[] = [
    { column: writesColumn, read: writesTexts },
    { column: replyColumn, read: replyTexts },
    { column: readyColumn(sizes), read: (group) => readyTexts(group, sizes) },
    { column: lossColumn('process crash'), read: (group) => lossTexts(group, 'process') },
    { column: lossColumn('power cut'), read: (group) => lossTexts(group, 'power') },
    { column: lossColumn('cut real disk'), read: (group) => lossTexts(group, 'block') },
    { column: lossColumn('torn power cut'), read: (group) => lossTexts(group, 'power-torn') },
  ];
  const filled = candidates
    .map(({ column, read }) => ({ column, texts: groups.map(read) }))
    .filter(({ texts }) => texts.some((text) => text !== null));
  return {
    columns: filled.map(({ column }) => column),
    rows: groups.map((group, at) => ({
      target: group.target,
      setting: group.setting,
      verdict: verdictText(group),
      texts: filled.map(({ texts }) => texts[at] ?? [nothing]),
    })),
  };
}

/** The cells of a record by target and setting; the targets and settings keep their order. */
export function groupCells(record: RunRecord): Group[] {
  const groups = new Map<string, { target: string; setting: string; cells: CellRecord[] }>();
  for (const cell of record.cells) {
    if (cell.study !== undefined) continue; // study-table.ts shows these
    const target = `${cell.target.name} ${cell.target.version}`;
    const setting = recordLabel(cell);
    const key = `${target} ${setting}`;
    const group = groups.get(key) ?? { target, setting, cells: [] };
    group.cells.push(cell);
    groups.set(key, group);
  }
  const targets = [...new Set([...groups.values()].map((group) => group.target))];
  return [...groups.values()]
    .sort((one, other) => targets.indexOf(one.target) - targets.indexOf(other.target));
}

/** The cell that the write rate of a group comes from: the one with the most trials. */
export function rateCell(group: Group): CellRecord | null {
  return group.cells
    .filter((cell) => cell.qps !== null)
    .reduce<CellRecord | null>((best, cell) => (
      best === null || cell.trials > best.trials ? cell : best
    ), null);
}

/** What all cells of a group lost under one crash model; null when none asked. */
export interface GroupLoss {
  readonly runs: number;
  readonly runsWithLoss: number;
  readonly writes: number;
  readonly bytes: number;
  readonly windowMs: number;
  /** Every write acknowledged before the worst instant was lost. */
  readonly all: boolean;
}

/** Joins the losses of a group: the worst of each figure, runs added up. */
export function groupLoss(group: Group, crash: CrashModel): GroupLoss | null {
  const cells = group.cells.filter((cell) => cell.crash === crash && cell.loss !== null);
  const losses = cells.flatMap((cell) => cell.loss ?? []);
  if (losses.length === 0) return null;
  const writes = Math.max(...losses.map((loss) => loss.writes.max));
  const cuts = cells.flatMap((cell) => cell.perTrial).flatMap((trial) => trial.cuts);
  return {
    runs: losses.reduce((sum, loss) => sum + loss.runs, 0),
    runsWithLoss: losses.reduce((sum, loss) => sum + loss.runsWithLoss, 0),
    writes,
    bytes: Math.max(...losses.map((loss) => loss.bytes.max)),
    windowMs: Math.max(...losses.map((loss) => loss.windowMs.max)),
    all: cuts.some((cut) => cut.loss?.writes === writes && cut.acknowledged === writes),
  };
}

/** `0 in 3 runs`. */
export function zeroText(runs: number): string {
  return `0 in ${runsText(runs)}`;
}

const writesColumn: Column = {
  heading: ['writes', 'a second', '95 % interval'],
  label: 'writes a second (95 % interval)',
};

const replyColumn: Column = {
  heading: ['a reply', 'takes, ms', 'p50 / p99'],
  label: 'a reply takes, ms (p50 / p99)',
};

function readyColumn(sizes: readonly number[]): Column {
  const text = sizes.map(sizeText).join(' / ');
  return {
    heading: ['serving again', 'after, s', `${text} keys`],
    label: `serving again after, s (${text} keys)`,
  };
}

function lossColumn(crash: string): Column {
  return { heading: ['writes lost', 'in a', crash], label: `writes lost in a ${crash}` };
}

function writesTexts(group: Group): string[] | null {
  const cell = rateCell(group);
  if (cell?.qps === null || cell === null) return null;
  const { median, ci95, range } = cell.qps;
  const rate = `${cell.generatorLimited ? '≥ ' : ''}${roundedText(median)}`;
  if (ci95 !== null) return [rate, intervalText(ci95)];
  return [rate, range === null ? runsText(cell.trials) : `${intervalText(range)} ${rangeMark}`];
}

function runsText(runs: number): string {
  return countText(runs, 'run');
}

/** `138–145 k`, or `812–840` below a thousand. */
export function intervalText([low, high]: readonly [number, number]): string {
  if (high < 1000) return `${groupedText(low)}–${groupedText(high)}`;
  return `${significant(low / 1000)}–${significant(high / 1000)} k`;
}

function replyTexts(group: Group): string[] | null {
  const latency = rateCell(group)?.latencyUs;
  if (latency === undefined || latency === null) return null;
  return [`${significant(latency.p50 / 1000)} / ${significant(latency.p99 / 1000)}`];
}

function recoverySizes(record: RunRecord): number[] {
  const sizes = record.cells
    .filter(measuresRecovery)
    .map((cell) => cell.preloadKeys);
  return [...new Set(sizes)].sort((one, other) => one - other);
}

function measuresRecovery(cell: CellRecord): boolean {
  return cell.study === undefined && cell.recoveryMs !== null && cell.measures.includes('recovery');
}

function readyTexts(group: Group, sizes: readonly number[]): string[] | null {
  const cells = group.cells.filter(measuresRecovery);
  if (cells.length === 0) return null;
  const texts = sizes.map((size) => {
    const found = cells.find((cell) => cell.preloadKeys === size)?.recoveryMs;
    return found === undefined || found === null ? nothing : significant(found.median / 1000);
  });
  return [texts.join(' / ')];
}

function lossTexts(group: Group, crash: CrashModel): string[] | null {
  const loss = groupLoss(group, crash);
  if (loss === null) return null;
  if (loss.runsWithLoss === 0) {
    const bound = shareText(zeroSeenUpperBound95(loss.runs));
    return [zeroText(loss.runs), `≤ ${bound} ${boundMark}`];
  }
  const writes = `${loss.all ? 'all ' : ''}${groupedText(loss.writes)}`;
  return [writes, `${bytesText(loss.bytes)}, ${durationText(loss.windowMs)}`];
}

function verdictText(group: Group): string {
  const verdict = worstVerdict(group.cells.map((cell) => cell.verdict));
  return verdict === 'fail' ? 'FAIL' : verdict;
}
