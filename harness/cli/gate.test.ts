// `plugpull gate` from the outside: real repositories, real builds; trials are made up but for one
// pair of real engines, of which the later one loses data.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Trial } from '../plan/plan.ts';
import { gateOf } from '../report/compare/gate.ts';
import { compareRuns } from '../report/compare/compare.ts';
import { planOf, recordOf, threeScenarios } from '../report/test-support.ts';
import type { TrialRecord } from '../report/record.ts';
import { runArms } from '../run/run.ts';
import { cli, fakeRun, temporaryFolder } from './test-support.ts';
import type { Setup } from './test-support.ts';

const hasGit = spawnSync('git', ['--version']).status === 0;
const gated = hasGit ? test : test.skip;
const why = hasGit ? '' : ' (skipped: git is missing)';
const root = join(import.meta.dirname, '..', '..');

function git(cwd: string, ...words: string[]): void {
  const who = ['-c', 'user.name=T', '-c', 'user.email=t@localhost', '-c', 'commit.gpgsign=false'];
  const { status, stderr } = spawnSync('git', [...who, ...words], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** A repository whose branch `main` has the first engine and whose HEAD has the second. */
function repository(t: ExecutionContext, base: string, head: string): string {
  const cwd = temporaryFolder(t);
  git(cwd, 'init', '--quiet', '--initial-branch', 'main');
  mkdirSync(join(cwd, 'engine'));
  writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
  for (const [branch, text] of [['main', base], ['change', head]] as const) {
    if (branch !== 'main') git(cwd, 'switch', '--quiet', '--create', branch);
    writeFileSync(join(cwd, 'engine', 'main.ts'), text);
    git(cwd, 'add', '.');
    git(cwd, 'commit', '--quiet', '--message', branch);
  }
  return cwd;
}

const versionOnly = (name: string): string => `// ${name}\nprocess.exit(0);\n`;

type Change = (own: TrialRecord, trial: Trial) => TrialRecord | null;

function arms(change: Change): NonNullable<Setup['runArms']> {
  return (plan, options) => options.map((one, at) => fakeRun(plan, one, at === 0 ? undefined
    : change));
}

for (const { title, change, code, says } of [
  { title: 'the same', change: (own) => own, code: 0, says: /gate: pass: no broken promise/ },
  { title: 'a slower head', change: (own) => ({ ...own, qps: own.qps && own.qps / 2 }), code: 3,
    says: /gate: regression: 3 metrics worse beyond doubt, most of all write rate/ },
  { title: 'a faster head', change: (own) => ({ ...own, qps: own.qps && own.qps * 2 }), code: 0,
    says: /improvement/ },
  { title: 'a head that loses', code: 1,
    change: (own, { cell }) => ({ ...own, verdict: cell.crash === 'power' ? 'fail' : 'pass' }),
    says: /BROKEN PROMISE \(new\).*gate: broken promise: 5 cells break a promise: gate-pr/s },
  { title: 'a head that does not start', code: 2,
    change: (own) => ({ ...own, qps: null, error: 'no such module', verdict: 'inconclusive' }),
    says: /gate: not measured: .*: no such module/ },
] satisfies { title: string; change: Change; code: number; says: RegExp }[]) {
  gated(`gate: ${title}: exit ${code}${why}`, async (t) => {
    const cwd = repository(t, versionOnly('base'), versionOnly('head'));
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'),
      GITHUB_OUTPUT: join(cwd, 'outputs') };
    const argv = ['gate', '--base', 'main', '--seed', '7'];
    const outcome = await cli(argv, { cwd, env, runArms: arms(change) });
    t.is(outcome.code, code, outcome.stderr);
    t.regex(outcome.stdout, says);
    t.regex(readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8'), code === 0 ? /^## ✅ gate: pass/
      : /^## ❌ gate: /);
    t.regex(readFileSync(env.GITHUB_OUTPUT, 'utf8'), /^gate=\w/m);
    t.is(/::error title=Regression/.test(outcome.stderr), code === 3);
    const runs = readdirSync(join(cwd, 'reports/runs'));
    t.is(runs.length, 2);
    const page = readFileSync(join(cwd, 'reports/latest/report.html'), 'utf8');
    t.regex(page, /Compared with .*\(main\)/);
    for (const run of runs) t.false(existsSync(join(cwd, 'reports/runs', run, 'revision')));
    t.is(spawnSync('git', ['worktree', 'list'], { cwd, encoding: 'utf8' }).stdout
      .trim().split('\n').length, 1, 'the repository has no worktree left');
  });
}

gated(`gate: each revision is built in its own folder${why}`, async (t) => {
  const cwd = repository(t, versionOnly('base'), versionOnly('head'));
  const seen: string[] = [];
  const outcome = await cli(['gate', '--base', 'main', '--build', 'cp engine/main.ts built.ts',
    '--server', 'built.ts'], { cwd, runArms: async (plan, options) => {
    for (const { targets } of options) {
      const located = await targets.bundled.locate();
      t.is(located.kind, 'found');
      if (located.kind !== 'found') continue;
      seen.push(readFileSync(located.binary, 'utf8').slice(3, 7));
      t.regex(located.version, /^0\.1\.0@[\da-f]{12}$/);
    }
    return options.map((one) => fakeRun(plan, one));
  } });
  t.is(outcome.code, 0, outcome.stderr);
  t.deepEqual(seen, ['base', 'head']);
});

for (const { title, argv, code, says } of [
  { title: 'no base', argv: [], code: 64, says: /--base <revision>' not specified/ },
  { title: 'an unknown revision', argv: ['--base', 'mian'], code: 64, says: /'mian' is no revisi/ },
  { title: 'a build that fails', argv: ['--base', 'main', '--build', 'echo no cc >&2; exit 1'],
    code: 69, says: /main does not build: .*\nno cc/ },
  { title: 'a server that is not there', argv: ['--base', 'main', '--server', 'src/x'], code: 64,
    says: /--server: src\/x is not in revision main/ },
  { title: 'redis without a path', argv: ['--base', 'main', '--target', 'redis'], code: 64,
    says: /--target redis: expected --server beside it/ },
]) {
  gated(`gate refuses ${title}${why}`, async (t) => {
    const cwd = repository(t, versionOnly('base'), versionOnly('head'));
    const outcome = await cli(['gate', ...argv], { cwd });
    t.is(outcome.code, code, outcome.stderr);
    t.regex(outcome.stderr, says);
    t.deepEqual(outcome.plans, []);
    const runs = join(cwd, 'reports/runs');
    t.deepEqual(existsSync(runs) ? readdirSync(runs) : [], []);
  });
}

gated(`gate: a real head that loses data is found out, its base is not blamed${why}`, async (t) => {
  const entry = (path: string): string => `import ${JSON.stringify(join(root, path))};\n`;
  const cwd = repository(t, entry('engine/main.ts'),
    entry('harness/run/testdata/sabotaged/recovery-drops-tenth.ts'));
  writeFileSync(join(cwd, 'small.mjs'), `export default {
    name: 'small', question: 'Is it kept?', measures: ['loss'], settings: ['aof/always'],
    crash: ['process'], load: { durationMs: 500, warmupMs: 0, clients: 8, keys: 400 } };\n`);
  const events: string[] = [];
  const outcome = await cli(['gate', './small.mjs', '--base', 'main', '--trials', '2'], {
    cwd, runArms: (plan, options) => runArms(plan, options.map((one) => ({
      ...one, onEvent: (event) => {
        if (event.kind === 'trial-finished') events.push(event.verdict);
        one.onEvent(event);
      },
    }))),
  });
  t.is(outcome.code, 1, outcome.stderr);
  t.deepEqual(events, ['pass', 'fail', 'fail', 'pass'], 'base head, head base');
  t.regex(outcome.stdout, /gate: broken promise: 1 cell breaks a promise: small\/bundled\/aof/);
});

test('a promise that both revisions break is still broken', (t) => {
  const record = recordOf(planOf(threeScenarios), (own) => ({ ...own, verdict: 'fail' }));
  const found = gateOf(compareRuns(record, record, { paired: true }), record);
  t.is(found.verdict, 'broken promise');
  t.regex(found.reason, /as the earlier revision does/);
});
