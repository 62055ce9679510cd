// The bundled engine, in a process of its own: this Node runs engine/main.ts, or the compiled
// main.js beside us when we run from the built package.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { HarnessError, reasonOf } from '../errors.ts';
import { bundleOf, entryNear } from '../metrics/bundle.ts';
import { installation } from '../metrics/installation.ts';
import { baseArguments, directiveArguments } from './redis.ts';
import { launch } from './server-process.ts';
import type { Located, RunningTarget, StartOptions, Target } from './target.ts';

/**
 * Huge pages for the arena, where the kernel leaves that to the program: a tenth less CPU. glibc
 * reads this when a process starts, so the engine cannot ask for it by itself.
 */
const environment = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

const install = 'npm ci, or npm install plugpull';

/** Another engine: sabotaged ones of tests, other revisions. */
export interface BundledOptions {
  /** Absolute path of the file that Node runs instead of engine/main. */
  readonly entry?: string;
  /** Names the revision that the entry is of; the version installed here without it. */
  readonly version?: string;
}

/** The target `bundled`. */
export function bundledTarget(options: BundledOptions = {}): Target {
  const entry = options.entry ?? entryNear(import.meta.filename, '../../engine/main');
  let located: Promise<Located> | null = null;
  const version = options.version ?? installation.version;
  return {
    name: 'bundled',
    records: true,
    locate: () => located ??= tryEntry(entry, version),
    start: (startOptions) => startEntry(entry, startOptions),
  };
}

function locateEntry(entry: string, version: string = installation.version): Located {
  if (fs.existsSync(entry)) return { kind: 'found', binary: entry, version };
  return { kind: 'missing', lookedFor: [entry], install };
}

/** The thread of the engine that writes snapshots has a file of its own. */
function bundled(entry: string): Promise<string> {
  const worker = path.join(path.dirname(entry), 'snapshot-worker.ts');
  return bundleOf(entry, fs.existsSync(worker) ? [worker] : []);
}

/** Runs it once: it shows that it can, and later starts find its compiled code in Node's cache. */
async function tryEntry(entry: string, version: string): Promise<Located> {
  const located = locateEntry(entry, version);
  if (located.kind === 'missing') return located;
  try {
    const args = [await bundled(entry), '--version'];
    await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
    return located;
  } catch (error) {
    const why = reasonOf(error);
    return { kind: 'missing', lookedFor: [`${entry}: --version failed: ${why}`], install };
  }
}

async function startEntry(entry: string, options: StartOptions): Promise<RunningTarget> {
  const located = locateEntry(entry);
  if (located.kind === 'missing') {
    const text = `the bundled engine is missing: looked for ${entry}; ${located.install}`;
    throw new HarnessError('ENVIRONMENT', text);
  }
  return launch({
    title: `bundled ${located.version}`,
    binary: process.execPath,
    args: [
      await bundled(entry),
      ...baseArguments(options),
      ...directiveArguments(options),
      ...recordArguments(options),
    ],
    directory: options.directory,
    port: options.port,
    logPath: options.logPath,
    environment,
    signal: options.signal,
  });
}

function recordArguments(options: StartOptions): string[] {
  if (options.record === null) return [];
  const { opLogPath, syncDelayMs } = options.record;
  return ['--op-log-file', opLogPath, '--sync-delay-ms', String(syncDelayMs)];
}
