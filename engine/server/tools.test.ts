// Redis' own command line tools against the engine: what they ask for by themselves, they get.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { startTestEngine, TestClient } from './test-support/engine.ts';

const run = promisify(execFile);

type Body = (t: ExecutionContext) => Promise<void>;

function testWith(tools: readonly string[], title: string, body: Body): void {
  const missing = tools.find((tool) => spawnSync('which', [tool]).status !== 0);
  if (missing === undefined) test(title, body);
  else test.skip(`${title} (skipped: ${missing} is not on the PATH)`, body);
}

async function started(t: ExecutionContext): Promise<number> {
  const { engine, port } = await startTestEngine();
  t.teardown(() => engine.close());
  const client = await TestClient.connect(port);
  const requests = 'SET s value\r\nRPUSH l a b c\r\nHSET h f v\r\nSADD set a b\r\nZADD z 1 a\r\n';
  await client.ask(requests, '+OK\r\n:3\r\n:1\r\n:2\r\n:1\r\n');
  client.socket.destroy();
  return port;
}

async function cli(port: number, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-p', `${port}`, ...args], { timeout: 30000 });
  return stdout;
}

testWith(['redis-cli'], 'redis-cli -3: replies of RESP3, and help from COMMAND DOCS', async (t) => {
  const port = await started(t);
  t.is(await cli(port, '-3', 'HGETALL', 'h'), 'f v\n');
  t.is(await cli(port, '-3', '--json', 'HGETALL', 'h'), '{"f":"v"}\n');
  t.is(await cli(port, '-3', '--json', 'ZRANGE', 'z', '0', '-1', 'WITHSCORES'), '[["a",1]]\n');
  const help = await cli(port, '-3', 'help', 'zadd');
  t.regex(help, /ZADD.*key .*NX\|XX.* score member/s);
  t.regex(await cli(port, 'help', '@list'), /LPUSH.*RPUSH/s);
});

testWith(['redis-cli'], 'redis-cli --bigkeys and --memkeys look at every type', async (t) => {
  const port = await started(t);
  const big = await cli(port, '--bigkeys');
  for (const line of ['1 lists with 3 items', '1 hashs with 1 fields', '1 strings with 5 bytes',
    '1 sets with 2 members', '1 zsets with 1 members']) t.true(big.includes(line), line);
  const memory = await cli(port, '--memkeys');
  t.regex(memory, /1 lists with \d+ bytes \(20\.00% of keys/);
  t.is((await cli(port, '--scan')).trim().split('\n').length, 5);
});

testWith(['redis-cli'], 'redis-cli --latency, bounded', async (t) => {
  const port = await started(t);
  const child = spawn('redis-cli', ['-p', `${port}`, '-i', '1', '--latency', '--raw']);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  t.is(code, 0);
  t.regex(text, /^\d+ \d+ \d+\.\d+ \d+\n$/);
});

testWith(['redis-cli', 'stdbuf'], 'redis-cli --stat, some lines', async (t) => {
  const port = await started(t);
  const child = spawn('stdbuf', ['-oL', 'redis-cli', '-p', `${port}`, '-i', '0.01', '--stat']);
  let text = '';
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > 5) resolve();
    });
    child.once('close', () => resolve());
  });
  child.kill();
  t.regex(text, /^------- data ------ .*\nkeys .*\n5 +\d+\.\d+M +\d+ +0 +\d+ \(\+0\)/);
});

testWith(['redis-cli'], 'redis-cli --pipe loads raw requests', async (t) => {
  const port = await started(t);
  const child = spawn('redis-cli', ['-p', `${port}`, '--pipe']);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stdin.end('SET x 1\r\n*3\r\n$3\r\nSET\r\n$1\r\ny\r\n$1\r\n2\r\n');
  // 'close' comes after the last output, 'exit' may come before it.
  await new Promise((resolve) => child.once('close', resolve));
  t.regex(text, /errors: 0, replies: 2/);
});

testWith(['redis-benchmark'], 'redis-benchmark: every default test without an error', async (t) => {
  const port = await started(t);
  const args = ['-p', `${port}`, '-n', '500', '--csv'];
  const { stdout, stderr } = await run('redis-benchmark', args, { timeout: 60000 });
  t.is(stderr, '');
  const names = stdout.trim().split('\n').slice(1).map((line) => line.split(',')[0]);
  t.deepEqual(names.length, 20, names.join(' '));
  t.false(/error/i.test(stdout), stdout);
});
