// The sockets of all clients on one io_uring. What a turn of the event loop has to send is handed
// to the kernel together, in the call that also brings what clients have sent meanwhile.
//
// A turn: pass on what was received → what is to be done after it (the end of the server's tick:
// commit, replies) → one call. It runs again as long as that call has brought something; then the
// event loop sleeps until the ring is readable.
//
// Node's socket keeps the descriptor, its options and its end; it never reads. Before it closes the
// descriptor, what is queued for it here leaves, and the kernel lets go of it.

import assert from 'node:assert';
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import {
  cancelled, goesOn, hasBuffer, interrupted, IoUring, noBuffers, tryAgain,
} from './io-uring.ts';
import type { Completions } from './io-uring.ts';
import { openKernel } from './kernel.ts';
import type { Kernel } from './kernel.ts';

/** Who gets the bytes; `buffer[0 … length)` belongs to the caller again after the call. */
export interface ByteReceiver {
  receive(buffer: Buffer, length: number): void;
}

/** More than this at once is better written directly than copied. */
export const mostSentBytes: number = 32 * 1024;

/** What implementers of a stream put in place of its end. */
const destroyField = '_destroy';

const submitAttempts = 10_000;

/** The lowest bits of a tag; the others are the number of the socket. */
const receiving = 0;
const sending = 1;
const cancelling = 2;
const kindBits = 2;

/** One connection on the ring. */
export class RingSocket {
  readonly socket: Socket;
  readonly descriptor: number;
  readonly receiver: ByteReceiver;
  readonly number: number;
  /** The kernel reads from it. */
  armed = false;
  /** It is to read from it; not while the client has too much to take. */
  wanted = true;
  closed = false;
  /** What of the gathered output is its own, until the next call. */
  queuedFrom = 0;
  queuedBytes = 0;

  constructor(socket: Socket, descriptor: number, of: { receiver: ByteReceiver; number: number }) {
    this.socket = socket;
    this.descriptor = descriptor;
    this.receiver = of.receiver;
    this.number = of.number;
  }
}

/** What was received and not passed on: number of the socket, result, flags of each. */
class Arrivals {
  words: Int32Array = new Int32Array(3 * 64);
  length = 0;

  add(number: number, result: number, flags: number): void {
    const { length } = this;
    if (length === this.words.length) this.grow();
    const { words } = this;
    words[length] = number;
    words[length + 1] = result;
    words[length + 2] = flags;
    this.length = length + 3;
  }

  private grow(): void {
    const larger = new Int32Array(this.words.length * 2);
    larger.set(this.words);
    this.words = larger;
  }
}

/** All sockets of this process that go over its ring. */
export class RingSockets implements Completions {
  private readonly ring: IoUring;
  private outputLength = 0;
  private readonly sockets: (RingSocket | null)[] = [];
  private readonly free: number[] = [];
  private arrived: Arrivals = new Arrivals();
  private delivering: Arrivals = new Arrivals();
  private afterInput: (() => void)[] = [];
  private scheduled = false;
  private inTurn = false;

  /** @throws where the kernel has no such ring, or forbids it. */
  constructor(kernel: Kernel) {
    this.ring = new IoUring(kernel);
    const watched = kernel.watch(this.ring.descriptor, () => this.schedule());
    if (!watched) throw new Error('the event loop does not watch the ring');
  }

  /** Takes over reading and sending; `descriptor` is the socket's own. */
  add(socket: Socket, descriptor: number, receiver: ByteReceiver): RingSocket {
    const number = this.free.pop() ?? this.sockets.length;
    const added = new RingSocket(socket, descriptor, { receiver, number });
    this.sockets[number] = added;
    this.beforeEnd(added);
    this.arm(added);
    return added;
  }

  /** Reads no more until `resume`; what has arrived is still passed on. */
  pause(socket: RingSocket): void {
    if (!socket.wanted) return;
    socket.wanted = false;
    if (socket.armed) this.cancel(socket);
  }

  resume(socket: RingSocket): void {
    socket.wanted = true;
    if (!socket.armed) this.arm(socket);
  }

  /**
   * Sends a copy of `bytes[0 … length)`, at most `mostSentBytes`, with the next call. Flush first
   * what was sent before: the second could overtake the rest of the first.
   */
  send(socket: RingSocket, bytes: Buffer, length: number): void {
    assert(socket.queuedBytes === 0, 'a second write of a socket in one call');
    const { ring } = this;
    if (this.outputLength + length > ring.output.length) this.submit();
    this.makeRoom();
    bytes.copy(ring.output, this.outputLength, 0, length);
    socket.queuedFrom = this.outputLength;
    socket.queuedBytes = length;
    this.outputLength += length;
    ring.send((socket.number << kindBits) | sending, socket);
    this.schedule();
  }

  /** What was sent to this socket is the kernel's, or Node's, when this returns. */
  flush(socket: RingSocket): void {
    if (socket.queuedBytes > 0) this.submit();
  }

  /** Runs `step` once what has been received was passed on; false when nothing is being so. */
  afterReceiving(step: () => void): boolean {
    if (this.inTurn) this.afterInput.push(step);
    return this.inTurn;
  }

