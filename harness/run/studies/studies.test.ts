// Small studies on the bundled engine, whole: record, files beside it, tables.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import { diskTest } from '../../disks/test-support.ts';
import { defineScenario } from '../../plan/define-scenario.ts';
import { planRun } from '../../plan/plan.ts';
import type { Scenario } from '../../plan/scenario.ts';
import { parseRecord } from '../../report/parse-record.ts';
import type { RunRecord } from '../../report/record.ts';
import { reportText } from '../../report/table.ts';
import { targets } from '../../targets/targets.ts';
import { runPlan } from '../run.ts';
import { setPageCache } from './page-cache.ts';
import { backAtMs, reachedAtMs } from './recovery-study.ts';
import { doubtOf, isOutweighed } from './snapshot-study.ts';

test('the first window of 300 ms that has the rate', (t) => {
  const at = (acknowledged: number[], qps: number): number | null =>
    reachedAtMs(acknowledged, { stepMs: 100, qps });
  t.is(at([100, 100, 100], 1000), 0);
  t.is(at([0, 10, 90, 110, 100], 1000), 200);
  t.is(at([99, 99, 99, 99], 1000), null);
  t.is(at([500, 500], 1000), null, 'shorter than a window');
});

test('a server is back so long after its spawn, fork and connect of the load included', (t) => {
  const series = {
    stepMs: 100, acknowledged: [0, 50, 100, 100, 100], errors: [], p50Us: [], p99Us: [],
  };
  const back = (beginNs: number | null, qps: number): number | null =>
    backAtMs({ series, beginNs }, { qps, spawnedNs: 2e9 });
  t.is(back(2.5e9, 1000), 700);
  t.is(back(2.5e9, 1001), null);
  t.is(back(null, 1000), null);
});

test('a limited generator or refused operations leave the cost of a snapshot open', (t) => {
  t.is(doubtOf(null, { errors: 0, unknown: 0 }), null);
  t.like(doubtOf('the rate was not reached', { errors: 0, unknown: 0 }), {
    kind: 'generator', breaks: false, text: 'the rate was not reached',
  });
  t.is(doubtOf('late', { errors: 2, unknown: 1 })?.text,
    'late; 3 operations refused or not answered');
  t.is(doubtOf(null, { errors: 0, unknown: 1 })?.text, '1 operation refused or not answered');
});

test('a generator that is late by half of what the work cost does not hide it', (t) => {
  const late = (p99: number): Parameters<typeof isOutweighed>[0] => (
    { sendLateUs: { p50: 3, p99, p999: 2 * p99, max: 3 * p99, inTimeShare: 0.9 } });
  const cost = { during: { p99Us: 44_000 } };
  t.true(isOutweighed(late(22_000), cost));
  t.false(isOutweighed(late(22_001), cost));
  t.false(isOutweighed({ sendLateUs: null }, cost));
});

test('files are brought into the page cache and out of it, and it is said how', async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-cache-'));
  t.teardown(() => fs.rmSync(directory, { recursive: true }));
  fs.mkdirSync(path.join(directory, 'sub'));
  for (const name of ['one', 'sub/two']) {
    fs.writeFileSync(path.join(directory, name), Buffer.alloc(1 << 20, name));
  }
  for (const state of ['cold', 'warm', 'cold'] as const) {
    const { words, residentShare, isAsAsked } = await setPageCache(directory, state);
    t.true(words.startsWith(`${state}: `));
    // tmpfs has nothing but its cache, and not every machine has fincore: then it must say so.
    if (residentShare === null) t.pass();
    else t.is(isAsAsked, state === 'cold' ? residentShare <= 0.02 : residentShare >= 0.98, words);
  }
});

interface Owner {
  teardown(end: () => void): void;
}

const load = { clients: 4, keys: 100, warmupMs: 0 };

function run(t: Owner): Promise<[RunRecord, string]> {
  return runAll(t, [
    defineScenario({
      name: 'forms', question: 'How long?', measures: ['recovery'], preloadKeys: [500, 3000],
      forms: ['aof-long-tail'], load: { ...load, pipeline: 4 },
    }),
    defineScenario({
      name: 'impact', question: 'How much?', measures: ['qps'], preloadKeys: [3000],
      actions: ['bgsave'], load: { ...load, ratePerSecond: 300, durationMs: 2000 },
    }),
    defineScenario({
      name: 'edge', question: 'How fast?', measures: ['qps'], edges: ['http'], settings: ['none'],
      trials: 2, load: { ...load, durationMs: 500, readShare: 0.5 },
    }),
  ]);
}

async function runAll(
  t: Owner, asked: readonly Scenario[],
): Promise<[RunRecord, string]> {
  const runDirectory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-study-'));
  t.teardown(() => fs.rmSync(runDirectory, { recursive: true }));
  const scenarios = asked.map((scenario) => ({ scenario, source: scenario.name }));
  const record = await runPlan(planRun({ scenarios, seed: 5 }), {
    id: 'x', startedAt: '2026-01-01T00:00:00Z', runDirectory, targets,
    workDirectory: path.join(runDirectory, 'work'),
    signal: new AbortController().signal, onEvent: () => {},
  });
  return [record, runDirectory];
}

