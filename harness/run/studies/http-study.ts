// What the REST edge gives beside RESP: one server, operations of one kind first over one, then
// over the other; which is first changes from trial to trial. Each ends in a SIGKILL and the
// recovery, seen by the clients of that way in.

import { setTimeout as sleep } from 'node:timers/promises';
import { startHttp } from '../../drivers/http/driver.ts';
import type { HttpResult } from '../../drivers/http/driver.ts';
import type { DriverResult } from '../../drivers/resp/driver.ts';
import type { Trial } from '../../plan/plan.ts';
import { shareText } from '../../plan/units.ts';
import type { CutRecord, FindingRecord, TrialRecord } from '../../report/record.ts';
import type { EdgeFigures, HttpStudyRecord } from '../../report/study-record.ts';
import { freePort } from '../../targets/ports.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { generatorRecord, rateWithinReach } from '../generator.ts';
import { workloadOf } from '../driving.ts';
import type { TrialSurroundings } from '../load.ts';
import { recover } from '../recover.ts';
import type { Recovered } from '../recover.ts';
import { failedTrial } from '../trial-record.ts';
import { persistedBytes } from '../workspace.ts';
import { fillServer, readyDriver, startServer } from './study-server.ts';

/** From this share of a core on the generator had no time left, below the server had room. */
const busyShare = 0.9;
const busyServerShare = 0.75;
const reachedShare = 0.95;
/** How long clients may take until they notice that the server is back. */
const graceMs = 5000;

/** One way in, through load, crash and recovery. */
interface Edge {
  readonly figures: EdgeFigures;
  /** Why it was not the server that was measured; null when it was. */
  readonly limit: string | null;
  readonly recovered: Recovered;
}

/** One load against a server that runs, over one of the two. */
interface Order {
  readonly trial: Trial;
  readonly running: RunningTarget;
  readonly restPort: number;
  readonly around: TrialSurroundings;
}

/** Runs one trial of the study. */
export async function studyHttp(trial: Trial, given: TrialSurroundings): Promise<TrialRecord> {
  const startedMs = Date.now();
  given.onPhase('preload');
  const restPort = await freePort();
  const around = {
    ...given, directives: [...given.directives, ['rest-port', String(restPort)] as const],
  };
  let running = await startServer(around);
  try {
    if (trial.cell.preloadKeys > 0) await fillServer(trial, running, around);
    const respFirst = trial.index % 2 === 0;
    const edges: Edge[] = [];
    for (const over of respFirst ? [overResp, overHttp] : [overHttp, overResp]) {
      const edge = await over({ trial, running, restPort, around });
      edges.push(edge);
      if (edge.recovered.kind === 'refused') break;
      ({ running } = edge.recovered);
    }
    const [resp, http] = respFirst ? edges : edges.toReversed();
    const record = recordOf(trial, edges, Date.now() - startedMs);
    if (edges.length < 2 || resp === undefined || http === undefined) return record;
    const study: HttpStudyRecord = {
      kind: 'http', first: respFirst ? 'resp' : 'http', resp: resp.figures, http: http.figures,
    };
    return { ...record, files: persistedBytes(around.workspace.dataDirectory), study };
  } finally {
    await running.stop(0);
  }
}

function recordOf(trial: Trial, edges: readonly Edge[], tookMs: number): TrialRecord {
  const cuts = edges.map(cutOf);
  const worst = (['fail', 'inconclusive'] as const)
    .find((verdict) => cuts.some((cut) => cut.verdict === verdict));
  return {
    ...failedTrial(trial, { text: '', tookMs }),
    verdict: worst ?? 'pass', cuts, error: null,
    errors: edges.reduce((sum, { figures }) => sum + figures.errors, 0),
    offeredPerSecond: trial.cell.load.ratePerSecond,
  };
}

/** Time under load until the kill, the warm-up not counted. */
function measuredMsOf({ cell, crashAtMs }: Trial): number {
  return crashAtMs - cell.load.warmupMs;
}

/** SIGKILL, and a start on what it left; same ports. */
async function crashAndRecover({ running, around }: Order): Promise<Recovered> {
  around.onPhase('crash');
  running.kill();
  await running.exited;
  around.onPhase('recover');
  const { target, workspace, directives, signal } = around;
  return recover(target, {
    directory: workspace.dataDirectory, port: running.port, directives,
    logPath: workspace.logPath, record: null, signal,
  });
}

