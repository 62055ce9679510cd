// Whole trials on real processes: the bundled engine, sabotaged engines that must be caught, a
// control without a crash, redis-server where it is installed, and an interrupt.
import test from 'ava';
import { faults } from '../faults/faults.ts';
import type { SettingLabel } from '../plan/settings.ts';
import { cellOf, hasRedis, killOnce, redisSkipped, run, smallPlan } from './test-support.ts';

const everything: readonly SettingLabel[] = [
  'none', 'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec',
];

/** Enough was written that a loss would show. */
const isLoaded = (info: ReadonlyMap<string, string>): boolean =>
  Number(info.get('total_commands_processed')) > 500;

test('bundled engine, process crash: AOF loses nothing, none starts empty', async (t) => {
  const settings = everything.filter((label) => label !== 'rdb');
  const plan = smallPlan({ settings, crash: ['process'] });
  const { record, leftovers } = await run(plan, { fault: killOnce(isLoaded) });
  for (const cell of record.cells) {
    t.is(cell.verdict, 'pass', `${cell.id}: ${JSON.stringify(cell.findings)}`);
    t.true(cell.writes.acknowledged > 100, cell.id);
    t.true((cell.recoveryMs?.phases.firstRead ?? 0) >= (cell.recoveryMs?.phases.listening ?? 1));
    if (cell.config.appendfsync !== null) t.is(cell.loss?.writes.max, 0, cell.id);
  }
  const none = cellOf(record, 'none', 'process');
  t.true((none.loss?.writes.max ?? 0) > 0.9 * none.writes.acknowledged);
  t.deepEqual(leftovers, [], 'the data directories are gone');
});

test('bundled engine, process crash: rdb comes back with its last snapshot', async (t) => {
  const plan = smallPlan({ settings: ['rdb'], crash: ['process'] });
  const isSaved = (info: ReadonlyMap<string, string>): boolean =>
    isLoaded(info) && Number(info.get('rdb_saves')) > 0;
  const { record } = await run(plan, { fault: killOnce(isSaved) });
  const rdb = cellOf(record, 'rdb', 'process');
  t.is(rdb.verdict, 'pass', JSON.stringify(rdb.findings));
  t.true((rdb.loss?.writes.max ?? 0) < rdb.writes.acknowledged, 'the snapshot brought some back');
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

test('a rate beyond the machine is refused before the load, with one that would do', async (t) => {
  const plan = smallPlan({ settings: ['none'], crash: ['process'] });
  const trials = plan.trials.map((trial) => ({ ...trial, cell: {
    ...trial.cell,
    load: { ...trial.cell.load, ratePerSecond: 1_000_000, profile: 'steps:0.01,10' as const },
  } }));
  const { record, leftovers } = await run({ ...plan, trials });
  const [trial] = record.cells[0]?.perTrial ?? [];
  t.is(record.verdict, 'inconclusive');
  t.regex(trial?.error ?? '',
    /of 10,000,000 a second \(steps:0\.01,10 of 1,000,000\) is .*--rate \d+ would do/);
  t.is(trial?.acknowledged, 0);
  t.deepEqual(leftovers, []);
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
  const plan = smallPlan({ settings: ['rdb'], crash: ['process', 'power'] });
  const fault = killOnce((info) => info.get('rdb_last_bgsave_status') === 'err');
  const { record } = await run(plan, { fault, entry: 'snapshots-fail.ts' });
  for (const cell of record.cells) {
    t.is(cell.verdict, 'inconclusive', JSON.stringify(cell.findings));
    t.true(cell.findings.some((each) => /snapshot that was asked for/.test(each.text)), cell.id);
  }
});

test('a server that turns clients away is told, and is no load as asked for', async (t) => {
  const plan = smallPlan({ settings: ['none'], crash: ['process'] });
  const trials = plan.trials.map((trial) => {
    const directives = [...trial.cell.directives, ['maxclients', '5'] as const];
    return { ...trial, cell: { ...trial.cell, directives } };
  });
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

const redisTest = hasRedis ? test : test.skip;

redisTest(`redis-server, process crash: the judge passes a server known to work${redisSkipped}`,
  async (t) => {
    const plan = smallPlan({ settings: everything, crash: ['process'], target: 'redis' });
    const { record } = await run(plan);
    for (const cell of record.cells) {
      t.is(cell.verdict, 'pass', `${cell.id}: ${JSON.stringify(cell.findings)}`);
      if (cell.config.appendfsync !== null) t.is(cell.loss?.writes.max, 0, cell.id);
    }
  });
