// `plugpull check-aof`, `check-rdb` and `edit-aof`: looking at files of the engine or of Redis, and
// mending them. Exit codes as Redis' own tools: 0 whole, 1 not, or not to be read.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EngineError } from '../../../engine/errors.ts';
import { realDisk } from '../../../engine/io/real-disk.ts';
import { checkAof } from '../../../engine/tools/check-aof.ts';
import { checkRdb } from '../../../engine/tools/check-rdb.ts';
import { editAof, everyCommand } from '../../../engine/tools/edit-aof.ts';
import type { CommandFilter } from '../../../engine/tools/edit-aof.ts';
import type { ToolPorts } from '../../../engine/tools/log-files.ts';
import type { CliContext } from '../context.ts';
import { exitFail, exitPass } from '../exit-codes.ts';
import { parseCount, usage } from '../values.ts';

interface CheckAofFlags {
  readonly fix?: boolean;
  readonly truncateToTimestamp?: string;
  readonly yes?: boolean;
}

interface EditAofFlags {
  readonly command?: string;
  readonly key?: string;
  readonly file?: string;
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
  readonly remove?: boolean;
  readonly out?: string;
}

const anyOffset = [0, Number.MAX_SAFE_INTEGER] as const;

/** Adds the commands; `finish` takes the exit code. */
export function addToolCommands(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  addCheckAof(program, context, finish);
  addCheckRdb(program, context, finish);
  addEditAof(program, context, finish);
}

function addCheckAof(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('check-aof')
    .description('check an append-only log; cut it behind its last whole command')
    .argument('<path>', 'the manifest, its folder, a data directory, or a single file')
    .option('--fix', 'cut the last file behind its last whole command')
    .option('--truncate-to-timestamp <seconds>', 'cut the last file at this Unix time (#TS lines)')
    .option('-y, --yes', 'do not ask before cutting')
    .addHelpText('after', `
Examples:
  plugpull check-aof /var/lib/redis/appendonlydir
  plugpull check-aof --fix ./appendonlydir/appendonly.aof.manifest
  plugpull check-aof --truncate-to-timestamp 1767225600 ./copy-of-appendonlydir
`)
    .action(async (path: string, flags: CheckAofFlags) => {
      finish(await checkAof(portsOf(context), {
        path: resolve(context.cwd, path),
        fix: flags.fix ?? false,
        truncateToSec: flags.truncateToTimestamp === undefined ? null
          : parseCount('--truncate-to-timestamp', flags.truncateToTimestamp, anyOffset),
        nowMs: context.now().getTime(),
        confirm: (question) => (flags.yes === true ? Promise.resolve(true)
          : confirmed(context, question)),
      }));
    });
}

function addCheckRdb(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('check-rdb')
    .description('check a snapshot: every record and the checksum')
    .argument('<file>', 'for example dump.rdb')
    .addHelpText('after', '\nExample:\n  plugpull check-rdb /var/lib/redis/dump.rdb\n')
    .action((path: string) => {
      finish(checkRdb(portsOf(context), resolve(context.cwd, path), context.now().getTime()));
    });
}

function addEditAof(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('edit-aof')
    .description('list the commands of a log, or write a copy of it without some of them')
    .argument('<path>', 'the manifest, its folder, a data directory, or a single file')
    .option('--command <names>', 'only these commands, for example flushall,del')
    .option('--key <key>', 'only commands with this argument')
    .option('--file <name>', 'only this file of the log')
    .option('--from <offset>', 'only commands from this offset of their file on')
    .option('--to <offset>', 'only commands before this offset of their file')
    .option('--since <seconds>', 'only commands since this Unix time (#TS lines)')
    .option('--until <seconds>', 'only commands until this Unix time')
    .option('--remove', 'write a copy without the commands that match; needs --out and a filter')
    .option('--out <folder>', 'where the copy goes; must not exist or be empty')
    .addHelpText('after', `
Each line is: file, offset, time, database, command. The log itself is never changed.

Examples:
  plugpull edit-aof ./appendonlydir --command flushall,flushdb
  plugpull edit-aof ./appendonlydir --command flushall --from 812345 --remove --out ./rescued
`)
    .action((path: string, flags: EditAofFlags) => finish(edit(context, path, flags)));
}

function edit(context: CliContext, path: string, flags: EditAofFlags): number {
  const filter = filterOf(flags);
  const out = flags.out === undefined ? null : resolve(context.cwd, flags.out);
  if (flags.remove === true && out === null) {
    throw usage('--remove: expected --out with the folder for the copy, found none');
  }
  if (flags.remove !== true && out !== null) {
    throw usage('--out: expected together with --remove; without it commands are only listed');
  }
  if (flags.remove === true && Object.keys(flags).length === 2) {
    throw usage('--remove: expected a filter such as --command flushall, found none: everything'
      + ' would be removed');
  }
  let count: number;
  try {
    count = editAof(portsOf(context), {
      path: resolve(context.cwd, path), filter, outputFolder: out,
    });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitFail;
  }
  context.stderr.write(`${count} ${count === 1 ? 'command' : 'commands'} matched\n`);
  return count > 0 || out === null ? exitPass : exitFail;
}

function filterOf(flags: EditAofFlags): CommandFilter {
  const offset = (name: string, text: string | undefined, otherwise: number): number =>
    (text === undefined ? otherwise : parseCount(name, text, anyOffset));
  return {
    names: new Set((flags.command ?? '').split(',').map((name) => name.trim().toLowerCase())
      .filter((name) => name !== '')),
    key: flags.key === undefined ? null : Buffer.from(flags.key).toString('latin1'),
    file: flags.file ?? null,
    fromOffset: offset('--from', flags.from, everyCommand.fromOffset),
    toOffset: offset('--to', flags.to, everyCommand.toOffset),
    sinceSec: offset('--since', flags.since, everyCommand.sinceSec),
    untilSec: offset('--until', flags.until, everyCommand.untilSec),
  };
}

function portsOf(context: CliContext): ToolPorts {
  return { disk: realDisk(), print: (line) => context.stdout.write(`${line}\n`) };
}

async function confirmed(context: CliContext, question: string): Promise<boolean> {
  context.stdout.write(question);
  const answer = await context.readLine();
  return /^y(?:es)?$/i.test(answer.trim());
}
