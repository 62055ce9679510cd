// Distribution functions against SciPy 1.17.1 (`norm`, `beta`, `binom`) and plain sums.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { betaCdf, binomialCdf, normalCdf, normalQuantile } from './distributions.ts';

function near(t: ExecutionContext, found: number, expected: number): void {
  const error = Math.abs(found - expected);
  t.true(error <= 2e-12 * Math.abs(expected) + 1e-300, `${found}, expected ${expected}`);
}

test('the normal distribution is that of SciPy, tails included', (t) => {
  for (const [z, expected] of [
    [-8, 6.22096057427174e-16], [-3, 0.0013498980316300933], [-1.96, 0.024997895148220435],
    [0, 0.5], [1, 0.8413447460685429], [2.5, 0.9937903346742238],
  ] as const) near(t, normalCdf(z), expected);
  t.deepEqual([normalCdf(-Infinity), normalCdf(Infinity)], [0, 1]);
  for (const [probability, expected] of [
    [1e-10, -6.361340902404056], [0.001, -3.090232306167813], [0.025, -1.9599639845400545],
    [0.8, 0.8416212335729143], [0.975, 1.959963984540054],
  ] as const) near(t, normalQuantile(probability), expected);
});

test('the normal distribution is continuous where its two ways of computing it meet', (t) => {
  near(t, normalCdf(-2 + 1e-14), normalCdf(-2 - 1e-14) + 2e-14 * 0.05399096651318806);
});

test('the beta distribution is that of SciPy', (t) => {
  near(t, betaCdf(0.3, 2, 5), 0.5798250000000003);
  near(t, betaCdf(0.99, 500, 10), 0.9655511832165746);
  near(t, betaCdf(0.0001, 0.5, 0.5), 0.006366303831746142);
  t.deepEqual([betaCdf(0, 2, 3), betaCdf(1, 2, 3)], [0, 1]);
});

test('the binomial distribution is that of SciPy, and the sum of its terms', (t) => {
  near(t, binomialCdf(7, { trials: 20, probability: 0.3 }), 0.7722717974181608);
  near(t, binomialCdf(960, { trials: 1000, probability: 0.95 }), 0.9401851209480974);
  let [term, sum] = [0.6 ** 30, 0];
  for (let successes = 0; successes < 30; successes++) {
    sum += term;
    term *= ((30 - successes) / (successes + 1)) * (0.4 / 0.6);
    near(t, binomialCdf(successes, { trials: 30, probability: 0.4 }), sum);
  }
  t.is(binomialCdf(-1, { trials: 5, probability: 0.5 }), 0);
  t.is(binomialCdf(5, { trials: 5, probability: 0.5 }), 1);
});
