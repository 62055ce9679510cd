// `plugpull compare`: runs with one another, settings within one run, or benches; and the baselines
// that runs are compared with.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { compareBenches, parseBench } from '../../report/compare/bench-results.ts';
import type { BenchFigures } from '../../report/compare/bench-results.ts';
import { compareRuns, compareSettings } from '../../report/compare/compare.ts';
import type { Comparison } from '../../report/compare/compare.ts';
import { comparisonText } from '../../report/compare/comparison-text.ts';
import type { RunRecord } from '../../report/record.ts';
import { recordLabel } from '../../report/cell-label.ts';
import { parseSetting, settingLabel } from '../../plan/settings.ts';
import { listBaselines, readRun, saveBaseline } from '../../report/write.ts';
import { mayStyle } from '../context.ts';
import type { CliContext } from '../context.ts';
import { exitFail, exitPass, exitPerformance } from '../exit-codes.ts';
import { parseNames, usage } from '../values.ts';
import { findRun } from './report.ts';

interface CompareFlags {
  readonly out: string;
  readonly settings?: readonly string[];
  readonly failOn?: readonly string[];
  readonly acrossTestbeds?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
}

const gates = ['regression', 'loss'] as const;

/** Adds the commands; `finish` takes their exit code. */
export function addCompareCommands(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const more = (word: string, words: readonly string[] = []): string[] => [...words, word];
  program.command('compare')
    .description('what changed between runs, or between settings of one run, beyond noise')
    .argument('<run...>', 'path, id, latest or baseline:NAME, or what npm run -s bench -- --json '
      + 'printed; all are compared with the first')
    .option('--settings <before,after>', 'two settings of one run, such as aof/everysec,aof/always',
      more)
    .option('--fail-on <names>', 'regression (exit code 3), loss (exit code 1)', more)
    .option('--across-testbeds', 'compare runs of different machines, and say so')
    .option('--all', 'show every metric, also those that did not change')
    .option('--json', 'print the comparison as JSON')
    .option('--out <folder>', 'where records are', 'reports')
    .addHelpText('after', `
Verdicts: regression · improvement · no change · within noise · inconclusive (more trials help)

Examples:
  plugpull compare baseline:main latest --fail-on regression,loss
  plugpull compare latest --settings aof/everysec,aof/always
`)
    .action(async (runs: string[], flags: CompareFlags) => (
      finish(await compare(context, runs, flags))));
  addBaselineCommand(program, context, finish);
}

function addBaselineCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const baseline = program.command('baseline')
    .description('keep runs under names to compare with: baseline save NAME [RUN], baseline list');
  baseline.command('save').argument('<name>', 'letters, digits, dots and dashes')
    .argument('[run]', 'path, id or latest', 'latest')
    .option('--out <folder>', 'where records are', 'reports')
    .action(async (name: string, run: string, { out }: { out: string }) => {
      const folder = resolve(context.cwd, out);
      const record = await readRun(folder, { run, cwd: context.cwd });
      context.stdout.write(`${await saveBaseline(folder, name, record)}\n`);
      finish(exitPass);
    });
  baseline.command('list')
    .option('--out <folder>', 'where records are', 'reports')
    .action(async ({ out }: { out: string }) => {
      for (const name of await listBaselines(resolve(context.cwd, out))) {
        context.stdout.write(`baseline:${name}\n`);
      }
      finish(exitPass);
    });
}

async function compare(
  context: CliContext, runs: readonly string[], flags: CompareFlags,
): Promise<number> {
  const failOn = parseNames('--fail-on', flags.failOn ?? [], gates);
  const comparisons = await comparisonsOf(context, runs, flags);
  const { stdout } = context;
  if (flags.json === true) stdout.write(`${JSON.stringify(comparisons, null, 2)}\n`);
  else {
    const quietMax = flags.all === true ? Infinity : 5;
    const layout = { color: mayStyle(context, stdout), quietMax };
    stdout.write(comparisons.map((each) => comparisonText(each, layout)).join('\n'));
  }
  return gateCode(comparisons, failOn);
}

