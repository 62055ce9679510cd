// `plugpull engine`: the bundled server in the foreground, with the arguments as they are, the
// streams of this process, its signals and its exit code.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { CliContext, SignalName } from '../context.ts';
import { exitBug } from '../exit-codes.ts';

/** Runs the engine until it ends; resolves to its exit code, or 128 + the signal that ended it. */
export function runEngine(context: CliContext, args: readonly string[]): Promise<number> {
  const child = spawn(context.execPath, [context.engineEntry, ...args], {
    stdio: 'inherit', cwd: context.cwd, env: context.env,
  });
  const unlisten = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => (
    context.onSignal(name, () => {
      if (!comesByItself(context, name)) child.kill(name);
    })
  ));
  return new Promise((resolve) => {
    const finish = (code: number): void => {
      for (const stop of unlisten) stop();
      resolve(code);
    };
    child.once('error', (error) => {
      context.stderr.write(`plugpull: cannot start the engine: ${error.message}\n`);
      finish(exitBug);
    });
    child.once('exit', (code, signal) => {
      finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** Ctrl-C in a terminal reaches the whole foreground group; sent twice it would mean "at once". */
function comesByItself(context: CliContext, name: SignalName): boolean {
  return name === 'SIGINT' && context.stdinIsTerminal;
}
