// What the REST edge gives beside RESP: one server, the same operations first over one, then over
// the other; which is first changes from trial to trial.

import { setTimeout as sleep } from 'node:timers/promises';
import { driveHttp } from '../../drivers/http/driver.ts';
import type { HttpResult } from '../../drivers/http/driver.ts';
import type { DriverResult } from '../../drivers/resp/driver.ts';
import type { Trial } from '../../plan/plan.ts';
import { shareText } from '../../plan/units.ts';
import type { CutRecord, TrialRecord } from '../../report/record.ts';
import type { EdgeFigures } from '../../report/study-record.ts';
import { freePort } from '../../targets/ports.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { generatorRecord, rateWithinReach } from '../generator.ts';
import { workloadOf } from '../load.ts';
import type { TrialSurroundings } from '../load.ts';
import { failedTrial } from '../trial-record.ts';
import { persistedBytes } from '../workspace.ts';
import { fillServer, readyDriver, startServer } from './study-server.ts';

/** From this share of a core on the generator had no time left, below the server had room. */
const busyShare = 0.9;
const busyServerShare = 0.75;
const reachedShare = 0.95;

interface Edge {
  readonly figures: EdgeFigures;
  /** Why it was not the server that was measured; null when it was. */
  readonly limit: string | null;
}

/** One load against a server that runs, over one of the two. */
interface Order {
  readonly trial: Trial;
  readonly running: RunningTarget;
  readonly restPort: number;
  readonly around: TrialSurroundings;
}

/** Runs one trial of the study. */
export async function studyHttp(trial: Trial, around: TrialSurroundings): Promise<TrialRecord> {
  const startedMs = Date.now();
  around.onPhase('preload');
  const restPort = await freePort();
  const directives = [...around.directives, ['rest-port', String(restPort)] as const];
  const running = await startServer({ ...around, directives });
  try {
    if (trial.cell.preloadKeys > 0) await fillServer(trial, running, around);
    around.onPhase('load');
    const order = { trial, running, restPort, around };
    const respFirst = trial.index % 2 === 0;
    const early = respFirst ? await overResp(order) : null;
    const http = await overHttp(order);
    const resp = early ?? await overResp(order);
    const cut = cutOf([resp, http]);
    return {
      ...failedTrial(trial, { text: '', tookMs: Date.now() - startedMs }),
      verdict: cut.verdict, cuts: [cut], error: null,
      errors: resp.figures.errors + http.figures.errors,
      files: persistedBytes(around.workspace.dataDirectory),
      offeredPerSecond: trial.cell.load.ratePerSecond,
      study: { kind: 'http', first: respFirst ? 'resp' : 'http', resp: resp.figures,
        http: http.figures },
    };
  } finally {
    await running.stop(0);
  }
}

async function overResp({ trial, running, around: { signal } }: Order): Promise<Edge> {
  const { load } = trial.cell;
  const driver = await readyDriver(trial, running, { signal });
  try {
    driver.begin();
    await sleep(load.warmupMs, undefined, { signal });
    const [fromUs, fromMs] = [running.cpuUs(), performance.now()];
    await sleep(load.durationMs, undefined, { signal });
    const serverUs = spent(running, fromUs);
    const ms = performance.now() - fromMs;
    await driver.stopSending();
    return respEdge(await driver.finish(), { trial, serverUs, ms });
  } finally {
    await driver.kill();
  }
}

interface Seen {
  readonly trial: Trial;
  readonly serverUs: number | null;
  readonly ms: number;
}

function respEdge(result: DriverResult, { trial, serverUs, ms }: Seen): Edge {
  const { load } = trial.cell;
  const perSecond = (result.qps ?? 0) + (result.readsPerSecond ?? 0);
  const serverShare = serverUs === null ? null : serverUs / 1000 / ms;
  const { limit } = generatorRecord(result, { load, serverShare });
  const isOpen = load.ratePerSecond !== null;
  return {
    limit: limit === null ? null : `RESP: ${limit}`,
    figures: {
      perSecond: Math.round(perSecond), errors: result.errors, latencyUs: result.latencyUs,
      method: isOpen ? 'open loop, from the intended moment' : 'closed loop',
      correctedUs: null, statedMs: null, serverCpuUsPerOp: each(serverUs, (perSecond * ms) / 1000),
      generatorCpuShare: share(result.cpuUtilisation),
    },
  };
}

async function overHttp({ trial, running, restPort, around }: Order): Promise<Edge> {
  const { load } = trial.cell;
  const workload = workloadOf(trial);
  let fromUs: number | null = null;
  const timer = setTimeout(() => (fromUs = running.cpuUs()), load.warmupMs);
  try {
    const result = await driveHttp({
      host: '127.0.0.1', port: restPort, workload, readShare: load.readShare,
      ratePerSecond: load.ratePerSecond, warmupMs: load.warmupMs, durationMs: load.durationMs,
    }, around.signal);
    return httpEdge(result, { trial, serverUs: spent(running, fromUs), ms: result.measuredMs });
  } finally {
    clearTimeout(timer);
  }
}

function httpEdge(result: HttpResult, { trial, serverUs, ms }: Seen): Edge {
  const rate = trial.cell.load.ratePerSecond;
  const { perSecond, refused, errors, latencyUs, correctedUs, statedMs, cpuShare } = result;
  return {
    limit: limitOfHttp(result, { rate, serverShare: (serverUs ?? 0) / 1000 / ms }),
    figures: {
      perSecond: Math.round(perSecond), errors: errors + refused, latencyUs, correctedUs, statedMs,
      method: rate === null ? 'closed loop, not corrected' : 'rate-limited, as sent',
      serverCpuUsPerOp: each(serverUs, result.answered), generatorCpuShare: share(cpuShare),
    },
  };
}

function limitOfHttp(
  { cpuShare, perSecond }: HttpResult,
  { rate, serverShare }: { rate: number | null; serverShare: number },
): string | null {
  if (rate !== null && perSecond < reachedShare * rate) {
    return `HTTP: the rate of ${rate} a second was not reached, ${Math.round(perSecond)} were `
      + `answered: --rate ${rateWithinReach(perSecond)} would be`;
  }
  if (rate !== null || cpuShare < busyShare || serverShare >= busyServerShare) return null;
  return `HTTP: autocannon, not the server, was the limit (${shareText(cpuShare)} of a core, the `
    + `server ${shareText(serverShare)})`;
}

function cutOf(edges: readonly Edge[]): CutRecord {
  const base = { atMs: 0, loss: null, acknowledged: 0, inFlight: 0, recovery: null };
  const errors = edges.reduce((sum, { figures }) => sum + figures.errors, 0);
  const texts = [
    ...edges.flatMap(({ limit }) => limit ?? []),
    ...(errors === 0 ? [] : [`${errors} operations were refused or not answered`]),
  ];
  const findings = texts.map((text) => ({ kind: 'generator', breaks: false, text }));
  return { ...base, verdict: findings.length === 0 ? 'pass' : 'inconclusive', findings };
}

function spent(running: RunningTarget, fromUs: number | null): number | null {
  const toUs = running.cpuUs();
  return fromUs === null || toUs === null ? null : toUs - fromUs;
}

function each(us: number | null, operations: number): number | null {
  return us === null || operations === 0 ? null : Math.round((us / operations) * 100) / 100;
}

function share(value: number): number {
  return Math.round(value * 1000) / 1000;
}
