// `plugpull gate`: two revisions of a server, built side by side, run in turn on this machine, and
// compared pair by pair. It fails for a promise that is broken and for a regression beyond doubt.

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { reasonOf } from '../../errors.ts';
import type { RunEvent } from '../../plan/events.ts';
import type { Plan, SkippedCell } from '../../plan/plan.ts';
import { skippedLines } from '../../plan/plan-text.ts';
import { compareRuns } from '../../report/compare/compare.ts';
import type { Comparison } from '../../report/compare/compare.ts';
import { comparisonText } from '../../report/compare/comparison-text.ts';
import { gateOf } from '../../report/compare/gate.ts';
import type { Gate } from '../../report/compare/gate.ts';
import { changeSection } from '../../report/html/sections/change.ts';
import type { RunRecord } from '../../report/record.ts';
import { createRunFolder, discardRunFolder, makeRunFolder, writeRun } from '../../report/write.ts';
import type { RunFolder } from '../../report/write.ts';
import { bundledTarget } from '../../targets/bundled.ts';
import { redisTarget, valkeyTarget } from '../../targets/redis.ts';
import type { Target, TargetName } from '../../targets/target.ts';
import { mayStyle } from '../context.ts';
import type { CliContext } from '../context.ts';
import { exitFail, exitInconclusive, exitInterrupted, exitPass, exitPerformance }
  from '../exit-codes.ts';
import { tellGitHubOfGate } from '../github-step.ts';
import { interruptibly } from '../interrupts.ts';
import { addSelectionFlags } from '../options.ts';
import type { SelectionFlags } from '../options.ts';
import { cleanLeftovers, preflight } from '../preflight.ts';
import { checkOut, commitOf, hasChanges, serverOf } from '../revisions.ts';
import type { Revision } from '../revisions.ts';
import { usage } from '../values.ts';
import { planFor } from './run.ts';

interface GateFlags extends SelectionFlags {
  readonly base: string;
  readonly head: string;
  readonly build?: string;
  readonly server?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** Adds the command; `finish` takes its exit code. */
export function addGateCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const command = program.command('gate')
    .description('is this revision worse than that one? both run in turn on this machine')
    .argument('[scenario...]', 'names or paths of scenarios (default: those tagged gate)')
    .requiredOption('--base <revision>', 'what to compare with: main, a tag, a commit')
    .option('--head <revision>', 'what to judge', 'HEAD')
    .option('--build <command>', 'run by the shell in the folder of each revision')
    .option('--server <path>', 'the server within a revision (default: engine/main.ts)');
  addSelectionFlags(command)
    .optionsGroup('Output:')
    .option('--out <folder>', 'where records go', 'reports')
    .option('--json', 'print the comparison as JSON')
    .addHelpText('after', `
Every trial runs for both, in turned order (base head, head base, …), with the same seed. It fails
only for a promise that the head breaks and for a regression beyond doubt; whatever may be chance
or noise passes and is shown.

Examples:
  plugpull gate --base main
  plugpull gate --base v1.2 --head my-branch fsync-policies --trials 20
  plugpull gate --base unstable --target redis --build 'make -j4' --server src/redis-server

Exit codes: 0 no worse · 1 the head breaks a promise about data · 2 the head could not be measured
  3 a regression beyond doubt · 64 usage · 69 it does not build, or this machine cannot run it
`)
    .action(async (words: string[], flags: GateFlags) => finish(await gate(context, words, flags)));
}

async function gate(
  context: CliContext, words: readonly string[], flags: GateFlags,
): Promise<number> {
  const { plan, dropped } = await gatePlan(context, words, flags);
  await commitOf(context.cwd, flags.base);
  await commitOf(context.cwd, flags.head);
  for (const line of dropped) context.stderr.write(`${line}\n`);
  await warn(context, flags, plan.skipped);
  await cleanLeftovers(context);
  const out = resolve(context.cwd, flags.out);
  const records = await interruptibly(context, ({ signal, progress }) => (
    withRevisions(context, { flags, out, plan, signal }, async (arms) => {
      const [base, head] = arms;
      await preflight({ ...context, targets: head.targets }, plan, out);
      const options = [base, head].map(({ folder, targets }) => ({
        ...folder, targets, signal, startedAt: context.now().toISOString(),
        onEvent: (event: RunEvent) => progress.onEvent(event),
      }));
      return context.runArms(plan, options);
    })));
  const [base, head] = records;
  if (base === undefined || head === undefined) return exitInterrupted;
  return conclude(context, { base, head }, { flags, out });
}

