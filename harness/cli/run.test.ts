// `plugpull run` from the outside: exit codes, streams, files, Ctrl-C; the trials are made up.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { HarnessError } from '../errors.ts';
import type { RunRecord } from '../report/record.ts';
import { cli, fakeRun, temporaryFolder } from './test-support.ts';

test('a healthy run: exit 0, table on stdout, seed first and last, record kept', async (t) => {
  const cwd = temporaryFolder(t);
  const { code, stdout, stderr, plans } = await cli(['run', '--seed', '7'], { cwd });
  t.is(code, 0);
  t.deepEqual([...new Set(plans[0]?.cells.map((cell) => cell.scenario))].sort(),
    ['bytes-lost', 'fsync-policies', 'recovery-time']);
  t.regex(stderr.split('\n')[0] ?? '', /seed 7: 30 trials/);
  t.regex(stdout.trimEnd().split('\n').at(-1) ?? '', /^pass: .* \(seed 7\)$/);
  for (const label of ['none', 'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec']) {
    t.regex(stdout, new RegExp(`^${label.replace('+', '\\+')} `, 'm'));
  }
  const text = readFileSync(join(cwd, 'reports/latest/run.json'), 'utf8');
  const record = JSON.parse(text) as RunRecord;
  t.like(record, { schema: 1, seed: 7, verdict: 'pass' });
  t.true(existsSync(join(cwd, 'reports/latest/summary.md')));
  const folder = join(cwd, 'reports', 'runs', record.id);
  t.true(stderr.includes(`record: ${join(folder, 'run.json')}\n`));
  t.true(stderr.includes(`report: ${join(folder, 'report.html')}\n`));
});

for (const { verdict, expected } of [
  { verdict: 'fail', expected: 1 }, { verdict: 'inconclusive', expected: 2 },
] as const) {
  test(`a run that ends in ${verdict} exits ${expected} and keeps its record`, async (t) => {
    const cwd = temporaryFolder(t);
    const { code, stdout } = await cli(['run', 'bytes-lost'], {
      cwd,
      runPlan: async (plan, options) => fakeRun(plan, options, (own) => ({ ...own, verdict })),
    });
    t.is(code, expected);
    const last = stdout.trimEnd().split('\n').at(-1) ?? '';
    t.true(last.startsWith(verdict === 'fail' ? 'FAIL: ' : 'inconclusive: '), last);
    t.is(readdirSync(join(cwd, 'reports', 'runs')).length, 1);
  });
}

test('without --seed one is drawn, and printed', async (t) => {
  const { stderr, plans } = await cli(['run', 'bytes-lost'], { cwd: temporaryFolder(t) });
  t.is(plans[0]?.seed, 123_456);
  t.true(stderr.includes('seed 123456'));
});

test('--dry-run prints the same plan twice and runs nothing', async (t) => {
  const cwd = temporaryFolder(t);
  const argv = ['run', 'bytes-lost', '--seed', '7', '--dry-run'];
  const [first, second] = [await cli(argv, { cwd }), await cli(argv, { cwd })];
  t.is(first.code, 0);
  t.is(first.stdout, second.stdout);
  t.true(first.stdout.startsWith('seed 7 · 12 cells, 12 trials'));
  t.deepEqual(first.plans, []);
  t.false(existsSync(join(cwd, 'reports')));
});

test('--json prints the record and nothing else on stdout', async (t) => {
  const { stdout } = await cli(['run', 'bytes-lost', '--json'], { cwd: temporaryFolder(t) });
  t.like(JSON.parse(stdout), { schema: 1, verdict: 'pass' });
});

