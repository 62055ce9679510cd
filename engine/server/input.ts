// The bytes of one client that are not a whole request yet.
//
// Whole requests are run straight from the buffer that the socket was read into. Only what is left
// at its end is copied here; what is read next is appended, and what has run is dropped.

const smallestBytes = 1024;
/** A buffer that grew beyond this is given back when the client has nothing unfinished. */
const keptBytes = 64 * 1024;
/** Beyond this it is given back in any case: what is left is copied. */
const keptUnfinishedBytes = 256 * 1024;
const nothing = Buffer.alloc(0);

/** An unfinished request, at the start of `bytes`. */
export class InputBuffer {
  bytes: Buffer = nothing;
  length = 0;

  /** Appends a part of a buffer; `neededBytes` is how long the request will be at least. */
  append(buffer: Buffer, part: { from: number; to: number }, neededBytes: number): void {
    const length = this.length + part.to - part.from;
    if (length > this.bytes.length) this.grow(length, neededBytes);
    buffer.copy(this.bytes, this.length, part.from, part.to);
    this.length = length;
  }

  /** Drops the first `count` bytes and moves the rest to the start. */
  drop(count: number): void {
    if (count === 0) return;
    const rest = this.length - count;
    // A client that sends without a pause has something unfinished at the end of each read: a new
    // buffer each time would be 128 kB of garbage.
    const kept = rest > 0 ? keptUnfinishedBytes : keptBytes;
    if (this.bytes.length > kept && rest < keptBytes) {
      this.bytes = rest === 0 ? nothing : Buffer.from(this.bytes.subarray(count, this.length));
    } else if (rest > 0) {
      this.bytes.copyWithin(0, count, this.length);
    }
    this.length = rest;
  }

  clear(): void {
    this.bytes = nothing;
    this.length = 0;
  }

  /** Doubles, so that copying stays linear, but never far beyond the request: it may be a lie. */
  private grow(length: number, neededBytes: number): void {
    const doubled = Math.max(this.bytes.length * 2, smallestBytes);
    const exact = neededBytes > length && neededBytes < doubled * 2 ? neededBytes : doubled;
    const larger = Buffer.allocUnsafeSlow(Math.max(exact, length));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
