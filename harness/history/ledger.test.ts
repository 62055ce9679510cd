// A ledger reads back as it was written; a torn end is forgiven, anything else is named.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';
import * as fc from 'fast-check';

import { LedgerWriter, readLedger, STATUS_FAIL, STATUS_INFO, STATUS_OK } from './ledger.ts';
import type { OperationStatus } from './ledger.ts';
import { recordBytes } from './ledger-format.ts';

const workload = { seed: 7, mix: 'chaos', note: 'päng' };
const directory = mkdtempSync(join(tmpdir(), 'plugpull-ledger-'));
test.after.always(() => rmSync(directory, { recursive: true }));

interface Row {
  readonly client: number;
  readonly status: OperationStatus;
  readonly sentNs: number;
  readonly ackedNs: number;
}

let files = 0;

/** Writes rows to a fresh file, sequences counted per client, and returns its bytes. */
function written(rows: readonly Row[], clients: number = 3): Buffer {
  const path = join(directory, `${files++}.ledger`);
  const writer = new LedgerWriter(path, { clients, workload });
  const sequences = new Float64Array(clients);
  for (const { client, status, sentNs, ackedNs } of rows) {
    const sequence = (sequences[client] ?? 0) + 1;
    sequences[client] = sequence;
    writer.append(client, sequence, status, sentNs, ackedNs);
  }
  writer.close();
  writer.close();
  return readFileSync(path);
}

/** What a driver writes: times that grow, in flight at the end. */
function typical(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => {
    const status = index % 10 === 3 ? STATUS_FAIL : index + 5 > count ? STATUS_INFO : STATUS_OK;
    const sentNs = 2 ** 52 + index * 7;
    return { client: index % 3, status, sentNs, ackedNs: sentNs + 100 };
  });
}

test('round trip', (t) => {
  const rows = fc.array(fc.record({
    client: fc.integer({ min: 0, max: 2 }),
    status: fc.constantFrom(STATUS_OK, STATUS_FAIL, STATUS_INFO),
    gapNs: fc.integer({ min: 0, max: 1e9 }), lagNs: fc.integer({ min: 0, max: 1e9 }),
  }), { maxLength: 60 });
  fc.assert(fc.property(rows, (drafts) => {
    let nowNs = 0;
    const all = drafts.map(({ client, status, gapNs, lagNs }) => {
      nowNs += gapNs;
      return { client, status: status as OperationStatus, sentNs: nowNs, ackedNs: nowNs + lagNs };
    });
    const ledger = readLedger(written(all));
    assert.equal(ledger.operations, all.length);
    assert.deepEqual(ledger.header, { clients: 3, workload });
    const counts = [0, 0, 0];
    for (const { client, status, sentNs, ackedNs } of all) {
      counts[client] = (counts[client] ?? 0) + 1;
      const at = ledger.at(client, counts[client]);
      assert.equal(ledger.status[at], status);
      assert.equal(ledger.sentNs[at], sentNs);
      assert.equal(ledger.ackedNs[at], status === STATUS_INFO ? Infinity : ackedNs);
    }
    assert.deepEqual([0, 1, 2].map((client) => ledger.count(client)), counts);
  }), { numRuns: 50 });
  t.pass();
});

test('more than a chunk; at most 32 bytes an operation', (t) => {
  const rows = typical(6_001);
  const bytes = written(rows);
  t.true(bytes.length <= 32 * rows.length);
  t.is(readLedger(bytes).operations, rows.length);
  // Bytes from a pool lie anywhere: every alignment must read alike.
  for (let shift = 0; shift < 8; shift++) {
    const shifted = Buffer.alloc(bytes.length + shift);
    bytes.copy(shifted, shift);
    t.deepEqual(readLedger(shifted.subarray(shift)).sentNs, readLedger(bytes).sentNs);
  }
});

