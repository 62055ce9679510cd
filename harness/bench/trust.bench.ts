// Whether the figures can be believed, shown on a redis-server: a stall of known length against
// arithmetic and against redis-benchmark, sends against their intended moment, the same cell
// against itself (nothing may be found), and against itself with a tenth of its time taken away.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '../../engine/server/test-support/bench/servers.ts';
import { print, row } from '../../engine/server/test-support/bench/table.ts';
import type { BenchOptions, BenchResult } from '../../engine/server/test-support/bench/table.ts';
import { startDriver } from '../drivers/resp/driver.ts';
import type { DriverOptions, DriverResult } from '../drivers/resp/driver.ts';
import { compareMetrics } from '../metrics/comparison.ts';
import type { MetricSamples } from '../metrics/comparison.ts';
import { LatencyHistogram } from '../metrics/histogram.ts';
import { floorFor, noiseFloor } from '../metrics/paired-ratio.ts';
import { freePort } from '../targets/ports.ts';
import type { RunningTarget } from '../targets/target.ts';
import { startListening, targets } from '../targets/targets.ts';

const clients = 20;
const stallMs = 2000;
const stepMs = 100; // of the driver's series: one trial of the comparisons

interface Drive {
  readonly ms: number;
  readonly options?: Partial<DriverOptions>;
  /** Goes on beside the load, from its start. */
  readonly meanwhile?: (signal: AbortSignal) => Promise<void>;
}

async function drive(
  { port }: RunningTarget, { ms, options = {}, meanwhile }: Drive,
): Promise<DriverResult> {
  const workload = {
    seed: 1, clients, keysPerClient: 5000, valueSizeBytes: 100, mix: 'set' as const,
    startWallMs: Date.now(),
  };
  const driver = await startDriver({
    host: '127.0.0.1', port, workload, pipeline: 1, ledgerPath: null, ratePerSecond: null,
    warmupMs: 0, preloadKeys: 0, ...options,
  });
  await driver.ready;
  driver.begin();
  const end = new AbortController();
  const beside = meanwhile?.(end.signal).catch(() => {});
  await sleep(ms);
  end.abort();
  await beside;
  await driver.stopSending();
  return driver.finish();
}

/** How long it really lasted, ms: a busy machine oversleeps. */
async function stall({ pid }: RunningTarget): Promise<number> {
  await sleep(1000);
  const fromMs = performance.now();
  process.kill(pid, 'SIGSTOP');
  await sleep(stallMs);
  process.kill(pid, 'SIGCONT');
  return performance.now() - fromMs;
}

/** Of operations due evenly over `ms`, those of the first (stall − x) of it wait over x. */
function expectedMs(percentile: number, { stalledMs, ms }: Record<string, number>): number {
  return Math.max(0, (stalledMs ?? 0) - ((100 - percentile) / 100) * (ms ?? 0));
}

async function showStall(running: RunningTarget): Promise<void> {
  const ms = 4000;
  const options = { ratePerSecond: 1000 };
  let stalledMs = 0;
  const meanwhile = async (): Promise<void> => {
    stalledMs = await stall(running);
  };
  const result = await drive(running, { ms, options, meanwhile });
  const { beginNs, stoppedNs } = result;
  const lengths = { stalledMs, ms: ((stoppedNs ?? 0) - (beginNs ?? 0)) / 1e6 };
  const histogram = LatencyHistogram.decode(result.histogram);
  print(`a stall of ${stalledMs.toFixed(0)} ms in ${lengths.ms.toFixed(0)} ms at 1,000 a second, `
    + 'latency in ms');
  const widths = [18, 10, 10, 10, 10, 10];
  print(row(widths, ['', 'p60', 'p75', 'p99', 'p99.9', 'max']));
  const percentiles = [60, 75, 99, 99.9, 100];
  print(row(widths, ['arithmetic', ...percentiles.map((at) =>
    expectedMs(at, lengths).toFixed(0))]));
  print(row(widths, ['driver', ...percentiles.map((at) =>
    (histogram.valueAtUs(at) / 1000).toFixed(0))]));
  const theirs = await besideRedisBenchmark(running);
  print(row(widths, ['redis-benchmark', '', '', theirs.p99, '', theirs.max]));
}

