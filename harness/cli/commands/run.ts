// `plugpull run`: scenarios and flags → plan → trials → table, record, exit code.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { reasonOf } from '../../errors.ts';
import { overrideScenario } from '../../plan/overrides.ts';
import type { RunEvent } from '../../plan/events.ts';
import { planRun } from '../../plan/plan.ts';
import type { Plan, SourcedScenario } from '../../plan/plan.ts';
import { parseShard, shardPlan } from '../../plan/shard.ts';
import { planText, skippedLines } from '../../plan/plan-text.ts';
import type { Progress } from '../../report/progress.ts';
import type { RunRecord } from '../../report/record.ts';
import { reportText } from '../../report/table.ts';
import { createRunFolder, discardRunFolder, readRun, writeRun } from '../../report/write.ts';
import type { RunFolder } from '../../report/write.ts';
import type { CliContext } from '../context.ts';
import { interruptibly } from '../interrupts.ts';
import { mayStyle } from '../context.ts';
import { exitCodeOf, exitPass } from '../exit-codes.ts';
import { addSelectionFlags, parseSelection } from '../options.ts';
import type { RunFlags, SelectionFlags } from '../options.ts';
import { checkDirectives, cleanLeftovers, preflight, unsupported } from '../preflight.ts';
import { tellGitHub } from '../github-step.ts';
import { startLiveServer } from '../live/server.ts';
import type { LiveServer } from '../live/server.ts';
import { usage } from '../values.ts';
import { findScenarios } from '../scenario-files.ts';
import { isClaimWord, runClaimWords } from './claims.ts';

/** Adds the command; `finish` takes its exit code. */
export function addRunCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const command = program.command('run')
    .description('pull the plug and measure what is left (default: the scenarios tagged chaos)')
    .argument('[scenario...]', 'names of built-in scenarios, paths of your own, or claims');
  addSelectionFlags(command)
    .optionsGroup('One of several machines:')
    .option('--shard <i/n|auto>', 'run this part of the plan; plugpull merge joins the parts')
    .option('--durations <run>', 'balance the parts by what the cells of this run took')
    .optionsGroup('Output:')
    .option('--out <folder>', 'where records go', 'reports')
    .option('--open', 'show the report in a browser while it grows, on loopback')
    .option('--json', 'print the record instead of the table')
    .option('--dry-run', 'print the plan and stop')
    .addHelpText('after', examples)
    .action(async (words: string[], flags: RunFlags) => finish(await run(context, words, flags)));
}

/** Smaller trials that are run for the first failure of a cell. */
const shrinkAttempts = 6;

const examples = `
Examples:
  plugpull run                                    the table for the bundled engine
  plugpull run --target redis --crash process     the same for redis-server
  plugpull run bytes-lost --seed 7 --dry-run      exactly what would be done
  plugpull run fsync-policies --persist aof --fsync always,everysec --trials 10
  plugpull run ./my-scenario.ts --set maxmemory=1gb
  plugpull run claims                             every claim about RDB and AOF, with its verdict
  plugpull run claims/8 claims/flushall-rescue    some of them, by number or name
  plugpull run claims --profile nightly           larger sizes, more repetitions

Exit codes: 0 pass · 1 a promise about data was broken · 2 inconclusive · 64 usage
  69 this machine cannot run it · 70 a bug in Plugpull · 130 interrupted, partial record kept
`;

/** Plans what scenarios and flags ask for; `seed` is used when --seed is not given. */
export async function planFor(
  context: CliContext, words: readonly string[], flags: SelectionFlags,
): Promise<{ plan: Plan; dropped: string[] }> {
  const selection = parseSelection(flags);
  const found = await findScenarios(context, words, selection.tags);
  const dropped: string[] = [];
  const scenarios: SourcedScenario[] = [];
  for (const { scenario, source } of found) {
    const result = overrideScenario(scenario, selection.overrides);
    if (result.kind === 'kept') scenarios.push({ scenario: result.scenario, source });
    else dropped.push(`scenario ${result.name} is left out: ${result.reason}`);
  }
  const seed = selection.seed ?? context.randomSeed();
  const plan = planRun({
    scenarios, seed, flags: selection.flags, unsupported: (cell) => unsupported(context, cell),
  });
  checkDirectives(plan);
  return { plan, dropped };
}

