// The faultfs process: mounts, starts the worker that serves (session.ts), and keeps what must not
// wait for requests: the channel to the harness, the timers of delayed calls, the end.
//
//   node harness/faultfs/main.ts --backing DIR --mount-point DIR [--op-log FILE] [--rules JSON]
//
// Unmounts and exits on SIGTERM, SIGINT, `unmount`, and when the channel to its parent closes.

import { openSync, readFileSync, realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '../errors.ts';
import { mount, unmount } from './mounts.ts';
import { errnos } from './protocol.ts';
import { checkRules, maxRules } from './rules.ts';
import type { FaultRule, FromFaultfs, ToFaultfs } from './rules.ts';
import { Session } from './session.ts';
import type { FromSession, SessionOptions, ToSession } from './session.ts';
import { Waker } from './wake.ts';

const killPollMs = 20;
const busyTries = 10;
const busyTryMs = 50;
const copiedMountMs = 1000;

interface HeldRequest {
  readonly pid: number;
  readonly timer: NodeJS.Timeout | null;
}

class Faultfs {
  readonly #mountPoint: string;
  readonly #options: SessionOptions;
  readonly #worker: Worker;
  readonly #held = new Map<number, HeldRequest>();
  readonly #inForce = new Map<number, () => void>();
  readonly #serving: Promise<void>;
  readonly #waker: Waker;
  #mounting: Promise<string | null> = Promise.resolve(null);
  #nextId = 1;
  #serves: () => void = () => {};
  #poll: NodeJS.Timeout | null = null;
  #ending = false;

  constructor(options: SessionOptions, mountPoint: string) {
    this.#options = options;
    this.#mountPoint = mountPoint;
    this.#waker = new Waker(mountPoint);
    this.#worker = new Worker(import.meta.filename, { workerData: options });
    this.#worker.on('message', (message: FromSession) => this.#heard(message));
    this.#worker.on('error', (error: unknown) => {
      void this.#die(reasonOf(error));
    });
    this.#serving = new Promise((resolve) => (this.#serves = resolve));
    this.#worker.on('exit', (code) => {
      if (code === 0) process.exit(0);
    });
  }

  async start(): Promise<void> {
    this.#mounting = mount(this.#options.device, this.#mountPoint);
    const failure = await this.#mounting;
    if (failure !== null) return this.#die(failure);
    process.on('SIGTERM', () => void this.#end());
    process.on('SIGINT', () => void this.#end());
    process.on('disconnect', () => void this.#end());
    process.on('message', (message: ToFaultfs) => void this.#told(message));
    await this.#serving;
    tell({ kind: 'ready' });
    if (process.connected === false && process.send !== undefined) await this.#end();
  }

  async #told(message: ToFaultfs): Promise<void> {
    if (message.kind === 'unmount') return this.#end();
    if (message.kind === 'rules') await this.#setRules(message.rules);
    tell({ kind: 'done', id: message.id, hits: [...this.#options.hits] });
  }

  // Resolves when they are in force.
  #setRules(rules: readonly FaultRule[]): Promise<void> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#inForce.set(id, resolve);
      this.#toSession({ kind: 'rules', id, rules });
    });
  }

  #heard(message: FromSession): void {
    if (message.kind === 'serving') return this.#serves();
    if (message.kind === 'in-force') {
      this.#inForce.get(message.id)?.();
      this.#inForce.delete(message.id);
      return;
    }
    const { token } = message;
    if (message.kind === 'answered') {
      const timer = this.#held.get(token)?.timer;
      if (timer) clearTimeout(timer);
      this.#held.delete(token);
      return;
    }
    const { held } = message;
    const run = (): void => this.#toSession({ kind: 'run', token });
    const timer = held.delayMs === null ? null : setTimeout(run, held.delayMs);
    this.#held.set(token, { pid: held.pid, timer });
    this.#poll ??= setInterval(() => this.#abandonKilled(), killPollMs);
    tell({ kind: 'held', held });
  }

  // A process in a held call can only be killed when the call is answered: the kernel waits.
  #abandonKilled(): void {
    for (const [token, { pid }] of this.#held) {
      if (!isBeingKilled(pid)) continue;
      this.#toSession({ kind: 'abandon', token, errno: errnos.EINTR });
    }
    if (this.#held.size > 0 || this.#poll === null) return;
    clearInterval(this.#poll);
    this.#poll = null;
  }

  // The worker waits in read(2): give it something to read.
  #toSession(message: ToSession): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#worker.postMessage(message);
    Atomics.store(this.#options.inbox, 0, 1);
    this.#waker.wake();
  }

  async #end(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    for (const token of this.#held.keys()) {
      this.#toSession({ kind: 'abandon', token, errno: errnos.EIO });
    }
    this.#toSession({ kind: 'ending' });
    await this.#setRules([]);
    for (let tries = 0; tries < busyTries; tries += 1) {
      if ((await unmount(this.#mountPoint)) === null) return this.#afterUnmount();
      await new Promise((resolve) => setTimeout(resolve, busyTryMs));
    }
    // Someone has files open. Detach, and let them see that we are gone.
    await unmount(this.#mountPoint, 'detach');
    process.kill(process.pid, 'SIGKILL');
  }

  // The worker ends when the file system is gone. A mount namespace that somebody made meanwhile
  // (unshare, a container) has a copy of the mount, and may live for ever.
  #afterUnmount(): void {
    const kill = (): boolean => process.kill(process.pid, 'SIGKILL');
    const say = { kind: 'unmounted' } satisfies FromFaultfs;
    setTimeout(() => (process.connected ? process.send?.(say, kill) : kill()), copiedMountMs);
  }

  // Exiting would wait for the worker, which waits in read(2).
  async #die(reason: string): Promise<void> {
    await this.#mounting; // Else it would succeed after everyone has looked for leftovers.
    process.stderr.write(`faultfs: ${reason}\n`);
    if (process.send) await new Promise((sent) => process.send?.({ kind: 'failed', reason }, sent));
    process.kill(process.pid, 'SIGKILL');
  }
}

function tell(message: FromFaultfs): void {
  if (process.connected) process.send?.(message);
}

// SIGKILL is pending on the thread that waits, or the thread is gone.
function isBeingKilled(pid: number): boolean {
  if (pid === 0) return false;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s+([0-9a-f]+)$/gm)];
    return pending.some(([, bits]) => (BigInt(`0x${bits}`) & sigkillBit) !== 0n);
  } catch {
    return true;
  }
}

