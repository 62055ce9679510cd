// The story of a lost write in plain words: which storage calls should have made it durable.

import type { OpLog, OpRecord } from '../../engine/io/op-log.ts';
import { durationWords } from '../checkers/judgement.ts';
import type { LossCurve } from '../crash/curve/loss-curve.ts';
import type { DecodedLog } from '../crash/curve/decoded-log.ts';

const callsTold = 6;

/** Tells, for a write of the run, the end of a sentence about its log bytes and the calls after. */
export function storyTeller(
  log: OpLog, curve: LossCurve,
): (write: { client: number; sequence: number }) => string {
  return ({ client, sequence }) => {
    const place = placeOf(curve, client, sequence);
    if (place === null) return '. No log file ever held it';
    const { decoded, position } = place;
    const change = decoded.file.changes[decoded.changeOf(position) - 1];
    if (change === undefined) return '';
    const since = (atNs: number): string => durationWords(atNs - curve.startNs);
    const write = log.records.find((record) => (
      record.call === 'write' && record.beginNs === change.beginNs));
    if (write === undefined) return '';
    const after = callsAfter(log, write);
    const calls = after.map((record) => `${callWords(record)} at ${since(record.beginNs)}`
      + (record.endNs === Infinity ? ' (never ended)' : ` to ${since(record.endNs)}`
        + (record.result < 0 ? ` (failed: errno ${-record.result})` : '')));
    const sync = after.find((record) => record.call === 'sync' && record.result >= 0
      && record.inode === write.inode && record.beginNs >= write.endNs);
    const due = sync === undefined || sync.endNs === Infinity
      ? 'no later sync of that file ended'
      : `it was durable with the sync that ended at ${since(sync.endNs)}`;
    return `. Its log bytes were written to ${write.path} at ${since(write.beginNs)}; ${due}. `
      + `The calls from there: write${calls.length === 0 ? '' : `, ${calls.join(', ')}`}`;
  };
}

function placeOf(
  curve: LossCurve, client: number, sequence: number,
): { decoded: DecodedLog; position: number } | null {
  const { positions, recoveries } = curve;
  for (let at = 0; at < positions.count; at++) {
    if (positions.client[at] !== client || positions.sequence[at] !== sequence) continue;
    const decoded = recoveries.holderOf(at);
    return decoded === null ? null : { decoded, position: at };
  }
  return null;
}

/** The next calls of other kinds than writes, up to the first sync that covers the write. */
function callsAfter(log: OpLog, write: OpRecord): OpRecord[] {
  const found: OpRecord[] = [];
  const from = log.records.indexOf(write);
  for (const record of log.records.slice(from + 1)) {
    if (record.call === 'write' || record.call === 'close') continue;
    found.push(record);
    const covers = record.call === 'sync' && record.inode === write.inode && record.result >= 0
      && record.beginNs >= write.endNs;
    if (covers || found.length >= callsTold) break;
  }
  return found;
}

function callWords({ call, path, newPath }: OpRecord): string {
  const of = path === '' ? 'the directory' : path;
  return newPath === '' ? `${call} ${of}` : `${call} ${of} → ${newPath}`;
}