const schema = JSON.parse(
  fs.readFileSync(new URL('../../report/run.schema.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

test.serial('all kinds of study, from the plan to the tables', async (t) => {
  const [record, runDirectory] = await run(t);
  const value: unknown = JSON.parse(JSON.stringify(record));
  t.deepEqual(parseRecord(value, 'x'), record);
  t.true(validate(value), JSON.stringify(validate.errors?.slice(0, 3)));
  t.deepEqual(record.cells.map(({ id }) => id), [
    'forms/bundled/aof-long-tail/warm/500', 'forms/bundled/aof-long-tail/warm/3k',
    'impact/bundled/bgsave/3k', 'edge/bundled/none/http',
  ]);
  const [, large, impact] = record.cells.map(({ perTrial }) => perTrial[0]);
  const verdicts = record.cells.slice(0, 3).map(({ verdict }) => verdict);
  // On a busy machine the generator may have been late: then that may be the verdict, and is said.
  const limit = impact?.generator?.limit ?? null;
  const findings = record.cells[2]?.findings.map(({ text }) => text) ?? [];
  t.deepEqual(verdicts, ['pass', 'pass', findings.length === 0 ? 'pass' : 'inconclusive']);
  if (findings.length > 0) t.deepEqual(findings, [limit]);
  const study = large?.study;
  t.true(study?.kind === 'recovery' && study.keys > 3000 && study.keys <= 3100);
  t.true(study?.kind === 'recovery' && study.tailCommands === 3000 && study.qpsBefore > 0);
  const [cut] = large?.cuts ?? [];
  const firstWriteMs = cut?.recovery?.firstWriteMs ?? Infinity;
  t.true(study?.kind === 'recovery' && (study.backMs ?? Infinity) > firstWriteMs);
  t.true((cut?.recovery?.firstWriteMs ?? 0) >= (cut?.recovery?.listeningMs ?? Infinity));
  t.true(impact?.study?.kind === 'snapshot' && impact.study.fileBytes > 300_000);
  t.true(impact?.study?.kind === 'snapshot' && impact.study.before.qps > 0);
  for (const phase of ['before', 'during', 'after'] as const) {
    if (impact?.study?.kind !== 'snapshot') return t.fail('no study of a snapshot');
    const { p50Us, p99Us, p999Us, maxUs, ms } = impact.study[phase];
    t.true(ms > 0 && p50Us > 0 && p99Us >= p50Us, phase);
    t.true((p999Us ?? 0) >= p99Us && (maxUs ?? 0) >= (p999Us ?? Infinity), phase);
  }
  const samples = JSON.parse(fs.readFileSync(
    path.join(runDirectory, impact?.artefacts['series'] ?? ''), 'utf8',
  )) as { spans: { kind: string; fromMs: number; toMs: number }[]; samples: unknown[] };
  const [span] = samples.spans;
  t.is(span?.kind, 'snapshot');
  t.true((span?.fromMs ?? 1) < (span?.toMs ?? 0) && samples.samples.length > 2);
  const text = reportText(record, { columns: 160, color: false });
  const edges = record.cells[3]?.perTrial.map(({ study: each }) => each) ?? [];
  for (const [index, edge] of edges.entries()) {
    if (edge?.kind !== 'http') return t.fail('no study of HTTP');
    const { first, resp, http } = edge;
    t.is(first, index === 0 ? 'resp' : 'http', 'they take turns');
    t.is(resp.errors + http.errors, 0);
    t.true(resp.perSecond > 0 && http.perSecond > 0 && http.latencyUs.p50 > 0);
    t.true(http.statedMs !== null && http.correctedUs === null, 'a closed loop is not corrected');
    for (const { outageMs, withOutageUs, latencyUs } of [resp, http]) {
      t.true((outageMs ?? 0) > 0 && (withOutageUs?.max ?? 0) >= latencyUs.max);
    }
  }
  t.regex(text, /HTTP beside RESP[^]*RESP, closed loop[^]*not corrected[^]*autocannon states/);
  t.regex(text, /RESP, through the crash[^]*HTTP, through the crash/);
  t.regex(text, /Recovery[^]*bundled aof-long-tail\/warm[^]*too few sizes[^]*Before \/ during/);
});

const block = diskTest('block');
block.run(block.title('recovery after a power cut: the file system comes first'), async (t) => {
  const [record] = await runAll(t, [defineScenario({
    name: 'cut', question: 'How long?', measures: ['recovery'], preloadKeys: [500],
    forms: ['rdb'], caches: ['cold'], crash: ['block'], load: { ...load, pipeline: 4 },
  })]);
  const [cell] = record.cells;
  t.is(cell?.id, 'cut/bundled/rdb/cold/block/500');
  t.is(cell?.verdict, 'pass', JSON.stringify(cell?.findings));
  const [cut] = cell?.perTrial[0]?.cuts ?? [];
  t.like(cut?.block, { fileSystem: 'ext4', isClean: true });
  t.true((cut?.block?.mountMs ?? 0) > 0 && (cut?.recovery?.firstWriteMs ?? 0) > 0);
  t.regex(reportText(record, { columns: 160, color: false }), /rdb\/cold on ext4/);
});
