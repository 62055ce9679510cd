// `plugpull merge`: the records of shards → one run, with its report.

import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { reasonOf } from '../../errors.ts';
import { mergeRecords, shardFolder } from '../../report/merge.ts';
import { verdictLine } from '../../report/notes.ts';
import { mergedLatencyLog } from '../../report/write-latency.ts';
import { readDamagedRun, writeRun, makeRunFolder } from '../../report/write.ts';
import type { FoundRun } from '../../report/write.ts';
import type { CliContext } from '../context.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { tellGitHub } from '../github-step.ts';
import { usage } from '../values.ts';

interface MergeFlags {
  readonly out: string;
  readonly acrossTestbeds?: boolean;
}

/** Adds the command; `finish` takes its exit code. */
export function addMergeCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('merge')
    .description('join the runs of all shards of a plan to one run, with its report')
    .argument('<run...>', 'folders or records of the shards, in any order')
    .option('--across-testbeds', 'join shards of different machines')
    .option('--out <folder>', 'where the merged run goes', 'reports')
    .addHelpText('after', `
Shards of other seeds, flags, scenarios or versions, a missing and a repeated shard are refused.

Example, four shards on one machine or on four:
  plugpull run --seed 7 --shard 1/4 --out shards/1    and so on to 4/4
  plugpull merge shards/*/latest
`)
    .action(async (runs: string[], flags: MergeFlags) => finish(await merge(context, runs, flags)));
}

async function merge(
  context: CliContext, runs: readonly string[], flags: MergeFlags,
): Promise<number> {
  const out = resolve(context.cwd, flags.out);
  const found: FoundRun[] = [];
  for (const run of runs) {
    const one = await readDamagedRun(out, { run, cwd: context.cwd });
    const [problem] = one.problems;
    if (problem !== undefined) throw usage(`merge: ${run} is not whole: ${problem}`);
    found.push(one);
  }
  const record = mergeRecords(found.map((one) => one.record), {
    acrossTestbeds: flags.acrossTestbeds === true,
  });
  const { id, runDirectory } = await makeRunFolder(out, record.id);
  const warn = (text: string): void => context.stderr.write(`warning: ${text}\n`);
  for (const one of found) await copyFiles(one, runDirectory, warn);
  const merged = { ...record, id };
  const latencyLog = await mergedLatencyLog(found).catch((error: unknown) => {
    warn(`the histograms of the shards cannot be joined: ${reasonOf(error)}`);
    return null;
  });
  const { recordPath, reportPath, warnings } = await writeRun(out, merged, { latencyLog });
  warnings.forEach(warn);
  context.stderr.write(`record: ${recordPath}\n`);
  if (reportPath !== null) context.stderr.write(`report: ${reportPath}\n`);
  await tellGitHub(context, merged, reportPath);
  context.stdout.write(`${verdictLine(merged)}\n`);
  return exitCodeOf(merged);
}

/** Copies the files that the record names; one that is missing or lies elsewhere is said. */
async function copyFiles(
  { record, runDirectory }: FoundRun, to: string, warn: (text: string) => void,
): Promise<void> {
  const paths = record.cells.flatMap((cell) => cell.perTrial)
    .flatMap((trial) => Object.values(trial.artefacts));
  for (const path of new Set(paths)) {
    const source = resolve(runDirectory, path);
    const isInside = !relative(runDirectory, source).startsWith('..') && !isAbsolute(path);
    const target = join(to, shardFolder(record.shard?.index ?? 0), path);
    try {
      if (!isInside) throw new Error('it leads out of the folder of its run');
      await mkdir(dirname(target), { recursive: true });
      await copyFile(source, target);
    } catch (error) {
      warn(`${record.id}: ${path}: ${reasonOf(error)}`);
    }
  }
}
