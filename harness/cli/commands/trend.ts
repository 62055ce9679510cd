// `plugpull trend`: adds runs and notes to the history, says what changed and since when, and
// writes one page.

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { HarnessError, reasonOf } from '../../errors.ts';
import { historyLineOf, noteLineOf } from '../../report/trend/history.ts';
import { trendPage } from '../../report/trend/trend-page.ts';
import { trendSentences, trendsOf } from '../../report/trend/trend.ts';
import type { TrendSeries } from '../../report/trend/trend.ts';
import { addToHistory, readHistory, readRun, writeWhole } from '../../report/write.ts';
import { countText } from '../../plan/units.ts';
import type { CliContext } from '../context.ts';
import { exitPass, exitPerformance } from '../exit-codes.ts';
import { parseNames, usage } from '../values.ts';

interface TrendFlags {
  readonly out: string;
  readonly add?: readonly string[];
  readonly revision?: string;
  readonly note?: string;
  readonly at?: string;
  readonly failOn?: readonly string[];
}

/** Adds the command; `finish` takes its exit code. */
export function addTrendCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const more = (word: string, words: readonly string[] = []): string[] => [...words, word];
  program.command('trend')
    .description('add runs to the history, say what changed since when, and write trend.html')
    .option('--add <run>', 'path, id or latest; repeatable', more)
    .option('--revision <name>', 'what was measured: a commit, a version')
    .option('--note <text>', 'write a dated note: a new kernel, another disk')
    .option('--at <date>', 'date of the note, ISO 8601; now without it')
    .option('--fail-on <names>', 'regression: exit code 3 when two nights agree on one', more)
    .option('--out <folder>', 'where history.ndjson is', 'reports')
    .addHelpText('after', `
A night alone is no alert: it takes a second one, or a rerun, that agrees. A change of level takes
ten nights on each side. Runs of different testbeds are never joined, nor cells that were asked
differently.

Examples:
  plugpull trend --add latest --revision "$GITHUB_SHA" --fail-on regression
  plugpull trend --note 'kernel 6.12' --at 2026-11-30
`)
    .action(async (flags: TrendFlags) => finish(await trend(context, flags)));
}

async function trend(context: CliContext, flags: TrendFlags): Promise<number> {
  const out = resolve(context.cwd, flags.out);
  const failOn = parseNames('--fail-on', flags.failOn ?? [], ['regression'] as const);
  const lines = await newLines(context, flags, out);
  const path = join(out, 'history.ndjson');
  if (lines.length > 0) await orEnvironment(addToHistory(path, lines.join('')), path);
  const history = await readHistory(path);
  for (const problem of history.problems) context.stderr.write(`warning: ${problem}\n`);
  const series = trendsOf(history);
  const page = join(out, 'trend.html');
  await orEnvironment(writeWhole(page, trendPage(history)), page);
  context.stderr.write(`trend: ${page}\n`);
  const sentences = trendSentences(series);
  const quiet = 'no series changed its level, and no last night stands out';
  context.stdout.write(`${sentences.length === 0 ? quiet : sentences.join('\n')}\n`
    + `${countText(history.runs.length, 'run')}, ${series.length} series\n`);
  return failOn.length > 0 && series.some(isRegression) ? exitPerformance : exitPass;
}

function isRegression({ alert }: TrendSeries): boolean {
  return alert !== null && alert.isWorse && alert.isConfirmed;
}

async function newLines(context: CliContext, flags: TrendFlags, out: string): Promise<string[]> {
  const at = flags.at === undefined ? context.now() : new Date(flags.at);
  if (Number.isNaN(at.getTime())) {
    throw usage(`--at: expected a date such as 2026-11-30, found '${flags.at ?? ''}'`);
  }
  if (flags.at !== undefined && flags.note === undefined) {
    throw usage('--at: expected --note beside it');
  }
  const lines: string[] = [];
  for (const run of flags.add ?? []) {
    const record = await readRun(out, { run, cwd: context.cwd });
    lines.push(historyLineOf(record, flags.revision ?? null));
  }
  if (flags.note !== undefined) lines.push(noteLineOf(at.toISOString(), flags.note));
  return lines;
}

/** @throws {HarnessError} ENVIRONMENT naming the file. */
async function orEnvironment(work: Promise<void>, path: string): Promise<void> {
  await work.catch((error: unknown) => {
    const words = reasonOf(error);
    throw new HarnessError('ENVIRONMENT', `cannot write ${path}: ${words}`, { cause: error });
  });
}
