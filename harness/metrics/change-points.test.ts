// Change points: against values computed by hand and by R, and by simulated nights with a step.
import test from 'ava';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { changePoints, latestShift, welch } from './change-points.ts';

/** Normal numbers by adding twelve uniform ones. */
function normals(seed: number): () => number {
  const random = xoroshiro128plus(seed);
  return () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniformInt(random, 0, 1_000_000) / 1_000_000;
    return sum;
  };
}

/** 60 nights around 100 with a scatter of 3 %, and a step at night 30. */
function nights(seed: number, step: number, count: number = 60): number[] {
  const normal = normals(seed);
  return Array.from({ length: count }, (_, at) => (
    (100 + 3 * normal()) * (at >= count / 2 ? 1 + step : 1)));
}

test("Welch's test gives what R gives", (t) => {
  // R 4.2: t.test(extra ~ group, data = sleep)$p.value
  const [one, other] = [
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
  ];
  t.true(Math.abs(welch(one ?? [], other ?? []) - 0.079393) < 1e-5);
  t.is(welch([1], [2, 3]), 1);
  t.is(welch([1, 1], [1, 1]), 1);
  t.is(welch([1, 1], [2, 2]), 0);
});

test('a clean step is found where it is, none is found in a flat line', (t) => {
  const values = Array.from({ length: 24 }, (_, at) => (at < 12 ? 1 : 2));
  t.deepEqual(changePoints(values), [
    { index: 12, beforeMedian: 1, afterMedian: 2, pValue: 0 },
  ]);
  for (const level of [5, 0, 0.1, 1650.3]) {
    t.deepEqual(changePoints(Array.from({ length: 41 }, () => level)), [], String(level));
  }
});

test('fewer than ten values on a side are not a level', (t) => {
  const values = Array.from({ length: 19 }, (_, at) => (at < 10 ? 1 : 9));
  t.deepEqual(changePoints(values), []);
  t.is(changePoints([...values, 9]).length, 1);
  t.deepEqual(changePoints([]), []);
});

test('two steps are found, in order', (t) => {
  const normal = normals(9);
  const values = Array.from({ length: 60 }, (_, at) => (
    [100, 120, 90][Math.floor(at / 20)] as number) + normal());
  t.deepEqual(changePoints(values).map(({ index }) => index), [20, 40]);
});

test('60 nights with a step of 10 %: within two nights in at least 18 of 20 seeds', (t) => {
  const found = Array.from({ length: 20 }, (_, seed) => changePoints(nights(seed + 1, -0.1)));
  const right = found.filter((points) => (
    points.length === 1 && Math.abs((points[0]?.index ?? 0) - 30) <= 2));
  t.log(`${right.length} of 20 within two nights`);
  t.true(right.length >= 18, String(right.length));
});

test('nights without a step: change points and alerts are rare', (t) => {
  const [series, each] = [200, 60];
  let [points, alerts, asked] = [0, 0, 0];
  for (let seed = 1; seed <= series; seed++) {
    const values = nights(seed + 1000, 0, each);
    points += changePoints(values).length;
    for (let until = 12; until <= each; until += 1) {
      asked += 1;
      const shift = latestShift(values.slice(0, until), { minimumEffect: 0.05 });
      if (shift?.nights === 2) alerts += 1;
    }
  }
  t.log(`${points} false change points in ${series} series of ${each} nights, `
    + `${((alerts / asked) * 1000).toFixed(2)} false alerts per 1,000 nights`);
  t.true(alerts / asked <= 0.002, `${alerts} of ${asked}`);
  t.true(points / series <= 0.1, String(points));
});

test('a step raises an alert on its second night, a single outlier never', (t) => {
  const level = Array.from({ length: 20 }, (_, at) => 100 + (at % 5));
  const options = { minimumEffect: 0.05 };
  t.is(latestShift(level, options), null);
  t.like(latestShift([...level, 80], options), { direction: 'down', nights: 1 });
  t.like(latestShift([...level, 80, 81], options), { direction: 'down', nights: 2 });
  t.like(latestShift([...level, 120, 80], options), { direction: 'down', nights: 1 });
  t.is(latestShift([...level, 80, 101], options), null);
  t.is(latestShift([...level.slice(0, 9), 80, 80], options), null, 'too short a level');
  const still = Array.from({ length: 20 }, () => 0);
  t.is(latestShift(still, options), null);
});
