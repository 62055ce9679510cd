// The fitted line against a certified one, and the word for its shape.

import test from 'ava';
import { fitLine, growthWord } from './growth.ts';

test('the line of NIST’s Norris data is the certified one', (t) => {
  // Statistical Reference Datasets, linear regression, Norris: B0, B1, residual standard deviation.
  const y = [0.1, 338.8, 118.1, 888, 9.2, 228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3, 0.1, 778.1,
    668.8, 339.3, 448.9, 10.8, 557.7, 228.3, 998, 888.8, 119.6, 0.3, 0.6, 557.6, 339.3, 888, 998.5,
    778.9, 10.2, 117.6, 228.9, 668.4, 449.2, 0.2];
  const x = [0.2, 337.4, 118.2, 884.6, 10.1, 226.5, 666.3, 996.3, 448.6, 777, 558.2, 0.4, 0.6,
    775.5, 666.9, 338, 447.5, 11.6, 556, 228.1, 995.8, 887.6, 120.2, 0.3, 0.3, 556.8, 339.1, 887.2,
    999, 779, 11.1, 118.3, 229.2, 669.1, 448.9, 0.5];
  const line = fitLine(x.map((each, at) => [each, y[at] ?? NaN] as const));
  t.true(Math.abs((line?.intercept ?? 0) - -0.262323073774029) < 1e-10);
  t.true(Math.abs((line?.slope ?? 0) - 1.00211681802045) < 1e-12);
  t.true(Math.abs((line?.residualSd ?? 0) - 0.884796396144373) < 1e-10);
});

test('straight, bent up, bent down, too few', (t) => {
  const over = (f: (x: number) => number): (readonly [number, number])[] =>
    [1, 2, 4, 8].map((x) => [x, f(x)] as const);
  t.is(growthWord(over((x) => 50 + 3 * x)), 'linear');
  t.is(growthWord(over((x) => x ** 2)), 'faster than linear');
  t.is(growthWord(over(Math.sqrt)), 'slower than linear');
  t.is(growthWord([[1, 1], [2, 2]]), 'too few sizes');
  t.is(fitLine([[3, 1], [3, 2]]), null);
});