test('flags change the plan, and are in the command that repeats a failure', async (t) => {
  const { plans, stdout } = await cli([
    'run', 'bytes-lost', '--target', 'bundled,redis', '--persist', 'aof', '--fsync', 'always',
    '--fsync', 'no', '--crash', 'process', '--trials', '2', '--duration', '500ms', '--clients', '8',
    '--pipeline', '2', '--keys', '1k', '--value-size', '64', '--rate', '5k', '--set', 'hz=50',
    '--seed', '9',
  ], {
    cwd: temporaryFolder(t),
    runPlan: async (plan, options) => fakeRun(plan, options, (own, trial) => (
      trial.cell.target === 'redis' && own.index === 0 ? { ...own, verdict: 'fail' } : own
    )),
  });
  t.deepEqual(plans[0]?.cells.map((cell) => cell.id), [
    'bytes-lost/bundled/aof/always/process', 'bytes-lost/bundled/aof/no/process',
    'bytes-lost/redis/aof/always/process', 'bytes-lost/redis/aof/no/process',
  ]);
  t.like(plans[0]?.cells[0]?.load, {
    durationMs: 500, clients: 8, pipeline: 2, keys: 1000, valueSizeBytes: 64, ratePerSecond: 5000,
  });
  t.is(plans[0]?.trials.length, 8);
  t.deepEqual(plans[0]?.cells[0]?.directives.at(-1), ['hz', '50']);
  t.regex(stdout.replaceAll(/\n\s+/g, ' '), new RegExp('Again: plugpull run bytes-lost '
    + '--target redis --persist aof --fsync (no|always) --crash process --trials 2 '
    + '--duration 500ms --clients 8 --pipeline 2 --rate 5k --keys 1k --value-size 64 --set hz=50 '
    + '--seed 9'));
});

test('--target redis without power cells still gives the table', async (t) => {
  const { code, plans, stdout, stderr } = await cli(['run', '--target', 'redis'], {
    cwd: temporaryFolder(t), lacks: { faultfs: '/dev/fuse: no permission (be root)' },
  });
  t.is(code, 0);
  t.true(plans[0]?.cells.every((cell) => cell.crash === 'process'));
  t.true(stderr.includes('bytes-lost/redis/none/power'));
  t.regex(stdout, /Not run: 6 cells: power cuts of redis need faultfs: \/dev\/fuse: no permission/);
});

test('--crash block: a cell for each file system; what the machine lacks is skipped', async (t) => {
  const argv = [
    'run', 'bytes-lost', '--crash', 'process,block', '--fs', 'ext4,xfs', '--fsync', 'no',
  ];
  const can = await cli(argv, { cwd: temporaryFolder(t) });
  t.deepEqual(can.plans[0]?.cells.map((cell) => cell.id), [
    'bytes-lost/bundled/aof/no/process', 'bytes-lost/bundled/aof/no/block',
    'bytes-lost/bundled/aof/no/block-xfs', 'bytes-lost/bundled/rdb+aof/no/process',
    'bytes-lost/bundled/rdb+aof/no/block', 'bytes-lost/bundled/rdb+aof/no/block-xfs',
  ]);
  const lacks = { block: 'loop devices and mounts need root' };
  const cannot = await cli(argv, { cwd: temporaryFolder(t), lacks });
  t.is(cannot.code, 0);
  t.true(cannot.stderr.includes('crash model block of xfs: loop devices and mounts need root'));
  const nothing = await cli(['run', 'bytes-lost', '--crash', 'block'], {
    cwd: temporaryFolder(t), lacks,
  });
  t.is(nothing.code, 69);
  t.regex(nothing.stderr, /nothing can be run here: crash model block of ext4: loop devices/);
});

test('--crash process leaves no cell skipped', async (t) => {
  const { plans } = await cli(['run', '--target', 'redis', '--crash', 'process'], {
    cwd: temporaryFolder(t),
  });
  t.deepEqual(plans[0]?.skipped, []);
  t.is(plans[0]?.cells.length, 18);
});

