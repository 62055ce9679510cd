// Appends operations to a ledger file: one typed-array chunk in memory, the rest with the OS.

import { closeSync, openSync, writeSync } from 'node:fs';

import { checkOf, recordBytes, STATUS_INFO } from './ledger-format.ts';
import type { LedgerHeader, OperationStatus } from './ledger-format.ts';
import { encodeHeader } from './ledger-header.ts';

// 64 KiB: one write(2) per 2,730 operations costs the driver about 20 µs.
const recordsPerChunk = 2_730;

/** Writes the ledger of one driver; not for several processes at once. */
export class LedgerWriter {
  /** Operations appended so far. */
  operations: number = 0;
  readonly #fd: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #times: Float64Array;
  #used: number = 0;
  #isClosed: boolean = false;

  /** Creates the file, or empties it. */
  constructor(path: string, header: LedgerHeader) {
    const chunk = new ArrayBuffer(recordsPerChunk * recordBytes);
    this.#bytes = new Uint8Array(chunk);
    this.#words = new Uint32Array(chunk);
    this.#times = new Float64Array(chunk);
    this.#fd = openSync(path, 'w');
    writeAll(this.#fd, encodeHeader(header));
  }

  /**
   * Appends one operation; hot. `sentNs` is taken before its bytes go to the socket, `ackedNs`
   * after its last reply was read (ignored for info). The sequences of a client come in order, from
   * 1, without gaps.
   */
  append(
    client: number, sequence: number, status: OperationStatus, sentNs: number, ackedNs: number,
  ): void {
    const record = this.#used;
    const word = record * 6;
    this.#times[record * 3] = sentNs;
    this.#times[record * 3 + 1] = status === STATUS_INFO ? Infinity : ackedNs;
    this.#words[word + 4] = sequence;
    this.#words[word + 5] = client | (status << 16);
    this.#bytes[record * recordBytes + 23] = checkOf(this.#words, word);
    this.operations++;
    this.#used = record + 1;
    if (this.#used === recordsPerChunk) this.flush();
  }

  /** Hands everything appended to the OS; no sync: the ledger outlives processes, not power. */
  flush(): void {
    if (this.#used === 0) return;
    writeAll(this.#fd, this.#bytes.subarray(0, this.#used * recordBytes));
    this.#used = 0;
  }

  /** Flushes and closes; a second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    closeSync(this.#fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