  completed(tag: number, result: number, flags: number): void {
    const kind = tag & ((1 << kindBits) - 1);
    if (kind === receiving) this.arrived.add(tag >> kindBits, result, flags);
    else if (kind === sending) this.sent(tag >> kindBits, result);
  }

  private readonly turn = (): void => {
    this.scheduled = false;
    this.inTurn = true;
    try {
      this.ring.reap(this);
      this.deliver();
      for (let step = this.afterInput.pop(); step; step = this.afterInput.pop()) step();
    } finally {
      this.inTurn = false;
    }
    if (this.ring.pending > 0) this.submit();
  };

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.turn);
  }

  /** Hands everything over and takes what has completed; what was received waits for a turn. */
  private submit(): void {
    const { ring } = this;
    // A kernel short of memory takes some now and some later. None may be left: a descriptor that
    // it names could be another connection's by then.
    for (let attempt = 0; attempt < submitAttempts && ring.pending > 0; attempt++) {
      ring.submit();
      ring.reap(this);
    }
    assert(ring.pending === 0, 'io_uring takes no operations');
    this.outputLength = 0;
    if (this.arrived.length > 0) this.schedule();
  }

  private makeRoom(): void {
    if (this.ring.isFull) this.submit();
  }

  private deliver(): void {
    const { arrived } = this;
    this.arrived = this.delivering;
    this.delivering = arrived;
    const { words } = arrived;
    for (let at = 0; at < arrived.length; at += 3) {
      this.passOn(words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0);
    }
    arrived.length = 0;
  }

  private passOn(number: number, result: number, flags: number): void {
    const socket = this.sockets[number];
    const { buffers } = this.ring;
    const buffer = flags >>> 16;
    try {
      if (socket && result > 0 && !socket.closed) {
        socket.receiver.receive(buffers.buffers[buffer] as Buffer, result);
      }
    } finally {
      if ((flags & hasBuffer) !== 0) buffers.giveBack(buffer);
    }
    if (socket && (flags & goesOn) === 0) this.disarmed(socket, result);
  }

  /** The kernel has stopped reading: because of `result`, or since it was told to. */
  private disarmed(socket: RingSocket, result: number): void {
    socket.armed = false;
    if (socket.closed) this.release(socket);
    else if (result === 0) endInput(socket.socket);
    else if (result > 0 || result === noBuffers || result === cancelled) this.rearm(socket);
    else fail(socket, 'read', result);
  }

  private rearm(socket: RingSocket): void {
    if (socket.wanted) this.arm(socket);
  }

  private sent(number: number, result: number): void {
    const socket = this.sockets[number];
    if (!socket) return;
    const { queuedFrom, queuedBytes } = socket;
    socket.queuedBytes = 0;
    if (result === queuedBytes || socket.socket.destroyed) return;
    if (result < 0 && result !== tryAgain && result !== interrupted) {
      // The client is gone: what else it should have got is nobody's.
      fail(socket, 'write', result);
      return;
    }
    const from = queuedFrom + Math.max(result, 0);
    const rest = this.ring.output.subarray(from, queuedFrom + queuedBytes);
    socket.socket.write(Buffer.from(rest));
  }

  private arm(socket: RingSocket): void {
    socket.armed = true;
    this.makeRoom();
    this.ring.receive(socket.descriptor, (socket.number << kindBits) | receiving);
    this.schedule();
  }

  private cancel(socket: RingSocket): void {
    this.makeRoom();
    this.ring.cancel((socket.number << kindBits) | receiving, cancelling);
    this.schedule();
  }

  /** Whoever destroys Node's socket: what is to be done before it closes the descriptor. */
  private beforeEnd(added: RingSocket): void {
    const { socket } = added;
    const destroy = Reflect.get(socket, destroyField) as Socket['_destroy'];
    Reflect.set(socket, destroyField, (...parameters: Parameters<typeof destroy>) => {
      this.close(added);
      destroy.apply(socket, parameters);
    });
  }

  /** The descriptor is about to be closed: nothing may refer to it any more. */
  private close(socket: RingSocket): void {
    if (socket.closed) return;
    this.flush(socket);
    socket.closed = true;
    if (!socket.armed) {
      this.release(socket);
      return;
    }
    this.cancel(socket);
    this.submit();
  }

  private release(socket: RingSocket): void {
    this.sockets[socket.number] = null;
    this.free.push(socket.number);
  }
}

/** The client sends no more; Node's socket tells it as if it had read so itself. */
function endInput(socket: Socket): void {
  socket.push(null);
  socket.resume();
}

/** Ends a connection as Node would: its socket tells the error. */
function fail({ socket }: RingSocket, call: 'read' | 'write', result: number): void {
  const code = getSystemErrorName(result);
  socket.destroy(Object.assign(new Error(`${call} ${code}`), { code, syscall: call }));
}

let shared: RingSockets | null | undefined;

/** The ring of this process; null where there is none. */
export function ringSockets(): RingSockets | null {
  if (shared === undefined) shared = openRing();
  return shared;
}

/** `RingSockets.afterReceiving`, of this process's ring if it has one yet. */
export function afterReceiving(step: () => void): boolean {
  return shared?.afterReceiving(step) ?? false;
}

function openRing(): RingSockets | null {
  const kernel = openKernel();
  if (kernel === null) return null;
  try {
    return new RingSockets(kernel);
  } catch {
    return null;
  }
}
