// Engine against redis-server: SET of 100-byte values over a million random keys by redis-benchmark
// with 50 clients, pipeline 1 and 16, every policy, interleaved so that both see the same machine.
// node engine/server/server.bench.ts [rounds] [seconds]
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 3);
const requestsPerSecondGuess = { 1: 60_000, 16: 400_000 };
const seconds = Number(process.argv[3] ?? 1.5);
const policies = ['none', 'no', 'everysec', 'always'] as const;
const pipelines = [1, 16] as const;
type Policy = (typeof policies)[number];
type Pipeline = (typeof pipelines)[number];

interface Sample {
  readonly qps: number;
  readonly cpuUsPerOp: number;
}

const persistence: Readonly<Record<Policy, readonly string[]>> = {
  none: ['--appendonly', 'no'],
  no: ['--appendonly', 'yes', '--appendfsync', 'no'],
  everysec: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  always: ['--appendonly', 'yes', '--appendfsync', 'always'],
};

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** Whether a server answers PING with PONG: it listens, and its data is loaded. */
async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.on('data', (reply: Buffer) => {
      resolve(reply.toString().startsWith('+PONG'));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });
}

async function ready(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nothing answers on port ${port}`);
}

/** CPU time of a process in µs, from the clock ticks (10 ms) of /proc. */
function cpuUs(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function measure(command: readonly string[], policy: Policy, pipeline: Pipeline) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bench-'));
  const port = await freePort();
  const [binary = '', ...before] = command;
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
  const server: ChildProcess = spawn(binary, [...before, ...flags, ...persistence[policy]], {
    stdio: 'ignore',
  });
  const pid = server.pid;
  if (pid === undefined) throw new Error(`${binary} did not start`);
  const gone = new Promise((resolve) => server.once('exit', resolve));
  try {
    await ready(port);
    const requests = Math.round(requestsPerSecondGuess[pipeline] * seconds);
    const base = ['-p', String(port), '-c', '50', '-r', '1000000', '-d', '100', '--csv'];
    const load = async (count: number): Promise<{ stdout: string }> => run('redis-benchmark',
      [...base, '-P', String(pipeline), '-t', 'set', '-n', String(count)]);
    // Both get the same time to warm up: compiler, caches, page cache.
    await load(Math.round(requests / 3));
    const cpuBefore = cpuUs(pid);
    const { stdout } = await load(requests);
    const row = stdout.trim().split('\n').at(-1)?.split(',') ?? [];
    const qps = Number(row[1]?.replaceAll('"', ''));
    return { qps, cpuUsPerOp: (cpuUs(pid) - cpuBefore) / requests } satisfies Sample;
  } finally {
    server.kill('SIGKILL');
    await gone;
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

const engineEntry = path.join(import.meta.dirname, '../main.ts');
const engine = [process.execPath, engineEntry];
const redis = [process.env['REDIS_SERVER_BIN'] ?? 'redis-server'];
const print = (text: string): void => void process.stdout.write(`${text}\n`);

print(`engine against redis-server, SET 100 B, 1 M random keys, 50 clients, ${rounds} rounds`);
print('policy    pipeline   engine/s    redis/s   ratio [each round]     CPU µs/op: engine redis');
for (const policy of policies) {
  for (const pipeline of pipelines) {
    const samples: { engine: Sample; redis: Sample }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const engineFirst = round % 2 === 0; // ABBA: neither always runs on the warmer machine
      const first = await measure(engineFirst ? engine : redis, policy, pipeline);
      const second = await measure(engineFirst ? redis : engine, policy, pipeline);
      samples.push(engineFirst
        ? { engine: first, redis: second } : { engine: second, redis: first });
    }
    const ratios = samples.map((sample) => sample.engine.qps / sample.redis.qps);
    const middle = (pick: (sample: (typeof samples)[number]) => number): number =>
      median(samples.map(pick));
    print([
      policy.padEnd(9), String(pipeline).padStart(8),
      middle((s) => s.engine.qps).toFixed(0).padStart(10),
      middle((s) => s.redis.qps).toFixed(0).padStart(10),
      median(ratios).toFixed(2).padStart(7),
      `[${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}]`.padEnd(20),
      middle((s) => s.engine.cpuUsPerOp).toFixed(2).padStart(10),
      middle((s) => s.redis.cpuUsPerOp).toFixed(2).padStart(6),
    ].join(' '));
  }
}
