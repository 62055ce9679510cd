// The worker: reads requests from /dev/fuse one by one, does them and answers. Reads block, so the
// worker hears of new rules and of expired delays when the next request comes; whoever sends it
// something makes one come (wake.ts).

import { readSync, writeSync } from 'node:fs';
import type { BigIntStats, Dirent } from 'node:fs';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { fileSink, OpLogWriter } from '../../engine/io/op-log.ts';
import { realClock } from '../../engine/io/clock.ts';
import { Faults, unharmed } from './faults.ts';
import type { Outcome, Subject } from './faults.ts';
import * as files from './files.ts';
import type { MountState, Operation } from './files.ts';
import * as names from './names.ts';
import { NodeTable } from './nodes.ts';
import { Errno, Reply, Request, errnoOf, errnos, opcodes } from './protocol.ts';
import { Recorder, keepBytes } from './recorder.ts';
import { subjectOf } from './subject.ts';
import type { FaultRule, HeldCall } from './rules.ts';

const mountPollMs = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** What a worker is started with. */
export interface SessionOptions {
  /** Descriptor of /dev/fuse. */
  readonly device: number;
  readonly backing: string;
  readonly opLogPath: string | null;
  readonly rules: readonly FaultRule[];
  /** Hits per rule. */
  readonly hits: Int32Array;
  /** One number: not 0 when there are messages to take. */
  readonly inbox: Int32Array;
}

/**
 * To the worker: new rules; an expired delay; a held call that nobody waits for any more; the mount
 * is about to go.
 */
export type ToSession =
  | { readonly kind: 'ending' }
  | { readonly kind: 'rules'; readonly id: number; readonly rules: readonly FaultRule[] }
  | { readonly kind: 'run'; readonly token: number }
  | { readonly kind: 'abandon'; readonly token: number; readonly errno: number };

/** From the worker: it serves; rules are in force; a call is held; a held call was answered. */
export type FromSession =
  | { readonly kind: 'serving' }
  | { readonly kind: 'in-force'; readonly id: number }
  | { readonly kind: 'held'; readonly token: number; readonly held: HeldCall }
  | { readonly kind: 'answered'; readonly token: number };

const operations = new Map<number, Operation>([
  [opcodes.lookup, names.lookup],
  [opcodes.forget, names.forget],
  [opcodes.batchForget, names.forgetMany],
  [opcodes.getattr, files.getAttributes],
  [opcodes.setattr, files.setAttributes],
  [opcodes.readlink, names.readSymbolicLink],
  [opcodes.symlink, names.makeSymbolicLink],
  [opcodes.mknod, names.makeNode],
  [opcodes.mkdir, names.makeDirectory],
  [opcodes.unlink, names.remove],
  [opcodes.rmdir, names.remove],
  [opcodes.rename, names.rename],
  [opcodes.rename2, names.rename],
  [opcodes.link, names.makeHardLink],
  [opcodes.open, files.open],
  [opcodes.read, files.read],
  [opcodes.write, files.write],
  [opcodes.statfs, names.fileSystemStats],
  [opcodes.release, files.release],
  [opcodes.releasedir, files.release],
  [opcodes.fsync, files.sync],
  [opcodes.fsyncdir, files.sync],
  [opcodes.opendir, files.openDirectory],
  [opcodes.readdir, names.readDirectory],
  [opcodes.create, names.create],
  [opcodes.fallocate, files.allocate],
  [opcodes.init, ({ reply }, request) => reply.putInit(request)],
  [opcodes.destroy, () => 0],
]);

// The kernel awaits no answer to these.
const unanswered: ReadonlySet<number> = new Set<number>([
  opcodes.forget, opcodes.batchForget, opcodes.interrupt,
]);

// Writes and syncs that fail are recorded, so they get to see the error; others are not begun.
const seesErrors: ReadonlySet<number> = new Set<number>([
  opcodes.write, opcodes.fsync, opcodes.fsyncdir,
]);

interface Held {
  readonly request: Request;
  readonly subject: Subject;
  frozen: boolean;
}

/** Serves one mount until it is unmounted. */
export class Session {
  readonly #options: SessionOptions;
  readonly #port: MessagePort;
  readonly #state: MountState;
  readonly #held = new Map<number, Held>();
  #nextToken = 1;

  constructor(options: SessionOptions, port: MessagePort) {
    this.#options = options;
    this.#port = port;
    const nodes = new NodeTable(options.backing);
    const sink = options.opLogPath === null ? null : fileSink(options.opLogPath);
    const log = sink === null ? null : new OpLogWriter(sink, realClock(), keepBytes);
    const faults = new Faults(options.hits);
    faults.set(options.rules);
    const recorder = new Recorder(log, nodes);
    const isRoot = process.getuid?.() === 0;
    const listings = new Map<number, readonly Dirent[]>();
    this.#state = { nodes, recorder, faults, reply: new Reply(), listings, isRoot };
  }

