// Operations are a pure function of (spec, client, sequence), with the shares and rules they claim.

import test from 'ava';

import { KIND_BRIEF, KIND_PAIR, Operations, operationKinds } from './operations.ts';
import { ownedKeys, readBackCommands } from './owned-keys.ts';
import { ownerOf } from './keys.ts';
import type { WorkloadSpec } from './spec.ts';

const spec: WorkloadSpec = {
  seed: 7, clients: 4, keysPerClient: 100, valueSizeBytes: 40, mix: 'chaos',
  startWallMs: 1_760_000_000_000,
};

test('the same arguments give the same operation, whatever was read before', (t) => {
  const one = new Operations(spec);
  const other = new Operations({ ...spec });
  for (let sequence = 400; sequence > 0; sequence--) other.load(3, sequence);
  for (let sequence = 1; sequence <= 400; sequence++) {
    t.deepEqual(one.describe(2, sequence), other.describe(2, sequence));
  }
});

test('golden: the operations of seed 7 never change, or old ledgers cannot be judged', (t) => {
  const operations = new Operations(spec);
  const first = Array.from({ length: 12 }, (_, index) => {
    const { kind, keys, deadlineMs } = operations.describe(1, index + 1);
    const afterMs = deadlineMs === 0 ? '' : deadlineMs - spec.startWallMs;
    return `${kind} ${keys.join(' ')} ${afterMs}`.trim();
  });
  t.deepEqual(first, [
    'set k:00001:00000095', 'set k:00001:00000033', 'set k:00001:00000005',
    'set k:00001:00000062', 'delete k:00001:00000016', 'set k:00001:00000012',
    'set k:00001:00000055', 'pair k:00001:00000065 k:00001:00000077', 'set k:00001:00000042',
    'set k:00001:00000039', 'set k:00001:00000049', 'set-expire k:00001:00000016 3851165',
  ]);
});

test('seeds and clients give unrelated operations', (t) => {
  const slots = (seed: number, client: number): string => {
    const operations = new Operations({ ...spec, seed });
    return Array.from({ length: 50 }, (_, index) => {
      operations.load(client, index + 1);
      return operations.slotA;
    }).join();
  };
  const all = [slots(7, 0), slots(7, 1), slots(8, 0), slots(7 + 2 ** 32, 0), slots(8, 1)];
  t.is(new Set(all).size, all.length);
});

