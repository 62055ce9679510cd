// What is encoded is what the operation's description says, byte by byte.

import assert from 'node:assert/strict';

import test from 'ava';
import * as fc from 'fast-check';

import { OperationEncoder, PreloadEncoder } from './encoder.ts';
import { preloadKey, witnessKey } from './keys.ts';
import { Operations, operationKinds } from './operations.ts';
import type { Operation } from './operations.ts';
import { mixNames } from './spec.ts';
import type { WorkloadSpec } from './spec.ts';
import { ValueCodec } from './value.ts';

const base: WorkloadSpec = {
  seed: 7, clients: 3, keysPerClient: 50, valueSizeBytes: 100, mix: 'chaos',
  startWallMs: 1_760_000_000_000,
};

/** RESP by another way: arrays of binary strings, as a parser would give them. */
function parse(bytes: Buffer): string[][] {
  const text = bytes.toString('latin1');
  const commands: string[][] = [];
  let at = 0;
  const number = (type: string): number => {
    const end = text.indexOf('\r\n', at);
    if (text[at] !== type) throw new Error(`${type} expected at ${at}, found ${text[at]}`);
    const value = Number(text.slice(at + 1, end));
    at = end + 2;
    return value;
  };
  while (at < text.length) {
    const command: string[] = [];
    for (let left = number('*'); left > 0; left--) {
      const length = number('$');
      command.push(text.slice(at, at + length));
      if (text.slice(at + length, at + length + 2) !== '\r\n') throw new Error(`CRLF at ${at}`);
      at += length + 2;
    }
    commands.push(command);
  }
  return commands;
}

/** The change of a collection that is loaded. */
function changeOf(operations: Operations, key: string, value: string): string[] {
  const { action, field, deadlineMs } = operations;
  const [type = ''] = key;
  const isIntegers = type === 's' && Number(key.slice(8)) % 2 === 1;
  const name = `${isIntegers ? '1' : 'f'}${String(field).padStart(3, '0')}`;
  if (action === 5) return ['DEL', key];
  if (action === 4) return ['PEXPIREAT', key, String(deadlineMs)];
  const sequence = value.slice(6, 16);
  const rows: Record<string, readonly string[][]> = {
    l: [['RPUSH', key, value], ['LPUSH', key, value], ['LPOP', key], ['RPOP', key]],
    h: [['HSET', key, name, value], ['HDEL', key, name]],
    s: [['SADD', key, name], ['SREM', key, name]],
    z: [['ZADD', key, sequence, name], ['ZREM', key, name]],
  };
  return rows[type]?.[type === 'l' ? action : action >> 1] ?? [];
}

/** The commands that a description stands for. */
function expected(
  { kind, keys, deadlineMs }: Operation, value: string,
  { witness, operations }: { witness: string[]; operations: Operations },
): string[][] {
  const [first = '', second = ''] = keys;
  const set = (key: string): string[] => ['SET', key, value];
  const expiring = [...set(first), 'PXAT', String(deadlineMs)];
  const multi = (...commands: string[][]): string[][] => [['MULTI'], ...commands, ['EXEC']];
  switch (kind) {
    case 'set': return [set(first)];
    case 'set-expire': return [expiring];
    case 'pair': return multi(set(first), set(second));
    case 'increment': return multi(['INCR', first], witness);
    case 'delete': return multi(['DEL', first], witness);
    case 'brief': return multi(expiring, witness);
    case 'swap': return multi(['SWAPDB', '0', '1'], witness);
    case 'flush': return multi(['FLUSHALL'], witness);
    case 'collection': return multi(changeOf(operations, first, value), witness);
  }
}

function check(spec: WorkloadSpec, client: number, sequence: number): [string[][], string[][]] {
  const encoder = new OperationEncoder(spec);
  const codec = new ValueCodec(spec);
  const bytes = Buffer.alloc(encoder.maximumBytes + 7, 0xee);
  const end = encoder.encode(bytes, 7, client, sequence);
  const value = Buffer.alloc(spec.valueSizeBytes);
  codec.write(value, 0, client, sequence);
  const witness = ['SET', witnessKey(client), String(sequence).padStart(10, '0')];
  const operations = new Operations(spec);
  const operation = operations.describe(client, sequence);
  const commands = expected(operation, value.toString('latin1'), { witness, operations });
  const isFirst = spec.mix === 'full' && sequence === 1 && client % 2 === 1;
  return [parse(bytes.subarray(7, end)), isFirst ? [['SELECT', '1'], ...commands] : commands];
}

test('the first 2,000 operations of every mix, each kind among them', (t) => {
  for (const mix of mixNames) {
    const spec = { ...base, mix };
    const operations = new Operations(spec);
    const kinds = new Set<string>();
    for (let sequence = 1; sequence <= 2_000; sequence++) {
      const [found, described] = check(spec, sequence % 3, sequence);
      t.deepEqual(found, described);
      t.is(operations.repliesOf(sequence % 3, sequence), found.length);
      kinds.add(operations.describe(sequence % 3, sequence).kind);
    }
    const all = { set: ['set'], chaos: operationKinds.slice(0, 6), full: operationKinds };
    t.deepEqual([...kinds].sort(), [...all[mix]].sort());
  }
});

test('any seed, client, sequence and value size', (t) => {
  const shapes = fc.record({
    seed: fc.maxSafeNat(), client: fc.integer({ min: 0, max: 65_534 }),
    sequence: fc.integer({ min: 1, max: 0xffff_ffff }),
    keysPerClient: fc.integer({ min: 2, max: 99_999_999 }),
    valueSizeBytes: fc.integer({ min: 32, max: 600 }),
    mix: fc.constantFrom(...mixNames),
  });
  fc.assert(fc.property(shapes, ({ client, sequence, ...rest }) => {
    const spec = { ...base, ...rest, clients: client + 1 };
    const [found, described] = check(spec, client, sequence);
    assert.deepEqual(found, described);
  }), { numRuns: 200 });
  t.pass();
});

test('payload is keys and values of the data: no witness, no protocol', (t) => {
  const encoder = new OperationEncoder(base);
  const operations = new Operations(base);
  for (let sequence = 1; sequence <= 500; sequence++) {
    const { kind, keys } = operations.describe(1, sequence);
    const values = ['increment', 'delete'].includes(kind) ? 0 : keys.length;
    const payload = keys.join('').length + values * base.valueSizeBytes;
    t.is(encoder.payloadBytes(1, sequence), payload);
  }
});

test('no operation takes more than maximumBytes', (t) => {
  for (const valueSizeBytes of [32, 511, 4_096]) {
    const encoder = new OperationEncoder({ ...base, valueSizeBytes });
    const bytes = Buffer.alloc(encoder.maximumBytes);
    for (let sequence = 1; sequence <= 500; sequence++) {
      t.true(encoder.encode(bytes, 0, 2, sequence) <= bytes.length);
    }
  }
});

test('preloaded keys are SETs of their own', (t) => {
  const encoder = new PreloadEncoder(base);
  const bytes = Buffer.alloc(2 * encoder.commandBytes);
  t.is(encoder.encode(bytes, 0, 0), encoder.commandBytes);
  t.is(encoder.encode(bytes, encoder.commandBytes, 1_234_567), bytes.length);
  const commands = parse(bytes);
  t.deepEqual(commands.map((command) => command.slice(0, 2)), [
    ['SET', preloadKey(0)], ['SET', preloadKey(1_234_567)],
  ]);
  t.deepEqual(commands.map((command) => command[2]?.length), [100, 100]);
});
