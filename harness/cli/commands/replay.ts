// `plugpull replay`: a failing trial again, from what was kept of it. First its crash image is
// booted and judged once more, then the trial is repeated.

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Plan, Trial } from '../../plan/plan.ts';
import type { RunRecord } from '../../report/record.ts';
import { createRunFolder, readRun } from '../../report/write.ts';
import { readRepro, readShrunk } from '../../run/keep.ts';
import type { Repro } from '../../run/keep.ts';
import { smallerWords } from '../../run/shrink.ts';
import type { ShrunkTrial } from '../../run/shrink.ts';
import { readSimulation } from '../../simulation/keep.ts';
import { judgeKept } from '../../run/replay.ts';
import type { CliContext } from '../context.ts';
import { exitCodeOf, exitFail, exitInterrupted, exitPass } from '../exit-codes.ts';
import { parseCount, usage } from '../values.ts';
import { replaySimulation } from './replay-simulated.ts';
import { keep, print, runInterruptibly } from './run.ts';

interface ReplayFlags {
  readonly out: string;
  readonly untilFails?: string;
  readonly imageOnly?: boolean;
  readonly whole?: boolean;
}

/** Adds the command; `finish` takes its exit code. */
export function addReplayCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('replay')
    .description('run a failing trial again, from what the run kept of it')
    .argument('<failure>', 'folder of a failure or its repro.json; or a run: its first failure')
    .option('--until-fails <number>', 'repeat the trial up to so many times until it fails')
    .option('--image-only', 'only boot the kept crash image again')
    .option('--whole', 'repeat the trial as it was, not the smaller one that failed likewise')
    .option('--out <folder>', 'where records are and go', 'reports')
    .addHelpText('after', `
Examples:
  plugpull replay latest                       the first failure of the last run
  plugpull replay reports/runs/<id>/failures/bytes-lost-bundled-aof-always-power-1
  plugpull replay latest --until-fails 20      a failure that does not show each time
  plugpull replay reports/simulations/seed-41  a failure of plugpull simulate

The kept crash image is judged first: nothing of that depends on time. Then the smallest trial that
failed likewise is run again, and the trial as it was where that passes or none was found: real
processes do not repeat themselves. Simulations do: both plans are run again, bit for bit.
Exit code 1: it failed again; 0: it did not.
`)
    .action(async (failure: string, flags: ReplayFlags) => (
      finish(await replay(context, failure, flags))));
}

async function replay(
  context: CliContext, failure: string, flags: ReplayFlags,
): Promise<number> {
  const times = flags.untilFails === undefined ? 1
    : parseCount('--until-fails', flags.untilFails, [1, 1000]);
  const out = resolve(context.cwd, flags.out);
  const folder = await failureFolder(context, failure, out);
  const simulation = readSimulation(folder);
  if (simulation !== null) return replaySimulation(context, simulation);
  const repro = readRepro(folder);
  tellStory(context, repro);
  const shrunk = readShrunk(folder);
  if (shrunk !== null) tellShrunk(context, repro, shrunk);
  const hasFailed = await judgeImage(context, folder, repro);
  if (flags.imageOnly === true) return hasFailed ? exitFail : exitPass;
  const small = flags.whole === true ? null : shrunk?.trial ?? null;
  const trials = small === null ? [repro.trial] : [small, repro.trial];
  let code = exitPass;
  const isOver = (): boolean => code === exitFail || code === exitInterrupted;
  for (let time = 1; time <= times && !isOver(); time++) {
    for (const trial of trials) {
      const name = trial === small ? 'the smaller trial' : 'the trial';
      context.stderr.write(`${name} again, ${time} of ${times}\n`);
      code = exitCodeOf(await runAgain(context, trial, out));
      if (isOver()) break;
    }
  }
  return hasFailed && code !== exitInterrupted ? exitFail : code;
}

async function failureFolder(context: CliContext, failure: string, out: string): Promise<string> {
  const path = resolve(context.cwd, failure);
  const candidates = [path, join(out, 'runs', failure)];
  const own = candidates.find((each) => existsSync(join(each, 'repro.json')));
  if (own !== undefined) return own;
  if (basename(path) === 'repro.json' && existsSync(path)) return dirname(path);
  const record = await readRun(out, { run: failure, cwd: context.cwd });
  const [first] = record.cells.flatMap((cell) => cell.perTrial)
    .flatMap(({ artefacts }) => artefacts['failure'] ?? []);
  if (first === undefined) {
    throw usage(record.failures.length === 0 ? `run ${record.id} has no failure to replay`
      : `run ${record.id} kept nothing of its failures; run it again: `
        + `${record.failures[0]?.repro}`);
  }
  const folders = candidates.map((each) => join(each, first));
  const found = [...folders, join(out, 'runs', record.id, first)]
    .find((each) => existsSync(join(each, 'repro.json')));
  if (found === undefined) throw usage(`${first} of run ${record.id} is not there any more`);
  return found;
}

function tellStory(context: CliContext, { plugpull, trial, findings }: Repro): void {
  const { stderr, stdout, version } = context;
  if (plugpull !== version) {
    stderr.write(`warning: this failure is of Plugpull ${plugpull}, this is ${version}: the same `
      + 'seed may give another load\n');
  }
  const lines = findings.filter(({ breaks }) => breaks)
    .map(({ kind, text }) => `  ${kind}: ${text}`);
  stdout.write(`${trial.cell.id}, trial ${trial.index + 1}, seed ${trial.seed}\n`
    + `what was found then:\n${lines.join('\n')}\n`);
}

/** Whether the kept image still breaks a promise. */
async function judgeImage(context: CliContext, folder: string, { trial }: Repro): Promise<boolean> {
  const judgement = await judgeKept({
    folder, target: context.targets[trial.cell.target],
    workDirectory: join(folder, 'work'), signal: new AbortController().signal,
  });
  if (judgement === null) {
    context.stdout.write('no crash image was kept\n');
    return false;
  }
  const { verdict, lost, findings } = judgement;
  const lines = findings.map(({ kind, text }) => `  ${kind}: ${text}\n`).join('');
  context.stdout.write(`the kept crash image, booted again: ${verdict}, `
    + `${lost.writes} writes lost\n${lines}`);
  return verdict === 'fail';
}

function tellShrunk(
  { stdout }: CliContext, { trial }: Repro, { trial: small, attempts, findings }: ShrunkTrial,
): void {
  if (small === null) {
    stdout.write(`none of ${attempts} smaller trials failed likewise\n`);
    return;
  }
  const found = findings.filter(({ breaks }) => breaks).slice(0, 3)
    .map(({ kind, text }) => `  ${kind}: ${text}\n`).join('');
  stdout.write(`made smaller (${attempts} trials were run): ${smallerWords(trial, small)}\n`
    + `what was found in the smaller trial:\n${found}`);
}

async function runAgain(context: CliContext, trial: Trial, out: string): Promise<RunRecord> {
  const plan: Plan = {
    seed: trial.seed, flags: [], cells: [{ ...trial.cell, trials: 1 }], skipped: [],
    trials: [trial], estimatedMs: trial.estimatedMs,
  };
  const folder = await createRunFolder(out, { startedAt: context.now(), seed: trial.seed });
  const record = await runInterruptibly(context, plan, folder);
  await keep(context, record, out);
  print(context, record, { out });
  return record;
}
