// One file of a log over its life: which operations it holds after each of its changes.

import { contentAfterDrops } from '../dropped-content.ts';
import type { CrashFile, DataChange } from '../crash-tree.ts';
import { LOG_WHOLE, LogDecoder } from './log-decoder.ts';
import type { LogEnding } from './log-decoder.ts';
import type { Positions } from './positions.ts';

/** Operations of a file: positions `from` (included) to `to` (not). */
export interface LogRange {
  readonly from: number;
  readonly to: number;
  readonly ending: LogEnding;
}

/** A log file, decoded once; what a cut leaves of it is then a look-up. */
export class DecodedLog {
  readonly file: CrashFile;
  readonly #positions: Positions;
  // By the number of changes applied.
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  readonly #ending: Uint8Array;

  constructor(file: CrashFile, positions: Positions) {
    this.file = file;
    this.#positions = positions;
    const steps = file.changes.length + 1;
    this.#from = new Uint32Array(steps);
    this.#to = new Uint32Array(steps);
    this.#ending = new Uint8Array(steps);
    this.#decode();
  }

  /** What a power cut at an instant leaves. */
  durableAt(atNs: number): LogRange {
    const { file } = this;
    if (file.drops.some((drop) => drop.atNs <= atNs)) return this.#afterDrops(atNs);
    return this.after(file.durableCount(atNs));
  }

  /** What the first `count` changes leave. */
  after(count: number): LogRange {
    return {
      from: this.#from[count] as number,
      to: this.#to[count] as number,
      ending: this.#ending[count] as LogEnding,
    };
  }

  /** Whether a position was decoded from this file. */
  holds(position: number): boolean {
    return position >= (this.#from[0] as number) && position < (this.#to.at(-1) as number);
  }

  /** The change that completed a position, counted from 1; 0: it was there before. */
  changeOf(position: number): number {
    let [low, high] = [0, this.#to.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#to[middle] as number) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** A log that only grows is decoded where its bytes lie, write by write; nothing is copied. */
  #decode(): void {
    const { changes, initial } = this.file;
    const decoder = new LogDecoder(this.#positions);
    const from = this.#positions.count;
    let pending = initial;
    let offset = 0;
    const run = (step: number): void => {
      const ending = decoder.run(pending, pending.length);
      this.#note(step, from, ending);
      pending = pending.subarray(decoder.cursor);
      offset += decoder.cursor;
      decoder.reset();
    };
    run(0);
    for (const [index, { offsetBytes, bytes }] of changes.entries()) {
      if (offsetBytes !== offset + pending.length) return this.#decodeChanging(index);
      if (bytes !== null) pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      run(index + 1);
    }
  }

  /** The same from a change on that overwrites or cuts what is there. */
  #decodeChanging(first: number): void {
    const { changes } = this.file;
    const content = new GrowingContent(this.file);
    for (const change of changes.slice(0, first)) content.apply(change);
    const decoder = new LogDecoder(this.#positions);
    let from = this.#positions.count;
    decoder.run(content.bytes, content.length);
    for (const [at, change] of changes.slice(first).entries()) {
      if (change.offsetBytes < decoder.solidEnd && change.offsetBytes < content.length) {
        // What was acted on is gone or changed: the file is decoded anew from its start.
        decoder.reset();
        from = this.#positions.count;
      } else if (change.offsetBytes < decoder.cursor) {
        decoder.cursor = decoder.solidEnd;
      }
      content.apply(change);
      this.#note(first + at + 1, from, decoder.run(content.bytes, content.length));
    }
  }

  #note(step: number, from: number, ending: LogEnding): void {
    this.#from[step] = from;
    this.#to[step] = this.#positions.count;
    this.#ending[step] = ending;
  }

  /** Rare, so it is decoded each time. */
  #afterDrops(atNs: number): LogRange {
    const bytes = contentAfterDrops(this.file, atNs);
    const from = this.#positions.count;
    const ending = new LogDecoder(this.#positions).run(bytes, bytes.length);
    return { from, to: this.#positions.count, ending };
  }
}

/** The bytes of a file while its changes are applied one by one. */
class GrowingContent {
  readonly bytes: Uint8Array;
  length: number;

  constructor({ changes, initial }: CrashFile) {
    let capacity = initial.length;
    for (const { offsetBytes, bytes } of changes) {
      capacity = Math.max(capacity, offsetBytes + (bytes?.length ?? 0));
    }
    this.bytes = new Uint8Array(capacity);
    this.bytes.set(initial);
    this.length = initial.length;
  }

  apply({ offsetBytes, bytes }: DataChange): void {
    if (offsetBytes > this.length) this.bytes.fill(0, this.length, offsetBytes);
    if (bytes !== null) this.bytes.set(bytes, offsetBytes);
    this.length = bytes === null ? offsetBytes : Math.max(this.length, offsetBytes + bytes.length);
  }
}

/** Whether recovery takes a file that another one follows. */
export function mayBeFollowed({ ending }: LogRange): boolean {
  return ending === LOG_WHOLE;
}
