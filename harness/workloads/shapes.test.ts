// Keys and sizes as their distributions say: shares within their own standard errors, bad texts
// refused, and everything the same function of the seed on both sides.

import test from 'ava';
import { HarnessError } from '../errors.ts';
import { mix32 } from './hash.ts';
import { isDistribution, keyPicker } from './key-distribution.ts';
import type { KeyDistribution } from './key-distribution.ts';
import { isValueSizes, parseTrace, sizePicker } from './value-sizes.ts';
import type { ValueSizes } from './value-sizes.ts';
import { OperationEncoder } from './encoder.ts';
import { parseWorkload } from './spec.ts';
import type { WorkloadSpec } from './spec.ts';
import { ValueCodec } from './value.ts';

const draws = 200_000;

function counts(distribution: KeyDistribution, keys: number): Float64Array {
  const picker = keyPicker(distribution, keys);
  const found = new Float64Array(keys);
  for (let draw = 1; draw <= draws; draw++) {
    const slot = picker.pick(mix32(draw), draw);
    found[slot] = (found[slot] as number) + 1;
  }
  return found;
}

/** Five standard errors of a share: of hundreds of comparisons none is that far off by chance. */
function near(found: number, share: number): boolean {
  return Math.abs(found / draws - share) <= 5 * Math.sqrt((share * (1 - share)) / draws);
}

for (const exponent of [0.5, 0.99, 1, 1.5, 3]) {
  test(`zipf ${exponent}: each of 100 keys in proportion to its rank's power`, (t) => {
    const found = counts(`zipf:${exponent}`, 100);
    const weights = Array.from({ length: 100 }, (_, index) => (index + 1) ** -exponent);
    const sum = weights.reduce((total, one) => total + one, 0);
    for (const [index, weight] of weights.entries()) {
      t.true(near(found[index] as number, weight / sum), `key ${index}: ${found[index]}`);
    }
  });
}

test('zipf over a hundred million keys needs no table and stays in range', (t) => {
  const picker = keyPicker('zipf:1.1', 99_999_999);
  for (let draw = 1; draw <= 50_000; draw++) {
    const slot = picker.pick(mix32(draw), draw);
    if (!(Number.isInteger(slot) && slot >= 0 && slot < 99_999_999)) t.fail(`${slot}`);
  }
  t.is(keyPicker('zipf:1.1', 1).pick(12_345, 1), 0);
});

test('a tenth of the keys gets nine tenths of the operations, each alike', (t) => {
  const found = counts('hotset:0.1:0.9', 50);
  for (const [index, seen] of found.entries()) {
    t.true(near(seen, index < 5 ? 0.9 / 5 : 0.1 / 45), `key ${index}: ${seen}`);
  }
});

test('sequential goes round, uniform takes all alike', (t) => {
  const picker = keyPicker('sequential', 3);
  t.deepEqual([1, 2, 3, 4, 5].map((sequence) => picker.pick(99, sequence)), [0, 1, 2, 0, 1]);
  for (const seen of counts('uniform', 20)) t.true(near(seen, 1 / 20));
});

test('texts that are none are refused', (t) => {
  const good = ['uniform', 'sequential', 'zipf:0.99', 'zipf:10', 'hotset:0.2:0.8'];
  const bad = ['', 'zipf', 'zipf:0', 'zipf:11', 'zipf:x', 'zipf:1:2', 'hotset:0.1', 'hotset:0:0.5',
    'hotset:0.5:1', 'uniform:1', 'Uniform', null, 3];
  for (const text of good) t.true(isDistribution(text), text);
  for (const text of bad) t.false(isDistribution(text), String(text));
  const goodSizes = ['fixed', 'uniform:32-64', 'lognormal:200:0.8', 'sizes:32,1048576'];
  const badSizes = ['', 'uniform:64-32', 'uniform:31-64', 'uniform:32-1048577', 'lognormal:200:0',
    'lognormal:200', 'sizes:', 'sizes:31', 'sizes:40,,50', 'trace:file', undefined];
  for (const text of goodSizes) t.true(isValueSizes(text), text);
  for (const text of badSizes) t.false(isValueSizes(text), String(text));
});

