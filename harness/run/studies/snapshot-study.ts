// What a snapshot or rewrite costs while it runs: the same load before, during and after it, with
// latency, memory and bytes to the disk. The samples lie beside the record.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverResult } from '../../drivers/resp/driver.ts';
import { monotonicNs } from '../../metrics/monotonic.ts';
import type { Trial } from '../../plan/plan.ts';
import { studyAroundMs } from '../../plan/studies.ts';
import type { SnapshotAction, Study } from '../../plan/studies.ts';
import { countText } from '../../plan/units.ts';
import type { FindingRecord, GeneratorRecord, TrialRecord } from '../../report/record.ts';
import type { SnapshotStudyRecord } from '../../report/study-record.ts';
import {
  childrenOf, privateDirtyBytes, processRssBytes, writtenBytes,
} from '../../targets/proc.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { OperationEncoder } from '../../workloads/encoder.ts';
import { workloadOf } from '../driving.ts';
import { generatorRecord, missedRate } from '../generator.ts';
import type { TrialSurroundings } from '../load.ts';
import { failedTrial } from '../trial-record.ts';
import { persistedBytes } from '../workspace.ts';
import { fillServer, finishWork, readyDriver, startServer, withClient } from './study-server.ts';
import { spansAround, windowOf } from './study-windows.ts';
import type { Sample } from './study-windows.ts';

/** A driver that has just begun is slower than it will be: not counted as "before". */
const settledMs = 500;
const sampleMs = 50;

type SnapshotStudy = Extract<Study, { kind: 'snapshot' }>;

interface Observed {
  readonly result: DriverResult;
  readonly samples: readonly Sample[];
  /** When the work began and ended and when the sending did, ms from the first operation. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly stoppedMs: number;
  /** CPU time of the server over the load, of one core. */
  readonly serverShare: number | null;
}

/** Runs one trial of a study of background work. */
export async function studySnapshot(
  trial: Trial, study: SnapshotStudy, around: TrialSurroundings,
): Promise<TrialRecord> {
  const startedMs = Date.now();
  around.onPhase('preload');
  const running = await startServer(around);
  try {
    await fillServer(trial, running, around);
    around.onPhase('load');
    const observed = await observe(trial, running, { study, around });
    const files = persistedBytes(around.workspace.dataDirectory);
    const fileBytes = study.action === 'bgsave' ? files.rdbBytes : files.aofBytes;
    const record = studyRecord(trial, observed, fileBytes);
    const name = keep(trial, observed, around.runDirectory);
    const empty = failedTrial(trial, { text: '', tookMs: Date.now() - startedMs });
    const { acknowledged, errors, firstError } = observed.result;
    const { load } = trial.cell;
    const generator = generatorRecord(observed.result, {
      load, serverShare: observed.serverShare,
    });
    const isClear = missedRate(observed.result, load) === null
      && isOutweighed(generator, record);
    const doubt = doubtOf(isClear ? null : generator.limit, observed.result);
    return {
      ...empty, ...verdictOf(doubt, observed.result), error: null, acknowledged, errors,
      ...(firstError === null ? {} : { firstError }), generator, files, study: record,
      offeredPerSecond: load.ratePerSecond, artefacts: { series: name },
    };
  } finally {
    await running.stop(0);
  }
}

/** A load that was not what it should be leaves the question open, and says why. */
function verdictOf(
  doubt: FindingRecord | null, { acknowledged, unknown }: DriverResult,
): Pick<TrialRecord, 'verdict' | 'cuts'> {
  if (doubt === null) return { verdict: 'pass', cuts: [] };
  const verdict = 'inconclusive';
  return { verdict, cuts: [{
    atMs: 0, verdict, loss: null, acknowledged, inFlight: unknown, recovery: null,
    findings: [doubt],
  }] };
}

async function observe(
  trial: Trial, running: RunningTarget,
  { study, around }: { study: SnapshotStudy; around: TrialSurroundings },
): Promise<Observed> {
  const { signal } = around;
  const driver = await readyDriver(trial, running, {
    warmupMs: 0, keepsSteps: true, signal,
  });
  const beganNs = monotonicNs();
  const sampler = new Sampler(running.pid, beganNs);
  try {
    const cpuFromUs = running.cpuUs();
    driver.begin();
    await sleep(settledMs + studyAroundMs, undefined, { signal });
    const fromMs = sampler.nowMs();
    await withClient(running, (client) => finishWork(client, commandOf(study.action)));
    const toMs = sampler.nowMs();
    await sleep(studyAroundMs, undefined, { signal });
    const [cpuToUs, tookUs] = [running.cpuUs(), sampler.nowMs() * 1000];
    await driver.stopSending();
    const samples = sampler.stop();
    const result = await driver.finish();
    // The driver began a little later than it was told to: its clock is the one of the series.
    const lateMs = ((result.beginNs ?? beganNs) - beganNs) / 1e6;
    return {
      result, fromMs: fromMs - lateMs, toMs: toMs - lateMs,
      samples: samples.map((sample) => ({ ...sample, atMs: sample.atMs - lateMs })),
      stoppedMs: ((result.stoppedNs ?? beganNs) - beganNs) / 1e6 - lateMs,
      serverShare: cpuFromUs === null || cpuToUs === null ? null : (cpuToUs - cpuFromUs) / tookUs,
    };
  } finally {
    sampler.stop();
    await driver.kill();
  }
}