test('shares of the chaos mix, over 100,000 operations', (t) => {
  const operations = new Operations(spec);
  const counts = new Map<string, number>();
  for (let sequence = 1; sequence <= 100_000; sequence++) {
    operations.load(0, sequence);
    const kind = operationKinds[operations.kind] ?? '';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  // In 256ths, see operations.ts; 100,000 draws lie within half a percent.
  const shares = { 'set': 150, 'set-expire': 22, 'pair': 26, 'increment': 24, 'delete': 24,
    'brief': 10 };
  for (const [kind, share] of Object.entries(shares)) {
    const found = (counts.get(kind) ?? 0) / 1_000;
    t.true(Math.abs(found - share / 2.56) < 0.5, `${kind}: ${found} %`);
  }
});

test('keys are uniform among the client\'s own, for both mixes', (t) => {
  for (const mix of ['set', 'chaos'] as const) {
    const operations = new Operations({ ...spec, mix });
    const counts = new Uint32Array(operations.slotCount);
    for (let sequence = 1; sequence <= 100_000; sequence++) {
      operations.load(1, sequence);
      if (operations.slotA >= 0) counts[operations.slotA] = (counts[operations.slotA] ?? 0) + 1;
    }
    const plain = [...counts.subarray(0, spec.keysPerClient)];
    const mean = plain.reduce((sum, count) => sum + count, 0) / plain.length;
    // Six standard deviations of a Poisson count.
    t.true(plain.every((count) => Math.abs(count - mean) < 6 * Math.sqrt(mean)), mix);
    t.true([...counts.subarray(spec.keysPerClient)].every((count) => count > 0), mix);
  }
});

test('a pair writes two different keys, and brief deadlines belong to keys used once', (t) => {
  const operations = new Operations({ ...spec, keysPerClient: 2 });
  const farFromMs = spec.startWallMs + 3_600_000;
  for (let sequence = 1; sequence <= 2_000; sequence++) {
    operations.load(0, sequence);
    if (operations.kind === KIND_PAIR) t.not(operations.slotA, operations.slotB);
    if (operations.kind === KIND_BRIEF) t.is(operations.slotA, -1);
    else if (operations.deadlineMs > 0) t.true(operations.deadlineMs >= farFromMs);
  }
});

test('owned keys are all that was written, each once, and are read back in that order', (t) => {
  const operations = new Operations(spec);
  const upTo = 700;
  const keys = ownedKeys(operations, 2, upTo);
  const names = new Set(keys.names);
  t.is(names.size, keys.names.length);
  for (let sequence = 1; sequence <= upTo; sequence++) {
    for (const key of operations.describe(2, sequence).keys) t.true(names.has(key), key);
  }
  t.is(keys.names[keys.witnessIndex], 'w:00002');
  t.true(keys.briefSequences.length > 5);
  for (const name of names) t.is(ownerOf(spec, name), 'client', name);
  const commands = readBackCommands(keys);
  t.deepEqual(commands.filter(([verb]) => verb === 'GET').map(([, name]) => name), [...keys.names]);
  const asked = commands.filter(([verb]) => verb === 'PEXPIRETIME').map(([, name]) => name?.[0]);
  t.deepEqual([...new Set(asked)], ['k', 'x']);
});

test('mix set owns its plain keys and nothing else', (t) => {
  const keys = ownedKeys(new Operations({ ...spec, mix: 'set' }), 0, 1_000);
  t.is(keys.names.length, spec.keysPerClient);
  t.is(keys.witnessIndex, -1);
  t.deepEqual(readBackCommands(keys)[99], ['GET', 'k:00000:00000099']);
});

test('whose a key is', (t) => {
  const rows = [
    ['k:00003:00000001', 'client'], ['k:00004:00000001', 'unknown'], ['w:00000', 'client'],
    ['x:00001:0000000009', 'client'], ['n:00001:00000001', 'client'], ['p:0000000001', 'preload'],
    ['k:00003:1', 'unknown'], ['p:1', 'unknown'], ['', 'unknown'], ['xk:00003:00000001', 'unknown'],
  ] as const;
  for (const [name, owner] of rows) t.is(ownerOf(spec, name), owner, name);
});

test('mix full: every type has its keys, every action comes, each is read its own way', (t) => {
  const full: WorkloadSpec = { ...spec, mix: 'full', keysPerClient: 20 };
  const operations = new Operations(full);
  const seen = new Set<string>();
  let alone = 0;
  for (let sequence = 1; sequence <= 20_000; sequence++) {
    const { kind, keys: [name = ''] } = operations.describe(0, sequence);
    if (kind === 'collection') seen.add(`${name[0]}${operations.action}`);
    if (kind === 'swap' || kind === 'flush') alone++;
    t.is(operations.runsAlone(0, sequence), kind === 'swap' || kind === 'flush');
    t.false(operations.runsAlone(1, sequence));
  }
  t.is(seen.size, 4 * 6);
  t.true(Math.abs(alone - 20_000 / 128) < 6 * Math.sqrt(20_000 / 128), `${alone} alone`);
  const keys = ownedKeys(operations, 1, 500);
  t.deepEqual([keys.database, keys.isInBoth], [1, true]);
  const reads = readBackCommands(keys).filter(([verb]) => verb !== 'PEXPIRETIME');
  t.deepEqual([...new Set(reads.map(([verb, name]) => `${name?.[0]} ${verb}`))], [
    'k GET', 'n GET', 'l LRANGE', 'h HGETALL', 's SMEMBERS', 'z ZRANGE', 'w GET', 'x GET',
  ]);
  for (const name of keys.names) t.is(ownerOf(full, name), 'client', name);
});
