// Which paths name which files at an instant: as callers saw them, and as a power cut leaves them.

import type { CrashDirectory, CrashNode, Place } from './crash-tree.ts';
import type { Timeline } from './timeline.ts';

type Names = Map<CrashDirectory, Map<string, CrashNode>>;

interface Change {
  readonly node: CrashNode;
  readonly removed: Place | null;
  readonly added: Place | null;
}

/** Path → file or directory, parents first, as a power cut at `cutNs` leaves them. */
export function durableNodes(timeline: Timeline, cutNs: number): Map<string, CrashNode> {
  return durableNodesWith(timeline, cutNs, []);
}

/** The same when some further changes, in order, happened to reach the disk. */
export function durableNodesWith(
  timeline: Timeline, cutNs: number, further: readonly Change[],
): Map<string, CrashNode> {
  const names = initialNames(timeline);
  for (const change of timeline.durableNames) {
    if (change.durableNs <= cutNs) apply(names, change);
  }
  for (const change of further) apply(names, change);
  return walk(names, timeline.root);
}

/** Path → file or directory, parents first, as callers saw them at `cutNs`. */
export function liveNodes(timeline: Timeline, cutNs: number): Map<string, CrashNode> {
  const names = initialNames(timeline);
  for (const change of timeline.nameChanges) {
    if (change.endNs <= cutNs) apply(names, change);
  }
  return walk(names, timeline.root);
}

function initialNames(timeline: Timeline): Names {
  const names: Names = new Map();
  for (const { directory, name, node } of timeline.initialNames) {
    namesIn(names, directory).set(name, node);
  }
  return names;
}

function apply(names: Names, change: Change): void {
  const { removed, added, node } = change;
  if (removed !== null) namesIn(names, removed.directory).delete(removed.name);
  if (added !== null) namesIn(names, added.directory).set(added.name, node);
}

function namesIn(names: Names, directory: CrashDirectory): Map<string, CrashNode> {
  let found = names.get(directory);
  if (found === undefined) names.set(directory, (found = new Map()));
  return found;
}

function walk(names: Names, root: CrashDirectory): Map<string, CrashNode> {
  const nodes = new Map<string, CrashNode>();
  const visit = (directory: CrashDirectory, prefix: string): void => {
    for (const [name, node] of names.get(directory) ?? []) {
      nodes.set(prefix + name, node);
      if (node.kind === 'directory') visit(node, `${prefix}${name}/`);
    }
  };
  visit(root, '');
  return nodes;
}
