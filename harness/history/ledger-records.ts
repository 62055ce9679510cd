// The records of a ledger file: checked one by one, then spread into columns per client.

import { checkOf, recordBytes, STATUS_INFO, STATUS_OK } from './ledger-format.ts';
import type { LedgerColumns } from './ledger-format.ts';
import { ledgerBad } from './ledger-header.ts';

/** Typed views of the records; record i begins at word 6 i and at time 3 i. */
export class Records {
  readonly count: number;
  readonly headerBytes: number;
  readonly tornBytes: number;
  readonly words: Uint32Array;
  readonly times: Float64Array;
  readonly bytes: Uint8Array;

  constructor(file: Uint8Array, headerBytes: number) {
    const body = file.byteLength - headerBytes;
    this.headerBytes = headerBytes;
    this.count = Math.floor(body / recordBytes);
    this.tornBytes = body - this.count * recordBytes;
    // Small Buffers lie anywhere in a shared pool; float64 needs a multiple of 8.
    const from = file.byteOffset + headerBytes;
    const isAligned = from % 8 === 0;
    const buffer = isAligned ? file.buffer : new Uint8Array(file.subarray(headerBytes)).buffer;
    const start = isAligned ? from : 0;
    this.words = new Uint32Array(buffer, start, this.count * 6);
    this.times = new Float64Array(buffer, start, this.count * 3);
    this.bytes = new Uint8Array(buffer, start, this.count * recordBytes);
  }

  /** Where in the file a record or one of its fields begins. */
  offset(record: number, field: number = 0): number {
    return this.headerBytes + record * recordBytes + field;
  }
}

/**
 * First pass: checks every record and returns where each client's operations start in the columns.
 * @throws {HarnessError} LEDGER_BAD at the first record that cannot be what a driver wrote.
 */
export function countPerClient(records: Records, clients: number): Float64Array {
  const counts = new Float64Array(clients);
  const lastSentNs = new Float64Array(clients);
  for (let record = 0; record < records.count; record++) {
    checkBytes(records, record);
    const word = record * 6;
    const client = (records.words[word + 5] as number) & 0xffff;
    if (client >= clients) {
      throw ledgerBad(records.offset(record, 20), `a client below ${clients}`, `client ${client}`);
    }
    const expected = (counts[client] as number) + 1;
    const sequence = records.words[word + 4] as number;
    if (sequence !== expected) {
      throw ledgerBad(records.offset(record, 16),
        `sequence ${expected} of client ${client}`, `sequence ${sequence}`);
    }
    counts[client] = expected;
    checkTimes(records, record, lastSentNs[client] as number);
    lastSentNs[client] = records.times[record * 3] as number;
  }
  return startsOf(counts);
}

/** Second pass: the columns, client after client. */
export function fillColumns(records: Records, starts: Float64Array): LedgerColumns {
  const sentNs = new Float64Array(records.count);
  const ackedNs = new Float64Array(records.count);
  const status = new Uint8Array(records.count);
  for (let record = 0; record < records.count; record++) {
    const word = record * 6;
    const tail = records.words[word + 5] as number;
    const index = (starts[tail & 0xffff] as number) + (records.words[word + 4] as number) - 1;
    sentNs[index] = records.times[record * 3] as number;
    ackedNs[index] = records.times[record * 3 + 1] as number;
    status[index] = (tail >>> 16) & 0xff;
  }
  return { starts, sentNs, ackedNs, status, tornBytes: records.tornBytes };
}

function checkBytes(records: Records, record: number): void {
  const expected = checkOf(records.words, record * 6);
  const found = records.bytes[record * recordBytes + 23] as number;
  if (found !== expected) {
    throw ledgerBad(records.offset(record, 23), `check byte ${expected}`, `${found}`);
  }
  const status = records.bytes[record * recordBytes + 22] as number;
  if (status < STATUS_OK || status > STATUS_INFO) {
    throw ledgerBad(records.offset(record, 22), 'status 1 (ok), 2 (fail) or 3 (info)', `${status}`);
  }
}

function checkTimes(records: Records, record: number, lastSentNs: number): void {
  const sentNs = records.times[record * 3] as number;
  const ackedNs = records.times[record * 3 + 1] as number;
  if (!Number.isFinite(sentNs) || sentNs < lastSentNs) {
    throw ledgerBad(records.offset(record), `sent at ${lastSentNs} ns or later`, `${sentNs}`);
  }
  const isInfo = records.bytes[record * recordBytes + 22] === STATUS_INFO;
  if (isInfo ? ackedNs !== Infinity : !(ackedNs >= sentNs && ackedNs < Infinity)) {
    const expected = isInfo ? 'no acknowledgement (Infinity)' : `acknowledged after ${sentNs} ns`;
    throw ledgerBad(records.offset(record, 8), expected, `${ackedNs}`);
  }
}

function startsOf(counts: Float64Array): Float64Array {
  const starts = new Float64Array(counts.length + 1);
  for (let client = 0; client < counts.length; client++) {
    starts[client + 1] = (starts[client] as number) + (counts[client] as number);
  }
  return starts;
}