/** The same stall under redis-benchmark, in its closed loop. */
async function besideRedisBenchmark(
  running: RunningTarget,
): Promise<{ p99: string; max: string }> {
  const { qps } = await drive(running, { ms: 500 });
  const count = Math.ceil((qps ?? 10_000) * 4); // seconds' worth: it must not end before the stall
  const words = ['-p', running.port, '-c', clients, '-n', count, '-d', 100, '-t', 'set', '--csv'];
  const child = spawn('redis-benchmark', words.map(String), {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  await stall(running);
  await closed;
  const fields = /"SET",(.*)/.exec(text)?.[1]?.replaceAll('"', '').split(',') ?? [];
  return { p99: Number(fields[5]).toFixed(0), max: Number(fields[6]).toFixed(0) };
}

async function showSends(running: RunningTarget, ms: number): Promise<void> {
  const result = await drive(running, { ms, options: { ratePerSecond: 50_000 } });
  const late = result.sendLateUs;
  if (late === null) return;
  print(`sends at 50,000 a second: ${(late.inTimeShare * 100).toFixed(2)} % within 1 ms of their `
    + `moment; late by p50 ${late.p50} µs, p99 ${late.p99} µs, p99.9 ${late.p999} µs, max `
    + `${late.max} µs; answered ${result.qps?.toFixed(0)} a second, not sent ${result.unsent}`);
  const share = clockInTimeShare(ms) * 100;
  print(`a loop that does nothing but read the clock: ${share.toFixed(2)} % of its instants within `
    + '1 ms: the most that any program could keep here');
}

/** What the machine itself allows: the share of the time that no pause of over 1 ms takes away. */
function clockInTimeShare(ms: number): number {
  const beganMs = performance.now();
  let [lastMs, lateMs] = [beganMs, 0];
  while (lastMs < beganMs + ms) {
    const nowMs = performance.now();
    lateMs += Math.max(0, nowMs - lastMs - 1);
    lastMs = nowMs;
  }
  return 1 - lateMs / (lastMs - beganMs);
}

/** Trials of one load, dealt out to A and B in pairs, the first of each by turns. */
function dealt(series: readonly number[], { pairs, steps }: Dealing): MetricSamples[] {
  const trials = Array.from({ length: Math.floor(series.length / steps) }, (_, at) =>
    series.slice(at * steps, (at + 1) * steps).reduce((sum, one) => sum + one, 0));
  const family: MetricSamples[] = [];
  const perMember = 2 * pairs;
  for (let from = 0; from + perMember <= trials.length; from += perMember) {
    const [before, after]: [number[], number[]] = [[], []];
    for (let pair = 0; pair < pairs; pair++) {
      const two = trials.slice(from + 2 * pair, from + 2 * pair + 2);
      before.push(two[pair % 2] ?? 0);
      after.push(two[1 - (pair % 2)] ?? 0);
    }
    family.push({
      name: `${family.length}`, better: 'higher', before, after, paired: true, noiseFloor: null,
      minimumEffect: 0.001,
    });
  }
  return family;
}

/** How a load is taken apart. */
interface Dealing {
  /** Trials of each side. */
  readonly pairs: number;
  /** Intervals of the driver's series in a trial. */
  readonly steps: number;
}

const aa: Dealing = { pairs: 16, steps: 1 };
const ab: Dealing = { pairs: 24, steps: 3 };
/** Members of a family that one load gives: none lasts longer than a minute. */
const membersPerLoad = 4;

async function family(
  members: number, { pairs, steps }: Dealing, load: (ms: number) => Promise<DriverResult>,
): Promise<MetricSamples[]> {
  const found: MetricSamples[] = [];
  while (found.length < members) {
    const wanted = Math.min(membersPerLoad, members - found.length);
    const { series } = await load((wanted * 2 * pairs * steps + 3) * stepMs);
    found.push(...dealt(series.acknowledged.slice(1), { pairs, steps }).slice(0, wanted));
  }
  return found;
}

/** Pairs of the same cell. */
export function aaFamily(running: RunningTarget, members: number): Promise<MetricSamples[]> {
  return family(members, aa, (ms) => drive(running, { ms }));
}

/** Prints how many are called different: none is. */
export function showAa(samples: readonly MetricSamples[]): void {
  const different = compareMetrics(samples, { familyLevel: 0.01 })
    .filter(({ verdict }) => verdict === 'regression' || verdict === 'improvement').length;
  print(`A/A: ${different} of ${samples.length} pairs called different, as one family at 1 % `
    + `(${aa.pairs} trials each, no minimum effect, no noise floor)`);
}

/** Pairs of which B has a tenth of its time taken away. */
export function abFamily(running: RunningTarget, members: number): Promise<MetricSamples[]> {
  return family(members, ab, (ms) =>
    drive(running, { ms, meanwhile: (signal) => slowB(running, signal) }));
}

/** Stops the server for 10 ms in every interval of B. */
async function slowB(running: RunningTarget, signal: AbortSignal): Promise<void> {
  const beganMs = performance.now();
  for (let interval = 1; !signal.aborted; interval++) {
    const trial = Math.floor((interval - 1) / ab.steps);
    const isB = trial % 2 !== (trial >> 1) % 2;
    const atMs = beganMs + interval * stepMs + 30;
    await sleep(Math.max(0, atMs - performance.now()), undefined, { signal });
    if (!isB) continue;
    process.kill(running.pid, 'SIGSTOP');
    await sleep(stepMs / 10);
    process.kill(running.pid, 'SIGCONT');
  }
}

/** Prints in how many the tenth was found. */
export function showAb(samples: readonly MetricSamples[], floor: number): void {
  const slowed = samples.map((each) => ({ ...each, noiseFloor: floor, minimumEffect: 0.03 }));
  const found = compareMetrics(slowed, { familyLevel: 0.01 });
  const count = (wanted: string): number =>
    found.filter(({ verdict }) => verdict === wanted).length;
  print(`A/B, a tenth slower: found in ${count('regression')} of ${samples.length} `
    + `(${ab.pairs} trials each, noise floor ${(floor * 100).toFixed(1)} % from the A/A pairs); `
    + `inconclusive ${count('inconclusive')}, within noise ${count('within noise')}, `
    + `no change ${count('no change')}, improvement ${count('improvement')}`);
}

/**
 * Share up to which a comparison of the A/B's pairs may be noise; 1 when there are too few. Its
 * trials last longer than those of the A/A, so as many neighbouring pairs of them are joined.
 */
export function floorOf(samples: readonly MetricSamples[]): number {
  const joined = ab.steps / aa.steps;
  const sum = (values: readonly number[], at: number): number =>
    values.slice(at * joined, (at + 1) * joined).reduce((total, one) => total + one, 0);
  const pairs = samples.flatMap(({ before, after }) => (
    Array.from({ length: Math.floor(before.length / joined) }, (_, at) => (
      [sum(before, at), sum(after, at)] as const))));
  const noise = noiseFloor(pairs);
  return noise === null ? 1 : floorFor(noise, ab.pairs);
}

/** Prints what was shown; there is no peer, so nothing for a program. */
export async function trust(options: BenchOptions): Promise<BenchResult[]> {
  if (!await hasRedis()) {
    print('trust: skipped, redis-server is not on the PATH');
    return [];
  }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bench-'));
  const { running } = await startListening(targets.redis, {
    directory, port: await freePort(), directives: [['save', ''], ['appendonly', 'no']],
    logPath: path.join(directory, 'log'), record: null,
  }, 5000);
  try {
    await showStall(running);
    await showSends(running, options.quick ? 1000 : 5000);
    const same = await aaFamily(running, options.quick ? 5 : 100);
    showAa(same);
    showAb(await abFamily(running, options.quick ? 1 : 20), floorOf(same));
  } finally {
    process.kill(running.pid, 'SIGCONT');
    await running.stop();
    fs.rmSync(directory, { recursive: true });
  }
  return [];
}
