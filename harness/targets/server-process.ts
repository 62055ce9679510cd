// One server process, from spawn to exit: its log, its death (by whom), its CPU and memory.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError, reasonOf } from '../errors.ts';
import { hold, processHolding } from '../holdings/holdings.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { LogFile } from './log-file.ts';
import { pollListener } from './ports.ts';
import { processCpuUs, processRssBytes } from './proc.ts';
import type { ExitInfo, RunningTarget } from './target.ts';

/** What to spawn, without a shell. */
export interface Launch {
  /** How messages call it, `redis 7.0.15` say. */
  readonly title: string;
  readonly binary: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly port: number;
  readonly logPath: string;
  /** Added to the environment, unless it has them already. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const lastWordsLines = 20;
const drainLogMs = 100;

/** Everything alive, so that not even a crash of the harness leaves servers behind. */
const alive = new Set<ServerProcess>();
let exitHookInstalled = false;

function killAllOnExit(): void {
  if (exitHookInstalled) return;
  exitHookInstalled = true;
  process.once('exit', () => {
    for (const server of alive) server.kill();
  });
}

/**
 * Spawns a server and resolves as soon as the process exists.
 * @throws {HarnessError} INTERRUPTED when the signal has fired, ENVIRONMENT when it cannot be run.
 */
export async function launch(options: Launch): Promise<RunningTarget> {
  if (options.signal?.aborted === true) {
    throw new HarnessError('INTERRUPTED', `${options.title} was not started: interrupted`);
  }
  killAllOnExit();
  const log = openLog(options);
  const spawnedNs = monotonicNs();
  // A group of its own: Ctrl-C at the terminal reaches us and not the server, and one signal ends
  // the server together with its snapshot child, which else would go on renaming files.
  const child = spawn(options.binary, [...options.args], {
    cwd: options.directory,
    env: { ...options.environment, ...process.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    log.close();
    const why = reasonOf(error);
    throw new HarnessError('ENVIRONMENT', `${options.title} cannot be run: ${why}`, {
      cause: error,
    });
  }
  return new ServerProcess(child, log, { ...options, spawnedNs });
}

function openLog(options: Launch): LogFile {
  try {
    return new LogFile(options.logPath);
  } catch (error) {
    const why = reasonOf(error);
    throw new HarnessError('ENVIRONMENT', `the log of ${options.title} cannot be written: ${why}`, {
      cause: error,
    });
  }
}

class ServerProcess implements RunningTarget {
  readonly pid: number;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly spawnedNs: number;
  readonly exited: Promise<ExitInfo>;
  readonly #title: string;
  readonly #log: LogFile;
  #exit: ExitInfo | null = null;
  #ending: 'killed' | 'stopped' | 'aborted' | null = null;

  constructor(child: ChildProcess, log: LogFile, launched: Launch & { spawnedNs: number }) {
    this.pid = child.pid as number; // 'spawn' was emitted
    this.port = launched.port;
    this.spawnedNs = launched.spawnedNs;
    this.#title = launched.title;
    this.#log = log;
    if (child.stdout !== null) log.follow(child.stdout);
    if (child.stderr !== null) log.follow(child.stderr);
    alive.add(this);
    const holding = processHolding(this.pid);
    const release = holding === null ? null : hold(holding);
    const onAbort = (): void => this.#end('aborted', 'SIGKILL');
    launched.signal?.addEventListener('abort', onAbort, { once: true });
    this.exited = this.#watch(child).finally(() => {
      release?.();
      launched.signal?.removeEventListener('abort', onAbort);
    });
    if (launched.signal?.aborted === true) onAbort();
  }

  async #watch(child: ChildProcess): Promise<ExitInfo> {
    const logDrained = new Promise((resolve) => child.once('close', resolve));
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    const atNs = monotonicNs();
    alive.delete(this);
    // Not for ever: a snapshot child that outlived its server may hold the pipe open.
    await Promise.race([logDrained, sleep(drainLogMs)]);
    const asAsked = this.#ending === 'stopped' || signal === 'SIGKILL';
    const cause = this.#ending !== null && asAsked ? this.#ending : 'alone';
    this.#exit = { code, signal, atNs, cause, lastWords: this.#log.tail(lastWordsLines) };
    return this.#exit;
  }

  async waitListening(timeoutMs: number): Promise<number> {
    const listeningNs = await pollListener(this.port, this.pid, {
      timeoutMs,
      gone: () => !alive.has(this),
    });
    if (listeningNs !== null) return listeningNs;
    if (!alive.has(this)) await this.exited;
    throw this.#notListening(timeoutMs);
  }

  #notListening(timeoutMs: number): HarnessError {
    const exit = this.#exit;
    if (exit?.cause === 'aborted') {
      return new HarnessError('INTERRUPTED', `${this.#title} was ended: interrupted`);
    }
    const what =
      exit === null
        ? `is not listening on port ${this.port} after ${timeoutMs} ms`
        : `ended before it listened (${describeExit(exit)})`;
    const words = this.logTail(lastWordsLines);
    return new HarnessError('TARGET_FAILED', `${this.#title} ${what}${quoteLog(words)}`);
  }

  exitInfo(): ExitInfo | null {
    return this.#exit;
  }

  kill(): { readonly cutNs: number; readonly applied: boolean } {
    const applied = alive.has(this);
    const cutNs = monotonicNs();
    if (applied) this.#end('killed', 'SIGKILL');
    return { cutNs, applied };
  }

  async stop(graceMs: number = 5000): Promise<void> {
    this.#end('stopped', 'SIGTERM');
    const timer = setTimeout(() => this.#end('stopped', 'SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  #end(ending: 'killed' | 'stopped' | 'aborted', signal: 'SIGKILL' | 'SIGTERM'): void {
    if (!alive.has(this)) return;
    this.#ending ??= ending;
    if (ending === 'aborted') this.#ending = ending;
    try {
      process.kill(process.platform === 'win32' ? this.pid : -this.pid, signal);
    } catch {
      // It is gone already; the exit event is on its way.
    }
  }

  logTail(lines: number): string[] {
    return this.#log.tail(lines);
  }

  loadingMs(): number | null {
    return this.#log.loadingMs;
  }

  cpuUs(): number | null {
    return alive.has(this) ? processCpuUs(this.pid) : null;
  }

  rssBytes(): number | null {
    return alive.has(this) ? processRssBytes(this.pid) : null;
  }
}

/** An exit in words: `exit code 1`, `signal SIGSEGV`. */
export function describeExit(exit: Pick<ExitInfo, 'code' | 'signal' | 'seen'>): string {
  if (exit.seen !== undefined) return exit.seen;
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}

/** Log lines as an indented block for the end of a message; nothing for no lines. */
export function quoteLog(lines: readonly string[]): string {
  if (lines.length === 0) return '; it said nothing';
  return `; its last words:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
