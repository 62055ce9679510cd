// The bundled engine, in a process of its own: this Node runs engine/main.ts, or the compiled
// main.js beside us when we run from the built package.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../errors.ts';
import { baseArguments, directiveArguments } from './redis.ts';
import { launch } from './server-process.ts';
import type { Located, RunningTarget, StartOptions, Target } from './target.ts';

/** What tests replace: sabotaged engines have an entry file of their own. */
export interface BundledOptions {
  /** Absolute path of the file that Node runs instead of engine/main. */
  readonly entry?: string;
}

/** The target `bundled`. */
export function bundledTarget(options: BundledOptions = {}): Target {
  const entry = options.entry ?? defaultEntry();
  return {
    name: 'bundled',
    records: true,
    locate: async () => locateEntry(entry),
    start: (startOptions) => startEntry(entry, startOptions),
  };
}

/** engine/main.ts from source, engine/main.js from the build: whichever this file is. */
function defaultEntry(): string {
  const here = fileURLToPath(import.meta.url);
  return path.resolve(path.dirname(here), `../../engine/main${path.extname(here)}`);
}

function locateEntry(entry: string): Located {
  if (fs.existsSync(entry)) return { kind: 'found', binary: entry, version: packageVersion() };
  return { kind: 'missing', lookedFor: [entry], install: 'npm ci, or npm install plugpull' };
}

/** Version in the nearest package.json above this file; from source and from dist alike. */
function packageVersion(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = path.join(directory, 'package.json');
    if (fs.existsSync(file)) {
      const parsed = JSON.parse(fs.readFileSync(file, 'utf8')) as { version?: string };
      return parsed.version ?? 'unknown';
    }
    const parent = path.dirname(directory);
    if (parent === directory) return 'unknown';
    directory = parent;
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
      entry,
      ...baseArguments(options),
      ...directiveArguments(options),
      ...recordArguments(options),
    ],
    directory: options.directory,
    port: options.port,
    logPath: options.logPath,
    signal: options.signal,
  });
}

function recordArguments(options: StartOptions): string[] {
  if (options.record === null) return [];
  const { opLogPath, syncDelayMs } = options.record;
  return ['--op-log-file', opLogPath, '--sync-delay-ms', String(syncDelayMs)];
}
