// What the disks of trials cost. redis-server on a faultfs without faults beside one on the disk
// below it, in turn, SET of 100 bytes by 50 connections of redis-benchmark under each policy; and
// what a `block` disk takes besides load and recovery: making, cutting, mounting, checking it.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasRedis } from '../../engine/server/test-support/bench/servers.ts';
import { median, print, resultOf, row, verdict }
  from '../../engine/server/test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from '../../engine/server/test-support/bench/table.ts';
import { openBlockDisk } from '../disks/block-disk.ts';
import { fileSystems } from '../disks/disk.ts';
import type { FileSystem } from '../disks/disk.ts';
import { diskUnavailable } from '../disks/disks.ts';
import { mountFaultfs } from '../faultfs/client.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { freePort } from '../targets/ports.ts';
import { startListening, targets } from '../targets/targets.ts';
import type { RunningTarget } from '../targets/target.ts';

const widths = [28, 12, 12, 14];
const policiesWithLog = ['always', 'everysec', 'no'];
const startTimeoutMs = 30_000;
const blockBytes = 512 * 1024 * 1024;
const blockLimitSeconds = 2;

/** What share of the native rate is asked for. */
function wantedOf(policy: string, pipeline: number): number {
  return policy === 'always' && pipeline >= 16 ? 0.9 : 0.7;
}

/** The part of `npm run bench`. */
export async function disks(options: BenchOptions): Promise<readonly BenchResult[]> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bench-disks-'));
  try {
    return [...await faultfsResults(root, options), ...await blockResults(root, options)];
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

async function faultfsResults(root: string, options: BenchOptions): Promise<BenchResult[]> {
  const lacks = diskUnavailable('faultfs', 'ext4')
    ?? (await hasRedis() ? null : 'redis-server is missing');
  if (lacks !== null) return skipped('faultfs', lacks);
  print(row(widths, ['redis-server, SET', 'faultfs/s', 'native/s', 'ratio']));
  const results: BenchResult[] = [];
  for (const policy of policiesWithLog.filter((each) => options.policies.includes(each))) {
    for (const pipeline of options.pipelines) {
      results.push(await besideNative(root, options, { policy, pipeline }));
    }
  }
  return results;
}

async function besideNative(
  root: string, { rounds, seconds }: BenchOptions,
  { policy, pipeline }: { policy: string; pipeline: number },
): Promise<BenchResult> {
  const [backing, mountPoint] = [path.join(root, 'backing'), path.join(root, 'mount')];
  const native = path.join(root, 'native');
  for (const folder of [backing, native]) fs.mkdirSync(folder);
  const opLogPath = path.join(fs.mkdtempSync('/dev/shm/plugpull-bench-'), 'op-log');
  const mount = await mountFaultfs({ backing, mountPoint, opLogPath });
  const servers: RunningTarget[] = [];
  try {
    for (const directory of [mount.mountPoint, native]) {
      servers.push(await startRedis(directory, policy, path.join(root, 'log')));
    }
    const [ours, theirs] = servers as [RunningTarget, RunningTarget];
    // A first look tells how many operations last as long as is asked for.
    const each = Math.max(1000, Math.round(await rateOf(theirs, pipeline, 2000) * seconds));
    await rateOf(ours, pipeline, 2000);
    const pairs: [number, number][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const first = await rateOf(round % 2 === 0 ? ours : theirs, pipeline, each);
      const second = await rateOf(round % 2 === 0 ? theirs : ours, pipeline, each);
      pairs.push(round % 2 === 0 ? [first, second] : [second, first]);
    }
    const name = `faultfs/${policy}/P${pipeline}`;
    const result = resultOf(pairs, { name, unit: 'operations a second' });
    print(row(widths, [
      `${policy} pipeline ${pipeline}`, result.ours.toFixed(0), (result.theirs ?? 0).toFixed(0),
      verdict(result.ratio?.median ?? 0, wantedOf(policy, pipeline)),
    ]));
    return result;
  } finally {
    for (const server of servers) await server.stop(0);
    await mount.unmount();
    for (const folder of [backing, native, path.dirname(opLogPath)]) {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function startRedis(
  directory: string, appendfsync: string, logPath: string,
): Promise<RunningTarget> {
  const { running } = await startListening(targets.redis, {
    directory, port: await freePort(), logPath, record: null,
    directives: [['save', ''], ['appendonly', 'yes'], ['appendfsync', appendfsync],
      ['auto-aof-rewrite-percentage', '0']],
  }, startTimeoutMs);
  return running;
}

async function rateOf(
  { port }: RunningTarget, pipeline: number, operations: number,
): Promise<number> {
  const { stdout } = await promisify(execFile)('redis-benchmark', [
    '-p', port, '-c', 50, '-P', pipeline, '-n', operations, '-d', 100, '-r', 100_000, '-t', 'set',
    '--csv',
  ].map(String));
  return Number(/"SET","([\d.]+)"/.exec(stdout)?.[1]);
}

async function blockResults(root: string, { rounds }: BenchOptions): Promise<BenchResult[]> {
  print(row(widths, ['block disk', 'seconds', '', '']));
  const results: BenchResult[] = [];
  for (const fileSystem of fileSystems) {
    const lacks = diskUnavailable('block', fileSystem);
    if (lacks !== null) {
      results.push(...skipped(`block on ${fileSystem}`, lacks));
      continue;
    }
    const taken: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      taken.push(await blockSeconds(root, fileSystem));
    }
    const seconds = median(taken);
    const words = seconds <= blockLimitSeconds ? 'ok' : `LOW >${blockLimitSeconds}`;
    print(row(widths, [fileSystem, `${seconds.toFixed(2)} ${words}`, '', '']));
    const name = `block/${fileSystem}`;
    results.push({ name, unit: 'seconds', ours: seconds, theirs: null, ratio: null });
  }
  return results;
}

/** Everything that a trial does with its disk but load and recovery. */
async function blockSeconds(root: string, fileSystem: FileSystem): Promise<number> {
  const dataDirectory = path.join(root, 'data');
  fs.mkdirSync(dataDirectory, { recursive: true });
  const beganNs = monotonicNs();
  const disk = await openBlockDisk({
    kind: 'block', root, dataDirectory, record: null, fileSystem, sizeBytes: blockBytes,
  });
  try {
    fs.writeFileSync(path.join(disk.directory, 'file'), new Uint8Array(8e6));
    await disk.cut();
    await disk.settle();
    await disk.check();
  } finally {
    await disk.remove();
  }
  return (monotonicNs() - beganNs) / 1e9;
}

function skipped(what: string, why: string): [] {
  print(`${what}: not measured, ${why}`);
  return [];
}
