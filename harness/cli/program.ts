// The command line as a whole: commands, help, and what every failure looks like from outside.

import { Command, CommanderError } from 'commander';
import { EngineError } from '../../engine/errors.ts';
import { HarnessError, reasonOf } from '../errors.ts';
import { addAdviseCommand } from './commands/advise.ts';
import { addBackupCommand } from './commands/backup.ts';
import { addCheckCommand } from './commands/check.ts';
import { addCompareCommands } from './commands/compare.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { runEngine } from './commands/engine.ts';
import { addGateCommand } from './commands/gate.ts';
import { addListCommand } from './commands/list.ts';
import { addMergeCommand } from './commands/merge.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addReportCommand } from './commands/report.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addRunCommand } from './commands/run.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { addTrendCommand } from './commands/trend.ts';
import { addToolCommands } from './commands/tools.ts';
import type { CliContext } from './context.ts';
import { exitBug, exitCodeOfError, exitPass, exitUsage } from './exit-codes.ts';
import { usage } from './values.ts';

const laterFlags = ['--config'];

/** Runs one command line; resolves to the exit code and never rejects. */
export async function runCli(context: CliContext): Promise<number> {
  try {
    refuseWhatIsLater(context.argv);
    const [command, ...rest] = context.argv;
    if (command === 'engine') return await runEngine(context, rest);
    return await parse(context);
  } catch (error) {
    return failed(context, error);
  }
}

async function parse(context: CliContext): Promise<number> {
  let code = exitPass;
  const program = programOf(context, (given) => {
    code = given;
  });
  if (context.argv.length === 0) {
    program.outputHelp();
    return exitPass;
  }
  await program.parseAsync([...context.argv], { from: 'user' });
  return code;
}

function programOf(context: CliContext, finish: (code: number) => void): Command {
  const program = new Command('plugpull')
    .description('Pull the plug on Redis persistence, and measure what is left.')
    .usage('<command> [options]')
    .version(context.version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help; also after a command')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', examples)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'plugpull: ')),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  addRunCommand(program, context, finish);
  addSimulateCommand(program, context, finish);
  addListCommand(program, context, finish);
  addCheckCommand(program, context, finish);
  addReportCommand(program, context, finish);
  addAdviseCommand(program, context, finish);
  addCompareCommands(program, context, finish);
  addGateCommand(program, context, finish);
  addDoctorCommand(program, context, finish);
  addTrendCommand(program, context, finish);
  addMergeCommand(program, context, finish);
  addReplayCommand(program, context, finish);
  addBackupCommand(program, context, finish);
  addRestoreCommand(program, context, finish);
  addToolCommands(program, context, finish);
  // Only for the help: its arguments are the engine's own and never parsed here.
  program.command('engine').argument('[redis.conf]')
    .usage('[redis.conf] [--directive value]...')
    .description('the bundled Redis-compatible server in the foreground');
  return program;
}

const examples = `
Examples:
  plugpull run                                  write rate, recovery and loss of every setting
  plugpull run --target redis --crash process   the same for the redis-server of this machine
  plugpull run --target command --crash process one that your commands start: docker, ssh, kubectl
  plugpull replay latest                        a trial that failed, again
  plugpull list                                 what there is to run, and how long it takes
  plugpull compare baseline:main latest         what changed, beyond noise
  plugpull gate --base main                     is this revision worse than main?
  plugpull engine --port 6379 --appendonly yes  the bundled server
  plugpull advise --rpo 1s --rto 10s            which setting of the last run met that?
  plugpull check-aof ./appendonlydir            is this log whole? also check-rdb, edit-aof
  plugpull backup --port 6379 --to /backups     a copy that is known to load; plugpull restore

Results go to stdout, progress to stderr; records to reports/runs/<id>/, the last one to
reports/latest. REDIS_SERVER_BIN and VALKEY_SERVER_BIN name servers that are not on the PATH,
PLUGPULL_TARGET_FILE the commands of --target command (docs/command-targets.md).
`;

function refuseWhatIsLater(argv: readonly string[]): void {
  if (argv[0] === 'engine') return;
  const flag = laterFlags.find((name) => argv.some((word) => word.split('=')[0] === name));
  if (flag !== undefined) throw usage(`the flag ${flag} does not exist yet in this version`);
}

/** Says what went wrong on stderr; the stack only with PLUGPULL_DEBUG=1. Returns the exit code. */
export function failed(context: CliContext, error: unknown): number {
  const { stderr, env } = context;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitPass : exitUsage;
  const known = error instanceof HarnessError || error instanceof EngineError;
  const code = exitCodeOfError(error);
  const text = reasonOf(error);
  if (known && code !== exitBug) {
    stderr.write(`plugpull: ${text}\n`);
  } else {
    stderr.write(`plugpull: this is a bug in Plugpull ${context.version}: ${text}\n`
      + 'Please report it with the command line and the output of PLUGPULL_DEBUG=1.\n');
  }
  if (env['PLUGPULL_DEBUG'] === '1' && error instanceof Error) {
    stderr.write(`${error.stack ?? ''}\n`);
  }
  return code;
}
