// The flags of `npm run bench`, and the document that it prints for programs.

import os from 'node:os';
import test from 'ava';
import { medianInterval, resultOf, withInterval }
  from '../../engine/server/test-support/bench/table.ts';
import { compareBenches, parseBench } from '../report/compare/bench-results.ts';
import { BenchUsageError, documentOf, parseOrder } from './options.bench.ts';

const known = { names: ['micro', 'engine', 'disks'], aliases: { compare: 'engine' } };

const refused: readonly [string, RegExp][] = [
  ['--rounds x', /^--rounds: expected a whole number above 0, found 'x'$/],
  ['--rounds 0', /--rounds: expected a whole number above 0, found '0'/],
  ['--rounds 1.5', /--rounds/],
  ['--seconds 0', /--seconds: expected a number above 0/],
  ['--scale -1', /--scale/],
  ['--policy foo', /--policy: expected none, no, everysec, always, found 'foo'/],
  ['--policy=', /--policy: .* found ''/],
  ['--pipeline 1,0', /--pipeline: expected a whole number above 0, found '0'/],
  ['--tests set,gte', /--tests: expected set, get, .* found 'gte'/],
  ['--only disk', /--only: expected micro, engine, disks, compare, found 'disk'/],
  ['--latency-seconds NaN', /--latency-seconds/],
  ['--inputs 1e3', /--inputs/],
  ['--seed -1', /--seed/],
  ['--seed x', /--seed: expected a whole number from 0 on, found 'x'/],
  ['--unknown', /unknown/i],
  ['word', /word/],
];

for (const [words, message] of refused) {
  test(`bench ${words} is refused before anything starts`, (t) => {
    const error = t.throws(() => parseOrder(words.split(' '), known), {
      instanceOf: BenchUsageError,
    });
    t.regex(error.message, message);
  });
}

test('what is not given differs from part to part', (t) => {
  const { optionsOf, chosen, json } = parseOrder([], known);
  t.deepEqual([chosen, json], [known.names, false]);
  t.deepEqual(['micro', 'engine', 'driver', 'disks'].map((part) => optionsOf(part).rounds),
    [6, 6, 6, 3]);
  t.like(optionsOf('engine'), { seconds: 0.4, scale: 1, seed: null, tests: [] });
  const words = '--only compare,disks --rounds 2 --policy NO --quick --seed 0';
  const asked = parseOrder(words.split(' '), known);
  t.deepEqual(asked.chosen, ['engine', 'disks']);
  t.like(asked.optionsOf('engine'), { rounds: 2, scale: 0.1, seed: 0, seconds: 0.3 });
  t.deepEqual(asked.optionsOf('engine').policies, ['no']);
  t.is(parseOrder(['--quick'], known).optionsOf('engine').rounds, 1);
});

test('what --json prints is what compare reads, with the machine', (t) => {
  const rates = [1, 2, 3, 4, 5, 6].map((at): [number, number] => [64 * at, 64]);
  const results = [
    resultOf(rates, { name: 'engine/SET/no/pipeline 1', unit: 'operations a second' }),
    { name: 'micro/x', unit: 'ns an operation', ours: 3, theirs: null, ratio: null } as const,
  ];
  const text = JSON.stringify(documentOf(results, os.tmpdir()), null, 2);
  const { testbed, results: printed } = JSON.parse(text) as ReturnType<typeof documentOf>;
  t.regex(testbed.fingerprint, /^[0-9a-f]{12}$/);
  t.deepEqual(Object.keys(printed[0] ?? {}), ['name', 'unit', 'ours', 'theirs', 'ratio']);
  t.like(printed[0], { ours: 224, theirs: 64, ratio: { median: 3.5, ci95: [1, 6] } });
  const figures = parseBench(text, 'one');
  if (figures === null) return t.fail('not read');
  t.is(figures.figures[0]?.ratios?.length, 6);
  const { metrics, testbed: differences } = compareBenches(figures, figures);
  t.deepEqual([metrics.length, differences], [1, []]);
});

test('an interval needs six values, and is printed with its median', (t) => {
  t.is(medianInterval([1, 2, 3, 4, 5]), null);
  t.deepEqual(medianInterval([6, 1, 5, 2, 4, 3]), [1, 6]);
  t.is(withInterval({ median: 1.425, ci95: [1.3, 1.5] }), '1.43 [1.30, 1.50]');
  t.is(withInterval({ median: 1.4, ci95: null }, 1), '1.4');
});
