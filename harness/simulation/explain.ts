// A simulated crash that broke a promise, as a user reads it: which write, when it was
// acknowledged, when it should have been durable, and the storage calls around it.

import type { OpLog, OpRecord } from '../../engine/io/op-log.ts';
import { RunContext } from '../checkers/context.ts';
import { durationWords, wordsOf } from '../checkers/judgement.ts';
import { countLosses } from '../checkers/loss.ts';
import type { SimulationPlan } from './plan.ts';
import type { SimulationFailure } from './simulate.ts';

const callsBefore = 4;
const callsTold = 12;

/** The explanation, a line each. */
export function explain(failure: SimulationFailure): string[] {
  const { outcome: { crash, judgement, cutNs }, log, history, serverLog } = failure;
  const run = new RunContext(history);
  const found = judgement.findings.map(({ kind, text }) => `  ${kind}: ${text}`);
  const lost = oldestLost(run, failure);
  const refused = judgement.findings.some(({ kind }) => kind === 'refused');
  return [
    `A crash (${crash}) broke the promise: this setting ${judgement.promise}.`, ...found,
    ...(lost === null ? [] : [lostWords(run, lost, failure)]),
    'The storage calls around it, in time before the cut:',
    ...calls(log, lost, cutNs),
    ...(refused ? ['The server said:', ...serverLog.map((line) => `  ${line}`)] : []),
  ];
}

/** What a plan does, in a line. */
export function planWords({ setting, mix, clients, keysPerClient, pipeline, lives }:
SimulationPlan): string {
  const sum = (count: (life: SimulationPlan['lives'][number]) => number): number => (
    lives.reduce((total, life) => total + count(life), 0));
  const counted = (count: number, word: string): string => (
    `${count} ${word}${count === 1 ? '' : 's'}`);
  return `${setting}, mix ${mix}: ${lives.length} ${lives.length === 1 ? 'life' : 'lives'} of `
    + `${counted(sum(({ turns }) => turns), 'turn')}, ${counted(clients, 'client')} with `
    + `${counted(keysPerClient, 'key')} each, pipeline ${pipeline}, `
    + `${counted(sum(({ events }) => events.length), 'event')}, `
    + `${counted(sum(({ faults, cuts }) => (
      faults.length + cuts.filter(({ fault, again, damage }) => (
        fault !== null || again !== null || damage !== null)).length)), 'fault')}, `
    + `${counted(sum(({ cuts }) => cuts.length), 'crash').replace('crashs', 'crashes')}`;
}

interface LostWrite {
  readonly client: number;
  readonly sequence: number;
  readonly sentNs: number;
  readonly ackedNs: number;
}

/** The acknowledged write that is gone, the oldest of them; null: none is. */
function oldestLost(run: RunContext, { outcome }: SimulationFailure): LostWrite | null {
  const { judgement: { prefixes, lost }, cutNs } = outcome;
  if (lost.writes === 0 || prefixes.length === 0) return null;
  const [oldest] = countLosses(run, prefixes, cutNs).clients
    .filter(({ writes }) => writes > 0)
    .sort((a, b) => a.firstAckedNs - b.firstAckedNs);
  if (oldest === undefined) return null;
  const { client, firstLost, firstAckedNs } = oldest;
  const sentNs = run.sentNs(client, firstLost);
  return { client, sequence: firstLost, sentNs, ackedNs: firstAckedNs };
}

function lostWords(
  run: RunContext, { client, sequence, sentNs, ackedNs }: LostWrite,
  { log, outcome: { cutNs, judgement: { boundMs } } }: SimulationFailure,
): string {
  const before = (atNs: number): string => `${durationWords(cutNs - atNs)} before the cut`;
  const due = boundMs === null ? 'when it was acknowledged'
    : `${durationWords(boundMs * 1e6)} after that`;
  return `The oldest lost write is ${wordsOf(run, client, sequence)}: sent ${before(sentNs)}, `
    + `acknowledged ${before(ackedNs)}. It should have been durable ${due}.`
    + syncWords(log, { client, sequence, sentNs, ackedNs }, cutNs);
}

/** The last calls before the write was sent and those from there to the cut, a line each. */
function calls({ records }: OpLog, write: LostWrite | null, cutNs: number): string[] {
  const upTo = records.filter(({ beginNs }) => beginNs <= cutNs);
  const first = write === null ? -1 : upTo.findIndex(({ beginNs }) => beginNs >= write.sentNs);
  const at = Math.max(0, (first < 0 ? upTo.length : first) - callsBefore);
  const told = upTo.slice(at, at + callsTold);
  const rest = upTo.length - at - told.length;
  const lines = [
    ...told.map((record) => ({ atNs: record.beginNs, text: callWords(record, cutNs) })),
    ...(write === null ? [] : [
      { atNs: write.sentNs, text: '(the client sends the write)' },
      { atNs: write.ackedNs, text: '(the client has the reply: the write is acknowledged)' },
    ]),
  ].sort((a, b) => a.atNs - b.atNs);
  return [
    ...lines.map(({ atNs, text }) => `  −${durationWords(cutNs - atNs)}  ${text}`),
    ...(rest > 0 ? [`  … and ${rest} more up to the cut`] : []),
  ];
}

/** Whether a sync of a log covered the write; '' where one did, and it is gone all the same. */
function syncWords({ records }: OpLog, { sentNs }: LostWrite, cutNs: number): string {
  const covers = records.some(({ call, path, result, beginNs, endNs }) => (
    call === 'sync' && path.endsWith('.aof') && result >= 0 && beginNs >= sentNs
    && endNs <= cutNs));
  return covers ? '' : ' No sync of a log that began after it was sent had ended by the cut.';
}

function callWords(
  { call, path, newPath, beginNs, endNs, offsetBytes, result, data }: OpRecord, cutNs: number,
): string {
  const what = call === 'write' ? ` of ${data.length} bytes at ${offsetBytes}:` : '';
  const where = newPath === '' ? path : `${path} → ${newPath}`;
  const end = endNs > cutNs ? 'not ended by the cut' : result < 0 ? `failed: errno ${-result}`
    : `took ${durationWords(endNs - beginNs)}`;
  return `${call}${what} ${where === '' ? 'the directory' : where} (${end})`;
}
