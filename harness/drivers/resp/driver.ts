// The parent's side of a driver: forks the load generator, speaks with it, never waits in vain.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { HarnessError, reasonOf } from '../../errors.ts';
import { bundleOf, entryNear } from '../../metrics/bundle.ts';
import type {
  DriverCommand,
  DriverEvent,
  DriverOptions,
  DriverProgress,
  DriverReady,
  DriverResult,
} from './messages.ts';

export type {
  DriverOptions, DriverProgress, DriverReady, DriverResult, LatencySecond, Series,
} from './messages.ts';

/** What surrounds a driver. */
export interface DriverSurroundings {
  /** Ends the process with SIGKILL as soon as it fires; everything pending throws INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Called about five times a second. */
  readonly onProgress?: (progress: DriverProgress) => void;
}

/** A load generator in a process of its own; its promises reject with DRIVER_FAILED if it dies. */
export interface Driver {
  readonly pid: number;
  /** The target is filled and all connections are open. */
  readonly ready: Promise<DriverReady>;
  /** Starts the load; call it after `ready`. */
  begin(): void;
  /** Ends the load; resolves (CLOCK_MONOTONIC ns) when everything sent is answered or lost. */
  stopSending(): Promise<number>;
  /** Resolves when the server is lost, to the last acknowledgement (ns) before that. */
  readonly lost: Promise<number>;
  /** Resolves when a read is answered again after that, to when (ns). */
  readonly answered: Promise<number>;
  /** The server will come back on another port. */
  moved(port: number): void;
  /** Ends it; waits up to `graceMs` (1,000) for open replies and for the end of an outage. */
  finish(graceMs?: number): Promise<DriverResult>;
  /** SIGKILL; resolves when the process is gone. For when its result is of no use any more. */
  kill(): Promise<void>;
}

const keptOutputCharacters = 4000;

/** A driver's process that waits for its orders. */
export interface IdleDriver {
  /** Gives it its orders; it connects and fills the target at once. */
  start(options: DriverOptions): Driver;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/**
 * Forks a driver ahead, for instance while the server starts: a process needs its time.
 * @throws {HarnessError} INTERRUPTED when the signal has fired, DRIVER_FAILED when fork fails.
 */
export async function forkDriver(surroundings: DriverSurroundings = {}): Promise<IdleDriver> {
  if (surroundings.signal?.aborted === true) throw interrupted();
  const child = fork(await bundleOf(entryNear(import.meta.filename, 'process')), [], {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    const why = reasonOf(error);
    const text = `the load generator cannot be started: ${why}`;
    throw new HarnessError('DRIVER_FAILED', text, { cause: error });
  }
  return new ForkedDriver(child, surroundings);
}

/**
 * Forks a driver and gives it its orders.
 * @throws {HarnessError} INTERRUPTED when the signal has fired, DRIVER_FAILED when fork fails.
 */
export async function startDriver(
  options: DriverOptions,
  surroundings: DriverSurroundings = {},
): Promise<Driver> {
  return (await forkDriver(surroundings)).start(options);
}

function interrupted(): HarnessError {
  return new HarnessError('INTERRUPTED', 'the load generator was ended: interrupted');
}

class ForkedDriver implements IdleDriver, Driver {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #onProgress: ((progress: DriverProgress) => void) | undefined;
  readonly #ready = Promise.withResolvers<DriverReady>();
  readonly #stopped = Promise.withResolvers<number>();
  readonly #lost = Promise.withResolvers<number>();
  readonly #answered = Promise.withResolvers<number>();
  readonly #result = Promise.withResolvers<DriverResult>();
  readonly #exited: Promise<void>;
  #lastWords = '';
  #isFinished = false;
  #failure: HarnessError | null = null;

  constructor(child: ChildProcess, surroundings: DriverSurroundings) {
    this.pid = child.pid as number; // 'spawn' was emitted
    this.#child = child;
    this.#onProgress = surroundings.onProgress;
    for (const { promise } of this.#pending()) promise.catch(() => {}); // told to who awaits it
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-keptOutputCharacters);
      });
    }
    child.on('message', (event: DriverEvent) => this.#heard(event));
    child.on('error', () => {}); // a command to a process that is gone: 'close' says it better
    const onAbort = (): void => {
      this.#fail(interrupted());
      child.kill('SIGKILL');
    };
    surroundings.signal?.addEventListener('abort', onAbort, { once: true });
    this.#exited = once(child, 'close').then(([code, signal]) => {
      surroundings.signal?.removeEventListener('abort', onAbort);
      this.#ended(code as number | null, signal as string | null);
    });
    if (surroundings.signal?.aborted === true) onAbort();
  }

  start(options: DriverOptions): Driver {
    this.#tell({ kind: 'start', options });
    return this;
  }

  get ready(): Promise<DriverReady> {
    return this.#ready.promise;
  }

  get lost(): Promise<number> {
    return this.#lost.promise;
  }

  get answered(): Promise<number> {
    return this.#answered.promise;
  }

  begin(): void {
    this.#tell({ kind: 'begin' });
  }

  stopSending(): Promise<number> {
    this.#tell({ kind: 'stop-sending' });
    return this.#stopped.promise;
  }

  moved(port: number): void {
    this.#tell({ kind: 'moved', port });
  }

  async finish(graceMs: number = 1000): Promise<DriverResult> {
    this.#tell({ kind: 'finish', graceMs });
    const result = await this.#result.promise;
    await this.#exited;
    return result;
  }

  async kill(): Promise<void> {
    this.#fail(new HarnessError('DRIVER_FAILED', 'the load generator was ended'));
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #pending(): readonly { promise: Promise<unknown>; reject: (error: Error) => void }[] {
    return [this.#ready, this.#stopped, this.#lost, this.#answered, this.#result];
  }

  #tell(command: DriverCommand): void {
    if (this.#child.connected) this.#child.send(command, () => {});
  }

  #heard(event: DriverEvent): void {
    if (event.kind === 'progress') this.#onProgress?.(event.progress);
    else if (event.kind === 'ready') this.#ready.resolve(event.ready);
    else if (event.kind === 'stopped') this.#stopped.resolve(event.atNs);
    else if (event.kind === 'lost') this.#lost.resolve(event.atNs);
    else if (event.kind === 'answered') this.#answered.resolve(event.atNs);
    else if (event.kind === 'failed') this.#fail(failed(event.text));
    else {
      this.#isFinished = true;
      this.#result.resolve(event.result);
    }
  }

  #ended(code: number | null, signal: string | null): void {
    if (this.#isFinished) return;
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const words = this.#lastWords.trim();
    const said = words === '' ? 'it said nothing' : `its last words:\n${words}`;
    this.#fail(failed(`it ended by itself (${how}); ${said}`));
  }

  #fail(error: HarnessError): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending()) reject(this.#failure);
  }
}

function failed(why: string): HarnessError {
  return new HarnessError('DRIVER_FAILED', `the load generator failed: ${why}`);
}
