// What a crash may leave besides what was synced (model `power-torn`): any sectors of unsynced
// writes, lengths without their data, names in any order. Whatever `power` keeps is kept.

import { countUpTo } from '../crash-tree.ts';
import type { CrashFile, DataChange, FileTree, NameChange } from '../crash-tree.ts';
import { contentAfterDrops } from '../dropped-content.ts';
import { FileContent } from '../file-content.ts';
import { durableNodesWith } from '../names.ts';
import type { Timeline } from '../timeline.ts';
import type { Draw } from './candidates.ts';

/** How one image is torn. */
export interface Tear {
  /** What reaches the disk as a whole or not at all. */
  readonly sectorBytes: 512 | 4096;
  /** Of the unsynced sectors, the ones up to a point, or any. */
  readonly sectors: 'first ones' | 'any';
  /** How many of a hundred unsynced sectors and names are there. */
  readonly percent: number;
  /** The length of a file: as synced, as last written, or one in between. */
  readonly length: 'synced' | 'written' | 'between';
}

/** A way to tear, drawn. */
export function drawTear(draw: Draw): Tear {
  return {
    sectorBytes: draw(0, 1) === 0 ? 512 : 4096,
    sectors: draw(0, 2) === 0 ? 'first ones' : 'any',
    percent: [0, 20, 50, 80, 100][draw(0, 4)] as number,
    length: (['synced', 'written', 'written', 'between'] as const)[draw(0, 3)] ?? 'written',
  };
}

/** One image of a cut at an instant; the same draws give the same image. */
export function tornImage(
  timeline: Timeline, cutNs: number, { tear, draw }: { tear: Tear; draw: Draw },
): FileTree {
  const names = tornNames(timeline, cutNs, { tear, draw });
  const files = new Map<string, Uint8Array>();
  const directories: string[] = [];
  const bytesOf = new Map<CrashFile, Uint8Array>();
  for (const [path, node] of durableNodesWith(timeline, cutNs, names)) {
    if (node.kind === 'directory') {
      directories.push(path);
      continue;
    }
    const bytes = bytesOf.get(node) ?? tornContent(node, cutNs, { tear, draw });
    bytesOf.set(node, bytes);
    files.set(path, bytes);
  }
  return { files, directories };
}

/** Unsynced changes of names that are there; one never overtakes an earlier one of its names. */
function tornNames(
  timeline: Timeline, cutNs: number, { tear, draw }: { tear: Tear; draw: Draw },
): NameChange[] {
  const open = timeline.nameChanges
    .filter(({ endNs, durableNs }) => endNs <= cutNs && durableNs > cutNs);
  const kept = new Set<NameChange>();
  for (const change of open) {
    const mayStay = change.earlier.every((each) => each.durableNs <= cutNs || kept.has(each));
    if (mayStay && draw(1, 100) <= tear.percent) kept.add(change);
  }
  return [...kept];
}

function tornContent(
  file: CrashFile, cutNs: number, { tear, draw }: { tear: Tear; draw: Draw },
): Uint8Array {
  if (file.drops.some(({ atNs }) => atNs <= cutNs)) return contentAfterDrops(file, cutNs);
  const synced = file.durableCount(cutNs);
  const before = new FileContent(file).at(synced);
  const open = openChanges(file, synced, cutNs);
  if (open.length === 0) return before;
  const torn = new TornFile(before, open, { tear, draw });
  return torn.bytes();
}

/** Changes that ended and are not durable, and those still running. */
function openChanges(file: CrashFile, synced: number, cutNs: number): readonly DataChange[] {
  const ended = countUpTo(file.endedNs, cutNs);
  const running = file.changes.slice(ended, ended + 8).filter(({ beginNs }) => beginNs <= cutNs);
  return [...file.changes.slice(synced, ended), ...running];
}

class TornFile {
  readonly #content: Uint8Array;
  readonly #lengths: number[];
  readonly #tear: Tear;
  readonly #draw: Draw;
  /** Sectors are numbered as they were written; of `first ones`, those below this are there. */
  #sectorsLeft: number;
  /** Sectors of which something is missing: what was written to them later is missing as well. */
  readonly #missing = new Set<number>();

  constructor(
    before: Uint8Array, open: readonly DataChange[], { tear, draw }: { tear: Tear; draw: Draw },
  ) {
    this.#tear = tear;
    this.#draw = draw;
    this.#lengths = [before.length];
    let [capacity, sectors] = [before.length, 0];
    for (const { offsetBytes, bytes } of open) {
      const end = offsetBytes + (bytes?.length ?? 0);
      const length = bytes === null ? offsetBytes : Math.max(this.#lengths.at(-1) ?? 0, end);
      this.#lengths.push(length);
      capacity = Math.max(capacity, length);
      sectors += Math.ceil(((bytes?.length ?? 0) + 1) / tear.sectorBytes);
    }
    this.#sectorsLeft = Math.round((sectors * tear.percent * draw(0, 100)) / 10_000);
    this.#content = new Uint8Array(capacity);
    this.#content.set(before);
    for (const change of open) this.#apply(change);
  }

  bytes(): Uint8Array {
    const lengths = this.#lengths;
    const last = lengths.length - 1;
    const kept = { synced: 0, written: last, between: this.#draw(0, last) }[this.#tear.length];
    return this.#content.subarray(0, lengths[kept]);
  }

  #apply({ offsetBytes, bytes }: DataChange): void {
    if (bytes === null) {
      if (this.#isThere()) this.#content.fill(0, offsetBytes);
      return;
    }
    const { sectorBytes } = this.#tear;
    const end = offsetBytes + bytes.length;
    for (let at = offsetBytes; at < end;) {
      const sector = Math.floor(at / sectorBytes);
      const next = Math.min(end, (sector + 1) * sectorBytes);
      // A sector goes to the disk as the cache has it: never with a later write and without an
      // earlier one.
      if (!this.#isThere()) this.#missing.add(sector);
      if (!this.#missing.has(sector)) {
        this.#content.set(bytes.subarray(at - offsetBytes, next - offsetBytes), at);
      }
      at = next;
    }
  }

  #isThere(): boolean {
    if (this.#tear.sectors === 'first ones') return this.#sectorsLeft-- > 0;
    return this.#draw(1, 100) <= this.#tear.percent;
  }
}
