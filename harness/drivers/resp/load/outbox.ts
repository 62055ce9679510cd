// Where the next write of any connection is put together: one buffer for all, since what is in it
// is sent at once. It stays in the cache, and thousands of unanswered batches keep no bytes.

const leastBytes = 4096;

/** What sends them; false: it goes on reading from the buffer. */
export interface Sender {
  send(bytes: Buffer, length: number): boolean;
}

/** The bytes between filling a batch and sending it. */
export class Outbox {
  #bytes: Buffer = Buffer.alloc(leastBytes);
  /** How many of them there are; whoever encodes moves it on. */
  lengthBytes: number = 0;

  /** The buffer, with room for so many more bytes. Hot. */
  withRoom(moreBytes: number): Buffer {
    if (this.lengthBytes + moreBytes > this.#bytes.length) this.#grow(moreBytes);
    return this.#bytes;
  }

  /** Sends everything and is empty again. Hot. */
  sendTo(transport: Sender): void {
    // What the kernel did not take the socket goes on reading: the buffer is its own from then on.
    if (!transport.send(this.#bytes, this.lengthBytes)) {
      this.#bytes = Buffer.alloc(this.#bytes.length);
    }
    this.lengthBytes = 0;
  }

  /** Gives away what is there, valid until something else is put together; empty again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.lengthBytes);
    this.lengthBytes = 0;
    return taken;
  }

  #grow(moreBytes: number): void {
    const larger = Buffer.alloc(2 * this.#bytes.length + moreBytes);
    this.#bytes.copy(larger, 0, 0, this.lengthBytes);
    this.#bytes = larger;
  }
}
