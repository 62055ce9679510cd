// The workflows of .github: valid, and every `run:` step executed here but for installing and for
// .ci/run itself. The night runs its four shards as four processes at once.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { validateWorkflow } from '@action-validator/core';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { parse } from 'yaml';
import type { RunRecord } from '../report/record.ts';
import { elsewhere, fillCheckout, runJob, runStep, writeProgram }
  from './automation-test-support.ts';
import type { JobPlace, Workflow } from './automation-test-support.ts';
import { cli, temporaryFolder } from './test-support.ts';

const folder = join(import.meta.dirname, '..', '..', '.github', 'workflows');
const files = readdirSync(folder);
const read = (name: string): Workflow => (
  parse(readFileSync(join(folder, name), 'utf8')) as Workflow);

/** A night is a dozen processes of plugpull, on a machine that is busy with others. */
const startsMs = 300_000;
const tools = ['git', 'bash', 'npm'].filter((name) => spawnSync(name, ['--version']).status !== 0);
const running = tools.length === 0 ? test.serial : test.serial.skip;
const why = tools.length === 0 ? '' : ` (skipped: ${tools.join(' and ')} missing)`;

for (const name of files) {
  test(`${name}: valid, steps end before their job, no expression inside a script`, (t) => {
    const text = readFileSync(join(folder, name), 'utf8');
    t.deepEqual(validateWorkflow(text).errors, []);
    const limit = (value: object): number => (value as { 'timeout-minutes'?: number })[
      'timeout-minutes'] ?? Infinity;
    for (const job of Object.values(read(name).jobs)) {
      t.true(limit(job) < Infinity, 'GitHub would wait for six hours');
      for (const step of job.steps) {
        t.false(step.run?.includes('${{') ?? false, 'a branch could be named like a command');
        if (limit(step) < Infinity) t.true(limit(step) < limit(job), step.name);
      }
    }
  });
}

test('a workflow with a mistake is not valid', (t) => {
  const text = readFileSync(join(folder, 'nightly.yml'), 'utf8');
  t.not(validateWorkflow(text.replace('runs-on', 'run-on')).errors.length, 0);
});

