// CRC-64 "Jones", the checksum of RDB files: polynomial 0xad93d23594c935a9, reflected in and out,
// initial value 0, no final xor. check("123456789") = 0xe9c6d914c4b8d9ca.
//
// The value is kept as two 32-bit halves: a BigInt per byte would be a hundred times slower. Long
// runs of bytes go through the code of crc64-code.ts, sixteen at a time, and single ones through
// a table here.
import { crc64Code, inputBytes, inputOffset, stateOffset, tables } from './crc64-code.ts';

// The polynomial with its bits in reverse order, as a register that shifts right wants it.
const reflectedLow = 0xac4bc9b5;
const reflectedHigh = 0x95ac9329;

/** Below this many bytes the way into the other code costs more than it saves. */
const leastBytes = 64;

const code = crc64Code();
const memory = new Uint8Array(code.memory.buffer);
/** The running value of a call, its low half first. */
const state = new Int32Array(code.memory.buffer, stateOffset, 2);
const tableLow: Int32Array = new Int32Array(256);
const tableHigh: Int32Array = new Int32Array(256);
fillTables(new Int32Array(code.memory.buffer, 0, tables * 256 * 2));

function fillTables(words: Int32Array): void {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (odd !== 0) {
        low ^= reflectedLow;
        high ^= reflectedHigh;
      }
    }
    tableLow[byte] = words[byte * 2] = low;
    tableHigh[byte] = words[byte * 2 + 1] = high;
  }
  for (let at = 256 * 2; at < words.length; at += 2) {
    const low = words[at - 256 * 2] as number;
    const high = words[at - 256 * 2 + 1] as number;
    const entry = low & 255;
    words[at] = ((low >>> 8) | (high << 24)) ^ (tableLow[entry] as number);
    words[at + 1] = (high >>> 8) ^ (tableHigh[entry] as number);
  }
}

/** A running CRC-64. `low` and `high` are its halves as signed 32-bit integers. */
export class Crc64 {
  low = 0;
  high = 0;

  reset(): void {
    this.low = 0;
    this.high = 0;
  }

  /** Adds the bytes from `start` up to `end`. */
  update(bytes: Uint8Array, start: number, end: number): void {
    const stop = end - start < leastBytes ? start : end - ((end - start) & 15);
    for (let at = start; at < stop; at += inputBytes) {
      this.updateRun(bytes, at, Math.min(stop, at + inputBytes));
    }
    this.updateBytes(bytes, stop, end);
  }

  private updateBytes(bytes: Uint8Array, start: number, end: number): void {
    let low = this.low;
    let high = this.high;
    for (let at = start; at < end; at++) {
      const entry = (low ^ (bytes[at] as number)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ (tableLow[entry] as number);
      high = (high >>> 8) ^ (tableHigh[entry] as number);
    }
    this.low = low;
    this.high = high;
  }

  /** Bytes, a multiple of 16, that fit into the other code's memory. */
  private updateRun(bytes: Uint8Array, start: number, end: number): void {
    memory.set(bytes.subarray(start, end), inputOffset);
    state[0] = this.low;
    state[1] = this.high;
    code.add(inputOffset + end - start);
    this.low = state[0] as number;
    this.high = state[1] as number;
  }

  /** Writes the value as 8 bytes, least significant first, as it stands at the end of a file. */
  writeTo(target: Uint8Array, at: number): void {
    for (let i = 0; i < 4; i++) {
      target[at + i] = this.low >>> (8 * i);
      target[at + 4 + i] = this.high >>> (8 * i);
    }
  }

  /** The value as 16 hex digits, most significant first. */
  hex(): string {
    return wordHex(this.high) + wordHex(this.low);
  }
}

function wordHex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
