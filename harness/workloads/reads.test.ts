// Reads: their share, their keys, and that writes do not change because of them.

import test from 'ava';
import { Reads } from './reads.ts';
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
