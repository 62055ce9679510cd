// The tables of studies: what the growth is fitted to.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import test from 'ava';
import { defineScenario } from '../plan/define-scenario.ts';
import type { TrialRecord } from './record.ts';
import { studyPage } from './markdown.ts';
import { parseRecord } from './parse-record.ts';
import { studyTables } from './study-table.ts';
import { planOf, recordOf } from './test-support.ts';

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(new URL('./run.schema.json', import.meta.url), 'utf8')) as object);

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

/** A start takes 50 ms, 1 µs a key and 2 ns a byte on disk. */
const bySize = recordOf(planOf([defineScenario({
  name: 'sizes', question: 'How soon?', measures: ['recovery'], forms: ['rdb', 'aof-long-tail'],
  preloadKeys: [10_000, 20_000], valueSizeBytes: [100, 1000, 4000],
})]), (own, { cell }): TrialRecord => {
  const diskBytes = cell.preloadKeys * cell.load.valueSizeBytes;
  const firstWriteMs = 50 + cell.preloadKeys * 0.001 + diskBytes * 2e-6;
  const [first] = own.cuts;
  return {
    ...own,
    study: {
      kind: 'recovery', cache: 'as asked', residentShare: 1, keys: cell.preloadKeys, diskBytes,
      tailCommands: 0, qpsBefore: 1000, backMs: null, generatorMs: null,
    },
    cuts: first?.recovery ? [{ ...first, recovery: { ...first.recovery, firstWriteMs } }] : [],
  };
});

test('with several value sizes the bytes are fitted for each number of keys, and keys too', (t) => {
  const rowsOf = (title: RegExp): (readonly string[])[] | undefined =>
    studyTables(bySize).find((table) => title.test(table.title))?.rows.slice();
  t.deepEqual(rowsOf(/bytes of all files/)?.slice(0, 3), [
    ['form / page cache', 'growth', 'start, s', 's a GB', 'residual, ms', 'worst point'],
    ['bundled rdb/warm, 10,000 keys', 'linear', '0.06', '2', '0', '0 %'],
    ['bundled rdb/warm, 20,000 keys', 'linear', '0.07', '2', '0', '0 %'],
  ]);
  const byKeys = rowsOf(/^Growth of the time to the first write$/);
  t.deepEqual(byKeys?.[1], ['bundled rdb/warm/100B', 'too few sizes', '0.05', '1.2', '–', '0 %']);
  t.is(byKeys?.length, 1 + 2 * 3);
});

test('lines of growth are in the record, and come back as they went', (t) => {
  const growths = bySize.growths?.filter(({ by }) => by === 'diskBytes') ?? [];
  t.is(growths.length, 4);
  const [first] = growths;
  t.like(first, { measure: 'firstWriteMs', name: 'bundled rdb/warm, 10,000 keys' });
  t.deepEqual(first?.points.map(([bytes]) => bytes), [1e6, 1e7, 4e7]);
  t.is(first?.slopeMs?.toPrecision(6), (2e-6).toPrecision(6));
  t.true((first?.residualMs ?? 1) < 1e-6);
  const value: unknown = JSON.parse(JSON.stringify(bySize));
  t.deepEqual(parseRecord(value, 'x'), bySize);
  t.true(validate(value), JSON.stringify(validate.errors?.slice(0, 3)));
  t.is(recordOf(planOf([defineScenario({
    name: 'speed', question: 'How fast?', measures: ['qps'],
  })])).growths, undefined);
});

test('the form keeps bytes and keys apart where only keys were tried', (t) => {
  const growths = record.growths?.filter(({ by }) => by === 'diskBytes');
  t.deepEqual(growths, [], 'one size of data is no growth');
});

test('background work is fitted by the rate that was offered, and by keys', (t) => {
  const rated = recordOf(planOf([defineScenario({
    name: 'rates', question: 'How much?', measures: ['qps'], actions: ['bgsave'],
    ratePerSecond: [1000, 2000, 4000], preloadKeys: [1000, 5000],
  })]), (own, { cell }): TrialRecord => {
    const rate = cell.load.ratePerSecond ?? 0;
    const window = {
      ms: 1000, qps: rate, p50Us: 100, p99Us: 200 + rate, p999Us: null, maxUs: null,
      worstP99Us: 1, rssBytes: null, writtenBytes: null, amplification: null,
    };
    return { ...own, study: {
      kind: 'snapshot', tookMs: 100 + rate / 100 + cell.preloadKeys / 50,
      offeredPerSecond: rate, copiedBytes: null, fileBytes: 1e6, before: window, during: window,
      after: window,
    } };
  });
  const tables = studyTables(rated).map(({ title, rows }) => [title, rows[1]]);
  t.deepEqual(tables.slice(1), [
    ['Growth of the time that the work takes',
      ['bundled bgsave/1k-per-s', 'too few sizes', '0.11', '20', '–', '0 %']],
    ['Growth of the time that the work takes by writes a second',
      ['bundled bgsave, 1,000 keys', 'linear', '0.12', '10', '0', '0 %']],
    ['Growth of the p99 during the work',
      ['bundled bgsave/1k-per-s', 'too few sizes', '1.2', '0', '–', '0 %']],
    ['Growth of the p99 during the work by writes a second',
      ['bundled bgsave, 1,000 keys', 'linear', '0.2', '1', '0', '0 %']],
  ]);
  t.true(validate(JSON.parse(JSON.stringify(rated))), JSON.stringify(validate.errors));
});