const refusals: { title: string; argv: string[]; setup?: object; says: RegExp }[] = [
  {
    title: 'a missing server', argv: ['run', '--target', 'redis'], setup: { missing: ['redis'] },
    says: /redis is not here: looked for \/usr\/bin\/redis-server; .*apt-get install redis/,
  },
  {
    title: 'too little disk and memory', argv: ['run'], setup: { freeBytes: 1e6 },
    says: /disk: the plan may need [\d.]+ [MG]B in .*, 1 MB are free[^]*too little memory/,
  },
  {
    title: 'an old node', argv: ['run'], setup: { nodeVersion: '22.17.9' },
    says: /Node 22\.18 or newer is needed, this is 22\.17\.9/,
  },
];

for (const { title, argv, setup, says } of refusals) {
  test(`69 before any load: ${title}`, async (t) => {
    const cwd = temporaryFolder(t);
    const outcome = await cli(argv, { cwd, ...setup });
    t.is(outcome.code, 69);
    t.regex(outcome.stderr, says);
    t.deepEqual(outcome.plans, []);
    t.deepEqual(readdirSync(cwd), []);
  });
}

test('69 before any load: reports cannot be written', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'reports'), '');
  const outcome = await cli(['run'], { cwd });
  t.is(outcome.code, 69);
  t.deepEqual(outcome.plans, []);
});

test('a disk that fills up during the run: 69, and no empty folder stays', async (t) => {
  const cwd = temporaryFolder(t);
  const outcome = await cli(['run'], {
    cwd, runPlan: () => Promise.reject(new HarnessError('ENVIRONMENT', 'no space left')),
  });
  t.is(outcome.code, 69);
  t.true(outcome.stderr.includes('plugpull: no space left'));
  t.deepEqual(readdirSync(join(cwd, 'reports', 'runs')), []);
});

