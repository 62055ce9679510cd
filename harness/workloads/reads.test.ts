// Reads: their share, their keys, and that writes do not change because of them.

import test from 'ava';
import { briefKey } from './keys.ts';
import { Operations } from './operations.ts';
import { deadlineMarginMs, Reads } from './reads.ts';
import type { WorkloadSpec } from './spec.ts';

const spec: WorkloadSpec = {
  seed: 7, clients: 3, keysPerClient: 5, valueSizeBytes: 40, mix: 'set', startWallMs: 1.76e12,
};

test('a share of the operations, each a GET of one of the client’s own keys', (t) => {
  const reads = new Reads(spec, 0.3);
  const bytes = Buffer.alloc(reads.maximumBytes);
  const keys = new Set<string>();
  let count = 0;
  for (let turn = 1; turn <= 20_000; turn++) {
    if (!reads.isRead(2, turn)) continue;
    count++;
    t.is(reads.encode(bytes, 0, 2, turn), bytes.length);
    keys.add(bytes.toString('latin1'));
  }
  t.true(Math.abs(count / 20_000 - 0.3) < 0.017, `${count}`); // five standard errors
  t.deepEqual([...keys].sort(), [0, 1, 2, 3, 4].map((index) =>
    `*2\r\n$3\r\nGET\r\n$16\r\nk:00002:0000000${index}\r\n`));
});

test('the same seed reads the same, another client or seed does not', (t) => {
  const first = (seed: number, client: number): string => {
    const reads = new Reads({ ...spec, seed }, 0.5);
    const turns = Array.from({ length: 64 }, (_, at) => at + 1);
    return turns.map((turn) => (reads.isRead(client, turn) ? 'r' : 'w')).join('');
  };
  t.is(first(7, 1), first(7, 1));
  t.not(first(7, 1), first(7, 2));
  t.not(first(7, 1), first(8, 1));
});

test('keys that expire are read before their deadline and after it, never near it', (t) => {
  const chaos = { ...spec, mix: 'chaos' as const };
  const operations = new Operations(chaos);
  const written = 1_000;
  let nowMs = chaos.startWallMs + 5_000;
  const reads = new Reads(chaos, 0.5, () => nowMs);
  const bytes = Buffer.alloc(reads.maximumBytes);
  let [alive, over, turns] = [0, 0, 0];
  for (let turn = 1; turn <= 4_000; turn++) {
    const brief = reads.briefOf(1, turn, written);
    if (brief === 0) continue;
    turns++;
    const sequence = Math.abs(brief);
    t.true(sequence <= written);
    const { kind, deadlineMs, keys } = operations.describe(1, sequence);
    t.is(kind, 'brief');
    const leftMs = deadlineMs - nowMs;
    t.true(brief > 0 ? leftMs > deadlineMarginMs : leftMs < -deadlineMarginMs);
    t.is(reads.livesOn(1, sequence), brief > 0);
    if (brief > 0) alive++;
    else over++;
    const end = reads.encodeBrief(bytes, 0, 1, sequence);
    t.is(keys[0], briefKey(1, sequence));
    t.is(bytes.toString('latin1', 0, end), `*2\r\n$3\r\nGET\r\n$18\r\n${keys[0]}\r\n`);
  }
  t.true(alive > 100 && over > 100 && turns < 1_200, `${alive} alive, ${over} over`);
  nowMs += 60_000;
  t.true(reads.briefOf(1, 1, 0) === 0, 'nothing was written');
  t.is(new Reads(chaos, 0.5).briefOf(1, 1, written), 0);
  t.is(new Reads(spec, 0.5, () => nowMs).briefOf(1, 1, written), 0);
});
