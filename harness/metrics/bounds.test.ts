// Binomial bounds against published intervals, SciPy 1.17.1 and the definition itself.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  quantileWithBounds, shareBounds, shareUpperBound, valuesForQuantileBounds,
} from './bounds.ts';
import { binomialCdf } from './distributions.ts';

function near(t: ExecutionContext, found: readonly number[], expected: readonly number[]): void {
  for (const [index, one] of expected.entries()) {
    const error = Math.abs((found[index] ?? NaN) - one);
    t.true(error <= 1e-10 * one + 1e-15, `${found[index]}, expected ${one}`);
  }
}

test('Clopper-Pearson: intervals of R’s binom.test as published', (t) => {
  const rounded = ([low, high]: readonly [number, number]): string[] =>
    [low.toPrecision(7), high.toPrecision(7)];
  t.deepEqual(rounded(shareBounds(9, { trials: 24 })), ['0.1879929', '0.5940636']);
  t.deepEqual(
    rounded(shareBounds(1, { trials: 1497, confidence: 0.9 })),
    ['0.00003426347', '0.003164954'],
  );
});

test('Clopper-Pearson: intervals of SciPy’s binomtest(…).proportion_ci(method="exact")', (t) => {
  // Conover 1971, p. 97 (the example of binom.test), and trials as crash tests have them.
  near(t, shareBounds(682, { trials: 925 }), [0.707668264079039, 0.7654065582414781]);
  near(t, shareBounds(3, { trials: 20 }), [0.03207093718554477, 0.37892682654529564]);
  near(t, shareBounds(846, { trials: 1008 }), [0.8151326642974093, 0.8614373832921338]);
  near(t, shareBounds(131_418, { trials: 930_005 }), [0.1406015378976633, 0.14201853233044015]);
  near(t, shareBounds(0, { trials: 100 }), [0, 0.03621669264519054]);
  near(t, shareBounds(20, { trials: 20 }), [0.8315665290169145, 1]);
  t.deepEqual(shareBounds(0, { trials: 0 }), [0, 1]);
});

test('at the bounds, what was seen is just as unlikely as it may be', (t) => {
  const [low, high] = shareBounds(7, { trials: 50, confidence: 0.99 });
  near(t, [binomialCdf(7, { trials: 50, probability: high })], [0.005]);
  near(t, [1 - binomialCdf(6, { trials: 50, probability: low })], [0.005]);
});

test('none seen: the exact bound, of which the rule of three is the upper neighbour', (t) => {
  near(t, [shareUpperBound(0, { trials: 100 })], [1 - 0.05 ** 0.01]);
  t.is(shareUpperBound(0, { trials: 0 }), 1);
  for (const trials of [10, 30, 100, 1000, 100_000]) {
    const exact = shareUpperBound(0, { trials });
    near(t, [exact], [1 - 0.05 ** (1 / trials)]);
    t.true(exact <= 3 / trials && exact > 3 / trials / 1.17, `${trials}: ${exact}`);
  }
});

test('bounds of quantiles are the order statistics of the tables', (t) => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  const ranks = (count: number, fraction: number): (number | null)[] => {
    const { low, high } = quantileWithBounds(upTo(count).reverse(), { fraction });
    return [low, high];
  };
  // Medians: the 2nd and 9th of 10 (97.9 %), the 6th and 15th of 20 (95.9 %), as in the sign test's
  // tables; the others from SciPy: binom.cdf, ranks searched one by one.
  t.deepEqual(ranks(10, 0.5), [2, 9]);
  t.deepEqual(ranks(20, 0.5), [6, 15]);
  t.deepEqual(ranks(6, 0.5), [1, 6]);
  t.deepEqual(ranks(5, 0.5), [null, null]);
  t.deepEqual(ranks(100, 0.9), [84, 96]);
  t.deepEqual(ranks(59, 0.95), [52, null]);
  t.deepEqual(ranks(0, 0.5), [null, null]);
  t.is(quantileWithBounds(upTo(11), { fraction: 0.9 }).value, 10);
});

test('with as many values as are needed both bounds exist, with one fewer they do not', (t) => {
  const rows = [[0.5, 6], [0.9, 36], [0.99, 368], [0.999, 3688], [0.1, 36]] as const;
  for (const [fraction, expected] of rows) {
    const needed = valuesForQuantileBounds({ fraction });
    t.is(needed, expected);
    const values = Array.from({ length: needed }, (_, index) => index);
    const enough = quantileWithBounds(values, { fraction });
    t.true(enough.low !== null && enough.high !== null);
    const short = quantileWithBounds(values.slice(1), { fraction });
    t.true(short.low === null || short.high === null);
  }
});
