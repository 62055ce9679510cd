// `plugpull trend` from the outside: the file grows, the page is written, two nights are an alert.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cli, fakeRun, temporaryFolder } from './test-support.ts';
import type { Outcome } from './test-support.ts';

test('nights are added, an alert takes two, the HTML report shows the trend', async (t) => {
  const cwd = temporaryFolder(t);
  const night = async (factor: number): Promise<Outcome> => {
    await cli(['run', 'fsync-policies'], { cwd, runPlan: async (plan, options) => (
      fakeRun(plan, options, (own) => ({ ...own, qps: own.qps && own.qps * factor }))) });
    const argv = ['trend', '--add', 'latest', '--revision', 'abc', '--fail-on', 'regression'];
    return cli(argv, { cwd });
  };
  for (let day = 0; day < 11; day++) t.is((await night(1 + (day % 3) / 100)).code, 0);
  const first = await night(0.7);
  t.is(first.code, 0);
  t.regex(first.stdout, /^watch: write rate of fsync-policies\/bundled\/none\/process is worse/m);
  const second = await night(0.7);
  t.is(second.code, 3);
  t.regex(second.stdout, /^ALERT: write rate .*two nights agree$/m);
  t.regex(second.stdout, /^13 runs, \d+ series$/m);
  const path = join(cwd, 'reports/history.ndjson');
  t.is(readFileSync(path, 'utf8').trimEnd().split('\n').length, 13);
  t.true(existsSync(join(cwd, 'reports/trend.html')));
  const page = await cli(['report', '--format', 'html'], { cwd });
  t.regex(page.stdout, /ALERT: write rate of/);

  appendFileSync(path, '{"kind":"ru');
  const noted = await cli(['trend', '--note', 'a disk', '--at', '2026-11-30'], { cwd });
  t.is(noted.code, 0);
  t.regex(noted.stderr, /history.ndjson: line 14 is left out/);
  const last = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  t.like(JSON.parse(last), { kind: 'note', at: '2026-11-30T00:00:00.000Z', text: 'a disk' });
});

for (const { title, argv, says } of [
  { title: 'a bad date', argv: ['--note', 'x', '--at', 'soon'], says: /--at: .* found 'soon'/ },
  { title: 'a date alone', argv: ['--at', '2026-11-30'], says: /--at: expected --note/ },
  { title: 'a run that is not there', argv: ['--add', 'x'], says: /no run 'x'/ },
]) {
  test(`trend refuses ${title}`, async (t) => {
    const cwd = temporaryFolder(t);
    const outcome = await cli(['trend', ...argv], { cwd });
    t.is(outcome.code, 64);
    t.regex(outcome.stderr, says);
    t.false(existsSync(join(cwd, 'reports')));
  });
}
