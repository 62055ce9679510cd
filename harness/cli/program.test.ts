// The command line apart from `run`: help, what is refused and how, list, check, report, engine.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { once } from 'node:events';
import test from 'ava';
import { EngineError } from '../../engine/errors.ts';
import { HarnessError, harnessErrorCodes } from '../errors.ts';
import { compareGolden } from '../report/test-support.ts';
import { exitCodeOf, exitCodeOfError } from './exit-codes.ts';
import { cli, temporaryFolder } from './test-support.ts';

const golden = (name: string): URL => new URL(`./testdata/${name}`, import.meta.url);
const bin = join(import.meta.dirname, '..', '..', 'bin', 'plugpull.js');

for (const { argv, file } of [
  { argv: ['--help'], file: 'help.txt' },
  { argv: ['run', '--help'], file: 'help-run.txt' },
  { argv: ['help', 'report'], file: 'help-report.txt' },
  { argv: ['edit-aof', '--help'], file: 'help-edit-aof.txt' },
]) {
  test(`golden: ${argv.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await cli(argv, { cwd: '/' });
    t.is(code, 0);
    t.is(stderr, '');
    compareGolden(t, golden(file), stdout);
  });
}

test('without arguments the help is shown', async (t) => {
  const { code, stdout } = await cli([], { cwd: '/' });
  t.is(code, 0);
  t.is(stdout, (await cli(['--help'], { cwd: '/' })).stdout);
});

test('--version', async (t) => {
  t.like(await cli(['--version'], { cwd: '/' }), { code: 0, stdout: '0.1.0\n' });
});

const refused: { argv: string[]; says: string }[] = [
  { argv: ['rnu'], says: "unknown command 'rnu'\n(Did you mean run?)" },
  { argv: ['run', '--trails', '3'], says: "unknown option '--trails'\n(Did you mean --trials?)" },
  { argv: ['run', '--trials'], says: "option '--trials <number>' argument missing" },
  { argv: ['run', 'bytes-lots'], says: "no scenario 'bytes-lots' (did you mean 'bytes-lost'?)" },
  { argv: ['run', './no-such.ts'], says: "no scenario file './no-such.ts'" },
  { argv: ['run', '--tag', 'caos'], says: "no scenario has the tag 'caos' (did you mean 'chaos'" },
  { argv: ['run', '--tag', 'chaos,x'], says: "no scenario has the tag 'x'" },
  { argv: ['run', '--target', 'reids'], says: "--target: no such value 'reids' (did you mean" },
  { argv: ['run', '--persist', 'aof,rbd'], says: "no such value 'rbd' (did you mean 'rdb'?)" },
  { argv: ['run', '--fsync', 'everysecond'], says: "(did you mean 'everysec'?)" },
  { argv: ['run', '--crash', 'pwoer'], says: "(did you mean 'power'?)" },
  { argv: ['run', '--trials', '0'], says: "--trials: expected a whole number from 1 to 10000" },
  { argv: ['run', '--trials', '1.5'], says: "found '1.5'" },
  { argv: ['run', '--trials', '3x'], says: "found '3x'" },
  { argv: ['run', '--seed', '-1'], says: "--seed: expected a whole number from 0 to 4294967295" },
  { argv: ['run', '--duration', '3'], says: "--duration: expected a time from 1ms" },
  { argv: ['run', '--value-size', '8'], says: '--value-size: expected bytes from 32' },
  { argv: ['run', '--keys', '10'], says: 'load.keys: expected at least' },
  { argv: ['run', '--set', 'hz'], says: "--set: expected directive=value, found 'hz'" },
  { argv: ['run', '--set', 'hzz=5'], says: "unknown directive 'hzz'; did you mean 'hz'?" },
  { argv: ['run', '--set', 'hz=fast'], says: "found 'fast'" },
  { argv: ['run', '--target', 'redis', '--set', 'maxmemroy=1'], says: "you mean 'maxmemory'?" },
  { argv: ['run', '--set', 'appendonly=no'], says: "'appendonly' cannot be set here; the setting" },
  { argv: ['run', '--set', 'port=1'], says: "'port' cannot be set here; the harness chooses" },
  { argv: ['run', 'recovery-time', '--crash', 'power'], says: 'no cell is left' },
  { argv: ['replay', 'x'], says: "no run 'x': looked for" },
  { argv: ['run', '--shard', '3/2', '--seed', '7'], says: "--shard: expected auto or I/N" },
  { argv: ['run', '--shard', '1/2'], says: '--shard: expected --seed beside it' },
  { argv: ['run', '--shard', 'auto', '--seed', '7'], says: 'JOB_COMPLETION_INDEX' },
  { argv: ['run', '--config=x'], says: 'the flag --config does not exist yet in this version' },
  { argv: ['report', 'yesterday'], says: "no run 'yesterday'" },
  { argv: ['check', 'bytes-lots'], says: "(did you mean 'bytes-lost'?)" },
];

for (const { argv, says } of refused) {
  test(`64: ${argv.join(' ')}`, async (t) => {
    const cwd = temporaryFolder(t);
    const { code, stdout, stderr, plans } = await cli(argv, { cwd });
    t.is(code, 64, stderr);
    t.true(stderr.includes(says), stderr);
    t.is(stdout, '');
    t.deepEqual(plans, []);
  });
}

test('a real server may be given directives that nobody here knows', async (t) => {
  const { code, plans } = await cli(
    ['run', 'bytes-lost', '--target', 'redis', '--set', 'some-brand-new-thing=1'],
    { cwd: temporaryFolder(t) },
  );
  t.is(code, 0);
  t.deepEqual(plans[0]?.cells[0]?.directives.at(-1), ['some-brand-new-thing', '1']);
});

test('list shows every scenario with cells and time, and no seed', async (t) => {
  const { code, stdout } = await cli(['list'], { cwd: '/' });
  t.is(code, 0);
  for (const name of ['fsync-policies', 'recovery-time', 'bytes-lost']) {
    t.regex(stdout, new RegExp(`^${name}: \\d+ cells, \\d+ trials, about `, 'm'));
  }
  t.regex(stdout, /^ {2}recovery-time\/bundled\/rdb\/process\/50k +× \d+$/m);
  t.regex(stdout, /^together: \d+ cells, \d+ trials, about \d+ min \d+ s$/m);
  t.false(stdout.includes('seed'));
});

test('the default run is planned for a minute and a half, at least half of it load', async (t) => {
  const { plans } = await cli(['run', '--tag', 'chaos'], { cwd: temporaryFolder(t) });
  const [plan] = plans;
  const loadMs = plan?.trials.reduce((sum, trial) => sum + trial.crashAtMs, 0) ?? 0;
  t.true((plan?.estimatedMs ?? Infinity) <= 90_000, String(plan?.estimatedMs));
  t.true(loadMs >= (plan?.estimatedMs ?? 0) / 2, String(loadMs));
});

test('check accepts the built-in scenarios', async (t) => {
  const { code, stdout } = await cli(['check'], { cwd: '/' });
  t.is(code, 0);
  t.is(stdout, `${[
    'ok: bytes-lost, 12 cells, 12 trials', 'ok: crash-loop, 8 cells, 16 trials',
    'ok: disk-faults, 96 cells, 96 trials', 'ok: disk-full, 24 cells, 24 trials',
    'ok: every-type, 12 cells, 12 trials',
    'ok: fsync-policies, 6 cells, 12 trials', 'ok: gate-promises, 10 cells, 20 trials',
    'ok: gate-speed, 3 cells, 42 trials', 'ok: http-edge, 3 cells, 9 trials',
    'ok: lying-disk, 12 cells, 12 trials', 'ok: many-kills, 1 cell, 100 trials',
    'ok: recovery-forms, 30 cells, 30 trials',
    'ok: recovery-tail, 8 cells, 8 trials',
    'ok: recovery-time, 6 cells, 6 trials', 'ok: recovery-value-size, 24 cells, 24 trials',
    'ok: slow-disk, 24 cells, 24 trials',
    'ok: snapshot-impact, 6 cells, 6 trials', 'ok: snapshot-rate, 8 cells, 8 trials',
    'ok: windows, 32 cells, 288 trials',
  ].join('\n')}\n`);
});

test('report renders a run again, as text, JSON and Markdown', async (t) => {
  const cwd = temporaryFolder(t);
  const run = await cli(['run', '--seed', '7'], { cwd });
  t.is((await cli(['report'], { cwd })).stdout, run.stdout);
  t.like(JSON.parse((await cli(['report', '--json'], { cwd })).stdout), { seed: 7 });
  t.true((await cli(['report', 'latest', '--markdown'], { cwd })).stdout.startsWith('## ✅ pass'));
});

test('report writes several formats beside the record, or where --to says', async (t) => {
  const cwd = temporaryFolder(t);
  await cli(['run', '--seed', '7'], { cwd });
  const beside = await cli(['report', '--format', 'html,md', '--format', 'junit'], { cwd });
  t.is(beside.code, 0);
  const names = beside.stdout.trimEnd().split('\n').map((path) => basename(path));
  t.deepEqual(names, ['report.html', 'summary.md', 'junit.xml']);
  const elsewhere = await cli(['report', '--format', 'json', '--to', 'a/b'], { cwd });
  t.is(elsewhere.stdout, `${join(cwd, 'a/b/record.json')}\n`);
  t.like(JSON.parse(readFileSync(join(cwd, 'a/b/record.json'), 'utf8')), { seed: 7 });
  t.is((await cli(['report', '--to', 'a'], { cwd })).code, 64);
  t.regex((await cli(['report', '--format', 'htm'], { cwd })).stderr, /--format: .* 'html'/);
});

test('report of half a record: what there is, what is missing, exit 2', async (t) => {
  const cwd = temporaryFolder(t);
  await cli(['run', '--seed', '7'], { cwd });
  const text = readFileSync(join(cwd, 'reports/latest/run.json'), 'utf8');
  mkdirSync(join(cwd, 'half'));
  writeFileSync(join(cwd, 'half/run.json'), text.slice(0, text.length / 2));
  const { code, stdout, stderr } = await cli(['report', 'half', '--format', 'html'], { cwd });
  t.is(code, 2);
  t.regex(stderr, /warning: The record ends too early or is damaged after \d+ of \d+ characters/);
  t.true(stdout.startsWith('<!doctype html>'));
  t.true(stdout.includes('This report is not\nwhole:'));
});

test('report of a foreign record is refused', async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, 'a'));
  writeFileSync(join(cwd, 'a', 'run.json'), '{"schema": 2}');
  const { code, stderr } = await cli(['report', 'a'], { cwd });
  t.is(code, 64);
  t.true(stderr.includes('expected a record of schema 1, found schema 2'));
});

test('report names the runs there are', async (t) => {
  const cwd = temporaryFolder(t);
  await cli(['run', '--seed', '7'], { cwd });
  const { stderr } = await cli(['report', '2026-11-22T17-34-05-seed8'], { cwd });
  t.true(stderr.includes("(did you mean '2026-11-22T17-34-05-seed7'?)"));
});

test('engine passes arguments as they are, streams and the exit code', async (t) => {
  t.deepEqual(await engine(['--exit', '5', '--shard', 'x']), {
    code: 5, stdout: 'engine --exit 5 --shard x\n',
  });
});

test('engine forwards SIGTERM and ends with the code of the engine', async (t) => {
  t.deepEqual(await engine(['--port', '1']), { code: 7, stdout: 'engine --port 1\nready\n' });
});

/** `plugpull engine` in a process of its own, for the streams; sent SIGTERM once it is ready. */
async function engine(args: readonly string[]): Promise<{ code: unknown; stdout: string }> {
  const module = JSON.stringify(new URL('./commands/engine.ts', import.meta.url).href);
  const script = `
    import { runEngine } from ${module};
    const context = {
      execPath: process.execPath, cwd: '/', env: process.env, stdinIsTerminal: false,
      engineEntry: ${JSON.stringify(join(import.meta.dirname, 'testdata', 'fake-engine.js'))},
      stderr: process.stderr,
      onSignal: (name, handler) => {
        process.on(name, handler);
        return () => process.off(name, handler);
      },
    };
    process.exitCode = await runEngine(context, ${JSON.stringify(args)});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  for await (const chunk of child.stdout) {
    stdout += String(chunk);
    if (stdout.includes('ready')) child.kill('SIGTERM');
  }
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  return { code, stdout };
}

test('every code of failure has an exit code', (t) => {
  const codes = harnessErrorCodes.map((code) => (
    [code, exitCodeOfError(new HarnessError(code, ''))]
  ));
  t.deepEqual(Object.fromEntries(codes), {
    USAGE: 64, SCENARIO_BAD: 64, RECORD_BAD: 64, ENVIRONMENT: 69, TARGET_FAILED: 69,
    BACKUP_BAD: 1, BACKUP_NEWER: 69, STORE_FAILED: 69,
    RATE_TOO_HIGH: 69, DRIVER_FAILED: 70, LEDGER_BAD: 70, INTERRUPTED: 130,
  });
  t.is(exitCodeOfError(new EngineError('CONFIG_BAD', '')), 64);
  t.is(exitCodeOfError(new EngineError('PORT_UNAVAILABLE', '')), 69);
  t.is(exitCodeOfError(new Error('x')), 70);
  t.is(exitCodeOfError('x'), 70);
});

test('an interrupted run exits 130 whatever it found', (t) => {
  t.is(exitCodeOf({ verdict: 'fail', interrupted: true }), 130);
  t.is(exitCodeOf({ verdict: 'fail', interrupted: false }), 1);
});

for (const { version, tooOld } of [
  { version: '18.20.0', tooOld: true }, { version: '22.17.1', tooOld: true },
  { version: '22.18.0', tooOld: false },
]) {
  test(`bin/plugpull.js on Node ${version}: ${tooOld ? 'one sentence and 69' : 'starts'}`, (t) => {
    const pretend = 'data:text/javascript,' + encodeURIComponent(`Object.defineProperty(process, `
      + `'versions', { value: { ...process.versions, node: '${version}' } })`);
    const result = spawnSync(process.execPath, ['--import', pretend, bin, '--version'], {
      encoding: 'utf8',
    });
    t.is(result.status, tooOld ? 69 : 0, result.stderr);
    t.is(result.stderr, tooOld
      ? `plugpull: Node 22.18 or newer is needed, this is Node ${version}\n` : '');
  });
}
