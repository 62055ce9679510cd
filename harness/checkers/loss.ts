// What did not survive beyond the prefixes: counted, and held against promise and floors.

import type { RunContext } from './context.ts';
import { acknowledgedWords, durationWords, wordedPerKind, wordsOf } from './judgement.ts';
import type { Findings, Lost } from './judgement.ts';
import type { Floor, PromiseRule } from './promise.ts';

/** The losses of one client: its acknowledged operations beyond the prefix. */
interface ClientLoss {
  readonly client: number;
  readonly prefix: number;
  readonly writes: number;
  readonly bytes: number;
  /** The first lost operation and when it was acknowledged; 0 and Infinity = none. */
  readonly firstLost: number;
  readonly firstAckedNs: number;
}

/** The losses of all clients at one cut. */
export interface Losses {
  readonly lost: Lost;
  readonly acknowledged: number;
  readonly inFlight: number;
  readonly clients: readonly ClientLoss[];
  readonly cutNs: number;
}

/** Counts what was acknowledged before the cut and lies beyond each client's prefix. */
export function countLosses(
  run: RunContext, prefixes: readonly number[], cutNs: number,
): Losses {
  let acknowledged = 0;
  let inFlight = 0;
  const clients = prefixes.map((prefix, client) => {
    const counts = countClient(run, client, cutNs);
    acknowledged += counts.acknowledged;
    inFlight += counts.inFlight;
    return lossOf(run, { client, prefix, cutNs });
  });
  const oldestNs = clients.reduce((oldest, loss) => Math.min(oldest, loss.firstAckedNs), Infinity);
  const lost = {
    writes: clients.reduce((sum, loss) => sum + loss.writes, 0),
    bytes: clients.reduce((sum, loss) => sum + loss.bytes, 0),
    windowMs: oldestNs === Infinity ? 0 : (cutNs - oldestNs) / 1e6,
  };
  return { lost, acknowledged, inFlight, clients, cutNs };
}

/** Reports losses that the promise does not allow. */
export function checkPromise(
  run: RunContext, losses: Losses, options: { rule: PromiseRule; promise: string;
    floors: readonly Floor[]; findings: Findings },
): void {
  const { rule, promise, floors, findings } = options;
  if (rule.kind === 'zero-lost') {
    reportLost(run, losses, { findings, promise, floors });
    return;
  }
  checkFloors(run, losses, { findings, floors });
  if (rule.kind === 'window' && losses.lost.windowMs > rule.boundMs) {
    const oldest = byAge(losses)[0] as ClientLoss;
    findings.add('window', () => `${wordsOf(run, oldest.client, oldest.firstLost)}, `
      + `${acknowledgedWords(oldest.firstAckedNs, losses.cutNs)}, is gone; with the syncs `
      + `as measured at most ${durationWords(rule.boundMs * 1e6)} may be lost: `
      + `this setting ${promise}`);
  }
}

/**
 * Reports lost writes that were acknowledged before a surviving write of another client was sent:
 * then what survived is no prefix of what the server did.
 */
export function checkAcrossClients(run: RunContext, losses: Losses, findings: Findings): void {
  let latestNs = -Infinity;
  let latest: ClientLoss | null = null;
  for (const loss of losses.clients) {
    if (loss.prefix === 0) continue;
    const sentNs = run.sentNs(loss.client, loss.prefix);
    if (sentNs > latestNs) [latestNs, latest] = [sentNs, loss];
  }
  if (latest === null) return;
  const survivor = latest;
  for (const loss of byAge(losses)) {
    if (loss.firstAckedNs >= latestNs) return;
    findings.add('hole', () => `${wordsOf(run, loss.client, loss.firstLost)} is gone, though it `
      + `was acknowledged ${durationWords(latestNs - loss.firstAckedNs)} before `
      + `${wordsOf(run, survivor.client, survivor.prefix)} was sent, which survived`);
  }
}

function countClient(
  run: RunContext, client: number, cutNs: number,
): { acknowledged: number; inFlight: number } {
  const { ledger } = run;
  const lastSent = ledger.lastSent(client, cutNs);
  const last = ledger.lastAcknowledged(client, cutNs, run.ackedNs);
  let acknowledged = 0;
  for (let sequence = 1; sequence <= last; sequence++) {
    if (run.acknowledgedNs(client, sequence) <= cutNs) acknowledged++;
  }
  let inFlight = 0;
  for (let sequence = last + 1; sequence <= lastSent; sequence++) {
    if (!isRefusedBy(run, ledger.at(client, sequence), cutNs)) inFlight++;
  }
  return { acknowledged, inFlight };
}

/** Whether the reply had come by the cut, which can only have been an error here. */
function isRefusedBy(run: RunContext, index: number, cutNs: number): boolean {
  return (run.ledger.ackedNs[index] as number) <= cutNs;
}

function lossOf(
  run: RunContext, input: { client: number; prefix: number; cutNs: number },
): ClientLoss {
  const { client, prefix, cutNs } = input;
  const last = run.ledger.lastAcknowledged(client, cutNs, run.ackedNs);
  let writes = 0;
  let bytes = 0;
  let firstLost = 0;
  for (let sequence = prefix + 1; sequence <= last; sequence++) {
    if (run.acknowledgedNs(client, sequence) > cutNs) continue;
    if (firstLost === 0) firstLost = sequence;
    writes++;
    bytes += run.operations.payloadBytes(client, sequence);
  }
  const firstAckedNs = firstLost === 0 ? Infinity : run.acknowledgedNs(client, firstLost);
  return { client, prefix, writes, bytes, firstLost, firstAckedNs };
}

/** Clients that lost something, the oldest loss first. */
function byAge(losses: Losses): ClientLoss[] {
  return losses.clients.filter((loss) => loss.writes > 0)
    .sort((a, b) => a.firstAckedNs - b.firstAckedNs);
}

function reportLost(
  run: RunContext, losses: Losses,
  options: { findings: Findings; promise: string; floors: readonly Floor[] },
): void {
  const { findings, promise, floors } = options;
  const clients = byAge(losses);
  const worded = clients.slice(0, wordedPerKind);
  for (const loss of worded) {
    const floor = floors.find((each) => loss.firstAckedNs <= each.atNs);
    const although = floor === undefined ? '' : `, although ${floor.reason}`;
    findings.add('lost', () => `${wordsOf(run, loss.client, loss.firstLost)}, `
      + `${acknowledgedWords(loss.firstAckedNs, losses.cutNs)}, is gone${although}: `
      + `this setting ${promise}`);
  }
  findings.more('lost', losses.lost.writes - worded.length);
}

function checkFloors(
  run: RunContext, losses: Losses,
  options: { findings: Findings; floors: readonly Floor[] },
): void {
  for (const loss of byAge(losses)) {
    const floor = options.floors.find((each) => loss.firstAckedNs <= each.atNs);
    if (floor === undefined) continue;
    options.findings.add('floor', () => `${wordsOf(run, loss.client, loss.firstLost)}, `
      + `${acknowledgedWords(loss.firstAckedNs, losses.cutNs)}, is gone, although ${floor.reason}`);
  }
}