const sigkillBit = 1n << 8n;

function optionsFromArguments(): { options: SessionOptions; mountPoint: string } {
  const { values } = parseArgs({
    options: {
      backing: { type: 'string' },
      'mount-point': { type: 'string' },
      'op-log': { type: 'string' },
      rules: { type: 'string' },
    },
  });
  const mountPoint = values['mount-point'];
  if (values.backing === undefined || mountPoint === undefined) {
    throw new Error('faultfs needs --backing and --mount-point');
  }
  const rules = JSON.parse(values.rules ?? '[]') as FaultRule[];
  checkRules(rules);
  const options: SessionOptions = {
    device: openSync('/dev/fuse', 'r+'),
    backing: realpathSync(values.backing),
    opLogPath: values['op-log'] ?? null,
    rules,
    hits: new Int32Array(new SharedArrayBuffer(4 * maxRules)),
    inbox: new Int32Array(new SharedArrayBuffer(4)),
  };
  return { options, mountPoint: realpathSync(mountPoint) };
}

Error.stackTraceLimit = isMainThread ? 10 : 0; // Failed calls are daily bread: no stacks.
if (isMainThread) {
  process.umask(0); // The kernel has applied the caller's already.
  const { options, mountPoint } = optionsFromArguments();
  await new Faultfs(options, mountPoint).start();
} else if (parentPort !== null) {
  const options = workerData as SessionOptions;
  new Session(options, parentPort).serve();
}