function commandOf(action: SnapshotAction): string {
  return action === 'bgsave' ? 'BGSAVE' : 'BGREWRITEAOF';
}

/** Looks at a process and its children every 50 ms. */
class Sampler {
  readonly #pid: number;
  readonly #beganNs: number;
  readonly #samples: Sample[] = [];
  #writtenBytes = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number, beganNs: number) {
    this.#pid = pid;
    this.#beganNs = beganNs;
    this.#look();
    this.#timer = setInterval(() => this.#look(), sampleMs);
  }

  nowMs(): number {
    return (monotonicNs() - this.#beganNs) / 1e6;
  }

  stop(): readonly Sample[] {
    clearInterval(this.#timer);
    return this.#samples;
  }

  #look(): void {
    const atMs = this.nowMs();
    let rssBytes = processRssBytes(this.#pid) ?? 0;
    let copiedBytes: number | null = null;
    let ofChildren = 0;
    for (const child of childrenOf(this.#pid)) {
      const copied = privateDirtyBytes(child);
      if (copied !== null) copiedBytes = (copiedBytes ?? 0) + copied;
      // What a fork shares is counted with its parent already.
      rssBytes += copied ?? 0;
      ofChildren += writtenBytes(child) ?? 0;
    }
    // The kernel adds a child's bytes to its parent's when the child is reaped; in between they
    // are in neither, so the sum never goes back.
    const written = (writtenBytes(this.#pid) ?? 0) + ofChildren;
    this.#writtenBytes = Math.max(this.#writtenBytes, written);
    this.#samples.push({ atMs, rssBytes, copiedBytes, writtenBytes: this.#writtenBytes });
  }
}

function studyRecord(trial: Trial, observed: Observed, fileBytes: number): SnapshotStudyRecord {
  const { fromMs, toMs, stoppedMs, samples, result } = observed;
  const copied = samples.flatMap((sample) => sample.copiedBytes ?? []);
  const load = {
    ...result.series, steps: result.steps, stoppedMs, samples, payloadBytes: meanPayload(trial),
  };
  const spans = spansAround(load, { settledMs, fromMs, toMs });
  return {
    kind: 'snapshot',
    tookMs: Math.round(toMs - fromMs),
    offeredPerSecond: trial.cell.load.ratePerSecond,
    copiedBytes: copied.length === 0 ? null : Math.max(...copied),
    fileBytes,
    before: windowOf(load, spans.before),
    during: windowOf(load, spans.during),
    after: windowOf(load, spans.after),
  };
}

/** Bytes of key and value of an operation, the mean of about a thousand: sizes may differ. */
function meanPayload(trial: Trial): number {
  const workload = workloadOf(trial);
  const encoder = new OperationEncoder(workload);
  const each = Math.ceil(1000 / workload.clients);
  let bytes = 0;
  for (let client = 0; client < workload.clients; client++) {
    for (let sequence = 1; sequence <= each; sequence++) {
      bytes += encoder.payloadBytes(client, sequence);
    }
  }
  return bytes / (each * workload.clients);
}

/**
 * Was the generator late by so little, beside what the work cost, that the cost is the server's all
 * the same? On few cores it waits for them as everybody does; a note says by how much.
 */
export function isOutweighed(
  { sendLateUs }: Pick<GeneratorRecord, 'sendLateUs'>,
  { during }: { readonly during: { readonly p99Us: number } },
): boolean {
  return sendLateUs !== null && 2 * sendLateUs.p99 <= during.p99Us;
}

/** Why the cost was not measured; null when it was. */
export function doubtOf(
  limit: string | null, { errors, unknown }: Pick<DriverResult, 'errors' | 'unknown'>,
): FindingRecord | null {
  const words = [
    ...(limit === null ? [] : [limit]),
    ...(errors + unknown === 0 ? []
      : [`${countText(errors + unknown, 'operation')} refused or not answered`]),
  ];
  return words.length === 0 ? null : { kind: 'generator', breaks: false, text: words.join('; ') };
}

/** Writes the data of a chart, whose spans the HTML report shades; its name for the record. */
function keep(trial: Trial, observed: Observed, runDirectory: string): string {
  const { cell, index } = trial;
  const { result, samples, fromMs, toMs } = observed;
  const name = path.join('series', `${cell.id.replaceAll(/[^\w.-]+/g, '-')}-${index + 1}.json`);
  fs.mkdirSync(path.join(runDirectory, 'series'), { recursive: true });
  const isSnapshot = cell.study?.kind === 'snapshot' && cell.study.action === 'bgsave';
  const spans = [{ kind: isSnapshot ? 'snapshot' : 'rewrite', fromMs, toMs }];
  const data = { cell: cell.id, trial: index, ...result.series, spans, samples };
  fs.writeFileSync(path.join(runDirectory, name), `${JSON.stringify(data)}\n`);
  return name;
}
