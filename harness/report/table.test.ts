// The table and the summary, whole: golden files, rewritten with UPDATE_GOLDEN=1, read as a diff.
import test from 'ava';
import { defineScenario } from '../plan/define-scenario.ts';
import { markdownLimitBytes, markdownSummary } from './markdown.ts';
import type { RunRecord, TrialRecord } from './record.ts';
import { reportText, wrap } from './table.ts';
import { compareGolden, planOf, recordOf, threeScenarios } from './test-support.ts';

const golden = (name: string): URL => new URL(`./testdata/${name}`, import.meta.url);
const healthy = recordOf(planOf(threeScenarios));

/** One broken promise, one question without an answer, one rate at the generator's limit. */
function troubled(): RunRecord {
  const redis = defineScenario({
    name: 'lost', question: 'How much?', measures: ['loss'], targets: ['bundled', 'redis'],
    crash: ['process', 'power'],
  });
  const [speed, back] = threeScenarios;
  if (speed === undefined || back === undefined) throw new Error('no scenarios');
  return recordOf(planOf([speed, back, redis]), (own, trial): TrialRecord => {
    switch (trial.cell.id) {
      case 'lost/bundled/aof/always/power': return broken(own);
      case 'lost/bundled/rdb/process': return {
        ...own, verdict: 'inconclusive', cuts: [],
        error: 'the server died on its own: Out of memory',
      };
      case 'speed/bundled/none/process': return { ...own, generatorLimited: true };
      case 'speed/bundled/rdb/process': return { ...own, qps: 100_000 * (own.index + 1) };
      default: return own;
    }
  });
}

function broken(own: TrialRecord): TrialRecord {
  const findings = [{ kind: 'lost', breaks: true, text: '3 acknowledged writes are gone' }];
  const cuts = own.cuts.map((cut) => ({
    ...cut, verdict: 'fail' as const, loss: { writes: 3, bytes: 300, windowMs: 2 }, findings,
  }));
  return { ...own, verdict: 'fail', cuts };
}

test('golden: the table', (t) => {
  compareGolden(t, golden('table.txt'), reportText(healthy, { columns: 120, color: false }));
});

test('golden: the table with trouble in it, two targets', (t) => {
  const text = reportText(troubled(), { columns: 120, color: false });
  compareGolden(t, golden('table-trouble.txt'), text);
});

test('golden: the table on a narrow terminal', (t) => {
  compareGolden(t, golden('table-narrow.txt'), reportText(healthy, { columns: 60, color: false }));
});

test('golden: the summary in Markdown', (t) => {
  compareGolden(t, golden('summary.md'), markdownSummary(healthy));
});

for (const columns of [40, 60, 80, 100, 104, 110, 120, 200]) {
  test(`no line is wider than a terminal of ${columns} columns`, (t) => {
    const text = reportText(healthy, { columns, color: false });
    for (const line of text.split('\n')) {
      t.true([...line].length <= Math.max(columns, 44), line);
    }
  });
}

test('colours change nothing but colours', (t) => {
  const plain = reportText(troubled(), { columns: 120, color: false });
  const colored = reportText(troubled(), { columns: 120, color: true });
  t.not(colored, plain);
  // oxlint-disable-next-line no-control-regex
  t.is(colored.replaceAll(/\u001b\[[\d;]*m/g, ''), plain);
});

test('a single scenario shows only its own columns', (t) => {
  const [speed] = threeScenarios;
  if (speed === undefined) throw new Error('no scenario');
  const text = reportText(recordOf(planOf([speed])), { columns: 120, color: false });
  t.true(text.includes('writes'));
  t.false(text.includes('power cut'));
  t.false(text.includes('serving again'));
});

test('refused writes are told: a server that takes none loses none', (t) => {
  const [speed] = threeScenarios;
  if (speed === undefined) throw new Error('no scenario');
  const record = recordOf(planOf([speed]), (own, { cell }) => (
    cell.setting.persist === 'none' ? { ...own, acknowledged: 10, errors: 90_000 } : own));
  const text = reportText(record, { columns: 200, color: false });
  t.regex(text, /Refused: in speed\/bundled\/none\/process the server answered 270,000 of 270,030/);
  t.is(text.match(/Refused/g)?.length, 1);
});

test('no loss is never shown without its bound', (t) => {
  const text = reportText(healthy, { columns: 120, color: false });
  const zeros = text.match(/0 in 1 run/g)?.length ?? 0;
  t.is(zeros, 5);
  t.is(text.match(/≤ 95 % \*/g)?.length, zeros);
});

test('an interrupted run without a single trial still renders', (t) => {
  const record = recordOf(planOf(threeScenarios), () => null);
  t.true(reportText(record, { columns: 120, color: false }).includes('interrupted after 0 of 36'));
  t.true(markdownSummary(record).includes('interrupted after 0 of 36'));
});

test('the summary of a huge run stays below its limit and says what is missing', (t) => {
  const many = Array.from({ length: 60 }, (_, at) => defineScenario({
    name: `many-${at}`, question: 'What?', measures: ['loss'], crash: ['process', 'power'],
  }));
  const text = markdownSummary(recordOf(planOf(many)));
  t.true(Buffer.byteLength(text) <= markdownLimitBytes);
  t.true(text.endsWith('… the rest is in run.json.\n'));
});

test('words of servers cannot break the Markdown', (t) => {
  const record = recordOf(planOf(threeScenarios), (own) => ({
    ...own, verdict: 'inconclusive', error: 'a | b <script>\n`c` [d](e)', cuts: [],
  }));
  t.true(markdownSummary(record).includes('a \\| b \\<script\\> · \\`c\\` \\[d\\](e)'));
});

test('wrapping keeps words whole and indents what follows', (t) => {
  t.deepEqual(wrap('aa bb cc', 5, ''), ['aa bb', 'cc']);
  t.deepEqual(wrap('aa bb cc', 4, '  '), ['aa', '  bb', '  cc']);
  t.deepEqual(wrap('aaaaaaaa b', 4, ''), ['aaaaaaaa', 'b']);
  t.deepEqual(wrap('', 4, ''), ['']);
  t.deepEqual(wrap('aa bb:\n  cc\ndd ee ff', 7, '  '), ['aa bb:', '  cc', '  dd ee', '    ff']);
});
