// The process of the bundled engine: `node engine/main.ts [redis.conf] [--directive value …]…`.
// It reads the arguments, hands the real ports to the engine, and turns its end into an exit code.

import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { redisVersion } from './commands/context.ts';
import { directives } from './config/directives.ts';
import { parseArguments, parseConfigText } from './config/source.ts';
import type { DirectiveEntry, EngineArguments } from './config/source.ts';
import { formatValue } from './config/values.ts';
import { EngineError, reasonOf } from './errors.ts';
import type { EngineErrorCode } from './errors.ts';
import { realClock } from './io/clock.ts';
import { realDisk } from './io/real-disk.ts';
import { realEntropy } from './io/entropy.ts';
import { textOfBytes } from './resp/byte-text.ts';
import { SnapshotThread } from './server/snapshot-thread.ts';
import { startEngine } from './start.ts';
import type { RunningEngine } from './start.ts';

const exitUsage = 64;
const exitUnavailable = 69;
const exitBug = 70;
const lingerMs = 1000;
/** TypeScript here, JavaScript in the package and in bundles. */
const snapshotWorker = new URL(
  `./snapshot-worker${extname(import.meta.filename)}`, import.meta.url,
);

/** What does not stand here is a refusal to load the data: 1, as redis-server. */
const exitCodes: Partial<Record<EngineErrorCode, number>> = {
  CONFIG_BAD: exitUsage,
  PORT_UNAVAILABLE: exitUnavailable,
  DIRECTORY_UNUSABLE: exitUnavailable,
  ARENA_UNAVAILABLE: exitUnavailable,
};

process.on('uncaughtException', (error) => {
  process.stderr.write(`plugpull engine: a bug in Plugpull: ${error.stack ?? error.message}\n`);
  process.exit(exitBug);
});

// Not awaited: a start that SIGTERM ends while it loads never settles, and Node would call that 13.
void main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  try {
    const parsed = parseArguments(args);
    if (parsed.action === 'help') process.stdout.write(helpText());
    else if (parsed.action === 'version') process.stdout.write(versionText());
    else await run(parsed);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    process.stderr.write(`plugpull engine: ${error.message}\n`);
    process.exit(exitCodes[error.code] ?? 1);
  }
}

async function run(parsed: EngineArguments): Promise<void> {
  await startEngine({
    directives: [...readConfig(parsed.configPath), ...parsed.entries],
    ports: {
      disk: realDisk(), clock: realClock(), entropy: realEntropy(),
      snapshotThread: (options) => new SnapshotThread({ ...options, url: snapshotWorker }),
    },
    onListening: (engine) => {
      watchSignals(engine);
      void engine.ended.then(finish);
    },
  });
}

/** Replies on their way to slow clients keep the process for a moment, but not for ever. */
function finish(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), lingerMs).unref();
}

/** SIGTERM and SIGINT end as SHUTDOWN does; a second SIGINT ends at once, as in Redis. */
function watchSignals(engine: RunningEngine): void {
  let asked = false;
  const shutdown = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (asked && signal === 'SIGINT') process.exit(1);
    asked = true;
    // Null: the engine ends. Otherwise it could not save and goes on, and may be asked again.
    const refusal = engine.shutdownBySignal(signal);
    if (refusal !== null) asked = false;
  };
  process.on('SIGTERM', () => shutdown('SIGTERM'));
  process.on('SIGINT', () => shutdown('SIGINT'));
}

function readConfig(path: string | null): readonly DirectiveEntry[] {
  if (path === null) return [];
  try {
    return parseConfigText(textOfBytes(readFileSync(path === '-' ? 0 : path)), path);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const reason = reasonOf(cause);
    const message = `cannot read the configuration file '${path}': ${reason}`;
    throw new EngineError('CONFIG_BAD', message, { cause });
  }
}

function versionText(): string {
  return `Plugpull engine, speaks Redis ${redisVersion}, Node ${process.versions.node}\n`;
}

function helpText(): string {
  const rows = directives.map(({ name, help, initial }) => {
    const shown = formatValue(initial);
    const value = shown.length > 30 ? '' : ` (${shown === '' ? '""' : shown})`;
    return `  --${name.padEnd(29)} ${help}${value}`;
  });
  return `Usage: plugpull engine [redis.conf | -] [--directive value …]…

A Redis-compatible server. Directives are those of redis.conf.

Examples:
  plugpull engine
  plugpull engine --port 7000 --dir /var/lib/data --appendonly yes --appendfsync always
  plugpull engine redis.conf --save 3600 1 --save 60 10000
  plugpull engine --port 0 --save ""          a free port, nothing kept

Directives and their defaults:
${rows.join('\n')}

  -h, --help       this text
  -v, --version    versions

Exit codes: 0 shut down · 1 the data cannot be loaded or kept · 64 wrong configuration ·
69 port, directory or memory cannot be had · 70 a bug in Plugpull
`;
}
