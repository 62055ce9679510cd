// What a soak draws is repeatable and varied, and what grows is told from what breathes.
import test from 'ava';
import { drawScenario } from './draw.ts';
import { growthOf } from './growth.ts';
import type { GrowthSample } from './growth.ts';

test('the same seed draws the same trials, and many of them differ', (t) => {
  const draw = (seed: number): string[] => Array.from({ length: 200 }, (_, number) => (
    JSON.stringify(drawScenario({ seed, number, targets: ['bundled', 'redis'] }))));
  t.deepEqual(draw(7), draw(7));
  t.notDeepEqual(draw(7), draw(8));
  const scenarios = draw(7).map((text) => JSON.parse(text) as {
    targets: string[]; settings: unknown[]; faults: string[]; crash: string[] });
  t.is(new Set(scenarios.map(({ settings }) => JSON.stringify(settings))).size, 8);
  t.is(new Set(scenarios.map(({ targets }) => String(targets))).size, 2);
  t.is(new Set(scenarios.map(({ crash }) => String(crash))).size, 3);
  t.true(new Set(scenarios.map(({ faults }) => String(faults))).size > 15);
});

const mib = 1024 * 1024;
const samples = (rss: (at: number) => number, files: (at: number) => number): GrowthSample[] => (
  Array.from({ length: 40 }, (_, at) => (
    { atMs: at, rssBytes: rss(at) * mib, openFiles: files(at) })));

test('growth: what breathes is steady, what climbs grows, a few samples say nothing', (t) => {
  t.is(growthOf(samples((at) => 200 + at % 7 * 90, () => 30)).verdict, 'steady');
  t.is(growthOf(samples((at) => Math.min(400, 100 + at * 60), () => 30)).verdict, 'steady');
  t.is(growthOf(samples((at) => 100 + at * 10, () => 30)).verdict, 'grows');
  t.is(growthOf(samples(() => 100, (at) => 30 + at)).verdict, 'grows');
  t.is(growthOf(samples((at) => 100 + at * 10, () => 30).slice(0, 5)).verdict, 'too-few');
});