  /** Returns when the mount is gone. */
  serve(): void {
    const request = new Request();
    while (this.#receive(request)) {
      try {
        if (Atomics.exchange(this.#options.inbox, 0, 0) !== 0) this.#takeMessages();
        this.#handle(request);
      } catch (error) {
        this.#send(request, errnos.EIO, 0);
        throw error;
      }
      if (request.opcode === opcodes.init) this.#tell({ kind: 'serving' });
    }
    this.#state.recorder.flush();
  }

  #receive(request: Request): boolean {
    const { device } = this.#options;
    for (;;) {
      try {
        readSync(device, request.bytes, 0, request.bytes.length, null);
        return true;
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === errnos.ENODEV) return false;
        // EPERM: not mounted yet; a mount that fails ends the process.
        if (errno === errnos.EPERM) {
          Atomics.wait(pause, 0, 0, mountPollMs);
          continue;
        }
        // ENOENT: the request was withdrawn before we read it.
        const again = errno === errnos.EINTR || errno === errnos.EAGAIN || errno === errnos.ENOENT;
        if (!again) throw error;
      }
    }
  }

  #handle(request: Request): void {
    const { faults } = this.#state;
    const subject = faults.active ? subjectOf(this.#state.nodes, request) : null;
    if (subject === null) return this.#answer(request, unharmed);
    const holdMs = faults.holdMs(subject);
    if (holdMs > 0) this.#hold(request, subject, holdMs);
    else this.#answer(request, this.#outcome(request, subject));
  }

  #hold(request: Request, subject: Subject, holdMs: number): void {
    const token = this.#nextToken++;
    const frozen = holdMs === Infinity;
    this.#held.set(token, { request: request.copy(), subject, frozen });
    const { call, path, newPath } = subject;
    const delayMs = frozen ? null : holdMs;
    this.#tell({ kind: 'held', token, held: { call, path, newPath, pid: request.pid, delayMs } });
  }

  #takeMessages(): void {
    this.#state.recorder.flush(); // The end may follow.
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      const message = received.message as ToSession;
      if (message.kind === 'ending') this.#state.recorder.keepNothing();
      else if (message.kind === 'rules') this.#setRules(message.rules, message.id);
      else if (message.kind === 'run') this.#release(message.token);
      else this.#abandon(message.token, message.errno);
    }
  }

  #setRules(rules: readonly FaultRule[], id: number): void {
    this.#state.faults.set(rules);
    for (const [token, held] of this.#held) {
      if (held.frozen && this.#state.faults.holdMs(held.subject) !== Infinity) this.#release(token);
    }
    this.#tell({ kind: 'in-force', id });
  }

  #release(token: number): void {
    const held = this.#held.get(token);
    if (held === undefined) return;
    this.#held.delete(token);
    this.#answer(held.request, this.#outcome(held.request, held.subject));
    this.#tell({ kind: 'answered', token });
  }

  // Answered without being done: whoever made the call is being killed, or the mount goes.
  #abandon(token: number, errno: number): void {
    const held = this.#held.get(token);
    if (held === undefined) return;
    this.#held.delete(token);
    this.#send(held.request, errno, 0);
    this.#tell({ kind: 'answered', token });
  }

  #outcome(request: Request, subject: Subject): Outcome {
    const { faults, nodes } = this.#state;
    if (!faults.active) return unharmed;
    const size = request.opcode === opcodes.write ? request.word(14) : 0;
    return faults.outcome(subject, size, () => {
      if (size === 0) return 0;
      const stats: BigIntStats = nodes.stat(nodes.get(request.nodeId));
      return Math.max(0, Math.min(size, request.number(12) + size - Number(stats.size)));
    });
  }

  #answer(request: Request, outcome: Outcome): void {
    let bodyBytes = 0;
    let errno = 0;
    if (outcome.errno !== 0 && !seesErrors.has(request.opcode)) errno = outcome.errno;
    else {
      try {
        const operation = operations.get(request.opcode);
        if (operation !== undefined) bodyBytes = operation(this.#state, request, outcome);
        else errno = errnos.ENOSYS;
      } catch (error) {
        if (!isSystemError(error)) throw error;
        errno = errnoOf(error);
      }
    }
    if (!unanswered.has(request.opcode)) this.#send(request, errno, bodyBytes);
    this.#state.recorder.answered();
  }

  #send(request: Request, errno: number, bodyBytes: number): void {
    const { reply } = this.#state;
    const length = reply.finish(request, errno, bodyBytes);
    try {
      writeSync(this.#options.device, reply.bytes, 0, length, null);
    } catch (error) {
      // ENOENT: the caller was interrupted and is gone. ENODEV: so is the mount.
      const found = errnoOf(error);
      if (found !== errnos.ENOENT && found !== errnos.ENODEV) throw error;
    }
  }

  #tell(message: FromSession): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#port.postMessage(message);
  }
}

// Anything else is a mistake of ours or an op log that cannot be written: no answer hides that.
function isSystemError(error: unknown): boolean {
  return error instanceof Errno || (error instanceof Error && 'errno' in error);
}