test('a bug: 70, short, with the stack only on request', async (t) => {
  const runPlan = (): Promise<never> => Promise.reject(new TypeError('undefined is not a plug'));
  const quiet = await cli(['run'], { cwd: temporaryFolder(t), runPlan });
  t.is(quiet.code, 70);
  t.regex(quiet.stderr, /a bug in Plugpull 0\.1\.0: undefined is not a plug\nPlease report it/);
  t.false(quiet.stderr.includes('run.test.ts'));
  const loud = await cli(['run'], {
    cwd: temporaryFolder(t), runPlan, env: { PLUGPULL_DEBUG: '1' },
  });
  t.true(loud.stderr.includes('run.test.ts'));
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal}: the run is asked to stop, the partial record is kept, 130`, async (t) => {
    const cwd = temporaryFolder(t);
    const outcome = await cli(['run', '--seed', '7'], {
      cwd,
      runPlan: async (plan, options, press) => {
        t.false(options.signal.aborted);
        press(signal);
        t.true(options.signal.aborted);
        if (signal === 'SIGTERM') press(signal); // as timeout(1) does
        const done = new Set(plan.trials.slice(0, 5));
        return fakeRun(plan, options, (own, trial) => (done.has(trial) ? own : null));
      },
    });
    t.is(outcome.code, 130);
    t.deepEqual(outcome.exits, []);
    t.true(outcome.stderr.includes('stopping: what was measured is kept'));
    t.true(outcome.stdout.includes('interrupted after 5 of 30 trials'));
    const [id = ''] = readdirSync(join(cwd, 'reports', 'runs'));
    const text = readFileSync(join(cwd, 'reports', 'runs', id, 'run.json'), 'utf8');
    t.like(JSON.parse(text), { interrupted: true, verdict: 'inconclusive' });
  });
}

test('the second Ctrl-C ends the process at once', async (t) => {
  const { exits } = await cli(['run'], {
    cwd: temporaryFolder(t),
    runPlan: async (plan, options, press) => {
      press();
      t.pass();
      press();
      return fakeRun(plan, options, () => null);
    },
  });
  t.deepEqual(exits, [130]);
});

test('after the run nothing listens for signals any more', async (t) => {
  let pressLater = (): void => {};
  const { exits } = await cli(['run'], {
    cwd: temporaryFolder(t),
    runPlan: async (plan, options, press) => {
      pressLater = press;
      return fakeRun(plan, options);
    },
  });
  pressLater();
  pressLater();
  t.deepEqual(exits, []);
});

test('trouble with the record is said and does not change the verdict', async (t) => {
  const cwd = temporaryFolder(t);
  const { code, stderr, stdout } = await cli(['run'], {
    cwd,
    runPlan: async (plan, options) => {
      mkdirSync(join(options.runDirectory, 'run.json'));
      return fakeRun(plan, options);
    },
  });
  t.is(code, 0);
  t.regex(stderr, /warning: cannot write the record of the run/);
  t.true(stdout.includes('pass: '));
});

test('trouble with the report is said and changes neither verdict nor record', async (t) => {
  const cwd = temporaryFolder(t);
  const { code, stderr, stdout } = await cli(['run', 'bytes-lost'], {
    cwd,
    runPlan: async (plan, options) => {
      mkdirSync(join(options.runDirectory, 'report.html'));
      return fakeRun(plan, options);
    },
  });
  t.is(code, 0);
  t.regex(stderr, /warning: report.html could not be written/);
  t.true(existsSync(join(cwd, 'reports/latest/run.json')));
  t.true(stdout.includes('pass: '));
});

test('in GitHub Actions: annotations, the summary, values for later steps', async (t) => {
  const cwd = temporaryFolder(t);
  const env = {
    GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(cwd, 'summary'),
    GITHUB_OUTPUT: join(cwd, 'output'),
  };
  writeFileSync(env.GITHUB_OUTPUT, 'before=1\n');
  const { code, stderr } = await cli(['run', 'bytes-lost', '--seed', '7'], {
    cwd, env,
    runPlan: async (plan, options) => fakeRun(plan, options, (own, { cell }) => (
      cell.setting.appendfsync === 'always'
        ? { ...own, verdict: 'fail', error: 'a: 5 %\nb' } : own)),
  });
  t.is(code, 1);
  t.regex(stderr, new RegExp('^::error title=Broken promise%3A bytes-lost/bundled/aof/always/'
    + 'process::a: 5 %25%0Ab%0AAgain: plugpull run bytes-lost ', 'm'));
  t.true(readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8').startsWith('## ❌ FAIL'));
  const id = readdirSync(join(cwd, 'reports', 'runs'))[0] ?? '';
  t.is(readFileSync(env.GITHUB_OUTPUT, 'utf8'), 'before=1\nverdict=fail\n'
    + `run-id=${id}\nseed=7\nreport=${join(cwd, 'reports', 'runs', id, 'report.html')}\n`);
});

const escape = '\u001b';
for (const { title, env, isTerminal, styled } of [
  { title: 'a terminal', env: {}, isTerminal: true, styled: true },
  { title: 'a terminal with NO_COLOR', env: { NO_COLOR: '1' }, isTerminal: true, styled: false },
  { title: 'a terminal in CI', env: { CI: 'true' }, isTerminal: true, styled: false },
  { title: 'a file', env: {}, isTerminal: false, styled: false },
]) {
  test(`escape codes on ${title}: ${styled ? 'yes' : 'no'}`, async (t) => {
    const { stdout, stderr } = await cli(['run'], {
      cwd: temporaryFolder(t), env, isTerminal,
      runPlan: async (plan, options) => {
        const record = fakeRun(plan, options);
        const [trial] = plan.trials;
        if (trial === undefined) throw new Error('no trial');
        const name = { cell: trial.cell.id, index: 0, seed: 1 };
        options.onEvent({ kind: 'trial-started', trial: name, estimatedMs: 1, fault: 'kill' });
        return record;
      },
    });
    t.is(stdout.includes(escape), styled);
    t.is(stderr.includes(escape), styled);
  });
}
