// One process from spawn to exit: who ended it, what it said, and that nothing is left behind.

import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { HarnessError } from '../errors.ts';
import { plainDisk } from '../disks/disks.ts';
import { faults } from '../faults/faults.ts';
import { bundledTarget } from './bundled.ts';
import { freePort } from './ports.ts';
import type { StartOptions } from './target.ts';
import { startListening } from './targets.ts';

const entry = path.join(import.meta.dirname, 'testdata/fake-engine.mjs');
const target = bundledTarget({ entry });

interface Place {
  readonly directory: string;
  readonly options: StartOptions;
}

async function place(behave: string, more: Partial<StartOptions> = {}): Promise<Place> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-target-'));
  fs.writeFileSync(path.join(directory, 'behave'), behave);
  const port = await freePort();
  const logPath = path.join(directory, 'log');
  const base = { directory, port, directives: [], logPath, record: null };
  return { directory, options: { ...base, ...more } };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('started with exactly the directives, listening by its own pid, stopped', async (t) => {
  const { directory, options } = await place('', {
    directives: [['save', '60 1000'], ['appendonly', 'yes']],
    record: { opLogPath: '/ops', syncDelayMs: 2 },
  });
  const { running, listeningNs } = await startListening(target, options, 5000);
  t.true(listeningNs > running.spawnedNs);
  t.is(running.exitInfo(), null);
  t.true((running.rssBytes() ?? 1e7) >= 1e6);
  t.true((running.cpuUs() ?? 0) >= 0);
  await running.stop();
  const exit = await running.exited;
  t.is(exit.cause, 'stopped');
  t.deepEqual(running.exitInfo(), exit);
  t.is(
    running.logTail(9)[0],
    `arguments --port ${running.port} --bind 127.0.0.1 --dir ${directory} --save 60 1000 ` +
      '--appendonly yes --op-log-file /ops --sync-delay-ms 2',
  );
  t.is(running.logTail(1)[0], 'Ready to accept connections', 'even without a line end');
  t.true(fs.readFileSync(options.logPath, 'utf8').includes('Ready to accept'));
  t.is(running.loadingMs(), 123);
  t.is(running.cpuUs(), null);
  t.false(isAlive(running.pid));
  fs.rmSync(directory, { recursive: true });
});

test('a server that exits at once is TARGET_FAILED with its last words', async (t) => {
  const { directory, options } = await place('exit');
  const error = await t.throwsAsync(startListening(target, options, 5000));
  t.is((error as HarnessError).code, 'TARGET_FAILED');
  t.regex(error?.message ?? '', /ended before it listened \(exit code 3\)/);
  t.regex(error?.message ?? '', /Bad directive: sieve\n {2}did you mean save\?$/);
  fs.rmSync(directory, { recursive: true });
});

test('a server that does not listen in time is TARGET_FAILED and gone', async (t) => {
  const { directory, options } = await place('silent');
  const error = await t.throwsAsync(startListening(target, options, 2500));
  t.is((error as HarnessError).code, 'TARGET_FAILED');
  t.regex(error?.message ?? '', /not listening on port \d+ after 2500 ms; its last words:/);
  t.regex(error?.message ?? '', /:\n {2}arg/);
  fs.rmSync(directory, { recursive: true });
});

test('somebody else on the port is not taken for the server', async (t) => {
  const { directory, options } = await place('foreign');
  await t.throwsAsync(startListening(target, options, 400), { message: /not listening on port/ });
  fs.rmSync(directory, { recursive: true });
});

test('a port that was taken in between: once more on another one', async (t) => {
  const { directory, options } = await place('');
  const squatter = net.createServer((socket) => socket.destroy());
  squatter.listen(options.port, '127.0.0.1');
  await once(squatter, 'listening');
  const { running } = await startListening(target, options, 5000);
  t.not(running.port, options.port);
  await running.stop();
  squatter.close();
  fs.rmSync(directory, { recursive: true });
});

test('kill is applied once, to the living', async (t) => {
  const { directory, options } = await place('');
  const { running } = await startListening(target, options, 5000);
  const injection = await faults.kill.inject({ running, disk: plainDisk(''), seed: 1 });
  t.true(injection.applied);
  t.true(injection.cutNs > running.spawnedNs && injection.cutNs <= (await running.exited).atNs);
  t.is((await running.exited).cause, 'killed');
  t.is((await running.exited).signal, 'SIGKILL');
  t.false(running.kill().applied);
  const second = await faults.kill.inject({ running, disk: plainDisk(''), seed: 1 });
  t.false(second.applied);
  t.regex(second.why, /was gone before the kill \(signal SIGKILL\)/);
  fs.rmSync(directory, { recursive: true });
});

test('a server that died on its own is no successful crash', async (t) => {
  const { directory, options } = await place('');
  const { running } = await startListening(target, options, 5000);
  process.kill(running.pid, 'SIGSEGV');
  const exit = await running.exited;
  t.is(exit.cause, 'alone');
  t.false((await faults.kill.inject({ running, disk: plainDisk(''), seed: 1 })).applied);
  fs.rmSync(directory, { recursive: true });
});

test('the control fault does nothing', async (t) => {
  const { directory, options } = await place('');
  const { running } = await startListening(target, options, 5000);
  t.false((await faults.none.inject({ running, disk: plainDisk(''), seed: 1 })).applied);
  t.true(isAlive(running.pid));
  await running.stop();
  fs.rmSync(directory, { recursive: true });
});

test('stop ends with SIGKILL what SIGTERM does not end', async (t) => {
  const { directory, options } = await place('ignore-sigterm');
  const { running } = await startListening(target, options, 5000);
  await running.stop(100);
  const exit = await running.exited;
  t.is(exit.cause, 'stopped');
  t.is(exit.signal, 'SIGKILL');
  fs.rmSync(directory, { recursive: true });
});

test('abort ends a server that runs, one that starts, and starts none after', async (t) => {
  const abort = new AbortController();
  const { directory, options } = await place('', { signal: abort.signal });
  const { running } = await startListening(target, options, 5000);
  const silent = await place('silent', { signal: abort.signal });
  const starting = startListening(target, silent.options, 5000);
  const isInterrupted = (error: unknown): boolean =>
    error instanceof HarnessError && error.code === 'INTERRUPTED';
  setTimeout(() => abort.abort(), 100);
  t.true(isInterrupted(await t.throwsAsync(starting)));
  t.is((await running.exited).cause, 'aborted');
  t.false(isAlive(running.pid));
  t.true(isInterrupted(await t.throwsAsync(target.start(options))));
  fs.rmSync(directory, { recursive: true });
  fs.rmSync(silent.directory, { recursive: true });
});

test('what cannot be run or logged is ENVIRONMENT', async (t) => {
  const { directory, options } = await place('');
  const missing = bundledTarget({ entry: '/nowhere/main.ts' });
  const located = await missing.locate();
  t.is(located.kind, 'missing');
  const first = await t.throwsAsync(missing.start(options));
  t.is((first as HarnessError).code, 'ENVIRONMENT');
  t.regex(first?.message ?? '', /looked for \/nowhere\/main\.ts/);
  const noLog = { ...options, logPath: path.join(directory, 'no/such/log') };
  const second = await t.throwsAsync(target.start(noLog));
  t.is((second as HarnessError).code, 'ENVIRONMENT');
  fs.rmSync(directory, { recursive: true });
});
