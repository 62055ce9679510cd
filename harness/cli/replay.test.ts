// A planted bug from end to end as a user meets it: found, kept, replayed, made smaller, explained.
// And failures that cannot be replayed: of another version, damaged, foreign.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan, Trial } from '../plan/plan.ts';
import { planOf, threeScenarios } from '../report/test-support.ts';
import { readLedger } from '../history/ledger.ts';
import { catalogue } from '../selfcheck/bugs/catalogue.ts';
import type { SimulationPlan } from '../simulation/plan.ts';
import { cli, fakeRun, temporaryFolder } from './test-support.ts';
import type { Outcome } from './test-support.ts';

const wrap = catalogue.find(({ name }) => name === 'sync-never')?.wrap;
const sabotaged = wrap === undefined ? {} : { simulated: wrap };

/** Runs a simulated engine whose syncs do nothing, until a promise is broken. */
async function failing(
  t: ExecutionContext,
): Promise<{ cwd: string; folder: string; run: Outcome }> {
  const cwd = temporaryFolder(t);
  const argv = ['simulate', '--seed', '1', '--trials', '1', '--setting', 'aof/always',
    '--crash', 'power', '--no-faults', '--no-damage'];
  const run = await cli(argv, { cwd, ...sabotaged });
  return { cwd, folder: join(cwd, 'reports', 'simulations', 'seed-1'), run };
}

const planIn = (folder: string, name: string): SimulationPlan => (
  JSON.parse(readFileSync(join(folder, name), 'utf8')) as SimulationPlan);

test('simulated: run, failure, shrunk plan, words, replay with the bug and without', async (t) => {
  const { cwd, folder, run } = await failing(t);
  t.is(run.code, 1, run.stderr);
  t.regex(run.stdout, /seed 1: a promise was broken under aof\/always, crash power/);
  t.regex(run.stdout, /made smaller in \d+ attempts: plugpull replay .*seed-1/);
  const names = ['repro.json', 'plan.json', 'shrunk-plan.json', 'image', 'ledger', 'op-log',
    'server.log', 'explanation.txt'];
  for (const name of names) t.true(existsSync(join(folder, name)), name);
  t.true(readLedger(readFileSync(join(folder, 'ledger'))).operations > 0);
  const [whole, small] = [planIn(folder, 'plan.json'), planIn(folder, 'shrunk-plan.json')];
  t.is(small.lives.length, 1);
  t.is(small.clients, 1);
  t.true((small.lives[0]?.turns ?? 99) < (whole.lives[0]?.turns ?? 0));

  const again = await cli(['replay', folder], { cwd, ...sabotaged });
  t.is(again.code, 1, again.stderr);
  t.regex(again.stdout, /made smaller: {3}aof\/always, mix \w+: 1 life of \d+ turns?, 1 client /);
  t.regex(again.stdout, /oldest lost write is write [\d,]+ of client 0 \(.*\): sent .* ms/);
  t.regex(again.stdout, /, acknowledged .* before the cut\. It should have been durable when /);
  t.regex(again.stdout, /No sync of a log that began after it was sent had ended by the cut\./);
  t.regex(again.stdout, /around it[^]*sends the write\)\n.*write of \d+ bytes at \d+: append/);
  t.regex(again.stdout, /the smaller plan again: .* in crash 1 of life 1 .*, as told above/);
  t.regex(again.stdout, /the whole plan again: the promise is broken/);

  const mended = await cli(['replay', folder], { cwd });
  t.is(mended.code, 0, mended.stdout);
  t.regex(mended.stdout, /the smaller plan again: no promise is broken any more/);
  const alone = await cli(['simulate', '--plan', join(folder, 'shrunk-plan.json')], { cwd });
  t.is(alone.code, 0, alone.stdout);
  await refuses(t, folder, cwd);
});

test('simulated: Ctrl-C ends it with what was judged, also while it shrinks', async (t) => {
  for (const sabotage of [undefined, wrap]) {
    let [boots, press] = [0, (): void => {}];
    const run = await cli(['simulate', '--seed', '1', '--setting', 'aof/always'], {
      cwd: temporaryFolder(t),
      onPress: (raise) => { press = raise; },
      simulated: () => {
        if (++boots === 40) press();
        return sabotage?.() ?? {};
      },
    });
    t.is(run.code, 130, run.stderr);
    t.true(boots < 1000, 'neither 200 trials nor 400 smaller plans');
    t.regex(run.stderr, /stopping: what was judged is kept/);
    t.regex(run.stdout, /^\d+ trials, \d+ crashes recovered from and judged/m);
  }
});

