// The target `command`: a server somewhere else, in a container, on another host, in a pod, that
// commands of the user's start, kill and wipe. We have no process of it: it lives while it answers
// at its address with the run id of its start, and it is dead when it does not.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../errors.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { readCommandFile, startCommand } from './command-file.ts';
import type { CommandFile } from './command-file.ts';
import { askInfo } from './ports.ts';
import { quoteLog } from './server-process.ts';
import type { ExitInfo, Located, RunningTarget, StartOptions, Target } from './target.ts';

const variable = 'PLUGPULL_TARGET_FILE';
const pollMs = 10;
const askTimeoutMs = 2000;
const commandTimeoutMs = 60_000;
const longestDyingMs = 10_000;
const lastWordsLines = 20;
const longestWordsBytes = 8000;

/** What tests replace. */
export interface CommandOptions {
  /** @defaultValue process.env */
  readonly environment?: NodeJS.ProcessEnv;
  /** How long a server may still answer once its kill has returned, ms. @defaultValue 10 s */
  readonly dyingMs?: number;
}

/** The target `command`. */
export function commandTarget(
  { environment = process.env, dyingMs = longestDyingMs }: CommandOptions = {},
): Target {
  const lastRun: LastRun = { id: '' };
  return {
    name: 'command',
    records: false,
    locate: async () => locate(environment),
    start: async (options) => start({ file: fileOf(environment), dyingMs, lastRun, options }),
    tidy: async (logPath) => {
      const file = fileOf(environment);
      await runCommand(file.kill, logPath);
      await runCommand(file.wipe, logPath);
    },
  };
}

interface Start {
  readonly file: CommandFile;
  readonly dyingMs: number;
  readonly lastRun: LastRun;
  readonly options: StartOptions;
}

/** The server that was started last: whoever answers with its id is no new one. */
interface LastRun {
  id: string;
}

function locate(environment: NodeJS.ProcessEnv): Located {
  const named = environment[variable] ?? '';
  const install = `set ${variable} to a file as in docs/command-targets.md`;
  if (named === '') return { kind: 'missing', lookedFor: [`$${variable} (not set)`], install };
  const binary = path.resolve(named);
  if (!fs.existsSync(binary)) {
    return { kind: 'missing', lookedFor: [`${binary} ($${variable})`], install };
  }
  return { kind: 'found', binary, version: readCommandFile(binary).name };
}

function fileOf(environment: NodeJS.ProcessEnv): CommandFile {
  const located = locate(environment);
  if (located.kind === 'found') return readCommandFile(located.binary);
  const looked = located.lookedFor.join(', ');
  const text = `no file for the target command: looked for ${looked}; ${located.install}`;
  throw new HarnessError('ENVIRONMENT', text);
}

async function start(given: Start): Promise<RunningTarget> {
  const { file, options } = given;
  if (options.record !== null) {
    throw new HarnessError('USAGE', 'the target command writes no op log and cannot be recorded');
  }
  if (options.signal?.aborted === true) {
    throw new HarnessError('INTERRUPTED', `${file.name} was not started: interrupted`);
  }
  if (options.isFresh === true) await wipe(file, options);
  return new CommandServer(given);
}

/** Ends whatever runs there and takes its data away, so that a load begins with nothing. */
async function wipe(file: CommandFile, { logPath }: StartOptions): Promise<void> {
  await runCommand(file.kill, logPath); // there may be none
  const wiped = await runCommand(file.wipe, logPath);
  if (wiped.code !== 0) throw commandFailed(file, 'wipe', wiped);
  if (await isGone(file, null)) return;
  const { host, port } = file.address;
  const text = `${file.name}: somebody still answers at ${host}:${port} after kill and wipe; the `
    + 'address must be of a server that these commands end';
  throw new HarnessError('TARGET_FAILED', text);
}

class CommandServer implements RunningTarget {
  readonly pid = 0;
  readonly host: string;
  readonly port: number;
  readonly spawnedNs: number = monotonicNs();
  readonly exited: Promise<ExitInfo>;
  readonly #file: CommandFile;
  readonly #options: StartOptions;
  readonly #lastRun: LastRun;
  readonly #dyingMs: number;
  readonly #started: Promise<Ended>;
  readonly #tellExit: (exit: ExitInfo) => void;
  #startFailure: Ended | null = null;
  #exit: ExitInfo | null = null;
  #runId: string | null = null;
  #ending: Promise<unknown> | null = null;
  #words: readonly string[] = [];

  constructor({ file, options, lastRun, dyingMs }: Start) {
    const { promise, resolve } = Promise.withResolvers<ExitInfo>();
    [this.#file, this.#options, this.#lastRun] = [file, options, lastRun];
    this.#dyingMs = dyingMs;
    [this.host, this.port] = [file.address.host, file.address.port];
    [this.exited, this.#tellExit] = [promise, resolve];
    const command = startCommand(file, options.directives);
    this.#started = runCommand(command, options.logPath, null);
    void this.#started.then((ended) => {
      if (ended.code !== 0) this.#startFailure = ended;
    });
    const onAbort = (): void => void this.#end('aborted', this.#file.kill);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    void promise.then(() => options.signal?.removeEventListener('abort', onAbort));
  }

