// The process: the only file of the harness that reads `process`. Fills the context and ends with
// the exit code of the command.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { diskUnavailable } from '../disks/disks.ts';
import { cleanLeftovers, findLeftovers, holdingText } from '../holdings/clean.ts';
import { probeFsync } from '../metrics/fsync-probe.ts';
import { describeTestbed, isRotational } from '../metrics/testbed.ts';
import { cacheFolder } from '../metrics/bundle.ts';
import { installation } from '../metrics/installation.ts';
import { openFilesLimit } from '../metrics/testbed.ts';
import { runArms, runPlan } from '../run/run.ts';
import { targets } from '../targets/targets.ts';
import type { CliContext, Output } from './context.ts';
import { tryDirectives } from './directive-trial.ts';
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

// Servers and drivers are started dozens of times a run: from compiled code they need a quarter of
// the CPU (0.30 → 0.07 s each, measured). Node does without where the folder cannot be written.
process.env['NODE_COMPILE_CACHE'] ??= cacheFolder;

const context: CliContext = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  stdinIsTerminal: process.stdin.isTTY === true,
  readLine: async () => {
    const lines = createInterface({ input: process.stdin });
    const { value } = await lines[Symbol.asyncIterator]().next() as { value?: string };
    lines.close();
    return value ?? '';
  },
  execPath: process.execPath,
  nodeVersion: process.versions.node,
  version: installation.version,
  onSignal: (name, handler) => {
    process.on(name, handler);
    return () => {
      process.off(name, handler);
    };
  },
  openBrowser: (url) => {
    const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
    spawn(program, [url], { detached: true, stdio: 'ignore' })
      .on('error', () => {}) // no browser here: the address has been printed
      .unref();
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
    probeDisk: async (folder) => ({
      fs: describeTestbed(folder).fs,
      isRotational: isRotational(folder),
      fsync: await probeFsync(folder, { call: 'fsync' }),
      fdatasync: await probeFsync(folder),
    }),
    leftovers: async () => (await findLeftovers())
      .flatMap(({ holdings }) => holdings.map(holdingText)),
    clean: () => cleanLeftovers(),
    diskUnavailable: ({ disk, fileSystem }) => diskUnavailable(disk, fileSystem ?? 'ext4'),
    openFilesLimit,
  },
  tryDirectives,
  runPlan,
  runArms,
  simulated: () => ({}),
  randomSeed: () => randomInt(2 ** 32),
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

process.on('uncaughtException', (error) => {
  process.exit(failed(context, error));
});

process.exitCode = await runCli(context);