/** Each damage on a copy of its own. */
async function refuses(t: ExecutionContext, folder: string, cwd: string): Promise<void> {
  const change = (name: string, text: (whole: string) => string) => (copy: string): void => (
    writeFileSync(join(copy, name), text(readFileSync(join(copy, name), 'utf8'))));
  const rows: readonly (readonly [(copy: string) => void, RegExp])[] = [
    [change('repro.json', (text) => text.slice(0, 40)), /repro\.json: .*JSON/],
    [change('repro.json', (text) => text.replace('"schema": 1', '"schema": 2')),
      /repro\.json: expected schema 1, found 2: use the version of Plugpull that wrote it/],
    [change('plan.json', () => '[]'), /plan\.json: .*expected a whole number as seed, found none/],
    [change('shrunk-plan.json', (text) => text.replace('aof/always', 'aof/alwyas')),
      /shrunk-plan\.json: .*expected one of rdb, .* as setting, found "aof\/alwyas"/],
    [change('shrunk-plan.json', (text) => text.replace('"turns"', '"trims"')),
      /shrunk-plan\.json: .*expected turns, events, faults and cuts in life 0/],
  ];
  for (const [at, [damage, message]] of rows.entries()) {
    const copy = `${folder}-${at}`;
    cpSync(folder, copy, { recursive: true });
    damage(copy);
    const { code, stderr } = await cli(['replay', copy], { cwd });
    t.not(code, 0);
    t.not(code, 70, stderr);
    t.regex(stderr, message);
    t.notRegex(stderr, /\n\s+at /, 'no stack trace');
  }
  const other = `${folder}-other`;
  cpSync(folder, other, { recursive: true });
  change('repro.json', (text) => text.replace('"plugpull": "0.1.0"', '"plugpull": "0.0.9"'))(other);
  const { code, stderr } = await cli(['replay', other], { cwd });
  t.is(code, 0, 'the engine is sound');
  t.regex(stderr, /warning: this failure is of Plugpull 0\.0\.9, this is 0\.1\.0/);
}

const [scenario] = threeScenarios.filter(({ name }) => name === 'lost');
const [someTrial] = planOf(scenario === undefined ? [] : [scenario]).trials;
const whole = someTrial as Trial;
const small: Trial = { ...whole, crashAtMs: 250, cell: {
  ...whole.cell, load: { ...whole.cell.load, clients: 4, durationMs: 250 },
} };

/** A failure of real processes as a run keeps it, without its image. */
function keptFailure(t: ExecutionContext, plugpull: string, shrunk: Trial | null): string {
  const folder = join(temporaryFolder(t), 'failure');
  mkdirSync(folder);
  const findings = [{ kind: 'lost', breaks: true, text: 'write 7 of client 0 is gone' }];
  const write = (name: string, value: object): void => (
    writeFileSync(join(folder, name), JSON.stringify({ schema: 1, ...value })));
  write('repro.json', { plugpull, trial: whole, findings });
  write('shrunk.json', { trial: shrunk, attempts: 6, findings });
  return folder;
}

/** Replays it; `fails` says which trials still fail. */
async function replayed(
  t: ExecutionContext, argv: readonly string[], fails: (trial: Trial) => boolean,
): Promise<{ outcome: Outcome; ran: number[] }> {
  const ran: number[] = [];
  const outcome = await cli(['replay', ...argv], {
    cwd: temporaryFolder(t),
    runPlan: async (plan: Plan, options) => {
      const [trial] = plan.trials;
      ran.push(trial?.crashAtMs ?? 0);
      return fakeRun(plan, options, (own, each) => (
        fails(each) ? { ...own, verdict: 'fail' } : own));
    },
  });
  return { outcome, ran };
}

test('real processes: the smaller trial is shown and runs first, then the whole', async (t) => {
  const folder = keptFailure(t, '0.1.0', small);
  const { outcome, ran } = await replayed(t, [folder], () => false);
  t.is(outcome.code, 0, outcome.stderr);
  t.regex(outcome.stdout, /lost: write 7 of client 0 is gone/);
  t.regex(outcome.stdout, /made smaller \(6 trials were run\): kill at \d+ → 250 ms, clients /);
  t.deepEqual(ran, [small.crashAtMs, whole.crashAtMs]);
  t.regex(outcome.stderr, /the smaller trial again, 1 of 1/);

  const failed = await replayed(t, [folder, '--until-fails', '3'], () => true);
  t.is(failed.outcome.code, 1);
  t.deepEqual(failed.ran, [small.crashAtMs], 'it ends with the first that fails');
  const asItWas = await replayed(t, [folder, '--whole', '--until-fails', '2'], () => false);
  t.deepEqual(asItWas.ran, [whole.crashAtMs, whole.crashAtMs]);
});

test('real processes: where nothing smaller failed, that is said', async (t) => {
  const { outcome, ran } = await replayed(t, [keptFailure(t, '0.1.0', null)], () => false);
  t.regex(outcome.stdout, /none of 6 smaller trials failed likewise/);
  t.deepEqual(ran, [whole.crashAtMs]);
});

test('real processes: a failure of another version says so', async (t) => {
  const { outcome } = await replayed(t, [keptFailure(t, '9.9.9', null)], () => false);
  t.regex(outcome.stderr, /warning: this failure is of Plugpull 9\.9\.9, this is 0\.1\.0/);
});
