// The process: exit codes, messages, signals, and Redis' own tools against it.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { TestClient } from './server/test-support/engine.ts';

const run = promisify(execFile);
const main = path.join(import.meta.dirname, 'main.ts');

function temporary(t: ExecutionContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'plugpull-main-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class EngineProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(t: ExecutionContext, args: readonly string[]) {
    this.child = spawn(process.execPath, [main, ...args], { stdio: 'pipe' });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
    t.timeout(30_000);
    t.teardown(() => this.child.kill('SIGKILL'));
  }

  /** Waits until it serves its data and returns the port. */
  ready(): Promise<number> {
    return this.logged('Ready to accept connections');
  }

  /** Waits until clients can connect and returns the port. */
  listening(): Promise<number> {
    return this.logged('Server initialized');
  }

  private async logged(line: string): Promise<number> {
    const beganMs = Date.now();
    while (!this.stdout.includes(line)) {
      if (Date.now() - beganMs > 20000) throw new Error(`not ready: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return Number(/port=(\d+)/.exec(this.stdout)?.[1]);
  }
}

const refusals: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly message: RegExp;
}[] = [
  {
    name: 'an unknown directive', args: ['--apendonly', 'yes'], code: 64,
    message: /^plugpull engine: --apendonly: unknown directive .*; did you mean 'appendonly'\?\n$/,
  },
  {
    name: 'a wrong value', args: ['--port', 'x'], code: 64,
    message: /^plugpull engine: --port: expected an integer from 0 to 65535, found 'x'\n$/,
  },
  {
    name: 'a configuration file that is not there', args: ['/nowhere.conf'], code: 64,
    message: /^plugpull engine: cannot read the configuration file '\/nowhere\.conf': ENOENT.*\n$/,
  },
  {
    name: 'a directory that is not there', args: ['--dir', '/nowhere'], code: 69,
    message: /^plugpull engine: dir: \/nowhere does not exist; choose another .*\n$/,
  },
  {
    name: 'an address that this machine does not have', args: ['--bind', '192.0.2.1'], code: 69,
    message: /^plugpull engine: cannot listen on 192\.0\.2\.1:\d+: this machine does not .*\n$/,
  },
];

for (const { name, args, code, message } of refusals) {
  test(`main: ${name} ends with ${code} and one line`, async (t) => {
    const ended = await new EngineProcess(t, ['--save', '', ...args]
      .slice(args[0]?.startsWith('--') === true ? 0 : 2)).ended;
    t.is(ended.code, code);
    t.regex(ended.stderr, message);
  });
}

test('main: a wrong line in a file is named', async (t) => {
  const file = path.join(temporary(t), 'engine.conf');
  writeFileSync(file, '# ours\nport 0\nappendfsync alwys\n');
  const { code, stderr } = await new EngineProcess(t, [file]).ended;
  t.is(code, 64);
  t.is(stderr, `plugpull engine: ${file}:3: appendfsync: expected one of everysec, always, no, `
    + "found 'alwys'; did you mean 'always'?\n");
});

test('main: a port in use ends with 69', async (t) => {
  const first = new EngineProcess(t, ['--port', '0', '--save', '', '--bind', '127.0.0.1']);
  const port = await first.ready();
  const second = new EngineProcess(t, ['--port', `${port}`, '--save', '', '--bind', '127.0.0.1']);
  const { code, stderr } = await second.ended;
  t.is(code, 69);
  t.is(stderr, `plugpull engine: cannot listen on 127.0.0.1:${port}: another process listens `
    + 'there; choose another port with --port\n');
});

test('main: data that cannot be loaded ends with 1, names the file, and stays', async (t) => {
  const dir = temporary(t);
  writeFileSync(path.join(dir, 'dump.rdb'), 'no snapshot');
  const { code, stderr } = await new EngineProcess(t, ['--port', '0', '--dir', dir]).ended;
  t.is(code, 1);
  t.true(stderr.startsWith('plugpull engine: '), stderr);
  t.true(stderr.includes(path.join(dir, 'dump.rdb')), stderr);
  t.is(stderr.trim().split('\n').length, 1, 'no stack trace');
});

test('main: help and version', async (t) => {
  const help = await new EngineProcess(t, ['--help']).ended;
  t.is(help.code, 0);
  t.regex(help.stdout, /^Usage: plugpull engine \[redis\.conf \| -\] \[--directive value …\]…\n/);
  t.regex(help.stdout, /--appendfsync +when writes are synced to the disk \(everysec\)\n/);
  t.true(help.stdout.split('\n').every((line) => line.length <= 120));
  const version = await new EngineProcess(t, ['-v']).ended;
  t.is(version.code, 0);
  t.regex(version.stdout, /^Plugpull engine, speaks Redis 7\.0\.15, Node \d+\.\d+\.\d+\n$/);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`main: ${signal} saves, says goodbye and ends with 0, clients or not`, async (t) => {
    const dir = temporary(t);
    const engine = new EngineProcess(t, ['--port', '0', '--dir', dir, '--save', '3600', '1']);
    const client = await TestClient.connect(await engine.ready());
    await client.ask('SET a 1\r\n', '+OK\r\n');
    engine.child.kill(signal);
    const { code, stdout, stderr } = await engine.ended;
    t.is(code, 0);
    t.is(stderr, '');
    t.regex(stdout, new RegExp(`:M .* # Received ${signal} scheduling shutdown\\.\\.\\.\n`));
    t.regex(stdout, /# Plugpull is now ready to exit, bye bye\.\.\.\n$/);
    t.true(existsSync(path.join(dir, 'dump.rdb')));
  });
}

test('main: SIGTERM while it loads ends with 0 and says nothing of a bug', async (t) => {
  const dir = temporary(t);
  const value = 'x'.repeat(100_000);
  const command = `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${value.length}\r\n${value}\r\n`;
  writeFileSync(path.join(dir, 'appendonly.aof'), command.repeat(500));
  const engine = new EngineProcess(t, ['--port', '0', '--dir', dir, '--appendonly', 'yes']);
  // An answer, whichever it is: the signal has somebody who hears it by now.
  const client = await TestClient.connect(await engine.listening());
  client.send('PING\r\n');
  while (!client.received.includes('\r\n')) await new Promise(setImmediate);
  engine.child.kill('SIGTERM');
  const { code, stdout, stderr } = await engine.ended;
  t.is(code, 0, stdout);
  t.is(stderr, '');
});

test('main: configuration from standard input', async (t) => {
  const engine = new EngineProcess(t, ['-', '--save', '']);
  engine.child.stdin?.end('port 0\nmaxclients 77\nbind 127.0.0.1\n');
  const client = await TestClient.connect(await engine.ready());
  t.is(await client.ask('CONFIG GET maxclients\r\n', '*2\r\n$10\r\nmaxclients\r\n$2\r\n77\r\n'),
    '*2\r\n$10\r\nmaxclients\r\n$2\r\n77\r\n');
});

test('main: a reader of the log that goes away does not stop the engine', async (t) => {
  const engine = new EngineProcess(t, ['--port', '0', '--save', '', '--loglevel', 'debug']);
  const port = await engine.ready();
  engine.child.stdout?.destroy();
  engine.child.stderr?.destroy();
  const client = await TestClient.connect(port);
  client.send('POST /\r\n');
  await client.end();
  const other = await TestClient.connect(port);
  t.is(await other.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
});

/** A test that needs programs from the PATH, or is skipped with the reason. */
function needing(
  programs: readonly string[],
  title: string,
  body: (t: ExecutionContext) => Promise<void>,
): void {
  const missing = programs.find((name) => spawnSync(name, ['--version']).error !== undefined);
  if (missing === undefined) test(title, body);
  else test.skip(`${title} (skipped: ${missing} is not on the PATH)`, body);
}

needing(['redis-cli', 'redis-benchmark'], 'main: redis-cli and redis-benchmark', async (t) => {
  const engine = new EngineProcess(t, ['--port', '0', '--save', '', '--bind', '127.0.0.1']);
  const port = `${await engine.ready()}`;
  const cli = async (...args: string[]): Promise<string> =>
    (await run('redis-cli', ['-p', port, ...args])).stdout;
  t.is(await cli('SET', 'k', 'v'), 'OK\n');
  t.is(await cli('-3', 'GET', 'k'), 'v\n');
  t.regex(await cli('INFO', 'server'), /redis_version:7\.0\.15/);
  const tests = ['-q', '-n', '2000', '-t', 'set,get,incr,ping', '--csv'];
  const { stdout, stderr } = await run('redis-benchmark', ['-p', port, ...tests]);
  t.regex(stdout, /"SET","\d+/);
  t.regex(stdout, /"INCR","\d+/);
  t.notRegex(stdout + stderr, /error/i);
});

const stockConfig = '/etc/redis/redis.conf';
const stockTest = async (t: ExecutionContext): Promise<void> => {
  const dir = temporary(t);
  const engine = new EngineProcess(t, [
    stockConfig, '--port', '0', '--daemonize', 'no', '--dir', dir, '--logfile', '',
  ]);
  const client = await TestClient.connect(await engine.ready());
  t.is(await client.ask('PING\r\n', '+PONG\r\n'), '+PONG\r\n');
};
const stockTitle = "main: Debian's redis.conf works";
if (existsSync(stockConfig)) test(stockTitle, stockTest);
else test.skip(`${stockTitle} (skipped: there is no ${stockConfig})`, stockTest);
