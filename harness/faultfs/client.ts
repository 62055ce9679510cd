// The harness' side of faultfs: starts the process, tells it rules, ends it.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import { HarnessError } from '../errors.ts';
import { bundleOf, entryNear } from '../metrics/bundle.ts';
import { faultfsUnavailable, isMounted, removeStaleMount } from './mounts.ts';
import { checkRules } from './rules.ts';
import type { FaultRule, FromFaultfs, HeldCall, ToFaultfs } from './rules.ts';

export { faultfsUnavailable, findMounts, isMounted, removeStaleMount } from './mounts.ts';
export type { FoundMount } from './mounts.ts';
export type { DelayTime, Fault, FaultCall, FaultCode, FaultRule, HeldCall } from './rules.ts';

/** What to mount where. */
export interface FaultfsOptions {
  /** The directory that is passed through; nobody else may change it meanwhile. */
  readonly backing: string;
  /** Made if it does not exist. */
  readonly mountPoint: string;
  /** A new file; keep it off the disk under test (tmpfs). Absent: nothing is recorded. */
  readonly opLogPath?: string;
  readonly rules?: readonly FaultRule[];
  /** Hears of every call that a `delay` or `freeze` holds. */
  readonly onHeld?: (held: HeldCall) => void;
}

/** How a faultfs process ended. */
export interface FaultfsExit {
  /** It was asked to, and nobody had files open. */
  readonly clean: boolean;
  /** What it said last; '' when it said nothing. */
  readonly words: string;
}

/** A mounted faultfs. */
export interface FaultfsMount {
  readonly mountPoint: string;
  readonly pid: number;
  /** Resolves when the process has ended and the mount is gone, whoever ended it. */
  readonly exited: Promise<FaultfsExit>;
  /**
   * Replaces all rules; resolves when they are in force. Counts and budgets start anew; calls that
   * no rule freezes any more go on.
   * @throws {HarnessError} USAGE when a rule makes no sense; ENVIRONMENT when the process is gone.
   */
  setRules(rules: readonly FaultRule[]): Promise<void>;
  /**
   * How many calls each rule has hit, in the order of the rules.
   * @throws {HarnessError} ENVIRONMENT when the process is gone.
   */
  hits(): Promise<readonly number[]>;
  /** Unmounts and ends the process; whoever still has files open there gets errors. */
  unmount(): Promise<FaultfsExit>;
}

/**
 * Mounts a faultfs; resolves when it serves.
 * @throws {HarnessError} ENVIRONMENT when it cannot be mounted, USAGE when a rule makes no sense.
 */
export async function mountFaultfs(options: FaultfsOptions): Promise<FaultfsMount> {
  checkRules(options.rules ?? []);
  const unavailable = faultfsUnavailable();
  if (unavailable !== null) throw cannot(options, unavailable);
  const mountPoint = preparedMountPoint(options);
  const left = await removeStaleMount(mountPoint);
  if (left !== null) throw cannot(options, `an old mount is in the way: ${left}`);
  const child = await start(options, mountPoint);
  const client = new Client(child, { mountPoint, onHeld: options.onHeld });
  await client.ready(options);
  return client;
}

function preparedMountPoint(options: FaultfsOptions): string {
  try {
    mkdirSync(options.mountPoint, { recursive: true });
  } catch (cause) {
    // A stale mount cannot be looked at, but it is known by its path.
    if (!isMounted(options.mountPoint)) throw cannot(options, String(cause));
    return options.mountPoint;
  }
  try {
    return realpathSync(options.mountPoint);
  } catch {
    return options.mountPoint;
  }
}

async function start(options: FaultfsOptions, mountPoint: string): Promise<ChildProcess> {
  const main = await bundleOf(entryNear(import.meta.filename, 'main'));
  const args = [main, '--backing', options.backing, '--mount-point', mountPoint];
  if (options.opLogPath !== undefined) args.push('--op-log', options.opLogPath);
  if (options.rules !== undefined) args.push('--rules', JSON.stringify(options.rules));
  // A group of its own: Ctrl-C reaches the harness, which ends the target first.
  return spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  });
}

function cannot({ mountPoint }: { mountPoint: string }, reason: string): HarnessError {
  return new HarnessError('ENVIRONMENT', `faultfs cannot be mounted on ${mountPoint}: ${reason}`);
}

interface ClientOptions {
  readonly mountPoint: string;
  readonly onHeld: ((held: HeldCall) => void) | undefined;
}

class Client implements FaultfsMount {
  readonly mountPoint: string;
  readonly exited: Promise<FaultfsExit>;
  readonly #child: ChildProcess;
  readonly #onHeld: ((held: HeldCall) => void) | undefined;
  readonly #waiting = new Map<number, (hits: readonly number[]) => void>();
  readonly #serves: Promise<void>;
  #ready: () => void = () => {};
  #nextId = 1;
  #ruleCount = 0;
  #words = '';
  #isUnmounted = false;

  constructor(child: ChildProcess, { mountPoint, onHeld }: ClientOptions) {
    this.mountPoint = mountPoint;
    this.#child = child;
    this.#onHeld = onHeld;
    this.#serves = new Promise((resolve) => (this.#ready = resolve));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-2000);
    });
    child.on('message', (message) => this.#heard(message as FromFaultfs));
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => (this.#words += error.message));
      child.on('close', (code) => void this.#gone(code).then(resolve));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ready(options: FaultfsOptions): Promise<void> {
    this.#ruleCount = options.rules?.length ?? 0;
    const failed = await Promise.race([this.#serves.then(() => null), this.exited]);
    if (failed !== null) throw cannot(options, failed.words || 'the process ended');
  }

  async setRules(rules: readonly FaultRule[]): Promise<void> {
    checkRules(rules);
    this.#ruleCount = rules.length;
    await this.#ask((id) => ({ kind: 'rules', id, rules }));
  }

  async hits(): Promise<readonly number[]> {
    const hits = await this.#ask((id) => ({ kind: 'status', id }));
    return hits.slice(0, this.#ruleCount);
  }

  unmount(): Promise<FaultfsExit> {
    if (this.#child.connected) this.#child.send({ kind: 'unmount' } satisfies ToFaultfs);
    return this.exited;
  }

  async #ask(message: (id: number) => ToFaultfs): Promise<readonly number[]> {
    const id = this.#nextId++;
    const answered = new Promise<readonly number[]>((resolve) => this.#waiting.set(id, resolve));
    if (this.#child.connected) this.#child.send(message(id));
    const answer = await Promise.race([answered, this.exited]);
    this.#waiting.delete(id);
    if ('clean' in answer) {
      const why = answer.words || 'it was unmounted or killed';
      throw new HarnessError('ENVIRONMENT', `faultfs on ${this.mountPoint} is gone: ${why}`);
    }
    return answer;
  }

  #heard(message: FromFaultfs): void {
    if (message.kind === 'ready') this.#ready();
    else if (message.kind === 'held') this.#onHeld?.(message.held);
    else if (message.kind === 'unmounted') this.#isUnmounted = true;
    else if (message.kind === 'done') this.#waiting.get(message.id)?.(message.hits);
  }

  // A process that was killed leaves its mount behind.
  async #gone(code: number | null): Promise<FaultfsExit> {
    await removeStaleMount(this.mountPoint);
    return { clean: code === 0 || this.#isUnmounted, words: this.#words.trim() };
  }
}
