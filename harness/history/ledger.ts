// Reads a ledger back into columns, one run of operations per client. Writing: ledger-writer.ts.

import { readHeader } from './ledger-header.ts';
import { countPerClient, fillColumns, Records } from './ledger-records.ts';
import { STATUS_FAIL } from './ledger-format.ts';
import type { LedgerColumns, LedgerHeader } from './ledger-format.ts';

export { LedgerWriter } from './ledger-writer.ts';
export { STATUS_FAIL, STATUS_INFO, STATUS_OK } from './ledger-format.ts';
export type { LedgerColumns, LedgerHeader, OperationStatus } from './ledger-format.ts';

/** Columns of all operations; operation `sequence` of `client` is at `at(client, sequence)`. */
export class Ledger {
  readonly header: LedgerHeader;
  /** Operations recorded, all clients together. */
  readonly operations: number;
  /** Bytes of a torn last record that were left out, 0 = the file ends at a record. */
  readonly tornBytes: number;
  readonly sentNs: Float64Array;
  /** Infinity where no reply was read. */
  readonly ackedNs: Float64Array;
  readonly status: Uint8Array;
  readonly #starts: Float64Array;

  constructor(header: LedgerHeader, columns: LedgerColumns) {
    this.header = header;
    this.operations = columns.sentNs.length;
    this.tornBytes = columns.tornBytes;
    this.sentNs = columns.sentNs;
    this.ackedNs = columns.ackedNs;
    this.status = columns.status;
    this.#starts = columns.starts;
  }

  get clients(): number {
    return this.header.clients;
  }

  /** Index into the columns; sequence counts from 1. */
  at(client: number, sequence: number): number {
    return (this.#starts[client] as number) + sequence - 1;
  }

  /** Operations of one client, which is also its last sequence. */
  count(client: number): number {
    return (this.#starts[client + 1] as number) - (this.#starts[client] as number);
  }

  /** Last sequence that a client had sent at an instant, 0 = none. */
  lastSent(client: number, atNs: number): number {
    let low = 0;
    let high = this.count(client);
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.sentNs[this.at(client, middle)] as number) <= atNs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * Last sequence of a client acknowledged at an instant, 0 = none; failed ones do not count.
   * `ackedNs` may be another column of the same shape, such as the instants at which the server
   * released the replies.
   */
  lastAcknowledged(client: number, atNs: number, ackedNs: Float64Array = this.ackedNs): number {
    let sequence = this.lastSent(client, atNs);
    // Few steps: what is sent and not acknowledged is at most a pipeline deep.
    for (; sequence > 0; sequence--) {
      const index = this.at(client, sequence);
      if (this.status[index] !== STATUS_FAIL && (ackedNs[index] as number) <= atNs) break;
    }
    return sequence;
  }
}

/**
 * Reads a whole ledger file; only its last record may be torn.
 * @throws {HarnessError} LEDGER_BAD when it is damaged or of another version; says where.
 */
export function readLedger(bytes: Uint8Array): Ledger {
  const { header, headerBytes } = readHeader(bytes);
  const records = new Records(bytes, headerBytes);
  const starts = countPerClient(records, header.clients);
  return new Ledger(header, fillColumns(records, starts));
}