async function overResp(order: Order): Promise<Edge> {
  const { trial, running, around: { signal, onPhase } } = order;
  onPhase('load');
  const driver = await readyDriver(trial, running, { signal });
  try {
    driver.begin();
    await sleep(trial.cell.load.warmupMs, undefined, { signal });
    const [fromUs, fromMs] = [running.cpuUs(), performance.now()];
    await sleep(measuredMsOf(trial), undefined, { signal });
    const serverUs = spent(running, fromUs);
    const ms = performance.now() - fromMs;
    const recovered = await crashAndRecover(order);
    const result = await driver.finish(recovered.kind === 'serving' ? graceMs : 0);
    return { ...respEdge(result, { trial, serverUs, ms }), recovered };
  } finally {
    await driver.kill();
  }
}

interface Seen {
  readonly trial: Trial;
  readonly serverUs: number | null;
  readonly ms: number;
}

function respEdge(
  result: DriverResult, { trial, serverUs, ms }: Seen,
): Omit<Edge, 'recovered'> {
  const { load } = trial.cell;
  const perSecond = (result.qps ?? 0) + (result.readsPerSecond ?? 0);
  const serverShare = serverUs === null ? null : serverUs / 1000 / ms;
  const { limit } = generatorRecord(result, { load, serverShare });
  const isOpen = load.ratePerSecond !== null;
  return {
    limit: limit === null ? null : `RESP: ${limit}`,
    figures: {
      perSecond: Math.round(perSecond), errors: result.errors,
      latencyUs: result.latencyBeforeOutageUs,
      method: isOpen ? 'open loop, from the intended moment' : 'closed loop',
      correctedUs: null, statedMs: null, serverCpuUsPerOp: each(serverUs, (perSecond * ms) / 1000),
      generatorCpuShare: share(result.cpuUtilisation),
      outageMs: result.outageMs === null ? null : Math.round(result.outageMs),
      unanswered: result.unknown, withOutageUs: result.latencyUs,
    },
  };
}

async function overHttp(order: Order): Promise<Edge> {
  const { trial, running, restPort, around: { signal, onPhase } } = order;
  onPhase('load');
  const { load } = trial.cell;
  const driver = startHttp({
    host: '127.0.0.1', port: restPort, workload: workloadOf(trial), readShare: load.readShare,
    ratePerSecond: load.ratePerSecond, warmupMs: load.warmupMs, durationMs: null,
  }, signal);
  try {
    await driver.measuring;
    const fromUs = running.cpuUs();
    await sleep(measuredMsOf(trial), undefined, { signal });
    const serverUs = spent(running, fromUs);
    const recovered = await crashAndRecover(order);
    const timer = setTimeout(driver.finish, recovered.kind === 'serving' ? graceMs : 0);
    const result = await driver.result;
    clearTimeout(timer);
    return { ...httpEdge(result, { trial, serverUs, ms: result.measuredMs }), recovered };
  } finally {
    driver.finish();
    await driver.result.catch(() => {}); // its process is gone
  }
}

function httpEdge(result: HttpResult, { trial, serverUs, ms }: Seen): Omit<Edge, 'recovered'> {
  const rate = trial.cell.load.ratePerSecond;
  const { perSecond, refused, errors, latencyUs, correctedUs, statedMs, cpuShare, crash } = result;
  const outageMs = crash?.outageMs ?? null;
  return {
    limit: limitOfHttp(result, { rate, serverShare: (serverUs ?? 0) / 1000 / ms }),
    figures: {
      perSecond: Math.round(perSecond), errors: errors + refused, latencyUs, correctedUs, statedMs,
      method: rate === null ? 'closed loop, not corrected' : 'rate-limited, as sent',
      serverCpuUsPerOp: each(serverUs, result.answered), generatorCpuShare: share(cpuShare),
      outageMs: outageMs === null ? null : Math.round(outageMs),
      unanswered: crash?.unanswered ?? 0, withOutageUs: crash?.latencyUs ?? null,
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

function cutOf({ figures, limit, recovered }: Edge): CutRecord {
  const base = {
    atMs: 0, loss: null, acknowledged: 0, inFlight: figures.unanswered,
    recovery: recovered.kind === 'serving' ? recovered.phases : null,
  };
  const { errors, outageMs } = figures;
  const weak = [
    ...(limit === null ? [] : [limit]),
    ...(errors === 0 ? [] : [`${errors} operations were refused or not answered`]),
    ...(outageMs !== null || recovered.kind === 'refused' ? []
      : ['no client of it was answered again after the crash']),
  ].map((text): FindingRecord => ({ kind: 'generator', breaks: false, text }));
  if (recovered.kind === 'refused') {
    const text = `the server did not start again: ${recovered.refusal.words.join(' ')}`;
    const refused: FindingRecord = { kind: 'refused', breaks: true, text };
    return { ...base, verdict: 'fail', findings: [refused, ...weak] };
  }
  return { ...base, verdict: weak.length === 0 ? 'pass' : 'inconclusive', findings: weak };
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
