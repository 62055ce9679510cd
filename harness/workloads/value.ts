// The values: a pure function of (seed, client, sequence): corruption shows without storing them.
//
//   offset  bytes  content
//        0      5  client, decimal, zero-padded
//        5      1  ':'
//        6     10  sequence, decimal, zero-padded
//       16      1  ':'
//       17   rest  pattern: 32-bit words from (seed, client, sequence), little-endian, last cut
//
// The pattern uses all 256 byte values, CR and LF among them, and does not compress.

import { mix32, saltOf } from './hash.ts';
import { clientDigits, sequenceDigits } from './keys.ts';
import type { WorkloadSpec } from './spec.ts';
import { sizePicker } from './value-sizes.ts';
import type { SizePicker } from './value-sizes.ts';

const headerBytes = clientDigits + 1 + sequenceDigits + 1;
const colon = 58;
const zero = 48;

/** What reading a value found: its sequence, or one of the two below. */
export const VALUE_TORN = 0;
/** A whole value, but of another client. */
export const VALUE_OF_ANOTHER: number = -1;

/** Writes and checks the values of one workload; no allocation after construction. */
export class ValueCodec {
  /** Bytes of the longest value. */
  readonly sizeBytes: number;
  readonly #sizes: SizePicker;
  readonly #isFixed: boolean;
  readonly #salts: Uint32Array;
  /** Over the buffer written last: whole words at any offset in one store. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Uint8Array | null = null;

  constructor(spec: WorkloadSpec) {
    this.#sizes = sizePicker(spec.valueSizes ?? 'fixed', spec.valueSizeBytes);
    this.sizeBytes = this.#sizes.maximumBytes;
    this.#isFixed = (spec.valueSizes ?? 'fixed') === 'fixed';
    this.#salts = new Uint32Array(spec.clients);
    for (let client = 0; client < spec.clients; client++) {
      // Another salt than the operations': values must not follow from the choice of keys.
      this.#salts[client] = mix32(saltOf(spec.seed, client) ^ 0x7f4a7c15);
    }
  }

  /** Bytes of the value of one operation. */
  sizeOf(client: number, sequence: number): number {
    if (this.#isFixed) return this.sizeBytes;
    // Another stream than the pattern's: a size must not tell the first bytes.
    const bits = mix32(this.#start(client, sequence) ^ 0x51ed270b);
    return this.#sizes.pick(bits, sequence);
  }

  /** Writes the value of one operation at `at`; returns the offset after it. */
  write(target: Uint8Array, at: number, client: number, sequence: number): number {
    return this.#write(target, at, client, sequence, this.sizeOf(client, sequence));
  }

  #write(
    target: Uint8Array, at: number, client: number, sequence: number, bytes: number,
  ): number {
    writeDigits(target, at, client, clientDigits);
    target[at + clientDigits] = colon;
    writeDigits(target, at + clientDigits + 1, sequence, sequenceDigits);
    target[at + headerBytes - 1] = colon;
    const end = at + bytes;
    const view = this.#viewOf(target);
    let state = this.#start(client, sequence);
    let next = at + headerBytes;
    for (; next + 4 <= end; next += 4) {
      state = step(state);
      view.setInt32(next, state, true);
    }
    state = step(state);
    for (; next < end; next++) {
      target[next] = state;
      state >>>= 8;
    }
    return end;
  }

  /** The same after its length as a bulk string, `$100\r\n`, but without the CRLF behind it. */
  writeBulk(target: Uint8Array, at: number, client: number, sequence: number): number {
    const bytes = this.sizeOf(client, sequence);
    const width = bytes < 100 ? 2 : bytes < 1000 ? 3 : bytes < 10_000 ? 4 : String(bytes).length;
    target[at] = 36; // $
    writeDigits(target, at + 1, bytes, width);
    target[at + 1 + width] = 13;
    target[at + 2 + width] = 10;
    return this.#write(target, at + 3 + width, client, sequence, bytes);
  }

  /** The sequence of a whole value of `client`, or VALUE_TORN, or VALUE_OF_ANOTHER. */
  read(bytes: Uint8Array, client: number): number {
    if (bytes.length < headerBytes) return VALUE_TORN;
    const owner = readDigits(bytes, 0, clientDigits);
    const sequence = readDigits(bytes, clientDigits + 1, sequenceDigits);
    if (owner < 0 || owner >= this.#salts.length || sequence < 1) return VALUE_TORN;
    if (bytes[clientDigits] !== colon || bytes[headerBytes - 1] !== colon) return VALUE_TORN;
    if (bytes.length !== this.sizeOf(owner, sequence)) return VALUE_TORN;
    if (!this.#matches(bytes, owner, sequence)) return VALUE_TORN;
    return owner === client ? sequence : VALUE_OF_ANOTHER;
  }

  #viewOf(target: Uint8Array): DataView {
    if (this.#viewed !== target) {
      this.#viewed = target;
      this.#view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    }
    return this.#view;
  }

  #start(client: number, sequence: number): number {
    return mix32((this.#salts[client] as number) + Math.imul(sequence, 0x632be59b));
  }

  #matches(bytes: Uint8Array, client: number, sequence: number): boolean {
    const end = bytes.length;
    let state = this.#start(client, sequence);
    let next = headerBytes;
    while (next + 4 <= end) {
      state = step(state);
      const found = (bytes[next] as number) | ((bytes[next + 1] as number) << 8)
        | ((bytes[next + 2] as number) << 16) | ((bytes[next + 3] as number) << 24);
      if (found !== state) return false;
      next += 4;
    }
    state = step(state);
    for (; next < end; next++) {
      if (bytes[next] !== (state & 0xff)) return false;
      state >>>= 8;
    }
    return true;
  }
}

/** Writes a non-negative integer in exactly `width` decimal digits, at most 18. */
export function writeDigits(target: Uint8Array, at: number, value: number, width: number): void {
  if (width <= intDigits) {
    writeInt(target, at, value, width);
    return;
  }
  const high = Math.floor(value / intLimit);
  writeInt(target, at, high, width - intDigits);
  writeInt(target, at + width - intDigits, value - high * intLimit, intDigits);
}

const intDigits = 9;
const intLimit = 1_000_000_000;

/** The same for what fits 32 bits: dividing those is several times faster. */
function writeInt(target: Uint8Array, at: number, value: number, width: number): void {
  let rest = value | 0;
  for (let place = at + width - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0;
    target[place] = zero + (rest - tenth * 10);
    rest = tenth;
  }
}

/** Reads exactly `width` decimal digits; −1 when one of them is none. */
export function readDigits(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let place = at; place < at + width; place++) {
    const digit = (bytes[place] as number) - zero;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** xorshift32 plus a constant that keeps zero from being a fixed point; signed 32 bits. */
function step(state: number): number {
  let next = (state + 0x6d2b79f5) | 0;
  next ^= next << 13;
  next ^= next >>> 17;
  return next ^ (next << 5);
}
