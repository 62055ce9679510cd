// The tables of studies: what the growth is fitted to.
import test from 'ava';
import { defineScenario } from '../plan/define-scenario.ts';
import type { TrialRecord } from './record.ts';
import { studyPage } from './markdown.ts';
import { studyTables } from './study-table.ts';
import { planOf, recordOf } from './test-support.ts';

const scenario = defineScenario({
  name: 'tails', question: 'How soon?', measures: ['recovery'], targets: ['bundled', 'redis'],
  forms: ['rdb', 'aof-rdb-base', 'aof-quarter-tail', 'aof-long-tail', 'aof-fourfold-tail'],
  caches: ['warm'], preloadKeys: [100_000],
});

const shares: Record<string, number> = {
  'aof-quarter-tail': 0.25, 'aof-long-tail': 1, 'aof-fourfold-tail': 4,
};

/** A start takes 100 ms and 2 µs for each command of the tail; of redis only one form came back. */
const record = recordOf(planOf([scenario]), (own, { cell }): TrialRecord => {
  const form = cell.study?.kind === 'recovery' ? cell.study.form : 'rdb';
  const tailCommands = (shares[form] ?? 0) * cell.preloadKeys;
  const [first] = own.cuts;
  const firstWriteMs = 100 + tailCommands * 0.002;
  return {
    ...own,
    study: {
      kind: 'recovery', cache: 'as asked', residentShare: 1, keys: cell.preloadKeys,
      diskBytes: 1e7, tailCommands, qpsBefore: 1000, backMs: null,
      generatorMs: null,
    },
    cuts: first === undefined || first.recovery === null
      || (cell.target === 'redis' && form !== 'rdb')
      ? [] : [{ ...first, recovery: { ...first.recovery, firstWriteMs } }],
  };
});

test('the length of the tail is fitted where three lengths came back, a snapshot aside', (t) => {
  const table = studyTables(record).find(({ title }) => /length of the log/.test(title));
  t.deepEqual(table?.rows, [
    ['keys / page cache', 'growth', 'start, s', 'µs a command', 'residual, ms', 'worst point'],
    ['bundled 100,000 keys/warm', 'linear', '0.1', '2', '0', '0 %'],
  ]);
});

test('the tables alone are a page of Markdown, and nothing where nothing was studied', (t) => {
  const page = studyPage(record);
  t.regex(page, /^\*\*Recovery\*\*\n\n\| form \/ page cache \| keys \|/);
  t.regex(page, /\n\*\*Growth[^]*\n\| bundled 100,000 keys\/warm \| linear \|/);
  t.is(page.split('\n').filter((line) => line.startsWith('|')).length,
    studyTables(record).reduce((sum, { rows }) => sum + rows.length + 1, 0));
  t.is(studyPage({ ...record, cells: [] }), '');
});
