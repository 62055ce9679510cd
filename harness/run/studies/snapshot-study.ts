// What a snapshot or rewrite costs while it runs: the same load before, during and after it, with
// latency, memory and bytes to the disk. The samples lie beside the record.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverResult } from '../../drivers/resp/driver.ts';
import { monotonicNs } from '../../metrics/monotonic.ts';
import { median } from '../../metrics/statistics.ts';
import type { Trial } from '../../plan/plan.ts';
import type { SnapshotAction, Study } from '../../plan/studies.ts';
import type { TrialRecord } from '../../report/record.ts';
import type { SnapshotStudyRecord, StudyWindow } from '../../report/study-record.ts';
import {
  childrenOf, privateDirtyBytes, processRssBytes, writtenBytes,
} from '../../targets/proc.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { OperationEncoder } from '../../workloads/encoder.ts';
import { workloadOf } from '../driving.ts';
import type { TrialSurroundings } from '../load.ts';
import { failedTrial } from '../trial-record.ts';
import { persistedBytes } from '../workspace.ts';
import { fillServer, finishWork, readyDriver, startServer, withClient } from './study-server.ts';

const aroundMs = 1500;
const sampleMs = 50;

type SnapshotStudy = Extract<Study, { kind: 'snapshot' }>;

/** One look at the server and what it forked. */
interface Sample {
  /** From the start of the load. */
  readonly atMs: number;
  readonly rssBytes: number;
  readonly copiedBytes: number | null;
  readonly writtenBytes: number;
}

interface Observed {
  readonly result: DriverResult;
  readonly samples: readonly Sample[];
  /** When the work began and ended, ms from the start of the load. */
  readonly fromMs: number;
  readonly toMs: number;
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
    const { acknowledged } = observed.result;
    return {
      ...empty, verdict: 'pass', error: null, acknowledged, files, study: record,
      offeredPerSecond: trial.cell.load.ratePerSecond, artefacts: { series: name },
    };
  } finally {
    await running.stop(0);
  }
}

async function observe(
  trial: Trial, running: RunningTarget,
  { study, around }: { study: SnapshotStudy; around: TrialSurroundings },
): Promise<Observed> {
  const { signal } = around;
  const driver = await readyDriver(trial, running, { warmupMs: 0, signal });
  const beganNs = monotonicNs();
  const sampler = new Sampler(running.pid, beganNs);
  try {
    driver.begin();
    await sleep(aroundMs, undefined, { signal });
    const fromMs = sampler.nowMs();
    await withClient(running, (client) => finishWork(client, commandOf(study.action)));
    const toMs = sampler.nowMs();
    await sleep(aroundMs, undefined, { signal });
    await driver.stopSending();
    return { result: await driver.finish(), samples: sampler.stop(), fromMs, toMs };
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
  const { fromMs, toMs, samples, result } = observed;
  const endMs = result.series.acknowledged.length * result.series.stepMs;
  const payloadBytes = new OperationEncoder(workloadOf(trial)).payloadBytes(0, 1);
  const copied = samples.flatMap((sample) => sample.copiedBytes ?? []);
  const window = (from: number, to: number): StudyWindow =>
    windowOf(observed, { from, to, payloadBytes });
  return {
    kind: 'snapshot',
    tookMs: Math.round(toMs - fromMs),
    offeredPerSecond: trial.cell.load.ratePerSecond,
    copiedBytes: copied.length === 0 ? null : Math.max(...copied),
    fileBytes,
    before: window(0, fromMs),
    during: window(fromMs, toMs),
    after: window(toMs, endMs),
  };
}

function windowOf(
  { result, samples }: Observed,
  { from, to, payloadBytes }: { from: number; to: number; payloadBytes: number },
): StudyWindow {
  const { stepMs, acknowledged, p50Us, p99Us } = result.series;
  // Whole intervals inside the window; one that is shorter has the interval it lies in.
  const first = Math.ceil(from / stepMs);
  const last = Math.max(first + 1, Math.floor(to / stepMs));
  const counts = acknowledged.slice(first, last);
  const operations = counts.reduce((sum, count) => sum + count, 0);
  const present = (values: readonly (number | null)[]): number[] =>
    values.slice(first, last).filter((value) => value !== null);
  const [p50, p99] = [present(p50Us), present(p99Us)];
  const inside = samples.filter(({ atMs }) => atMs >= from - sampleMs && atMs <= to + sampleMs);
  const written = (inside.at(-1)?.writtenBytes ?? 0) - (inside[0]?.writtenBytes ?? 0);
  const ms = Math.max(1, counts.length * stepMs);
  const isKnown = inside.length > 1 && (inside.at(-1)?.writtenBytes ?? 0) > 0;
  return {
    ms,
    qps: Math.round((operations * 1000) / ms),
    p50Us: p50.length === 0 ? 0 : median(p50),
    p99Us: p99.length === 0 ? 0 : median(p99),
    worstP99Us: Math.max(0, ...p99),
    rssBytes: inside.length === 0 ? null : Math.max(...inside.map((each) => each.rssBytes)),
    writtenBytes: isKnown ? written : null,
    amplification: isKnown && operations > 0
      ? Math.round((written / (operations * payloadBytes)) * 100) / 100 : null,
  };
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
