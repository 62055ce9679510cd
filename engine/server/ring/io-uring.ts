// One io_uring: operations on sockets are written into one ring of memory, what became of them is
// read from another, and a single system call hands over any number of both. With many clients a
// read and a write for each is half of what a small request costs.
//
//   submission queue: head, tail, mask … array of slots; entries of 64 bytes
//     0 operation u8   1 flags u8   2 priority u16   4 descriptor i32   8 offset u64
//     16 address u64   24 length u32   28 message flags u32   32 tag u64   40 buffer group u16
//   completion queue: head, tail, mask … entries of 16 bytes
//     0 tag u64   8 result i32   12 flags u32 (buffer number in the upper half)
//
// Source: io_uring(7), io_uring_setup(2), io_uring_enter(2), linux/io_uring.h.

import assert from 'node:assert';
import { BufferRing } from './buffer-ring.ts';
import type { Kernel } from './kernel.ts';

/** Gets each completion. */
export interface Completions {
  completed(tag: number, result: number, flags: number): void;
}

/** What is sent to a socket: `output[queuedFrom … queuedFrom + queuedBytes)`. */
export interface Sending {
  readonly descriptor: number;
  readonly queuedFrom: number;
  readonly queuedBytes: number;
}

/** Flags of a completion: a buffer was chosen; the operation goes on. */
export const hasBuffer = 1;
export const goesOn = 2;

/** Results, as negative error numbers. */
export const noBuffers = -105;
export const tryAgain = -11;
export const interrupted = -4;
export const cancelled = -125;

/** How many operations one call may hand over, and how many completions may lie unread. */
const submissionEntries = 1024;
const completionEntries = 4096;

/** Room for what is sent together. */
const outputBytes = 512 * 1024;

/** Setup: this thread alone submits, is not interrupted, and a bad entry stops no other. */
const setupFlags = (1 << 3) | (1 << 7) | (1 << 8) | (1 << 12);
const bufferGroup = 1;

const cancelOperation = 14;
const sendOperation = 26;
const receiveOperation = 27;
const chooseBuffer = 1 << 5;
const multishot = 2;
/** MSG_DONTWAIT and MSG_NOSIGNAL: a full socket is answered at once, a closed one by an error. */
const sendFlags = 0x40 | 0x4000;

const pageBytes = 4096;
const submissionQueueOffset = 0x10000000;
const parameterBytes = 120;

/** A ring, made for sockets. Tags are 32 bits and come back with the completion. */
export class IoUring {
  readonly descriptor: number;
  /** What the kernel reads into. */
  readonly buffers: BufferRing;
  /** What is sent comes from here. */
  readonly output: Buffer;
  /** Entries written and not handed over. */
  pending = 0;
  private readonly kernel: Kernel;
  private readonly queues: Int32Array;
  private readonly entries: Int32Array;
  private readonly outputAddress: number;
  /** Where in `queues` these words are. */
  private readonly at: {
    readonly submissionTail: number;
    readonly completionHead: number;
    readonly completionTail: number;
    readonly completions: number;
  };
  private readonly submissionMask: number;
  private readonly completionMask: number;
  private tail: number;

  /** @throws where the kernel has no such ring, or forbids it. */
  constructor(kernel: Kernel) {
    this.kernel = kernel;
    const parameters = kernel.allocate(pageBytes);
    const words = new Uint32Array(parameters.bytes, 0, parameterBytes / 4);
    [words[1], words[2]] = [completionEntries, setupFlags];
    this.descriptor = kernel.setup(submissionEntries, parameters);
    if (this.descriptor < 0) throw new Error('no io_uring');
    const word = (index: number): number => words[index] ?? 0;
    const [arrayOffset, completionsOffset] = [word(16), word(25)];
    const queueBytes = Math.max(arrayOffset + word(0) * 4, completionsOffset + word(1) * 16);
    this.queues = new Int32Array(kernel.share(queueBytes, this.descriptor, 0).bytes);
    this.entries = new Int32Array(
      kernel.share(word(0) * 64, this.descriptor, submissionQueueOffset).bytes,
    );
    this.at = {
      submissionTail: word(11) / 4, completionHead: word(20) / 4, completionTail: word(21) / 4,
      completions: completionsOffset / 4,
    };
    this.submissionMask = this.queues[word(12) / 4] ?? 0;
    this.completionMask = this.queues[word(22) / 4] ?? 0;
    for (let slot = 0; slot < word(0); slot++) this.queues[arrayOffset / 4 + slot] = slot;
    this.tail = this.queues[this.at.submissionTail] ?? 0;
    this.buffers = new BufferRing(kernel, this.descriptor, bufferGroup);
    const output = kernel.allocate(outputBytes);
    this.output = Buffer.from(output.bytes);
    this.outputAddress = Number(output.address);
  }

  /** Reads from a socket again and again: until it ends, fails, is cancelled, no buffer is free. */
  receive(descriptor: number, tag: number): void {
    const at = this.entry(receiveOperation | (chooseBuffer << 8) | (multishot << 16), tag);
    this.entries[at + 1] = descriptor;
    this.entries[at + 10] = bufferGroup;
  }

  /** Sends what the socket takes at once; its part of `output` must stay until `submit`. */
  send(tag: number, sending: Sending): void {
    const at = this.entry(sendOperation, tag);
    const address = this.outputAddress + sending.queuedFrom;
    this.entries[at + 1] = sending.descriptor;
    this.entries[at + 4] = address | 0;
    this.entries[at + 5] = Math.floor(address / 2 ** 32);
    this.entries[at + 6] = sending.queuedBytes;
    this.entries[at + 7] = sendFlags;
  }

  /** Ends the operation with that tag; both complete. */
  cancel(tag: number, ownTag: number): void {
    const at = this.entry(cancelOperation, ownTag);
    this.entries[at + 4] = tag;
  }

  /** Hands over what was written. What the kernel does not take now stays pending. */
  submit(): void {
    Atomics.store(this.queues, this.at.submissionTail, this.tail);
    const taken = this.kernel.enter(this.descriptor, this.pending);
    if (taken > 0) this.pending -= taken;
  }

  /** Passes on all that has completed. A completion may submit and reap in turn. */
  reap(to: Completions): void {
    const { queues, at, completionMask } = this;
    for (;;) {
      const head = queues[at.completionHead] ?? 0;
      if (head === Atomics.load(queues, at.completionTail)) return;
      const entry = at.completions + (head & completionMask) * 4;
      const tag = queues[entry] ?? 0;
      const result = queues[entry + 2] ?? 0;
      const flags = queues[entry + 3] ?? 0;
      Atomics.store(queues, at.completionHead, (head + 1) | 0);
      to.completed(tag, result, flags);
    }
  }

  /** Has it no room for another operation until `submit`? */
  get isFull(): boolean {
    return this.pending > this.submissionMask;
  }

  /** A cleared entry; returns where it is in `entries`. */
  private entry(operation: number, tag: number): number {
    assert(!this.isFull, 'an operation for which io_uring has no room');
    const at = (this.tail & this.submissionMask) * 16;
    this.entries.fill(0, at, at + 16);
    this.entries[at] = operation;
    this.entries[at + 8] = tag;
    this.tail = (this.tail + 1) | 0;
    this.pending++;
    return at;
  }
}