async function gatePlan(
  context: CliContext, words: readonly string[], flags: GateFlags,
): Promise<{ plan: Plan; dropped: string[] }> {
  const isDefault = words.length === 0 && flags.tag === undefined;
  const found = await planFor(context, words, isDefault ? { ...flags, tag: ['gate'] } : flags);
  const targets = new Set(found.plan.cells.map((cell) => cell.target));
  if (targets.size > 1) throw usage('gate: expected one --target, the server of the revisions');
  if (flags.server === undefined && !targets.has('bundled') && targets.size > 0) {
    throw usage(`--target ${[...targets].join()}: expected --server beside it, the path of the `
      + 'server within a revision, such as src/redis-server');
  }
  return found;
}

async function warn(
  { cwd, stderr }: CliContext, { head }: GateFlags, skipped: readonly SkippedCell[],
): Promise<void> {
  if (head === 'HEAD' && await hasChanges(cwd)) {
    stderr.write('warning: changes that are not committed are not measured\n');
  }
  if (skipped.length > 0) stderr.write(`${skippedLines(skipped).join('\n')}\n`);
}

interface Arm {
  readonly folder: RunFolder;
  readonly targets: CliContext['targets'];
}

interface Work {
  readonly flags: GateFlags;
  readonly out: string;
  readonly plan: Plan;
  readonly signal: AbortSignal;
}

/** Both revisions exist while `work` runs. */
async function withRevisions<TResult>(
  context: CliContext, { flags, out, plan, signal }: Work,
  work: (arms: readonly [base: Arm, head: Arm]) => Promise<TResult>,
): Promise<TResult> {
  const base = await createRunFolder(out, { startedAt: context.now(), seed: plan.seed });
  const head = await makeRunFolder(out, `${base.id}-head`);
  const removals: (() => Promise<void>)[] = [];
  const arm = async (name: string, folder: RunFolder): Promise<Arm> => {
    context.stderr.write(`checking out ${name}${
      flags.build === undefined ? '' : `, ${flags.build}`}\n`);
    const { revision, remove } = await checkOut({
      cwd: context.cwd, name, folder: join(folder.runDirectory, 'revision'),
      build: flags.build ?? null, signal,
    });
    removals.push(remove);
    return { folder, targets: targetsOf(context, revision, flags.server) };
  };
  try {
    return await work([await arm(flags.base, base), await arm(flags.head, head)]);
  } catch (error) {
    for (const folder of [base, head]) await discardRunFolder(folder);
    throw error;
  } finally {
    for (const remove of removals) await remove();
  }
}

/** The server of a revision under every name; the plan asks for one of them. */
function targetsOf(
  context: CliContext, revision: Revision, server: string | undefined,
): Readonly<Record<TargetName, Target>> {
  const file = serverOf(revision, server ?? 'engine/main.ts');
  const version = `${context.version}@${revision.commit}`;
  return {
    bundled: bundledTarget({ entry: file, version }),
    redis: redisTarget({ REDIS_SERVER_BIN: file }),
    valkey: valkeyTarget({ VALKEY_SERVER_BIN: file }),
    command: context.targets.command,
  };
}

async function conclude(
  context: CliContext, { base, head }: { base: RunRecord; head: RunRecord },
  { flags, out }: { flags: GateFlags; out: string },
): Promise<number> {
  const { stdout, stderr } = context;
  const comparison = { ...compareRuns(base, head, { paired: true }),
    before: `${base.id} (${flags.base})`, after: `${head.id} (${flags.head})` };
  const gateFound = gateOf(comparison, head);
  let reportPath: string | null = null;
  for (const record of [base, head]) {
    const extras = record === head ? { change: changeSection(comparison) } : {};
    try {
      const written = await writeRun(out, record, extras);
      for (const warning of written.warnings) stderr.write(`warning: ${warning}\n`);
      stderr.write(`record: ${written.recordPath}\n`);
      reportPath = written.reportPath;
    } catch (error) {
      stderr.write(`warning: ${reasonOf(error)}\n`);
    }
  }
  if (reportPath !== null) stderr.write(`report: ${reportPath}\n`);
  await tellGitHubOfGate(context, { record: head, reportPath, comparison, gate: gateFound });
  stdout.write(textOf(context, { comparison, gate: gateFound, json: flags.json === true }));
  return head.interrupted ? exitInterrupted : gateCodes[gateFound.verdict];
}

function textOf(
  context: CliContext,
  { comparison, gate: found, json }: { comparison: Comparison; gate: Gate; json: boolean },
): string {
  if (json) return `${JSON.stringify({ ...found, comparison }, null, 2)}\n`;
  const layout = { color: mayStyle(context, context.stdout), quietMax: 5 };
  return `${comparisonText(comparison, layout)}\ngate: ${found.verdict}: ${found.reason}\n`;
}

const gateCodes: Readonly<Record<Gate['verdict'], number>> = {
  'pass': exitPass, 'broken promise': exitFail, 'not measured': exitInconclusive,
  'regression': exitPerformance,
};
