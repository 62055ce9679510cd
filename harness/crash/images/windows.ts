// The windows of a run in which a power cut is dangerous, rarest first: between a rename and the
// sync that makes it durable, while a directory is synced, with the first bytes of a file …
// Whatever lies in none of them lies between syncs.

import type { OpLog } from '../../../engine/io/op-log.ts';
import type { CrashFile, NameChange } from '../crash-tree.ts';
import type { Timeline } from '../timeline.ts';

/** Where an instant can lie; also the rows of the coverage table. */
export const windowNames = [
  'manifest swap', 'base install', 'snapshot rename', 'other rename', 'removal', 'directory sync',
  'first bytes of a file', 'truncation', 'sync in flight', 'between syncs',
] as const;

export type WindowName = (typeof windowNames)[number];

/** From (included) to (not), CLOCK_MONOTONIC ns. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

/** All spans of one window within a run. */
export interface CrashWindow {
  readonly name: WindowName;
  readonly spans: readonly Span[];
}

/** Finds the windows of a run; those that never opened have no spans. */
export function crashWindows(log: OpLog, timeline: Timeline, within: Span): CrashWindow[] {
  const found = new Map<WindowName, Span[]>(windowNames.map((name) => [name, []]));
  const add = (name: WindowName, fromNs: number, toNs: number): void => {
    const span = { fromNs: Math.max(fromNs, within.fromNs), toNs: Math.min(toNs, within.toNs) };
    if (span.fromNs < span.toNs) found.get(name)?.push(span);
  };
  for (const change of timeline.nameChanges) {
    const name = windowOf(change);
    if (name !== null) add(name, change.endNs, change.durableNs);
  }
  for (const { call, beginNs, endNs } of log.records) {
    if (call === 'sync-directory') add('directory sync', beginNs, endNs);
    else if (call === 'sync') add('sync in flight', beginNs, endNs);
  }
  for (const file of timeline.files) {
    const [first] = file.changes.filter(({ bytes }) => bytes !== null);
    if (first !== undefined) add('first bytes of a file', first.beginNs, firstBytesEndNs(file));
    for (const [index, { beginNs, bytes, offsetBytes }] of file.changes.entries()) {
      if (bytes === null && offsetBytes > 0) add('truncation', beginNs, settledNs(file, index));
    }
  }
  add('between syncs', within.fromNs, within.toNs);
  return windowNames.map((name) => ({ name, spans: found.get(name) ?? [] }));
}

function windowOf({ path, removed, added }: NameChange): WindowName | null {
  if (added === null) return 'removal';
  if (path.endsWith('.manifest')) return removed === null ? null : 'manifest swap';
  if (/\.base\.(rdb|aof)$/.test(path)) return 'base install';
  if (removed === null) return null;
  return path.endsWith('.rdb') ? 'snapshot rename' : 'other rename';
}

/** The first few writes of a file, until a sync covers them. */
function firstBytesEndNs(file: CrashFile): number {
  const third = file.changes[2]?.beginNs ?? Infinity;
  return Math.min(third, settledNs(file, 0));
}

/** When a change became durable. */
function settledNs(file: CrashFile, index: number): number {
  const at = file.settledCounts.findIndex((count) => count > index);
  return file.settledNs[at] ?? Infinity;
}
