// Shards and their merge: four parts make the whole, and nothing else is taken for it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { LatencyHistogram } from '../metrics/histogram.ts';
import { linesByTag, sumOfLogs } from '../metrics/histogram-log.ts';
import type { RunRecord } from '../report/record.ts';
import { planOf, threeScenarios } from '../report/test-support.ts';
import { shardPlan } from '../plan/shard.ts';
import type { CliContext } from './context.ts';
import { cli, fakeRun, temporaryFolder } from './test-support.ts';

/** A fake run whose trials left an interval log each, of latencies that tell their seed. */
const timedRun: CliContext['runPlan'] = async (plan, options) => {
  mkdirSync(join(options.runDirectory, 'files'));
  return fakeRun(plan, options, (own) => {
    const histogram = new LatencyHistogram();
    for (let at = 0; at < 100; at++) histogram.record((own.seed % 5000) + at);
    const name = `files/${own.seed}-${own.index}.hlog`;
    const line = `0.000,1.000,0.000,${histogram.encode()}\n`;
    writeFileSync(join(options.runDirectory, name), line);
    return { ...own, artefacts: { intervals: name } };
  });
};

async function shards(t: ExecutionContext, count: number, seed: string = '7'): Promise<string> {
  const cwd = temporaryFolder(t);
  for (let index = 1; index <= count; index++) {
    const argv = ['run', '--seed', seed, '--shard', `${index}/${count}`, '--out', `s/${index}`];
    const outcome = await cli(argv, { cwd, runPlan: async (plan, options) => {
      mkdirSync(join(options.runDirectory, 'files'));
      writeFileSync(join(options.runDirectory, 'files', 'a.json'), String(index));
      return fakeRun(plan, options, (own) => ({ ...own, artefacts: { a: 'files/a.json' } }));
    } });
    t.is(outcome.code, 0, outcome.stderr);
  }
  return cwd;
}

const read = (path: string): RunRecord => JSON.parse(readFileSync(path, 'utf8')) as RunRecord;

test('four shards, merged in any order, equal the whole; their files come along', async (t) => {
  const cwd = await shards(t, 4);
  const parts = [3, 1, 4, 2].map((index) => `s/${index}/latest`);
  const merged = await cli(['merge', ...parts], { cwd });
  t.is(merged.code, 0, merged.stderr);
  await cli(['run', '--seed', '7', '--out', 'whole'], { cwd });
  const [record, whole] = [read(join(cwd, 'reports/latest/run.json')),
    read(join(cwd, 'whole/latest/run.json'))];
  const withoutFiles = record.cells.map((cell) => ({
    ...cell, perTrial: cell.perTrial.map((trial) => ({ ...trial, artefacts: {} })),
  }));
  t.deepEqual(withoutFiles, whole.cells);
  t.is(record.plannedTrials, whole.plannedTrials);
  t.is(record.shard, undefined);
  for (const trial of record.cells.flatMap((cell) => cell.perTrial)) {
    const path = trial.artefacts['a'] ?? '';
    const [, shard = ''] = /shard-(\d)/.exec(path) ?? [];
    t.is(readFileSync(join(cwd, 'reports/latest', path), 'utf8'), shard);
  }
  t.regex(readFileSync(join(cwd, 'reports/latest/report.html'), 'utf8'), /<section id="trust"/);
});

test('the histograms of the shards, joined, are those of the whole', async (t) => {
  const cwd = temporaryFolder(t);
  for (let index = 1; index <= 4; index++) {
    const argv = ['run', '--seed', '7', '--shard', `${index}/4`, '--out', `s/${index}`];
    await cli(argv, { cwd, runPlan: timedRun });
  }
  await cli(['run', '--seed', '7', '--out', 'whole'], { cwd, runPlan: timedRun });
  const parts = [2, 1, 4, 3].map((index) => `s/${index}/latest`);
  t.is((await cli(['merge', ...parts], { cwd })).code, 0);
  const [merged, whole] = ['reports', 'whole'].map((out) => (
    linesByTag(readFileSync(join(cwd, out, 'latest', 'latency.hlog'), 'utf8'))));
  const { cells } = read(join(cwd, 'reports/latest/run.json'));
  t.is(whole?.size, cells.length);
  for (const { id, perTrial } of cells) {
    t.is(merged?.get(id), whole?.get(id), id);
    t.is(sumOfLogs([merged?.get(id) ?? '']).histogram.totalCount, 100 * perTrial.length);
  }
  const page = readFileSync(join(cwd, 'reports/latest/report.html'), 'utf8');
  t.regex(page, /all replies of all trials together/, 'the page draws from them');
  writeFileSync(join(cwd, 's/3/latest/latency.hlog'), 'Tag=a,0,1,2,HISTFAAAA!\n');
  const damaged = await cli(['merge', ...parts], { cwd });
  t.is(damaged.code, 0, 'histograms change no verdict');
  t.regex(damaged.stderr, /the histograms of the shards cannot be joined/);
});

