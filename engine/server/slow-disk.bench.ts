// GETs by 50 clients beside 8 clients that SET with appendfsync always, on a disk whose syncs take
// 5 ms: engine and redis-server on one file system of harness/faultfs (FUSE), which delays fsync
// and fdatasync and lets all other calls pass. Needs root and /dev/fuse. A server that does nothing
// is asked the same GETs, without a writer: what it reaches is the most that anything could here.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasRedis, startNull, startServer } from './test-support/bench/servers.ts';
import type { BenchServer } from './test-support/bench/servers.ts';
import { median, print, resultOf, row, verdict } from './test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from './test-support/bench/table.ts';

const faultfsEntry = path.join(import.meta.dirname, '../../harness/faultfs/main.ts');
const delayMs = 5;
const keys = 100_000;
const wantedRatio = 10;
const set = { parts: ['SET', 'key:{n}', '{v}'] };
const get = { parts: ['GET', 'key:{n}'] };
const widths = [8, 10, 10, 10, 10, 10, 10, 10];

interface SlowDisk {
  readonly directory: string;
  close(): Promise<void>;
}

/** Mounts the slow file system; null where that cannot be done. */
async function mountSlowDisk(): Promise<SlowDisk | null> {
  if (process.getuid?.() !== 0 || !fs.existsSync('/dev/fuse')) return null;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-slow-disk-'));
  const [backing, mountPoint] = ['backing', 'mount'].map((name) => path.join(folder, name)) as
    [string, string];
  for (const directory of [backing, mountPoint]) fs.mkdirSync(directory);
  const rules = JSON.stringify([{ calls: ['sync'], fault: { kind: 'delay', delayMs } }]);
  const child = fork(faultfsEntry,
    ['--backing', backing, '--mount-point', mountPoint, '--rules', rules]);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const ready = await new Promise<boolean>((resolve) => {
    child.once('message', (message: { kind?: string }) => resolve(message.kind === 'ready'));
    child.once('exit', () => resolve(false));
  });
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
    fs.rmSync(folder, { recursive: true, force: true });
  };
  if (ready) return { directory: mountPoint, close };
  await close();
  return null;
}

const getBytes = '*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000000\r\n'.length;
const getReply = `$100\r\n${'v'.repeat(100)}\r\n`;

interface Sample {
  readonly getQps: number;
  readonly getP50Us: number;
  readonly getP99Us: number;
  readonly setQps: number;
  /** CPU time of the server for each GET. */
  readonly cpuUs: number;
}

/** The GETs are counted while the SETs go on: these must last longer. */
async function sample(server: BenchServer, seconds: number): Promise<Sample> {
  const getting = { clients: 50, pipeline: 1, valueBytes: 0, keys, workload: get };
  const setting = { clients: 8, pipeline: 1, valueBytes: 100, keys, workload: set };
  if (server.kind === 'null') return ceiling(server, getting, seconds);
  const probing = server.load({ ...setting, count: 400 });
  const probe = await server.load({ ...getting, count: 2000 });
  const { qps: setQps } = await probing;
  const writing = server.load({ ...setting, count: Math.round(setQps * (seconds * 2 + 1)) });
  const count = Math.round(probe.qps * seconds);
  const cpuBefore = server.cpuUs();
  const read = await server.load({ ...getting, count });
  const cpuUs = (server.cpuUs() - cpuBefore) / count;
  const written = await writing;
  return {
    getQps: read.qps, getP50Us: read.p50Us, getP99Us: read.p99Us, setQps: written.qps, cpuUs,
  };
}

type Load = Omit<Parameters<BenchServer['load']>[0], 'count'>;

async function ceiling(server: BenchServer, getting: Load, seconds: number): Promise<Sample> {
  const probe = await server.load({ ...getting, count: 20_000 });
  const count = Math.round(probe.qps * seconds);
  const cpuBefore = server.cpuUs();
  const read = await server.load({ ...getting, count });
  return {
    getQps: read.qps, getP50Us: read.p50Us, getP99Us: read.p99Us, setQps: 0,
    cpuUs: (server.cpuUs() - cpuBefore) / count,
  };
}

async function startOn(disk: SlowDisk, kind: 'engine' | 'redis'): Promise<BenchServer> {
  const directory = path.join(disk.directory, kind);
  fs.mkdirSync(directory);
  const server = await startServer(kind, 'always', { directory });
  await server.load({
    clients: 50, pipeline: 100, count: keys, valueBytes: 100, keys, workload: set,
  });
  return server;
}

/** Prints the table. */
export async function slowDisk(options: BenchOptions): Promise<BenchResult[]> {
  const disk = await hasRedis() ? await mountSlowDisk() : null;
  if (disk === null) {
    print('slow-disk: skipped, it needs redis-server, root and /dev/fuse');
    return [];
  }
  print(`GET by 50 clients beside 8 that SET under always, every sync takes ${delayMs} ms longer`
    + ` (faultfs, both servers on it), ${keys} keys of 100 bytes, ${options.rounds} rounds`);
  print(row(widths, ['', 'GET/s', 'p50 µs', 'p99 µs', 'SET/s', 'CPU µs', 'GET ratio', 'of each']));
  const servers: BenchServer[] = [];
  try {
    for (const kind of ['engine', 'redis'] as const) servers.push(await startOn(disk, kind));
    servers.push(await startNull(getBytes, getReply));
    return await compareServers(servers, options);
  } finally {
    for (const server of servers) await server.stop();
    await disk.close();
  }
}

async function compareServers(
  servers: readonly BenchServer[], { rounds, seconds }: BenchOptions,
): Promise<BenchResult[]> {
  const samples: Sample[][] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [0, 1, 2] : [2, 1, 0];
    for (const at of order) {
      samples[at]?.push(await sample(servers[at] as BenchServer, Math.max(1, seconds)));
    }
  }
  const medians = samples.map((list) => ({
    getQps: median(list.map((one) => one.getQps)), p50: median(list.map((one) => one.getP50Us)),
    p99: median(list.map((one) => one.getP99Us)), setQps: median(list.map((one) => one.setQps)),
    cpuUs: median(list.map((one) => one.cpuUs)),
  }));
  const redisQps = medians[1]?.getQps ?? NaN;
  for (const [at, one] of medians.entries()) {
    const each = (samples[at] ?? [])
      .map(({ getQps }, round) => (getQps / (samples[1]?.[round]?.getQps ?? NaN)).toFixed(1));
    print(row(widths, [
      servers[at]?.kind ?? '', one.getQps.toFixed(0), one.p50.toFixed(0), one.p99.toFixed(0),
      one.setQps.toFixed(0), one.cpuUs.toFixed(1),
      verdict(one.getQps / redisQps, at === 0 ? wantedRatio : 0), each.join(' '),
    ]));
  }
  const pairs = (samples[0] ?? []).map((one, at): [number, number] =>
    [one.getQps, samples[1]?.[at]?.getQps ?? NaN]);
  const name = 'slow-disk/GET beside SET/always';
  return [resultOf(pairs, { name, unit: 'operations a second' })];
}
