// Which setting is advised: bounds decide, what is not known is called so, and the choice is that
// of the page.
import test from 'ava';
import { cheapest } from './html/client/choose.ts';
import { modelOf } from './html/model.ts';
import { candidateOf } from './html/sections/choice.ts';
import { adviceFor } from './objectives.ts';
import type { Objectives } from './objectives.ts';
import type { CellRecord, RunRecord } from './record.ts';
import { planOf, recordOf, threeScenarios } from './test-support.ts';

const interval = (median: number, spread: number): NonNullable<CellRecord['qps']> => ({
  median, ci95: [median * (1 - spread), median * (1 + spread)], range: null,
});

/** Rates 1000, 900, 800 … in the order of the record; recoveries of 400 to 600 ms. */
function record(change: (cell: CellRecord) => Partial<CellRecord> = () => ({})): RunRecord {
  const made = recordOf(planOf(threeScenarios));
  const settings = [...new Set(made.cells.map(({ config }) => JSON.stringify(config)))];
  return {
    ...made,
    cells: made.cells.map((cell) => {
      const place = settings.indexOf(JSON.stringify(cell.config));
      const known: CellRecord = {
        ...cell,
        qps: cell.qps === null ? null : interval(1000 - 100 * place, 0.02),
        recoveryMs: cell.recoveryMs === null ? null
          : { ...cell.recoveryMs, ...interval(500, 0.2) },
      };
      return { ...known, ...change(known) };
    }),
  };
}

function advised(run: RunRecord, objectives: Partial<Objectives>): string {
  const [advice] = adviceFor(run, { rpoMs: 1000, rtoMs: 10_000, perSecond: null, ...objectives });
  const { chosen, assessments } = advice ?? { chosen: null, assessments: [] };
  return chosen?.entry.setting
    ?? (assessments.some(({ verdict }) => verdict === 'unknown') ? 'unknown' : 'none');
}

const usual = record();

const rows: readonly (readonly [
  what: string, Partial<Objectives>, expected: string, RunRecord?,
])[] = [
  ['a second may go: the fastest with a bound', {}, 'aof/everysec'],
  ['nothing may go', { rpoMs: 0 }, 'aof/always'],
  ['less than was lost', { rpoMs: 979 }, 'aof/always'],
  ['exactly what was lost', { rpoMs: 980 }, 'aof/everysec'],
  ['a downtime at the far end of its interval', { rtoMs: 600 }, 'aof/everysec'],
  ['within the interval: too wide', { rtoMs: 500 }, 'unknown'],
  ['before its near end', { rtoMs: 399 }, 'none'],
  ['a rate below the near end', { perSecond: 600 }, 'aof/everysec'],
  ['a rate that none took', { perSecond: 2000 }, 'none'],
  ['a rate that none took, but the load was the limit', { perSecond: 2000 }, 'unknown',
    record(() => ({ generatorLimited: true }))],
  ['one recovery only', {}, 'unknown', record(({ recoveryMs }) => ({
    recoveryMs: recoveryMs === null ? null : { ...recoveryMs, ci95: null, range: null } }))],
  ['no recovery measured', {}, 'unknown', record(() => ({ recoveryMs: null }))],
  ['a rate in one trial only', { perSecond: 100 }, 'unknown', record(({ qps }) => ({
    qps: qps === null ? null : { ...qps, ci95: null } }))],
  ['a broken promise is never advised', {}, 'aof/always', record(({ config }) => (
    config.appendfsync === 'everysec' ? { verdict: 'fail' } : {}))],
];

for (const [what, objectives, expected, run = usual] of rows) {
  test(`advised: ${what}: ${expected}`, (t) => {
    t.is(advised(run, objectives), expected);
  });
}

test('where bounds and medians agree the choice is that of the page', (t) => {
  const run = record();
  const { entries } = modelOf(run);
  for (const rpoMs of [0, 500, 1000, 5000]) {
    const [choice] = cheapest(entries.map(candidateOf), { rpoMs, rtoMs: 10_000 });
    t.is(advised(run, { rpoMs }), entries[choice?.at ?? -1]?.setting ?? 'none');
  }
});

test('every setting gets its reasons, with figures and margins', (t) => {
  const [advice] = adviceFor(record(), { rpoMs: 1000, rtoMs: 10_000, perSecond: 500 });
  const texts = new Map(advice?.assessments.map(({ entry, findings }) => (
    [entry.setting, findings.map(({ text }) => text).join('\n')])));
  t.regex(texts.get('none') ?? '', /promises no bound/);
  t.regex(texts.get('aof/everysec') ?? '', /the last 980 ms in a power cut, margin 20 ms/);
  t.regex(texts.get('aof/everysec') ?? '', /within 600 ms .*, margin 9.4 s/);
  t.regex(texts.get('aof/always') ?? '', /lost nothing in 1 power cut runs \(at most 95 %/);
});
