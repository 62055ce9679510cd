// The process: the only file of the harness that reads `process`. Fills the context and ends with
// the exit code of the command.

import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPlan } from '../run/run.ts';
import { targets } from '../targets/targets.ts';
import type { CliContext, Output } from './context.ts';
import { failed, runCli } from './program.ts';

const here = fileURLToPath(import.meta.url);
// The same relative places in the source tree and in dist/.
const root = join(dirname(here), '..', '..');

function outputOf(stream: NodeJS.WriteStream): Output {
  // A reader that went away (`plugpull list | head`, a closed terminal) is no failure of ours.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns ?? 80,
  };
}

/** In a clone the package is beside harness/, in the tarball beside dist/. */
function versionOf(): string {
  for (const folder of [root, dirname(root)]) {
    try {
      const text = readFileSync(join(folder, 'package.json'), 'utf8');
      const parsed = JSON.parse(text) as { name?: string; version?: string };
      if (parsed.name === 'plugpull' && parsed.version !== undefined) return parsed.version;
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown';
}

const context: CliContext = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  stdinIsTerminal: process.stdin.isTTY === true,
  execPath: process.execPath,
  nodeVersion: process.versions.node,
  version: versionOf(),
  onSignal: (name, handler) => {
    process.on(name, handler);
    return () => {
      process.off(name, handler);
    };
  },
  exitNow: (code) => process.exit(code),
  scenariosDirectory: join(root, 'scenarios'),
  engineEntry: join(root, 'engine', `main${extname(here)}`),
  targets,
  machine: {
    freeDiskBytes: async (folder) => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
    freeMemoryBytes: freemem,
  },
  runPlan,
  randomSeed: () => randomInt(2 ** 32),
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

process.on('uncaughtException', (error) => {
  process.exit(failed(context, error));
});

process.exitCode = await runCli(context);
