// The simulated origin and clients: capacity, queue, patience, misses, coalescing, and what the
// samples are read as.

import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { figuresOf } from './figures.ts';
import { Origin } from './origin.ts';
import type { Sample } from './population.ts';
import { Population } from './population.ts';

const nowMs = (): number => performance.now();

test('an origin answers what it can, refuses a full queue, drops who has gone', async (t) => {
  let now = 0;
  const origin = new Origin({
    workers: 2, serviceMs: 1, queueLimit: 3, patienceMs: 100, nowMs: () => now,
  });
  t.is(origin.capacity, 2000);
  const first = Array.from({ length: 6 }, () => origin.fetch());
  t.is(origin.waiting, 3);
  t.deepEqual(await Promise.all(first), [true, true, true, true, true, false]);
  const late = Array.from({ length: 4 }, () => origin.fetch());
  now = 200;
  t.deepEqual(await Promise.all(late), [true, true, false, false]);
  t.like(origin, { requests: 10, errors: 3, queuePeak: 3 });
});

test('without a cache all requests go to the origin; coalescing asks once for a key', async (t) => {
  for (const coalesces of [false, true]) {
    let isOver = false; // then all who wait have lost patience, and the process can end
    const origin = new Origin({
      workers: 1, serviceMs: 3000, queueLimit: 1e6, patienceMs: 1, nowMs: () => isOver ? 1e6 : 0,
    });
    const population = new Population({
      origin, keys: 4, distribution: 'uniform', requestsPerSecond: 2000, ttlMs: 1000, coalesces,
      jitters: false, seed: 7, nowMs,
    });
    population.start(10);
    while (origin.requests < 4 || population.atMs < 50) await sleep(5);
    population.stop();
    isOver = true;
    if (coalesces) t.is(origin.requests, 4);
    else t.true(origin.requests > 40);
  }
});

test('figures: usual, peak while away and after, errors, and when it is back', (t) => {
  // 100 requests each 100 ms. Hits: nine in ten, none from 1000 on, half from 2000, all from 3000.
  const samples: Sample[] = [];
  let [hits, originRequests, errors] = [0, 0, 0];
  for (let at = 0; at <= 50; at++) {
    samples.push({
      atMs: at * 100, requests: at * 100, hits, originRequests, errors, waiting: at === 15 ? 77 : 1,
    });
    const share = at < 10 ? 0.9 : at < 20 ? 0 : at < 30 ? 0.5 : 1;
    hits += 100 * share;
    originRequests += 100 * (1 - share);
    errors += share === 0 ? 10 : 0;
  }
  const figures = figuresOf(samples, { killedMs: 1000, servesMs: 2000 });
  t.is(Math.round(figures.usualOriginPerSecond), 100);
  t.is(Math.round(figures.usualHitRatio * 100), 90);
  t.is(Math.round(figures.peakWhileDownPerSecond ?? 0), 1000);
  t.is(Math.round(figures.peakAfterPerSecond), 500);
  t.like(figures, { downMs: 1000, queuePeak: 77, errors: 100 });
  t.true((figures.backMs ?? 0) > 1800 && (figures.backMs ?? 9999) <= 2000);
  t.is(figuresOf(samples.slice(0, 25), { killedMs: 1000, servesMs: 2000 }).backMs, null);
});
