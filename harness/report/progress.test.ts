// What a run shows while it goes, on a terminal and elsewhere.
import test from 'ava';
import type { RunEvent } from '../plan/events.ts';
import { Progress } from './progress.ts';
import { sparkline } from './sparkline.ts';

const trial = { cell: 'lost/bundled/aof/always/power', index: 1, seed: 42 };

const story: readonly { readonly afterMs: number; readonly event: RunEvent }[] = [
  { afterMs: 0, event: { kind: 'run-started', id: 'r1', seed: 7, trials: 2, estimatedMs: 8000 } },
  { afterMs: 0, event: { kind: 'trial-started', trial, estimatedMs: 4000, fault: 'power cut' } },
  { afterMs: 200, event: { kind: 'phase', trial, phase: 'load' } },
  { afterMs: 100, event: { kind: 'load-progress', operations: 4000, atMs: 100 } },
  { afterMs: 10, event: { kind: 'load-progress', operations: 4400, atMs: 110 } },
  { afterMs: 400, event: { kind: 'load-progress', operations: 24_400, atMs: 510 } },
  { afterMs: 0, event: { kind: 'finding', trial, breaks: true, text: 'a write is gone' } },
  {
    afterMs: 3290,
    event: {
      kind: 'trial-finished', trial, verdict: 'fail', tookMs: 4000, estimatedMs: 4000,
      summary: '1 write lost',
    },
  },
  {
    afterMs: 0,
    event: { kind: 'trial-started', trial: { ...trial, index: 0 }, estimatedMs: 4000,
      fault: 'power cut' },
  },
  { afterMs: 0, event: { kind: 'run-finished', verdict: 'fail', tookMs: 4000, interrupted: true } },
];

function told(live: boolean, columns: number = 200): string {
  let text = '';
  let nowMs = 1000;
  const progress = new Progress({
    write: (more) => {
      text += more;
    },
    live,
    columns: () => columns,
    nowMs: () => nowMs,
  });
  for (const { afterMs, event } of story) {
    nowMs += afterMs;
    progress.onEvent(event);
  }
  return text;
}

test('elsewhere: whole lines, no escape codes', (t) => {
  t.is(told(false), [
    'run r1, seed 7: 2 trials, about 8 s',
    'BROKEN PROMISE in lost/bundled/aof/always/power #2 (seed 42): a write is gone',
    '1/2 lost/bundled/aof/always/power #2: fail, 1 write lost (4 s, 4 s left)',
    '',
  ].join('\n'));
});

const erase = '\r\u001b[2K';

test('on a terminal: one line, redrawn', (t) => {
  const name = 'lost/bundled/aof/always/power';
  t.deepEqual(told(true).split(erase), [
    'run r1, seed 7: 2 trials, about 8 s\n',
    `0/2 · 8 s left · ${name} #2 · start · power cut`,
    `0/2 · 8 s left · ${name} #2 · load · power cut`,
    `0/2 · 8 s left · ${name} #2 · load · █ 40,000 operations/s · power cut`,
    `0/2 · 8 s left · ${name} #2 · load · ▇█ 49,800 operations/s · power cut`,
    `BROKEN PROMISE in ${name} #2 (seed 42): a write is gone\n`,
    `0/2 · 8 s left · ${name} #2 · load · ▇█ 49,800 operations/s · power cut`,
    `1/2 ${name} #2: fail, 1 write lost (4 s, 4 s left)\n`,
    `1/2 · 4 s left · ${name} #1 · start · power cut`,
    '',
  ]);
});

test('the redrawn line never wraps', (t) => {
  for (const drawn of told(true, 40).split(erase)) {
    if (!drawn.endsWith('\n')) t.true([...drawn].length <= 39, drawn);
  }
});

test('where a run is, for other views; no rate outside the load', (t) => {
  const progress = new Progress({
    write: () => {}, live: false, columns: () => 80, nowMs: () => 0,
  });
  for (const { event } of story.slice(0, 6)) progress.onEvent(event);
  t.like(progress.status(), { trialsDone: 0, trialsPlanned: 2, phase: 'load', leftMs: 8000 });
  t.deepEqual(progress.status().rates, [40_000, 49_800].map((rate) => (
    progress.status().rates.find((each) => Math.abs(each - rate) < 300) ?? 0)));
  t.is(progress.status().trial?.fault, 'power cut');
  for (const { event } of story.slice(6)) progress.onEvent(event);
  t.like(progress.status(), { trialsDone: 1, rates: [] });
});

test('a sparkline: the tallest block is the largest value', (t) => {
  t.is(sparkline([]), '');
  t.is(sparkline([0, 0]), '▁▁');
  t.is(sparkline([0, 50, 100, 25]), '▁▅█▃');
});