test('cut at every byte: whole records stay, the header must be whole', (t) => {
  const bytes = written(typical(9));
  const headerBytes = bytes.readUInt32LE(12);
  for (let length = 0; length <= bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    if (length < headerBytes) {
      t.throws(() => readLedger(cut), { message: /^ledger: offset \d+: expected/ }, `${length}`);
      continue;
    }
    const ledger = readLedger(cut);
    t.is(ledger.operations, Math.floor((length - headerBytes) / recordBytes));
    t.is(ledger.tornBytes, (length - headerBytes) % recordBytes);
  }
});

test('each changed byte of a record is found, and named by the offset of its record', (t) => {
  const bytes = written(typical(5));
  const headerBytes = bytes.readUInt32LE(12);
  for (let at = headerBytes; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    const error = t.throws(() => readLedger(damaged), undefined, `byte ${at}`);
    t.is((error as Error & { code?: string }).code, 'LEDGER_BAD');
    const record = Math.floor((at - headerBytes) / recordBytes);
    const offset = Number(/offset (\d+)/.exec(error?.message ?? '')?.[1]);
    t.is(Math.floor((offset - headerBytes) / recordBytes), record, `byte ${at}`);
  }
});

test('what cannot be: foreign, newer, or records that no driver writes', (t) => {
  const bytes = written(typical(5));
  const headerBytes = bytes.readUInt32LE(12);
  const patched = (patch: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(bytes);
    patch(copy);
    return copy;
  };
  const ok = STATUS_OK;
  const row = (client: number, sentNs: number, ackedNs: number): Row => (
    { client, status: ok, sentNs, ackedNs });
  const rows: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from('REDIS0010 and more bytes'), /offset 0: expected the magic PLUGLEDG, found "RE/],
    [patched((copy) => copy.writeUInt32LE(2, 8)), /offset 8: expected version 1, found version 2/],
    [patched((copy) => copy.writeUInt32LE(13, 12)), /offset 12: expected a header size .* 13$/],
    [patched((copy) => copy.writeUInt32LE(800_000, 12)), /offset 12: expected a header of 800000/],
    [patched((copy) => copy.write('!', 16)), /offset 16: expected JSON, found/],
    [patched((copy) => copy.write('{"clients":0,', 16)),
      /expected clients from 1 to 65535, found 0$/],
    [Buffer.concat([bytes, bytes.subarray(headerBytes)]),
      /expected sequence 3 of client 0, found sequence 1$/],
    [written([row(0, 10, 20), row(0, 9, 21)]), /expected sent at 10 ns or later, found 9$/],
    [written([row(0, 10, 9)]), /expected acknowledged after 10 ns, found 9$/],
    [written([row(0, NaN, 9)]), /found NaN$/],
    [written([row(0, 10, Infinity)]), /expected acknowledged after 10 ns, found Infinity$/],
  ];
  for (const [file, message] of rows) t.throws(() => readLedger(file), { message });
});

test('who had sent and acknowledged what at an instant', (t) => {
  const row = (status: OperationStatus, sentNs: number, ackedNs: number): Row => (
    { client: 0, status, sentNs, ackedNs });
  const ledger = readLedger(written([
    row(STATUS_OK, 10, 20), row(STATUS_OK, 20, 40), row(STATUS_FAIL, 30, 50),
    row(STATUS_INFO, 30, 0), row(STATUS_OK, 60, 60), row(STATUS_INFO, 70, 0),
  ]));
  // instant, last sent, last acknowledged
  const rows = [
    [9, 0, 0], [10, 1, 0], [19, 1, 0], [20, 2, 1], [39, 4, 1], [40, 4, 2], [59, 4, 2],
    [60, 5, 5], [1e9, 6, 5], [Infinity, 6, 6],
  ] as const;
  for (const [atNs, sent, acknowledged] of rows) {
    t.is(ledger.lastSent(0, atNs), sent, `sent at ${atNs}`);
    if (atNs < Infinity) t.is(ledger.lastAcknowledged(0, atNs), acknowledged, `acked at ${atNs}`);
  }
  t.is(ledger.lastSent(1, Infinity), 0);
  t.is(ledger.lastAcknowledged(1, 1e9), 0);
  const released = Float64Array.of(11, 21, 31, 33, 61, 71);
  t.is(ledger.lastAcknowledged(0, 35, released), 4);
});
