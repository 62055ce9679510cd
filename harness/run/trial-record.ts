// What a trial found out → its record: rates and latencies where they count, else null.

import { promiseSentence } from '../checkers/promise.ts';
import type { DriverResult } from '../drivers/resp/driver.ts';
import { STATUS_FAIL } from '../history/ledger.ts';
import type { BlockDisk } from '../disks/disk.ts';
import type { Verdict } from '../plan/events.ts';
import type { Trial } from '../plan/plan.ts';
import { describeExit } from '../targets/server-process.ts';
import { deciding, worstVerdict } from '../report/verdicts.ts';
import type {
  BlockRecord, CoverageRecord, CurveRecord, CutRecord, FaultedRecord, InclusionRecord, LatencyUs,
  TrialRecord,
} from '../report/record.ts';
import type { Aftermath } from './cuts.ts';
import { generatorRecord, isLowerBound } from './generator.ts';

/** What was judged of a trial. */
export interface Outcome {
  readonly cuts: readonly CutRecord[];
  readonly curve: CurveRecord | null;
  readonly coverage: readonly CoverageRecord[];
  readonly artefacts: Readonly<Record<string, string>>;
}

/** The record of a trial that ran to its end. */
export function finishedTrial(
  aftermath: Aftermath,
  { cuts, curve, coverage, artefacts }: Outcome,
  tookMs: number,
): TrialRecord {
  const { trial, crashed, result, files } = aftermath;
  const { cell } = trial;
  const records = cell.syncDelayMs !== null;
  const asksSpeed = cell.measures.includes('qps') && !records;
  const { serverCpuUs, measuredUs } = crashed;
  const serverShare = serverCpuUs === null ? null : serverCpuUs / measuredUs;
  const generator = generatorRecord(result, { load: cell.load, serverShare });
  const measured = result.measuredAcknowledged;
  return {
    index: trial.index,
    seed: trial.seed,
    crashAtMs: trial.crashAtMs,
    verdict: worstVerdict([...deciding(cuts).map((cut) => cut.verdict), ...verdictOf(curve)]),
    promise: promiseOf(trial),
    tookMs: Math.round(tookMs),
    acknowledged: result.acknowledged,
    errors: errorsBefore(aftermath),
    ...(result.errors === 0 || result.firstError === null
      ? {} : { firstError: result.firstError }),
    qps: asksSpeed && result.qps !== null ? Math.round(result.qps) : null,
    readsPerSecond: asksSpeed && cell.load.readShare > 0 && result.readsPerSecond !== null
      ? Math.round(result.readsPerSecond) : null,
    ...(result.checkedReads === null ? {} : {
      checkedReads: { checked: result.checkedReads.checked, wrong: result.checkedReads.wrong },
    }),
    offeredPerSecond: cell.load.ratePerSecond,
    latencyUs: asksSpeed ? result.latencyBeforeOutageUs : null,
    latencyWithOutageUs: asksSpeed ? latencyThrough(result) : null,
    generator: asksSpeed ? generator : null,
    serverCpuUsPerOp: asksSpeed && serverCpuUs !== null && measured > 0
      ? Math.round((serverCpuUs / measured) * 100) / 100 : null,
    generatorCpuShare: asksSpeed ? Math.round(result.cpuUtilisation * 1000) / 1000 : null,
    generatorLimited: asksSpeed && isLowerBound(result, serverShare),
    outageMs: result.outageMs === null ? null : Math.round(result.outageMs * 10) / 10,
    cuts,
    curve,
    coverage,
    files,
    ...faulted(aftermath),
    error: null,
    artefacts,
  };
}

/**
 * The latencies with the outage in them; null where the load was never answered again, as after a
 * power cut, whose server starts elsewhere: there is no outage in them then.
 */
export function latencyThrough(
  { latencyUs, outageMs }: Pick<DriverResult, 'latencyUs' | 'outageMs'>,
): LatencyUs | null {
  return outageMs === null ? null : latencyUs;
}

/** What came of the faults; nothing in cells without. */
function faulted({ crashed, ledger }: Aftermath): { faulted?: FaultedRecord } {
  const { schedule, injection, exit, claims, beginNs } = crashed;
  if (schedule.isEmpty) return {};
  const died = exit.cause === 'alone' ? describeExit(exit) : null;
  const replies = ledger.ackedNs.filter((ackedNs) => ackedNs <= injection.cutNs).toSorted();
  let [stallNs, lastNs] = [0, beginNs];
  for (const replyNs of [...replies, injection.cutNs]) {
    stallNs = Math.max(stallNs, replyNs - lastNs);
    lastNs = replyNs;
  }
  const stallMs = Math.round(stallNs / 1e6);
  return { faulted: { faults: schedule.outcomes, stallMs, died, claims } };
}

/** A server on a cut disk refuses what comes: that is the cut, and no answer of the load. */
function errorsBefore({ trial, crashed, result, ledger }: Aftermath): number {
  if (trial.cell.crash !== 'block') return result.errors;
  return ledger.status.reduce((count, status, index) => {
    const isBefore = (ledger.ackedNs[index] as number) <= crashed.injection.cutNs;
    return count + Number(status === STATUS_FAIL && isBefore);
  }, 0);
}

/** The record of a trial whose server failed to start or died on its own: no verdict on data. */
export function failedTrial(
  trial: Trial, { text, tookMs }: { text: string; tookMs: number },
): TrialRecord {
  return {
    index: trial.index, seed: trial.seed, crashAtMs: trial.crashAtMs,
    verdict: 'inconclusive', promise: promiseOf(trial), tookMs: Math.round(tookMs),
    acknowledged: 0, errors: 0, qps: null, readsPerSecond: null, offeredPerSecond: null,
    latencyUs: null, latencyWithOutageUs: null, generator: null, serverCpuUsPerOp: null,
    generatorCpuShare: null, generatorLimited: false, outageMs: null,
    cuts: [], curve: null, coverage: [], files: null, error: text, artefacts: {},
  };
}

/** What the file system did at its cut and after it; unmounts it for its own checker. */
export async function blockRecord(
  disk: BlockDisk, inclusion: InclusionRecord | null,
): Promise<BlockRecord> {
  const { clean, words } = await disk.check();
  const { fileSystem, cutMs, mountMs } = disk;
  const record = { fileSystem, cutMs, mountMs, isClean: clean, check: words };
  return inclusion === null ? record : { ...record, inclusion };
}

/** The curve alone passes nothing: it speaks where it found something. */
function verdictOf(curve: CurveRecord | null): Verdict[] {
  if (curve === null || curve.findings.length === 0) return [];
  return [curve.findings.some(({ breaks }) => breaks) ? 'fail' : 'inconclusive'];
}

function promiseOf({ cell }: Trial): string {
  return promiseSentence({ ...cell.setting, crash: cell.crash, target: cell.target });
}
