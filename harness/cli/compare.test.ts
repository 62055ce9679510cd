// `plugpull compare` and `baseline` from the outside: what they print, refuse and exit with.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { RunRecord } from '../report/record.ts';
import { planOf, recordOf, testbed, threeScenarios } from '../report/test-support.ts';
import { cli, temporaryFolder } from './test-support.ts';

const scenarios = threeScenarios.map((scenario) => ({ ...scenario, trials: 14 }));
const healthy = recordOf(planOf(scenarios));
const slow = recordOf(planOf(scenarios), (own) => ({ ...own, qps: own.qps && own.qps / 2 }));
const losing = recordOf(planOf(scenarios), (own, { cell }) => (
  cell.setting.appendfsync === 'always' ? { ...own, verdict: 'fail' } : own));

function folderWith(t: ExecutionContext, records: Readonly<Record<string, RunRecord>>): string {
  const cwd = temporaryFolder(t);
  for (const [name, record] of Object.entries(records)) {
    mkdirSync(join(cwd, 'reports/runs', name), { recursive: true });
    writeFileSync(join(cwd, 'reports/runs', name, 'run.json'),
      JSON.stringify({ ...record, id: name }));
  }
  return cwd;
}

for (const { title, after, failOn, code, says } of [
  { title: 'equal runs', after: healthy, failOn: 'regression,loss', code: 0, says: /no change/ },
  { title: 'a slower run', after: slow, failOn: 'regression,loss', code: 3, says: /regression/ },
  { title: 'a slower run, not asked', after: slow, failOn: 'loss', code: 0, says: /regression/ },
  { title: 'a losing run', after: losing, failOn: 'loss,regression', code: 1, says: /BROKEN/ },
  { title: 'a loss, not asked', after: losing, failOn: 'regression', code: 0, says: /BROKEN/ },
]) {
  test(`compare: ${title}: exit ${code}`, async (t) => {
    const cwd = folderWith(t, { a: healthy, b: after });
    const outcome = await cli(['compare', 'a', 'b', '--fail-on', failOn], { cwd });
    t.is(outcome.code, code, outcome.stderr);
    t.regex(outcome.stdout, says);
    t.true(outcome.stdout.startsWith('before: a\nafter:  b\n'));
  });
}

test('compare takes more than two runs, and settings of one', async (t) => {
  const cwd = folderWith(t, { a: healthy, b: slow, c: healthy });
  const three = await cli(['compare', 'a', 'b', 'c', '--json'], { cwd });
  const found = JSON.parse(three.stdout) as { after: string }[];
  t.deepEqual(found.map(({ after }) => after), ['b', 'c']);
  const settings = await cli(['compare', 'a', '--settings', 'aof/everysec,aof/always'], { cwd });
  t.regex(settings.stdout, /^before: a aof\/everysec\nafter: {2}a aof\/always\n/);
  t.regex(settings.stdout, /regression +speed\/bundled\/aof\/always\/process: write rate/);
});

test('compare refuses different testbeds, and labels them when told to go on', async (t) => {
  const other = { ...healthy, testbed: { ...healthy.testbed, cpu: 'Another CPU' } };
  const cwd = folderWith(t, { a: healthy, b: other });
  const refused = await cli(['compare', 'a', 'b'], { cwd });
  t.is(refused.code, 64);
  t.regex(refused.stderr, /different testbeds: cpu: Imaginary CPU → Another CPU/);
  const labelled = await cli(['compare', 'a', 'b', '--across-testbeds'], { cwd });
  t.is(labelled.code, 0);
  t.regex(labelled.stdout, /DIFFERENT TESTBEDS: cpu/);
});

test('baselines are saved, listed, compared with, and shown in the HTML', async (t) => {
  const cwd = folderWith(t, { a: healthy, b: slow });
  const saved = await cli(['baseline', 'save', 'main', 'a'], { cwd });
  t.is(saved.stdout, `${join(cwd, 'reports/baselines/main.json')}\n`);
  t.true(existsSync(join(cwd, 'reports/baselines/main.json')));
  t.is((await cli(['baseline', 'list'], { cwd })).stdout, 'baseline:main\n');
  const argv = ['compare', 'baseline:main', 'b', '--fail-on', 'regression'];
  t.is((await cli(argv, { cwd })).code, 3);
  const asHtml = ['report', 'b', '--format', 'html', '--baseline', 'baseline:main'];
  const page = await cli(asHtml, { cwd });
  t.regex(page.stdout, /The largest regression is write rate/);
});