test('sizes: even, lognormal about its median, a trace in turn', (t) => {
  const even = sizePicker('uniform:40-43', 100);
  const seen = new Set(Array.from({ length: 1000 }, (_, draw) => even.pick(mix32(draw), draw)));
  t.deepEqual([...seen].sort(), [40, 41, 42, 43]);
  const log = sizePicker('lognormal:1000:0.5', 100);
  const sizes = Array.from({ length: draws }, (_, draw) => log.pick(mix32(draw), draw));
  t.true(near(sizes.filter((size) => size <= 1000).length, 0.5));
  // One standard deviation above the median: 84.13 % of a normal distribution.
  t.true(near(sizes.filter((size) => size <= 1000 * Math.exp(0.5)).length, 0.8413));
  t.true(sizes.every((size) => size >= 32 && size <= log.maximumBytes));
  const mean = sizes.reduce((sum, size) => sum + size, 0) / draws;
  t.true(Math.abs(mean / log.meanBytes - 1) < 0.02, `${mean} of ${log.meanBytes}`);
  t.true(log.meanBytes > 1100, 'above the median');
  t.deepEqual([even.meanBytes, sizePicker('fixed', 100).meanBytes], [41.5, 100]);
  const trace = sizePicker('sizes:50,60', 100);
  t.is(trace.meanBytes, 55);
  t.deepEqual([1, 2, 3].map((sequence) => trace.pick(7, sequence)), [50, 60, 50]);
});

test('a trace file is one size a line; a bad line is named', (t) => {
  t.is(parseTrace('# bytes\n100\n\n 2000 \n', 'a.txt'), 'sizes:100,2000');
  const rows = [['100\nx\n', 2], ['100\n\n12\n', 3], ['1e3', 1], ['1048577', 1]] as const;
  for (const [text, line] of rows) {
    const error = t.throws(() => parseTrace(text, 'a.txt'), { instanceOf: HarnessError });
    t.true(error?.message.startsWith(`a.txt:${line}: expected a size from 32`), error?.message);
  }
  t.throws(() => parseTrace('# nothing\n', 'a.txt'), { message: /expected 1 to 10000 sizes/ });
  t.throws(() => parseTrace('40\n'.repeat(10_001), 'a.txt'), { message: /found 10001/ });
});

test('values of any size read back as their sequence, and cut ones as torn', (t) => {
  const base: WorkloadSpec = {
    seed: 7, clients: 2, keysPerClient: 50, valueSizeBytes: 100, mix: 'chaos',
    startWallMs: 1.76e12,
  };
  const all: readonly ValueSizes[] = ['uniform:32-99', 'lognormal:300:1', 'sizes:32,999,10000'];
  for (const valueSizes of all) {
    const spec = { ...base, valueSizes };
    const codec = new ValueCodec(spec);
    const encoder = new OperationEncoder(spec);
    const bytes = Buffer.alloc(Math.max(encoder.maximumBytes, codec.sizeBytes + 20));
    for (let sequence = 1; sequence <= 300; sequence++) {
      const length = codec.sizeOf(1, sequence);
      t.is(codec.write(bytes, 0, 1, sequence), length);
      t.is(codec.read(bytes.subarray(0, length), 1), sequence);
      t.is(codec.read(bytes.subarray(0, length - 1), 1), 0);
      const end = codec.writeBulk(bytes, 0, 1, sequence);
      t.is(bytes.toString('latin1', 0, end - length), `$${length}\r\n`);
      t.true(encoder.encode(bytes, 0, 1, sequence) <= encoder.maximumBytes);
    }
  }
});

test('a ledger of before has the even shape, a bad one is named', (t) => {
  const old = {
    seed: 7, clients: 2, keysPerClient: 50, valueSizeBytes: 100, mix: 'set', startWallMs: 1.76e12,
  };
  t.like(parseWorkload(old), { distribution: 'uniform', valueSizes: 'fixed' });
  t.throws(() => parseWorkload({ ...old, distribution: 'zipf:99' }), { message: /distribution/ });
  t.throws(() => parseWorkload({ ...old, valueSizes: 'big' }), { message: /valueSizes/ });
});