function git(cwd: string, ...words: string[]): string {
  const who = ['-c', 'user.name=T', '-c', 'user.email=t@localhost', '-c', 'commit.gpgsign=false'];
  const { status, stdout, stderr } = spawnSync('git', [...who, ...words],
    { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

interface Hub {
  /** A checkout of its own for each job. */
  readonly checkOut: (name: string) => string;
  readonly origin: string;
  readonly place: (workflow: string, cwd: string, contexts: object) => JobPlace;
  /** What was said to `gh`. */
  readonly said: () => string;
}

function hub(t: ExecutionContext, groups: number): Hub {
  t.timeout(startsMs);
  const home = temporaryFolder(t);
  const [origin, source] = [join(home, 'origin'), join(home, 'source')];
  git(home, 'init', '--quiet', '--bare', '--initial-branch', 'main', origin);
  git(home, 'clone', '--quiet', origin, source);
  fillCheckout(source, groups);
  git(source, 'add', '--force', '.');
  git(source, 'commit', '--quiet', '--message', 'one');
  git(source, 'push', '--quiet', 'origin', 'HEAD:main');
  const programs = join(home, 'programs');
  const saidFile = join(home, 'said');
  writeProgram(programs, 'gh', `echo "$@" >> '${saidFile}'`);
  const artifacts = join(home, 'artifacts');
  mkdirSync(artifacts);
  return {
    origin,
    checkOut: (name) => {
      git(home, 'clone', '--quiet', origin, name);
      return join(home, name);
    },
    place: (workflow, cwd, contexts) => ({
      workflow: read(workflow), cwd, artifacts, programs,
      contexts: { inputs: { scenarios: './small.mjs' }, runner: { temp: home }, ...contexts,
        github: { sha: 'abc', token: 'x', server_url: 'h', repository: 'r', run_id: 1 } },
    }),
    said: () => (existsSync(saidFile) ? readFileSync(saidFile, 'utf8') : ''),
  };
}

/** A night before: a run and its history, with made-up trials, in the branch of the history. */
async function nightBefore(own: Hub): Promise<void> {
  const cwd = own.checkOut('before');
  await cli(['run', './small.mjs', '--seed', '1'], { cwd });
  await cli(['trend', '--add', 'latest'], { cwd });
  cpSync(join(cwd, 'reports', 'latest', 'run.json'), join(cwd, 'last-run.json'));
  cpSync(join(cwd, 'reports', 'history.ndjson'), join(cwd, 'history.ndjson'));
  git(cwd, 'checkout', '--quiet', '--orphan', 'history');
  git(cwd, 'rm', '--quiet', '-r', '--cached', '.');
  git(cwd, 'add', 'last-run.json', 'history.ndjson');
  git(cwd, 'commit', '--quiet', '--message', 'the night before');
  git(cwd, 'push', '--quiet', 'origin', 'history:plugpull-history');
}

running(`a night: four shards as four processes equal the plan of one machine${why}`, async (t) => {
  const own = hub(t, 4);
  const { jobs } = read('nightly.yml');
  const at = (cwd: string, contexts: object): JobPlace => own.place('nightly.yml', cwd, contexts);
  const first = own.checkOut('first');
  const historyStep = jobs['merge']?.steps.find(({ name }) => name === 'the history so far');
  const place = at(first, {});
  t.is((await runStep(historyStep ?? {}, place, place.contexts)).code, 0, 'there is none yet');
  await nightBefore(own);

  const plan = await runJob(jobs['plan'] as never, at(own.checkOut('plan'), {}));
  t.deepEqual(plan.ran.map(({ code }) => code), [0, 0], plan.text);
  t.is(plan.outputs['shards'], '[1,2,3,4]');
  const needs = { plan: { outputs: plan.outputs } };
  const shards = await Promise.all([1, 2, 3, 4].map((index) => (
    runJob(jobs['shard'] as never, at(own.checkOut(`shard-${index}`), { needs, matrix: { index } }))
  )));
  for (const shard of shards) t.true([0, 2].includes(shard.ran[0]?.code ?? -1), shard.text);
  const cwd = own.checkOut('merge');
  const merge = await runJob(jobs['merge'] as never, at(cwd, { needs }));
  t.deepEqual(merge.ran.filter(({ code }) => code !== 0), [], merge.text);
  const wanted = Object.values(jobs).flatMap((job) => job.steps)
    .filter((step) => step.run !== undefined && !elsewhere.test(step.run) && step.if === undefined);
  t.is(plan.ran.length + 1 + merge.ran.length, wanted.length, 'no step was left out');

  const record = JSON.parse(
    readFileSync(join(cwd, 'artifacts', 'record.json'), 'utf8')) as RunRecord;
  const seeds = record.cells.flatMap((cell) => cell.perTrial.map((trial) => trial.seed));
  t.is(seeds.length, 4, 'all cells, each once');
  for (const seed of seeds) t.true(plan.text.includes(String(seed)), plan.text);
  const parts = [1, 2, 3, 4].map((part) => join('shards', String(part), 'runs',
    ...readdirSync(join(cwd, 'shards', String(part), 'runs'))));
  t.regex((await cli(['merge', ...parts.slice(1)], { cwd })).stderr, /these are missing: 1/);
  const twice = [...parts.slice(1), parts[1] ?? ''];
  t.regex((await cli(['merge', ...twice], { cwd })).stderr, /is there twice/);
  t.regex(readFileSync(join(cwd, 'artifacts', 'report.html'), 'utf8'), /id="trust"/);
  t.is(git(own.origin, 'log', '--format=%s', 'plugpull-history'), 'a night\nthe night before');
  const history = git(own.origin, 'show', 'plugpull-history:history.ndjson').split('\n');
  t.is(history.length, 5, 'the night before, then four parts');
  t.is(own.said(), '', 'nothing to tell');
});

running(`a night that found something tells it once and fails at the very end${why}`, async (t) => {
  const own = hub(t, 1);
  const cwd = own.checkOut('bad');
  const steps = read('nightly.yml').jobs['merge']?.steps ?? [];
  for (const { merge, trend, code } of [
    { merge: '1', trend: '0', code: 1 }, { merge: '0', trend: '3', code: 3 },
    { merge: '2', trend: '0', code: 0 },
  ]) {
    const contexts = { steps: { merge: { outputs: { code: merge } },
      trend: { outputs: { code: trend } } } };
    const place = own.place('nightly.yml', cwd, {});
    const all = { ...place.contexts, ...contexts };
    const of = (name: string): never => steps.find((step) => step.name === name) as never;
    t.is((await runStep(of('verdict'), place, all)).code, code);
    t.is((await runStep({ run: 'echo "FAIL: x" > night.txt' }, place, all)).code, 0);
    if (code !== 0) t.is((await runStep(of('issue'), place, all)).code, 0);
  }
  t.is(own.said().match(/^issue create --title The nightly/gm)?.length, 2);
  t.is(steps.at(-1)?.name, 'verdict');
});

running(`the gate of a pull request judges two revisions${why}`, async (t) => {
  const own = hub(t, 1);
  const cwd = own.checkOut('pull');
  const base = git(cwd, 'rev-parse', 'HEAD');
  git(cwd, 'commit', '--quiet', '--allow-empty', '--message', 'two');
  const place = own.place('pr-gate.yml', cwd, {});
  const outcome = await runJob(read('pr-gate.yml').jobs['gate'] as never, {
    ...place, env: { SCENARIOS: './small.mjs' },
    contexts: { ...place.contexts, github: { event: { pull_request: { base: { sha: base } } } } },
  });
  t.deepEqual(outcome.ran, [{ name: 'gate', code: 0 }], outcome.text);
  t.regex(outcome.text, /gate: pass/);
  t.regex(readFileSync(join(cwd, '.summary.md'), 'utf8'), /^## ✅ gate: pass/);
});
