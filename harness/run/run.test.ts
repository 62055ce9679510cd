// Whole trials on real processes: the bundled engine, sabotaged engines that must be caught, a
// control without a crash, redis-server where it is installed, and an interrupt.
import test from 'ava';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { faults } from '../faults/faults.ts';
import { defineScenario } from '../plan/define-scenario.ts';
import { parseSetting } from '../plan/settings.ts';
import type { CrashModel, TargetName } from '../plan/scenario.ts';
import { planRun } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { RunEvent, RunOptions } from '../plan/events.ts';
import type { CellRecord, RunRecord } from '../report/record.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { targets } from '../targets/targets.ts';
import type { Target } from '../targets/target.ts';
import type { SettingLabel } from '../plan/settings.ts';
import { runPlan } from './run.ts';
import type { RunVariant } from './run.ts';

const seed = 20261122;

interface Small {
  readonly settings: readonly SettingLabel[];
  readonly crash: readonly CrashModel[];
  readonly target?: TargetName;
  readonly durationMs?: number;
}

function smallPlan({ settings, crash, target = 'bundled', durationMs = 700 }: Small): Plan {
  const scenario = defineScenario({
    name: 'small', question: 'Does a small run tell the truth?', measures: ['loss', 'recovery'],
    targets: [target], settings, crash, snapshots: 1, cutInstants: 2,
    load: { durationMs, warmupMs: 0, clients: 8, pipeline: 4, keys: 400, mix: 'chaos' },
  });
  const plan = planRun({ scenarios: [{ scenario, source: 'small' }], seed });
  // Early, so that a starved machine has the rest of the load to complete or refuse it.
  const early = (moments: readonly number[]): number[] => moments.map((_, place) => 60 + place);
  const trials = plan.trials.map((trial) => (
    { ...trial, snapshotsAtMs: early(trial.snapshotsAtMs) }
  ));
  return { ...plan, trials };
}

interface Ran {
  readonly record: RunRecord;
  readonly events: readonly RunEvent[];
  readonly leftovers: readonly string[];
}