async function run(
  context: CliContext, words: readonly string[], flags: RunFlags,
): Promise<number> {
  if (words.some(isClaimWord)) return runClaimWords(context, words, flags);
  const { plan: whole, dropped } = await planFor(context, words, flags);
  const plan = await ownPart(context, whole, flags);
  for (const line of dropped) context.stderr.write(`${line}\n`);
  if (flags.dryRun === true) {
    context.stdout.write(planText(plan));
    return exitPass;
  }
  const out = resolve(context.cwd, flags.out);
  await preflight(context, plan, out);
  if (plan.skipped.length > 0) context.stderr.write(`${skippedLines(plan.skipped).join('\n')}\n`);
  await cleanLeftovers(context);
  const folder = await createRunFolder(out, { startedAt: context.now(), seed: plan.seed });
  const record = await runInterruptibly(context, plan, {
    ...folder, isOpen: flags.open === true, shrinkAttempts,
  });
  const reportPath = await keep(context, record, out);
  await tellGitHub(context, record, reportPath);
  print(context, record, flags);
  return exitCodeOf(record);
}

/** The part of the plan that --shard names; all of it without. */
async function ownPart(
  context: CliContext, plan: Plan, { shard, durations, out, seed }: RunFlags,
): Promise<Plan> {
  if (shard === undefined) {
    if (durations === undefined) return plan;
    throw usage('--durations: expected --shard beside it');
  }
  if (seed === undefined) throw usage('--shard: expected --seed beside it, the same for all');
  const part = parseShard(shard, context.env);
  if (durations === undefined) return shardPlan(plan, part);
  const where = { run: durations, cwd: context.cwd };
  const { cells } = await readRun(resolve(context.cwd, out), where);
  const times = cells.map((cell) => (
    [cell.id, cell.perTrial.reduce((sum, trial) => sum + trial.tookMs, 0)] as const));
  return shardPlan(plan, part, new Map(times));
}

/** Runs the plan; the first Ctrl-C asks it to stop, the second ends the process. */
export async function runInterruptibly(
  context: CliContext, plan: Plan,
  { isOpen = false, shrinkAttempts: attempts = 0, ...folder }:
  RunFolder & { readonly isOpen?: boolean; readonly shrinkAttempts?: number },
): Promise<RunRecord> {
  try {
    return await interruptibly(context, async ({ signal, progress }) => {
      const live = isOpen ? await openLive(context, folder, progress) : null;
      const options = {
        ...folder, signal, startedAt: context.now().toISOString(), targets: context.targets,
        onEvent: (event: RunEvent) => progress.onEvent(event),
      };
      try {
        const onRecord = (made: () => RunRecord): void => live?.update(made);
        return await context.runPlan(plan, options, { onRecord, shrinkAttempts: attempts });
      } finally {
        live?.close();
      }
    });
  } catch (error) {
    await discardRunFolder(folder);
    throw error;
  }
}

/** The report while it grows; trouble with it is said and changes nothing else. */
async function openLive(
  context: CliContext, { id, runDirectory }: RunFolder, progress: Progress,
): Promise<LiveServer | null> {
  try {
    const live = await startLiveServer({ id, runDirectory, status: () => progress.status() });
    progress.line(`live: ${live.url}`);
    if (context.stderr.isTerminal) context.openBrowser(live.url);
    return live;
  } catch (error) {
    const words = reasonOf(error);
    progress.line(`warning: the report cannot be shown live: ${words}`);
    return null;
  }
}

/** Writes record and report; trouble with them is said and never changes the verdict. */
export async function keep(
  context: CliContext, record: RunRecord, out: string,
): Promise<string | null> {
  const { stderr } = context;
  try {
    const { recordPath, reportPath, warnings } = await writeRun(out, record);
    for (const warning of warnings) stderr.write(`warning: ${warning}\n`);
    stderr.write(`record: ${recordPath}\n`);
    if (reportPath !== null) stderr.write(`report: ${reportPath}\n`);
    return reportPath;
  } catch (error) {
    stderr.write(`warning: ${reasonOf(error)}\n`);
    return null;
  }
}

/** The record as JSON or as a table. */
export function print(
  context: CliContext, record: RunRecord, flags: Pick<RunFlags, 'json' | 'out'>,
): void {
  const { stdout } = context;
  if (flags.json === true) {
    stdout.write(`${JSON.stringify(record, null, 2)}\n`);
    return;
  }
  const columns = stdout.isTerminal ? stdout.columns() : 120;
  if (context.stderr.isTerminal) context.stderr.write('\n');
  stdout.write(reportText(record, { columns, color: mayStyle(context, stdout) }));
}
