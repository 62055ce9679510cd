// Buffers that the kernel chooses from when it has something to read, so that a thousand idle
// clients need none.
//
//   entries of 16 bytes; the ring's tail is in the last two bytes of the first
//     0 address u64   8 length u32   12 number u16   14 (tail u16)
//
// Source: io_uring_register(2), IORING_REGISTER_PBUF_RING.

import type { Kernel } from './kernel.ts';

const count = 64;
/** As much as one read takes at most. */
const eachBytes = 16 * 1024;
const pageBytes = 4096;
const registerBufferRing = 22;

/** The buffers of one ring, numbered from 0. */
export class BufferRing {
  readonly buffers: readonly Buffer[];
  private readonly firstAddress: number;
  private readonly entries: Int32Array;
  private readonly tail: Uint16Array;
  private given = 0;

  /** @throws where the kernel does not know such buffers. */
  constructor(kernel: Kernel, ring: number, group: number) {
    const pool = kernel.allocate(count * eachBytes);
    this.firstAddress = Number(pool.address);
    this.buffers = Array.from({ length: count }, (_, number) =>
      Buffer.from(pool.bytes, number * eachBytes, eachBytes));
    const region = kernel.allocate(pageBytes);
    this.entries = new Int32Array(region.bytes);
    this.tail = new Uint16Array(region.bytes, 14, 1);
    for (let number = 0; number < count; number++) this.giveBack(number);
    const argument = kernel.allocate(pageBytes);
    new BigUint64Array(argument.bytes)[0] = region.address;
    const words = new Uint32Array(argument.bytes);
    [words[2], words[3]] = [count, group];
    if (kernel.register(ring, registerBufferRing, argument) < 0) throw new Error('no buffer rings');
  }

  /** The kernel may fill this buffer again. */
  giveBack(number: number): void {
    const at = (this.given & (count - 1)) * 4;
    const address = this.firstAddress + number * eachBytes;
    this.entries[at] = address | 0;
    this.entries[at + 1] = Math.floor(address / 2 ** 32);
    this.entries[at + 2] = eachBytes;
    // The upper half of the last word is the tail in the first entry, and nothing in others.
    this.entries[at + 3] = number | (at === 0 ? this.given << 16 : 0);
    this.given = (this.given + 1) & 0xffff;
    Atomics.store(this.tail, 0, this.given);
  }
}