interface Around extends RunVariant {
  readonly entry?: string;
  readonly locate?: Target['locate'];
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

async function run(plan: Plan, around: Around = {}): Promise<Ran> {
  const runDirectory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-run-test-'));
  const events: RunEvent[] = [];
  const bundled = around.entry === undefined ? targets.bundled : bundledTarget({
    entry: path.join(import.meta.dirname, 'testdata/sabotaged', around.entry),
  });
  const options: RunOptions = {
    id: 'test', startedAt: '2026-11-22T00:00:00.000Z', runDirectory,
    workDirectory: path.join(runDirectory, 'work'),
    targets: { ...targets, bundled: { ...bundled, locate: around.locate ?? bundled.locate } },
    signal: around.signal ?? new AbortController().signal,
    onEvent: (event) => {
      events.push(event);
      around.onEvent?.(event);
    },
  };
  try {
    const record = await runPlan(plan, options, around);
    return { record, events, leftovers: fs.readdirSync(runDirectory) };
  } finally {
    fs.rmSync(runDirectory, { recursive: true, force: true });
  }
}

function cellOf(record: RunRecord, label: SettingLabel, crash: CrashModel): CellRecord {
  const { persist, appendfsync } = parseSetting(label);
  const found = record.cells.find((cell) => cell.crash === crash
    && cell.config.persist === persist && cell.config.appendfsync === appendfsync);
  if (found === undefined) throw new Error(`no cell ${label} ${crash}`);
  return found;
}

const everything: readonly SettingLabel[] = [
  'none', 'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec',
];

test('bundled engine, process crash: AOF loses nothing, none starts empty', async (t) => {
  const { record, leftovers } = await run(smallPlan({ settings: everything, crash: ['process'] }));
  for (const cell of record.cells) {
    t.is(cell.verdict, 'pass', `${cell.id}: ${JSON.stringify(cell.findings)}`);
    t.true(cell.writes.acknowledged > 100, cell.id);
    t.true((cell.recoveryMs?.phases.firstRead ?? 0) >= (cell.recoveryMs?.phases.listening ?? 1));
    if (cell.config.appendfsync !== null) t.is(cell.loss?.writes.max, 0, cell.id);
  }
  const none = cellOf(record, 'none', 'process');
  t.true((none.loss?.writes.max ?? 0) > 0.9 * none.writes.acknowledged);
  const rdb = cellOf(record, 'rdb', 'process');
  t.true((rdb.loss?.writes.max ?? 0) < rdb.writes.acknowledged, 'the snapshot brought some back');
  t.deepEqual(leftovers, [], 'the data directories are gone');
});

test('bundled engine, power cut: always loses nothing, no loses all', async (t) => {
  const { record } = await run(smallPlan({ settings: everything, crash: ['power'] }));
  for (const cell of record.cells) {
    t.is(cell.verdict, 'pass', `${cell.id}: ${JSON.stringify(cell.findings)}`);
    const [trial] = cell.perTrial;
    t.is(trial?.cuts.length, 2);
    t.true((trial?.curve?.instants ?? 0) > 20, 'every instant is judged');
    t.regex(trial?.artefacts['curve'] ?? '', /^curves\/small-bundled-.*-power-1\.json\.gz$/);
    t.is(cell.qps, null, 'cells that record give no QPS');
  }
  t.is(cellOf(record, 'aof/always', 'power').loss?.writes.max, 0);
  for (const label of ['none', 'aof/no'] as const) {
    const { loss, perTrial } = cellOf(record, label, 'power');
    const acknowledged = Math.max(...(perTrial[0]?.cuts.map((cut) => cut.acknowledged) ?? [0]));
    t.true((loss?.writes.max ?? 0) > 0.9 * acknowledged, label);
  }
});

const sabotages = [
  { entry: 'sync-does-nothing.ts', label: 'aof/always', crash: 'power', kinds: ['lost'] },
  { entry: 'replies-before-write.ts', label: 'aof/always', crash: 'power', kinds: ['lost'] },
  { entry: 'replies-before-write.ts', label: 'aof/no', crash: 'process', kinds: ['lost'] },
  { entry: 'recovery-drops-tenth.ts', label: 'aof/everysec', crash: 'process', kinds: ['lost'] },
  { entry: 'recovery-drops-tenth.ts', label: 'aof/everysec', crash: 'power', kinds: ['floor'] },
] as const;

for (const { entry, label, crash, kinds } of sabotages) {
  test(`sabotage is caught: ${entry} under ${label} by ${crash}`, async (t) => {
    const durationMs = label === 'aof/everysec' && crash === 'power' ? 2500 : 700;
    const plan = smallPlan({ settings: [label], crash: [crash], durationMs });
    const { record } = await run(plan, { entry });
    const cell = cellOf(record, label, crash);
    t.is(record.verdict, 'fail', JSON.stringify(cell));
    for (const kind of kinds) t.true(cell.findings.some((each) => each.kind === kind), kind);
    t.true(record.failures.length > 0);
    t.regex(cell.promise, /loses/);
  });
}

test('a control run with the kill disabled ends inconclusive, never pass', async (t) => {
  const plan = smallPlan({ settings: ['aof/always', 'none'], crash: ['process', 'power'] });
  const { record } = await run(plan, { fault: faults.none });
  t.deepEqual([...new Set(record.cells.map((cell) => cell.verdict))], ['inconclusive']);
  const texts = record.cells.flatMap((cell) => cell.findings.map((finding) => finding.text));
  t.true(texts.some((text) => text.includes('control run')), texts.join('\n'));
});

test('a server that cannot start is told with its words and is no crash', async (t) => {
  const plan = smallPlan({ settings: ['none'], crash: ['process'] });
  const trials = plan.trials.map((trial) => ({
    ...trial, cell: { ...trial.cell, directives: [['appendfsync', 'sometimes'] as const] },
  }));
  const { record } = await run({ ...plan, trials });
  const trial = record.cells[0]?.perTrial[0];
  t.is(trial?.verdict, 'inconclusive');
  t.regex(trial?.error ?? '', /appendfsync/);
});

test('a recovering server that somebody ends is told, and broke no promise', async (t) => {
  const plan = smallPlan({ settings: ['aof/no'], crash: ['process', 'power'] });
  const { record } = await run(plan, { entry: 'recovery-is-killed.ts' });
  for (const cell of record.cells) {
    t.is(cell.verdict, 'inconclusive', JSON.stringify(cell.findings));
    t.regex(cell.perTrial[0]?.error ?? '', /ended .*\(signal SIGKILL\)/);
  }
});

test('rdb without the snapshots that were asked for is inconclusive, never pass', async (t) => {
  const plan = smallPlan({ settings: ['rdb'], crash: ['process', 'power'], durationMs: 1500 });
  const { record } = await run(plan, { entry: 'snapshots-fail.ts' });
  for (const cell of record.cells) {
    t.is(cell.verdict, 'inconclusive', JSON.stringify(cell.findings));
    t.true(cell.findings.some((each) => /snapshot that was asked for/.test(each.text)), cell.id);
  }
});

test('a server that turns clients away is told, and is no load as asked for', async (t) => {
  const plan = smallPlan({ settings: ['none'], crash: ['process'] });
  const trials = plan.trials.map((trial) => ({
    ...trial, cell: { ...trial.cell, directives: [['maxclients', '5'] as const] },
  }));
  const { record } = await run({ ...plan, trials });
  t.is(record.verdict, 'inconclusive');
  t.regex(record.cells[0]?.findings[0]?.text ?? '', /closed connections .* before the crash/);
});

test('an interrupt while a target is asked for its version is an interrupt', async (t) => {
  const abort = new AbortController();
  const { record, leftovers } = await run(smallPlan({ settings: ['none'], crash: ['process'] }), {
    signal: abort.signal,
    locate: async () => {
      abort.abort(); // Ctrl-C reaches the process that is asked, too
      return { kind: 'missing', lookedFor: ['it'], install: 'nothing' };
    },
  });
  t.true(record.interrupted);
  t.deepEqual(record.cells, []);
  t.deepEqual(leftovers, []);
});

test('an interrupt ends every process, removes the folders and keeps what was done', async (t) => {
  const abort = new AbortController();
  const plan = smallPlan({ settings: everything, crash: ['process'] });
  const started: string[] = [];
  const { record, leftovers } = await run(plan, {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.kind === 'trial-started') started.push(event.trial.cell);
      if (event.kind === 'phase' && event.phase === 'load' && started.length === 2) abort.abort();
    },
  });
  t.true(record.interrupted);
  t.is(record.cells.length, 1, 'the finished trial is kept');
  t.deepEqual(leftovers, []);
});

const redisBinary = process.env['REDIS_SERVER_BIN'] ?? 'redis-server';
const hasRedis = spawnSync(redisBinary, ['--version']).status === 0;
const redisTest = hasRedis ? test : test.skip;
const skipped = hasRedis ? '' : ' (skipped: redis-server is not on the PATH)';

redisTest(`redis-server, process crash: the same judge passes a server known to work${skipped}`,
  async (t) => {
    const plan = smallPlan({ settings: everything, crash: ['process'], target: 'redis' });
    const { record } = await run(plan);
    for (const cell of record.cells) {
      t.is(cell.verdict, 'pass', `${cell.id}: ${JSON.stringify(cell.findings)}`);
      if (cell.config.appendfsync !== null) t.is(cell.loss?.writes.max, 0, cell.id);
    }
  });
