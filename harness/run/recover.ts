// The second half of a trial: start on what the crash left, time the phases, read everything back.

import { RespClient } from '../drivers/resp/client.ts';
import { probeRecovery } from '../drivers/resp/probe.ts';
import type { RecoveryTimes } from '../drivers/resp/probe.ts';
import { readBack } from '../drivers/resp/read-back.ts';
import type { Refusal } from '../checkers/judgement.ts';
import type { Survivors } from '../checkers/survivors.ts';
import { HarnessError } from '../errors.ts';
import type { RecoveryRecord } from '../report/record.ts';
import { startListening } from '../targets/targets.ts';
import type { RunningTarget, StartOptions, Target } from '../targets/target.ts';
import type { Ledger } from '../history/ledger.ts';
import type { WorkloadSpec } from '../workloads/spec.ts';

const recoverTimeoutMs = 120_000;
const lastWordsLines = 12;

/** A server that came back, or its refusal. */
export type Recovered =
  | { readonly kind: 'serving'; readonly running: RunningTarget; readonly phases: RecoveryRecord }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Starts the target on a directory that a crash left, and watches it until it takes writes. */
export async function recover(target: Target, options: StartOptions): Promise<Recovered> {
  let running: RunningTarget | null = null;
  try {
    const listening = await startListening(target, options, recoverTimeoutMs);
    running = listening.running;
    const { listeningNs } = listening;
    const times = await probeRecovery(running, { timeoutMs: recoverTimeoutMs, listeningNs });
    return { kind: 'serving', running, phases: phasesOf(times, running.loadingMs()) };
  } catch (error) {
    const words = running?.logTail(lastWordsLines) ?? [];
    await running?.stop(0);
    if (!(error instanceof HarnessError) || error.code !== 'TARGET_FAILED') throw error;
    if (wasEnded(error.message)) throw error;
    const heard = words.length > 0 ? words : error.message.split('\n').slice(-lastWordsLines);
    // Paths as they are in the data directory: the folder of the trial tells nobody anything.
    const said = heard.map((line) => line.replaceAll(`${options.directory}/`, ''));
    return { kind: 'refused', refusal: { file: fileIn(said), words: said, repair: null } };
  }
}

function phasesOf(times: RecoveryTimes, loadingMs: number | null): RecoveryRecord {
  const since = (atNs: number): number => Math.round((atNs - times.spawnedNs) / 1e4) / 100;
  return {
    listeningMs: since(times.listeningNs),
    firstReadMs: since(times.firstReadNs),
    firstWriteMs: since(times.firstWriteNs),
    loadingMs,
  };
}

/** A server that somebody ended while it recovered, the kernel for want of memory say. */
function wasEnded(message: string): boolean {
  const [first = ''] = message.split('\n');
  return /\(signal SIG(?:KILL|TERM|INT|HUP)\)/.test(first);
}

/**
 * The file of persistence that a server's words of complaint are about: the last one that it
 * names, but for those that it has loaded and for placeholders in its advice.
 */
export function fileIn(words: readonly string[]): string | null {
  const line = words.findLast((each) => filePattern.test(each) && !/\bloaded from\b/.test(each));
  return line === undefined ? null : filePattern.exec(line)?.[0] ?? null;
}

const filePattern = /(?<![<\w./-])[\w./-]+\.(?:rdb|aof|manifest)\b/;

/** Reads everything back that the workload may have written. */
export async function survivorsOf(
  running: RunningTarget,
  { workload, ledger, preloadKeys }:
  { workload: WorkloadSpec; ledger: Ledger; preloadKeys: number },
): Promise<Survivors> {
  const client = await RespClient.connect({
    host: running.host, port: running.port, timeoutMs: 60_000,
  });
  try {
    const upTo = Array.from({ length: workload.clients }, (_, each) => ledger.count(each));
    return await readBack(client, { workload, upTo, preloadKeys });
  } finally {
    client.close();
  }
}