  async waitListening(timeoutMs: number): Promise<number> {
    const deadlineNs = monotonicNs() + timeoutMs * 1e6;
    while (monotonicNs() < deadlineNs && this.#exit === null && this.#startFailure === null) {
      const answer = await askInfo(this.#file.address, askTimeoutMs);
      const id = runIdIn(answer?.info ?? '');
      if (answer !== null && id !== '' && id !== this.#lastRun.id) {
        this.#runId = this.#lastRun.id = id;
        void this.#watch();
        return answer.connectedNs;
      }
      await sleep(pollMs);
    }
    await this.#fetchLogs();
    if (this.#options.signal?.aborted === true) {
      throw new HarnessError('INTERRUPTED', `${this.#file.name} was ended: interrupted`);
    }
    if (this.#startFailure !== null) {
      const words = [...new Set([...this.#startFailure.words, ...this.#words])];
      throw commandFailed(this.#file, 'start', { ...this.#startFailure, words });
    }
    const text = `${this.#file.name} does not answer INFO at ${this.host}:${this.port} after `
      + `${timeoutMs} ms${quoteLog(this.#words)}`;
    throw new HarnessError('TARGET_FAILED', text);
  }

  /** Lives on one connection until it breaks and nobody of this run id answers any more. */
  async #watch(): Promise<void> {
    while (this.#exit === null && this.#ending === null) {
      await connectionEnd(this.#file.address, this.exited);
      if (this.#ending !== null || this.#exit !== null) return;
      if (await isGone(this.#file, this.#runId)) await this.#died('alone');
    }
  }

  exitInfo(): ExitInfo | null {
    return this.#exit;
  }

  kill(): { readonly cutNs: number; readonly applied: boolean } {
    const applied = this.#exit === null && this.#runId !== null;
    const cutNs = monotonicNs();
    void this.#end('killed', this.#file.kill);
    return { cutNs, applied };
  }

  async stop(graceMs: number = 5000): Promise<void> {
    const { stop, kill } = this.#file;
    await this.#end('stopped', graceMs > 0 && stop !== null ? stop : kill);
    await this.exited;
  }

  #end(cause: ExitInfo['cause'], command: string): Promise<unknown> {
    this.#ending ??= this.#exit === null ? this.#endBy(cause, command) : Promise.resolve();
    return this.#ending;
  }

  async #endBy(cause: ExitInfo['cause'], command: string): Promise<void> {
    const ended = await runCommand(command, this.#options.logPath);
    const deadlineNs = monotonicNs() + this.#dyingMs * 1e6;
    let gone = await isGone(this.#file, this.#runId);
    while (!gone && monotonicNs() < deadlineNs) {
      await sleep(pollMs);
      gone = await isGone(this.#file, this.#runId);
    }
    const said = ended.words.join(' / ');
    const how = ended.code === 0 ? '' : ` (it ended with ${ended.code}: ${said})`;
    const name = command === this.#file.kill ? 'kill' : 'stop';
    await this.#died(cause, gone ? undefined
      : `the server still answers ${this.#dyingMs} ms after its ${name} command${how}`);
  }

  async #died(cause: ExitInfo['cause'], killFailure?: string): Promise<void> {
    const atNs = monotonicNs();
    await this.#fetchLogs();
    this.#exit ??= {
      code: null, signal: null, atNs, cause, lastWords: this.#words, seen: 'it answers no more',
      ...(killFailure === undefined ? {} : { killFailure }),
    };
    this.#tellExit(this.#exit);
  }

  async #fetchLogs(): Promise<void> {
    const { logs } = this.#file;
    const ended = logs === null ? await quick(this.#started)
      : await runCommand(logs, this.#options.logPath);
    if (ended !== null) this.#words = ended.words;
  }

  logTail(lines: number): string[] {
    return this.#words.slice(-lines);
  }

  loadingMs(): number | null {
    return null;
  }

  cpuUs(): number | null {
    return null;
  }

  rssBytes(): number | null {
    return null;
  }
}

/** True when nobody answers, or another one than the server of this run id. */
async function isGone({ address }: CommandFile, runId: string | null): Promise<boolean> {
  const answer = await askInfo(address, askTimeoutMs);
  return answer === null || (runId !== null && runIdIn(answer.info) !== runId);
}

function runIdIn(info: string): string {
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? '';
}

/** Resolves when a connection made now ends, or when `orUntil` does. */
function connectionEnd(
  { host, port }: CommandFile['address'], orUntil: Promise<unknown>,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.unref();
    socket.on('error', () => {});
    socket.resume();
    socket.once('close', () => resolve());
    void orUntil.then(() => socket.destroy());
  });
}

/** How a command ended. */
interface Ended {
  /** Null when it was ended by a signal or could not be started. */
  readonly code: number | null;
  /** The last lines of what it said. */
  readonly words: readonly string[];
}

/**
 * Runs a command in a shell, its words appended to a file: what it leaves in the background may
 * hold them open for as long as it likes.
 */
function runCommand(
  command: string, logPath: string, timeoutMs: number | null = commandTimeoutMs,
): Promise<Ended> {
  const log = fs.openSync(logPath, 'a+');
  const fromBytes = fs.fstatSync(log).size;
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', log, log] });
  const timer = timeoutMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  return new Promise((resolve) => {
    const end = (code: number | null): void => {
      clearTimeout(timer);
      const said = Buffer.alloc(Math.min(longestWordsBytes, fs.fstatSync(log).size - fromBytes));
      fs.readSync(log, said, 0, said.length, fs.fstatSync(log).size - said.length);
      fs.closeSync(log);
      const lines = said.toString().split('\n').filter((line) => line.trim() !== '');
      resolve({ code, words: lines.slice(-lastWordsLines) });
    };
    child.once('error', () => end(null));
    child.once('exit', end);
  });
}

function quick(started: Promise<Ended>): Promise<Ended | null> {
  return Promise.race([started, sleep(100).then(() => null)]);
}

function commandFailed(
  file: CommandFile, name: 'start' | 'wipe', { code, words }: Ended,
): HarnessError {
  const text = `${file.name}: its ${name} command ended with ${code ?? 'a signal'}`;
  return new HarnessError('TARGET_FAILED', `${text}${quoteLog(words)}`);
}