test('a missing shard, one that is there twice, and foreign ones are refused', async (t) => {
  const cwd = await shards(t, 3);
  const other = await shards(t, 3, '8');
  await cli(['run', '--seed', '7', '--out', 'whole'], { cwd });
  const old = { ...read(join(cwd, 's/3/latest/run.json')), plugpull: '0.0.9' };
  writeFileSync(join(cwd, 'old.json'), JSON.stringify(old));
  const moved = { ...old, plugpull: '0.1.0', testbed: { ...old.testbed, cpu: 'Another' } };
  writeFileSync(join(cwd, 'moved.json'), JSON.stringify(moved));
  const third = read(join(cwd, 's/3/latest/run.json'));
  const [cell] = read(join(cwd, 's/1/latest/run.json')).cells;
  writeFileSync(join(cwd, 'less.json'), JSON.stringify({ ...third, cells: third.cells.slice(1) }));
  writeFileSync(join(cwd, 'more.json'), JSON.stringify({ ...third, cells: [cell] }));
  writeFileSync(join(cwd, 'half.json'), JSON.stringify(old).slice(0, 3000));
  const rows: readonly { last: readonly string[]; says: RegExp }[] = [
    { last: [], says: /of 3 shards these are missing: 3/ },
    { last: ['s/2/latest', 's/3/latest'], says: /shard 2\/3 is there twice/ },
    { last: [join(other, 's/3/latest')], says: /shards of different plans/ },
    { last: ['whole/latest'], says: /is not the record of a shard/ },
    { last: ['old.json'], says: /is of Plugpull 0\.0\.9/ },
    { last: ['moved.json'], says: /another testbed: cpu: .*--across-testbeds/ },
    { last: ['less.json'], says: /no shard ran .*different --durations/ },
    { last: ['more.json'], says: /two shards ran .*different --durations/ },
    { last: ['half.json'], says: /half\.json is not whole/ },
  ];
  for (const { last, says } of rows) {
    const outcome = await cli(['merge', 's/1/latest', 's/2/latest', ...last], { cwd });
    t.is(outcome.code, 64);
    t.regex(outcome.stderr, says);
  }
  const argv = ['merge', 's/1/latest', 's/2/latest', 'moved.json', '--across-testbeds'];
  t.is((await cli(argv, { cwd })).code, 0);
});

test('shards: every cell once, comparisons whole, balanced, the same seeds', (t) => {
  const plan = planOf(threeScenarios);
  for (const count of [1, 2, 3, 5, 9]) {
    const parts = Array.from({ length: count }, (_, at) => (
      shardPlan(plan, { index: at + 1, count })));
    const trials = parts.flatMap((part) => part.trials);
    t.is(trials.length, plan.trials.length);
    t.true(plan.trials.every((trial) => trials.includes(trial)), 'the very same trials');
    for (const part of parts) {
      for (const cell of part.cells) {
        const mates = plan.cells.filter((each) => each.scenario === cell.scenario
          && each.crash === cell.crash && each.preloadKeys === cell.preloadKeys);
        t.true(mates.every((mate) => part.cells.includes(mate)), cell.id);
      }
    }
  }
  const durations = new Map(plan.cells.map((cell) => (
    [cell.id, cell.scenario === 'speed' ? 60_000 : 10] as const)));
  const [one, other] = [1, 2].map((index) => shardPlan(plan, { index, count: 2 }, durations));
  t.deepEqual([...new Set(one?.cells.map((cell) => cell.scenario))], ['speed']);
  t.false(other?.cells.some((cell) => cell.scenario === 'speed'));
});

test('--shard auto counts as Kubernetes does', async (t) => {
  const cwd = temporaryFolder(t);
  const env = { JOB_COMPLETION_INDEX: '1', PLUGPULL_SHARD_TOTAL: '3' };
  const auto = await cli(['run', '--seed', '7', '--shard', 'auto', '--dry-run'], { cwd, env });
  const named = await cli(['run', '--seed', '7', '--shard', '2/3', '--dry-run'], { cwd });
  t.is(auto.code, 0);
  t.is(auto.stdout, named.stdout);
});