/** A broken promise weighs more than a slow one. */
function gateCode(
  comparisons: readonly Comparison[], failOn: readonly (typeof gates)[number][],
): number {
  const hasLoss = comparisons.some(({ broken }) => broken.length > 0);
  if (hasLoss && failOn.includes('loss')) return exitFail;
  const isWorse = comparisons.some(({ metrics }) => (
    metrics.some(({ verdict }) => verdict === 'regression')));
  return isWorse && failOn.includes('regression') ? exitPerformance : exitPass;
}

async function comparisonsOf(
  context: CliContext, runs: readonly string[], flags: CompareFlags,
): Promise<Comparison[]> {
  const benches = runs.map((run) => benchAt(resolve(context.cwd, run), run));
  if (benches.some((bench) => bench !== null)) {
    return comparedBenches(runs, benches).map((each) => onOneTestbed(each, flags));
  }
  const out = resolve(context.cwd, flags.out);
  const records: RunRecord[] = [];
  for (const run of runs) records.push((await wholeRun(context, run, out)).record);
  const [first, ...others] = records;
  if (first === undefined) throw usage('compare: expected a run');
  if (flags.settings !== undefined) return [settingsOf(first, others, flags.settings)];
  if (others.length === 0) {
    throw usage('compare: expected a second run, or --settings with two settings of this one');
  }
  return others.map((other) => onOneTestbed(compareRuns(first, other), flags));
}

function onOneTestbed(comparison: Comparison, { acrossTestbeds }: CompareFlags): Comparison {
  const { before, after, testbed } = comparison;
  if (testbed.length === 0 || acrossTestbeds === true) return comparison;
  throw usage(`compare: ${before} and ${after} are from different testbeds: ${testbed.join('; ')}: `
    + 'what differs may be the machine; --across-testbeds compares them all the same');
}

function comparedBenches(
  runs: readonly string[], benches: readonly (BenchFigures | null)[],
): Comparison[] {
  const odd = benches.indexOf(null);
  if (odd >= 0) {
    throw usage(`compare: ${runs[odd] ?? ''} is not what npm run -s bench -- --json prints`);
  }
  const [first, ...others] = benches.flatMap((bench) => bench ?? []);
  if (first === undefined || others.length === 0) throw usage('compare: expected a second bench');
  return others.map((other) => compareBenches(first, other));
}

/** The results of a bench in a file; null for everything else, such as a run. */
function benchAt(path: string, id: string): BenchFigures | null {
  try {
    return statSync(path).isFile() ? parseBench(readFileSync(path, 'utf8'), id) : null;
  } catch {
    return null; // whoever reads it as a run says what is wrong with it
  }
}

/** A damaged record is shown by `report`, but nothing is concluded from it. */
async function wholeRun(
  context: CliContext, run: string, out: string,
): Promise<{ record: RunRecord }> {
  const found = await findRun(context, run, out);
  const [problem] = found.problems;
  if (problem !== undefined) throw usage(`compare: ${run} is not whole: ${problem}`);
  return found;
}

function settingsOf(
  record: RunRecord, others: readonly RunRecord[], words: readonly string[],
): Comparison {
  if (others.length > 0) throw usage('--settings: expected one run beside it');
  const labels = words.flatMap((word) => word.split(','))
    .map((word) => settingLabel(parseSetting(word)));
  const [before, after, ...rest] = labels;
  if (before === undefined || after === undefined || rest.length > 0) {
    throw usage(`--settings: expected two settings, found ${labels.length}`);
  }
  for (const label of [before, after]) {
    if (!record.cells.some((cell) => recordLabel(cell) === label)) {
      throw usage(`--settings: ${record.id} has no cell with ${label}`);
    }
  }
  return compareSettings(record, [before, after]);
}
