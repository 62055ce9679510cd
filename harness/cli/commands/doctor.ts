// `plugpull doctor`: what this machine allows, what to install for the rest, how fast and how
// honest its disk is, and what killed runs have left behind.

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { syncDoubt } from '../../metrics/honesty.ts';
import { aligned } from '../../plan/plan-text.ts';
import { fileSystems } from '../../plan/scenario.ts';
import { targetNames } from '../../targets/targets.ts';
import type { CliContext } from '../context.ts';
import { exitEnvironment, exitPass } from '../exit-codes.ts';

interface DoctorFlags {
  readonly clean?: boolean;
  readonly out: string;
}

/** Adds the command; `finish` takes its exit code. */
export function addDoctorCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('doctor')
    .description('what this machine allows, how honest its disk is, what killed runs left behind')
    .option('--clean', 'undo what killed runs left: processes, mounts, loop devices, folders')
    .option('--out <folder>', 'the disk to look at: where records and trials go', 'reports')
    .addHelpText('after', `
Examples:
  plugpull doctor
  plugpull doctor --clean            touches nothing but what Plugpull wrote down as its own
`)
    .action(async (flags: DoctorFlags) => {
      finish(flags.clean === true ? await clean(context) : await examine(context, flags));
    });
}

async function examine(context: CliContext, flags: DoctorFlags): Promise<number> {
  const lines = [
    ...aligned([...await targetRows(context), ...modelRows(context)]), '',
    ...await diskLines(context, existing(resolve(context.cwd, flags.out))), '',
    ...await leftoverLines(context),
  ];
  context.stdout.write(`${lines.join('\n')}\n`);
  return exitPass;
}

async function targetRows({ targets }: CliContext): Promise<string[][]> {
  return Promise.all(targetNames.map(async (name) => {
    const found = await targets[name].locate();
    return [`target ${name}`, found.kind === 'found'
      ? `${found.version}, ${found.binary}`
      : `missing: looked for ${found.lookedFor.join(', ')}; ${found.install}`];
  }));
}

function modelRows({ machine }: CliContext): string[][] {
  const ready = (lacks: string | null): string => lacks ?? 'ready';
  const faultfs = ready(machine.diskUnavailable({ disk: 'faultfs', fileSystem: null }));
  return [
    ['process crash', 'ready'],
    ['power cut of bundled', 'ready'],
    ['power cut of others, disk faults', faultfs],
    ...fileSystems.map((fileSystem) => [
      `block on ${fileSystem}`, ready(machine.diskUnavailable({ disk: 'block', fileSystem })),
    ]),
  ];
}

async function diskLines({ machine }: CliContext, folder: string): Promise<string[]> {
  const { fs, isRotational, fsync, fdatasync } = await machine.probeDisk(folder);
  const figures = (call: string, { p50Us, p99Us }: { p50Us: number; p99Us: number }): string => (
    `  ${call.padEnd(9)}  p50 ${p50Us} µs, p99 ${p99Us} µs`
  );
  const doubt = syncDoubt({ fs, fdatasyncUs: fdatasync.p50Us, isRotational });
  return [
    `disk under ${folder}: ${fs}`,
    figures('fsync', fsync), figures('fdatasync', fdatasync),
    `  ${doubt === null ? 'honest, as far as its speed tells' : `warning: ${doubt}`}`,
  ];
}

async function leftoverLines({ machine }: CliContext): Promise<string[]> {
  const left = await machine.leftovers();
  if (left.length === 0) return ['nothing was left behind by killed runs'];
  return ['left behind by killed runs:', ...left.map((each) => `  ${each}`),
    'plugpull doctor --clean undoes it'];
}

async function clean({ machine, stdout }: CliContext): Promise<number> {
  const cleaned = await machine.clean();
  const lines = cleaned.map(({ what, failure }) => (
    failure === null ? `gone: ${what}` : `still there: ${what}: ${failure}`
  ));
  stdout.write(lines.length === 0 ? 'nothing to clean\n' : `${lines.join('\n')}\n`);
  return cleaned.every(({ failure }) => failure === null) ? exitPass : exitEnvironment;
}

function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}
