// The record against its JSON Schema and against its reader: both must accept what a run writes and
// refuse the same damage.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import test from 'ava';
import { defineScenario } from '../plan/define-scenario.ts';
import { pageOf } from './html/test-support.ts';
import { markdownSummary } from './markdown.ts';
import { parseRecord } from './parse-record.ts';
import { salvageRecord } from './salvage.ts';
import type { RunRecord } from './record.ts';
import { planOf, recordOf, threeScenarios } from './test-support.ts';

const schema = JSON.parse(
  readFileSync(new URL('./run.schema.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

/** A record in which every field that may be null is null somewhere and something elsewhere. */
function fullRecord(): RunRecord {
  const redis = defineScenario({
    name: 'skips', question: 'What?', measures: ['loss'], targets: ['redis'], crash: ['power'],
  });
  const finding = { kind: 'lost', breaks: true, text: 'gone' };
  return recordOf(planOf([...threeScenarios, redis]), (own, trial) => {
    if (trial.cell.id === 'lost/bundled/aof/always/power') {
      const cuts = own.cuts.map((cut) => ({ ...cut, findings: [finding] }));
      return { ...own, verdict: 'fail', cuts, artefacts: { ledger: 'a/b' } };
    }
    if (trial.cell.id !== 'lost/bundled/none/process') return own;
    const cuts = own.cuts.map((cut) => ({ ...cut, loss: null, recovery: null }));
    return { ...own, error: 'it died', verdict: 'inconclusive', cuts, files: null, outageMs: null };
  });
}

const viaJson = (record: RunRecord): unknown => JSON.parse(JSON.stringify(record));

test('a record holds the fields that the design names', (t) => {
  const record = fullRecord();
  t.deepEqual(Object.keys(record).filter((key) => ['id', 'verdict', 'seed', 'startedAt', 'testbed',
    'cells', 'failures'].includes(key)).length, 7);
  const cell = record.cells[0] as unknown as Record<string, unknown>;
  for (const key of ['id', 'scenario', 'target', 'config', 'crash', 'trials', 'writes', 'qps',
    'latencyUs', 'cpuUsPerOp', 'recoveryMs', 'loss', 'files', 'promise', 'verdict', 'findings',
    'perTrial']) {
    t.true(key in cell, key);
  }
});

test('schema and reader accept what a run writes', (t) => {
  const value = viaJson(fullRecord());
  t.true(validate(value), JSON.stringify(validate.errors?.slice(0, 3)));
  t.deepEqual(parseRecord(value, 'run.json'), value as RunRecord);
});

interface Damage {
  readonly title: string;
  readonly at: readonly (string | number)[];
  readonly value: unknown;
}

const cell = ['cells', 0] as const;
const trial = [...cell, 'perTrial', 0] as const;
const damages: Damage[] = [
  { title: 'another schema', at: ['schema'], value: 2 },
  { title: 'a verdict as a boolean', at: ['verdict'], value: true },
  { title: 'an unknown verdict', at: [...cell, 'verdict'], value: 'passed' },
  { title: 'a number as text', at: ['seed'], value: '7' },
  { title: 'a negative count', at: [...cell, 'trials'], value: -1 },
  { title: 'half a write', at: [...cell, 'writes', 'acknowledged'], value: 1.5 },
  { title: 'an interval with one end', at: [...cell, 'qps', 'ci95'], value: [1] },
  { title: 'an interval with three ends', at: [...cell, 'qps', 'ci95'], value: [1, 2, 3] },
  { title: 'a field too many', at: [...cell, 'qps', 'mean'], value: 3 },
  { title: 'a missing list', at: [...trial, 'cuts'], value: undefined },
  { title: 'a cut without a judgement', at: [...trial, 'cuts', 0], value: {} },
  { title: 'an unknown target', at: [...cell, 'target', 'name'], value: 'postgres' },
  { title: 'an unknown policy', at: [...cell, 'config', 'appendfsync'], value: 'maybe' },
  { title: 'a directive that is no text', at: [...cell, 'config', 'directives', 'hz'], value: 5 },
  { title: 'null where a number must be', at: ['tookMs'], value: null },
  { title: 'a probe without its p99', at: ['testbed', 'fsyncUs', 'p99'], value: undefined },
  { title: 'an artefact that is no path', at: [...trial, 'artefacts', 'x'], value: 1 },
  { title: 'a failure without a seed', at: ['failures', 0, 'seed'], value: undefined },
  { title: 'a skipped cell without a reason', at: ['skipped', 0, 'reason'], value: undefined },
];

function damaged({ at, value }: Damage): unknown {
  const copy = viaJson(fullRecord());
  const last = at.at(-1) as string | number;
  let parent = copy as Record<string | number, unknown>;
  for (const key of at.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

for (const damage of damages) {
  test(`schema and reader refuse ${damage.title}`, (t) => {
    const value = damaged(damage);
    t.false(validate(value));
    t.throws(() => parseRecord(value, 'run.json'), { code: 'RECORD_BAD', message: /^run\.json: / });
  });
}

test('a record of another version says which', (t) => {
  t.throws(() => parseRecord({ schema: 9 }, 'x'), {
    message: /expected a record of schema 1, found schema 9/,
  });
  t.throws(() => parseRecord(null, 'x'), { message: /not a run record/ });
  t.throws(() => parseRecord({ schema: 1 }, 'x'), { message: /not a run record: id: expected/ });
});

// Written by the version of 22 November 2026, the first with records.
const first = readFileSync(new URL('./testdata/run-first.json', import.meta.url), 'utf8');

test('a record of the first version is read whole: what it lacks was not measured', (t) => {
  const record = parseRecord(JSON.parse(first), 'run-first.json');
  t.is(record.cells.length, 8);
  t.like(record.cells[0]?.load, { arrivals: 'even', readShare: 0, ratePerSecond: null });
  t.deepEqual(record.testbed.fdatasyncUs, { p50: 131, p99: 420 });
  t.is(record.noise, null);
  t.deepEqual(salvageRecord(first, 'run-first.json'), { record, problems: [] });
  t.true(validate(viaJson(record)), JSON.stringify(validate.errors?.slice(0, 3)));
  t.regex(markdownSummary(record), /^## ✅ pass/);
  t.regex(pageOf(record), /<section id="trust"/);
});

test('a field that its version did have is not filled in', (t) => {
  const value = JSON.parse(first) as { cells: { loss?: unknown }[] };
  delete value.cells[0]?.loss;
  t.throws(() => parseRecord(value, 'x'), { message: /cells\.0\.loss/ });
});
