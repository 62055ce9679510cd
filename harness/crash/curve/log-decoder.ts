// The bytes of an append only log → which operations of the workload they are. Hot: offsets only.
//
//   SET k:… value, SET x:… value     the operation that the value names
//   SET w:… digits                   the operation that the witness names
//   MULTI … EXEC                     all of it or nothing; what it names counts once
//   anything else                    no operation: DELs of expired keys, SELECT, preloaded keys
//   '#' … LF                         an annotation, skipped

import { sequenceDigits } from '../../workloads/keys.ts';
import { readDigits } from '../../workloads/value.ts';
import type { Positions } from './positions.ts';

/** The bytes end with a whole command. */
export const LOG_WHOLE = 0;
/** They end inside a command or a MULTI: recovery cuts that off. */
export const LOG_TORN = 1;
/** They go on with something that is no command. */
export const LOG_BROKEN = 2;

/** How a log ends, see the constants. */
export type LogEnding = 0 | 1 | 2;

const [star, dollar, hash, carriageReturn, lineFeed] = [42, 36, 35, 13, 10];
const [letterE, letterK, letterM, letterS, letterW, letterX] = [101, 107, 109, 115, 119, 120];
const lowerCase = 0x20;
const colon = 58;
const clientDigits = 5;

/** Decodes one file piece by piece. */
export class LogDecoder {
  /** Where the next whole command or transaction begins. */
  cursor: number = 0;
  /** Where the last command ended: bytes before it were acted on. */
  solidEnd: number = 0;
  readonly #positions: Positions;
  #unitStart = 0;
  #inTransaction = false;
  // Of the command just parsed: where it ends, its arguments, and the first three of them.
  #next = 0;
  #argumentCount = 0;
  readonly #starts = new Float64Array(3);
  readonly #lengths = new Float64Array(3);

  constructor(positions: Positions) {
    this.#positions = positions;
  }

  /** Begins at the start of the file again. */
  reset(): void {
    this.cursor = 0;
    this.solidEnd = 0;
  }

  /** Decodes on from the cursor up to `length`; adds the operations of what is whole. */
  run(bytes: Uint8Array, length: number): LogEnding {
    let at = this.cursor;
    this.#inTransaction = false;
    this.#unitStart = this.#positions.count;
    let ending: LogEnding = LOG_WHOLE;
    while (at < length && ending === LOG_WHOLE) {
      if (bytes[at] === hash) {
        const end = bytes.indexOf(lineFeed, at);
        if (end < 0 || end >= length) ending = LOG_TORN;
        else at = end + 1;
        if (ending === LOG_WHOLE && !this.#inTransaction) this.cursor = at;
        continue;
      }
      ending = this.#command(bytes, at, length);
      if (ending !== LOG_WHOLE) break;
      at = this.#next;
      this.#effect(bytes);
      if (this.#inTransaction) continue;
      this.cursor = at;
      this.solidEnd = at;
      this.#unitStart = this.#positions.count;
    }
    this.#positions.count = this.#unitStart;
    return ending === LOG_WHOLE && this.#inTransaction ? LOG_TORN : ending;
  }

  #command(bytes: Uint8Array, start: number, length: number): LogEnding {
    if (bytes[start] !== star) return LOG_BROKEN;
    const count = this.#number(bytes, start + 1, length);
    if (count < 1) return count === -1 ? LOG_TORN : LOG_BROKEN;
    let at = this.#next;
    for (let index = 0; index < count; index++) {
      if (at >= length) return LOG_TORN;
      if (bytes[at] !== dollar) return LOG_BROKEN;
      const size = this.#number(bytes, at + 1, length);
      if (size < 0) return size === -1 ? LOG_TORN : LOG_BROKEN;
      at = this.#next;
      if (index < 3) {
        this.#starts[index] = at;
        this.#lengths[index] = size;
      }
      at += size + 2;
      if (at > length) return LOG_TORN;
      if (bytes[at - 2] !== carriageReturn || bytes[at - 1] !== lineFeed) return LOG_BROKEN;
    }
    this.#argumentCount = count;
    this.#next = at;
    return LOG_WHOLE;
  }

  /** The number up to CRLF; −1: the bytes end before that, −2: it is none. */
  #number(bytes: Uint8Array, start: number, length: number): number {
    let value = 0;
    let at = start;
    for (; at < length; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at + 1 >= length) return at < length && bytes[at] !== carriageReturn ? -2 : -1;
    if (at === start || bytes[at] !== carriageReturn || bytes[at + 1] !== lineFeed) return -2;
    this.#next = at + 2;
    return value;
  }

  #effect(bytes: Uint8Array): void {
    const verb = this.#starts[0] as number;
    const first = (bytes[verb] as number) | lowerCase;
    const verbLength = this.#lengths[0];
    if (first === letterS && verbLength === 3 && this.#argumentCount >= 3) this.#set(bytes);
    else if (first === letterM && verbLength === 5) this.#inTransaction = true;
    else if (first === letterE && verbLength === 4 && this.#argumentCount === 1) {
      this.#inTransaction = false;
    }
  }

  #set(bytes: Uint8Array): void {
    const key = this.#starts[1] as number;
    const value = this.#starts[2] as number;
    const length = this.#lengths[2] as number;
    if (bytes[key + 1] !== colon) return;
    const kind = bytes[key];
    if (kind === letterW && length === sequenceDigits) {
      const client = readDigits(bytes, key + 2, clientDigits);
      this.#add(client, readDigits(bytes, value, sequenceDigits));
    } else if ((kind === letterK || kind === letterX) && length > sequenceDigits + clientDigits) {
      const client = readDigits(bytes, value, clientDigits);
      this.#add(client, readDigits(bytes, value + clientDigits + 1, sequenceDigits));
    }
  }

  #add(client: number, sequence: number): void {
    if (client < 0 || sequence < 1) return;
    const positions = this.#positions;
    // A pair names itself twice.
    if (this.#inTransaction && positions.hasSince(this.#unitStart, client, sequence)) return;
    positions.push(client, sequence);
  }
}