for (const { title, argv, says } of [
  { title: 'one run', argv: ['compare', 'a'], says: /expected a second run, or --settings/ },
  { title: 'an unknown gate', argv: ['compare', 'a', 'a', '--fail-on', 'los'], says: /'loss'/ },
  { title: 'an unknown baseline', argv: ['compare', 'baseline:x', 'a'], says: /there is none/ },
  { title: 'a bad name', argv: ['baseline', 'save', '../x', 'a'], says: /found '..\/x'/ },
  { title: 'one setting', argv: ['compare', 'a', '--settings', 'rdb'], says: /found 1/ },
  { title: 'a setting that was not run', argv: ['compare', 'a', '--settings', 'rdb,aof/no'],
    says: /a has no cell with rdb/ },
]) {
  test(`compare refuses ${title}`, async (t) => {
    const cwd = folderWith(t, { a: recordOf(planOf([])) });
    const outcome = await cli(argv, { cwd });
    t.is(outcome.code, 64);
    t.regex(outcome.stderr, says);
  });
}

test('compare concludes nothing from a record that is cut in half', async (t) => {
  const cwd = folderWith(t, { a: healthy });
  writeFileSync(join(cwd, 'half.json'), JSON.stringify(healthy).slice(0, 5000));
  const outcome = await cli(['compare', 'a', 'half.json'], { cwd });
  t.is(outcome.code, 64);
  t.regex(outcome.stderr, /half.json is not whole: The record ends too early/);
});

function bench(factor: number): string {
  const rounds = Array.from({ length: 12 }, (_, at) => factor * (1 + (at % 3) / 200));
  const one = (name: string, unit: string): object => ({
    name, unit, ours: 1, theirs: 1, ratio: { median: factor, ci95: null, rounds },
  });
  const alone = { name: 'micro/get', unit: 'ns an operation', ours: 1, theirs: null, ratio: null };
  const results = [one('SET', 'operations a second'), one('cpu', 'µs CPU an operation'), alone];
  return JSON.stringify({ testbed: { ...testbed, memoryBytes: testbed.memory }, results });
}

test('compare: two benches, by their ratios to the peer', async (t) => {
  const cwd = temporaryFolder(t);
  for (const [name, factor] of [['a', 1], ['b', 1], ['c', 0.8]] as const) {
    writeFileSync(join(cwd, `${name}.json`), bench(factor));
  }
  const same = await cli(['compare', 'a.json', 'b.json', '--fail-on', 'regression'], { cwd });
  t.is(same.code, 0, same.stderr);
  t.regex(same.stdout, /no change +SET: ours ÷ theirs[^]*not compared: micro\/get: no peer/);
  const slower = await cli(['compare', 'a.json', 'c.json', '--fail-on', 'regression'], { cwd });
  t.is(slower.code, 3);
  t.regex(slower.stdout, /regression +SET[^]*improvement +cpu/);
  const banner = '\n> plugpull@0.1.0 bench\n> node harness/bench/main.bench.ts --json\n\n';
  writeFileSync(join(cwd, 'npm.json'), `${banner}${bench(1)}\n`);
  t.is((await cli(['compare', 'a.json', 'npm.json'], { cwd })).code, 0, 'with what npm says');
  writeFileSync(join(cwd, 'old.json'), bench(1).replace(/"testbed":.*?"results"/, '"results"'));
  t.is((await cli(['compare', 'a.json', 'old.json'], { cwd })).code, 0, 'nothing is known of it');
  writeFileSync(join(cwd, 'd.json'), bench(1).replace('Imaginary CPU', 'Other CPU'));
  const elsewhere = await cli(['compare', 'a.json', 'd.json'], { cwd });
  t.is(elsewhere.code, 64);
  t.regex(elsewhere.stderr, /a.json and d.json are from different testbeds: cpu: Imaginary CPU → /);
  t.is((await cli(['compare', 'a.json', 'd.json', '--across-testbeds'], { cwd })).code, 0);
  const mixed = await cli(['compare', 'a.json', 'latest'], { cwd });
  t.is(mixed.code, 64);
  t.regex(mixed.stderr, /latest is not what npm run -s bench -- --json prints/);
  t.regex((await cli(['compare', 'a.json'], { cwd })).stderr, /expected a second bench/);
});
