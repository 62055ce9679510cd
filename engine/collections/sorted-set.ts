// Sorted sets: a pack of member, score, … in order while small; when large a tree by (score,
// member) and a tree by the member's hash that knows the score.

import { encodingPack, encodingTree, typeSortedSet } from '../keyspace/entry.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { rootBytes } from '../tree/reader.ts';
import { copyBytes, misfits, newScratch } from './bytes.ts';
import { CollectionHandle, encodingNone } from './handle.ts';
import type { PackLimits } from './limits.ts';
import { PackCheck } from './pack/check.ts';
import { SortedSetPack } from './sorted-set-pack.ts';
import type { PackBytes } from './sorted-set-pack.ts';
import { SortedSetTree } from './sorted-set-tree.ts';

const nothing = Buffer.alloc(0);
const kind = { type: typeSortedSet, encoding: encodingPack };

/**
 * The sorted set of a key. Order: score, then the member's bytes. Scores are any double but NaN;
 * -0 is 0. Iteration, scan, seeks and `find` show member (element…) and score.
 */
export class SortedSetHandle extends CollectionHandle {
  /** Score of the member seen last. */
  score: number = 0;
  protected readonly type: number = typeSortedSet;
  private readonly check: PackCheck = new PackCheck();
  private readonly roots: Buffer = Buffer.alloc(2 * rootBytes);
  private readonly small: SortedSetPack;
  private readonly large: SortedSetTree;
  // What `find` looked for, whether it was there, and whether the tree's place is not on it yet.
  private soughtBuffer: Buffer = nothing;
  private soughtStart: number = 0;
  private soughtEnd: number = 0;
  private found: boolean = false;
  private unlocated: boolean = false;
  /** Copy of the member removed last. */
  private removed: Buffer = newScratch(0);

  constructor(keyspace: Keyspace, limits: PackLimits) {
    super(keyspace, limits);
    this.small = new SortedSetPack(this.pack, this.writer);
    this.large = new SortedSetTree(keyspace, this.tree);
  }

  /** Listpack of member, score, … in order. */
  override adoptPack(buffer: Buffer, start: number, end: number): boolean {
    const { pack, check, limits } = this;
    const { database } = pack;
    const members = check.count(buffer, start, end) / 2;
    if (!(members > 0) || members !== Math.floor(members) ||
      members > limits.sortedSetEntries ||
      check.longestOf(buffer, start, 2) > limits.sortedSetValueBytes ||
      check.hasDuplicates(buffer, start, 2)) {
      return false;
    }
    const ordered = this.small.isOrdered(buffer, start, end);
    pack.closePack(database);
    if (!ordered) {
      return false;
    }
    this.small.encodeAll(buffer, start, end);
    pack.create(kind, this.writer, members * 2);
    this.encoding = encodingPack;
    this.openPack(database, pack.entry);
    return true;
  }

  /** The pack as Redis has it, which is not quite how it lies here; valid until the next call. */
  plainPack(): PackBytes {
    return this.small.plain();
  }

  /** Finds a member and shows its score; remembers it for `put`, `remove` and `rank`. */
  find(buffer: Buffer, start: number, end: number): boolean {
    // Storing a reference costs more than comparing it, and it is mostly the same.
    if (this.soughtBuffer !== buffer) this.soughtBuffer = buffer;
    if (this.elementBuffer !== buffer) this.elementBuffer = buffer;
    this.soughtStart = this.elementStart = start;
    this.soughtEnd = this.elementEnd = end;
    if (this.encoding === encodingTree) {
      this.unlocated = true;
      this.treeGap = false;
      this.found = this.large.find(buffer, start, end);
      if (this.found) {
        this.score = this.large.score;
      }
      return this.found;
    }
    this.writer.length = 0;
    this.writer.add(buffer, start, end);
    this.found = this.encoding !== encodingNone && this.pack.find(this.writer);
    if (this.found) {
      this.score = this.small.score;
    }
    return this.found;
  }

  /**
   * Gives the member last given to `find` this score: adds or moves it (right after, with nothing
   * else on this handle in between). The member must not lie in this sorted set.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  put(score: number): void {
    const { soughtBuffer: buffer, soughtStart: start, soughtEnd: end } = this;
    const wanted = score === 0 ? 0 : score;
    if (this.encoding !== encodingTree) {
      const { limits } = this;
      const fits = end - start <= limits.sortedSetValueBytes &&
        this.length < limits.sortedSetEntries;
      if (this.found || fits) {
        this.putSmall(wanted, buffer, start, end);
        return;
      }
      this.convert();
    }
    this.putLarge(wanted, buffer, start, end);
  }

  /**
   * Removes the member found or seen last and leaves a copy of it in element… (with score), which
   * stays readable until the next `remove` of this handle; `next` then shows the one that followed,
   * `previous` the one before.
   */
  remove(): void {
    const bytes = this.elementEnd - this.elementStart;
    if (misfits(this.removed.length, bytes)) {
      this.removed = newScratch(bytes);
    }
    copyBytes(this.removed, 0, this.elementBuffer, this.elementStart, this.elementEnd);
    this.removeHere(bytes);
    this.found = false;
    this.elementBuffer = this.removed;
    this.elementStart = 0;
    this.elementEnd = bytes;
  }

  /** Rank of the member found or seen last: 0 is the lowest. */
  rank(): number {
    if (this.encoding !== encodingTree) {
      return this.pack.rank();
    }
    this.locate();
    return this.tree.rank;
  }

  /**
   * Goes to the first member with score ≥ `score` (> when exclusive), or with `fromEnd` to the last
   * one with score ≤ `score` (< when exclusive), and shows it; false when there is none.
   */
  seekScore(score: number, exclusive: boolean, fromEnd: boolean): boolean {
    if (this.encoding !== encodingTree) {
      if (this.encoding === encodingNone) {
        return false;
      }
      const reached = this.small.seekScore(score, exclusive !== fromEnd);
      return (fromEnd ? this.pack.previous() : reached) && this.showPack();
    }
    const { tree } = this;
    this.treeGap = false;
    this.toScore(score, exclusive !== fromEnd);
    return (fromEnd ? tree.previous() : tree.settle()) && this.showTree();
  }

  /** As `seekScore`, by the members' bytes; all scores are the same, as for ZRANGEBYLEX. */
  seekLex(
    buffer: Buffer, start: number, end: number, exclusive: boolean, fromEnd: boolean,
  ): boolean {
    if (this.encoding !== encodingTree) {
      if (this.encoding === encodingNone) {
        return false;
      }
      const reached = this.small.seekLex(buffer, start, end, exclusive !== fromEnd);
      return (fromEnd ? this.pack.previous() : reached) && this.showPack();
    }
    const { tree } = this;
    this.treeGap = false;
    const more = this.toLex(buffer, start, end, exclusive !== fromEnd);
    return (fromEnd ? tree.previous() : more) && this.showTree();
  }

  /** Members with a score < `score`, with `inclusive` ≤ `score`. */
  rankOfScore(score: number, inclusive: boolean): number {
    if (this.encoding === encodingNone) {
      return 0;
    }
    if (this.encoding !== encodingTree) {
      this.small.seekScore(score, inclusive);
      return this.pack.rank();
    }
    this.toScore(score, inclusive);
    return this.tree.rank;
  }

  /** Members < these bytes, with `inclusive` ≤ them; all scores are the same. */
  rankOfLex(buffer: Buffer, start: number, end: number, inclusive: boolean): number {
    if (this.encoding === encodingNone) {
      return 0;
    }
    if (this.encoding !== encodingTree) {
      this.small.seekLex(buffer, start, end, inclusive);
      return this.pack.rank();
    }
    return this.toLex(buffer, start, end, inclusive) ? this.tree.rank : this.length;
  }

  /** Removes `count` members from rank `from` on (both clamped). */
  removeRange(from: number, count: number): void {
    const first = Math.max(0, from);
    const end = Math.min(this.length, from + count);
    if (first >= end) {
      return;
    }
    this.found = false;
    if (end - first === this.length) {
      this.removeKey();
    } else if (this.encoding === encodingTree) {
      this.pack.touch();
      const frozen = this.keyspace.treeHost.frozenBelow !== 0;
      this.large.removeRange(first, end - first, frozen);
    } else {
      this.small.removeRange(first, end - first);
    }
  }

  // ---- shown -----------------------------------------------------------------------------------

  protected override showPack(): boolean {
    super.showPack();
    this.score = this.small.score;
    return true;
  }

  protected override showTree(): boolean {
    super.showTree();
    this.score = this.tree.score;
    this.unlocated = false;
    return true;
  }

  protected override scanTree(cursor: number, count: number, visit: () => void): number {
    return this.large.scan(cursor, count, () => {
      this.showTree();
      visit();
    });
  }

  // ---- inside ----------------------------------------------------------------------------------

  protected override openPack(database: Database, entry: EntryAddress): void {
    this.pack.openPack(database, entry, 2);
    this.found = false;
  }

  protected override openTree(): void {
    this.large.open(this.pack.buffer, this.pack.base);
    this.treeGap = true;
    this.found = this.unlocated = false;
  }

  /** The place in the tree goes to the member found. */
  private locate(): void {
    if (this.unlocated) {
      this.unlocated = false;
      this.large.locate(this.soughtBuffer, this.soughtStart, this.soughtEnd);
    }
  }

  /** Removes the member at the place, of which `removed` has these bytes. */
  private removeHere(bytes: number): void {
    if (this.length === 1) {
      this.removeKey();
    } else if (this.encoding === encodingTree) {
      this.pack.touch();
      this.locate();
      this.large.removeHere(this.removed, 0, bytes);
      this.treeGap = true;
    } else {
      this.pack.removeEntry();
    }
  }

  private putSmall(score: number, buffer: Buffer, start: number, end: number): void {
    const { pack, small, writer } = this;
    if (this.found) {
      if (score !== this.score) {
        small.move(score, buffer, start, end);
      }
    } else if (this.encoding !== encodingNone) {
      small.insert(score, buffer, start, end);
    } else {
      small.encode(score);
      pack.create(kind, writer, 2);
      this.encoding = encodingPack;
      this.openPack(pack.database, pack.entry);
      pack.first();
    }
    this.found = true;
    this.score = score;
  }

  private putLarge(score: number, buffer: Buffer, start: number, end: number): void {
    const { pack, large } = this;
    pack.touch();
    if (this.found) {
      large.move(score, buffer, start, end);
    } else {
      try {
        large.insert(score, buffer, start, end);
      } catch (error) {
        if (this.length === 0) {
          this.removeKey();
        }
        throw error;
      }
    }
    this.found = this.unlocated = true;
    this.score = score;
  }

  /**
   * Makes what there is, if anything, a tree, and looks for the member sought again.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  private convert(): void {
    const { pack, large, roots, keyspace, soughtBuffer, soughtStart, soughtEnd } = this;
    large.create(roots);
    try {
      for (let more = this.length > 0 && pack.first(); more; more = pack.next()) {
        this.showPack();
        large.find(this.elementBuffer, this.elementStart, this.elementEnd);
        large.insert(this.score, this.elementBuffer, this.elementStart, this.elementEnd);
      }
    } catch (error) {
      keyspace.treeHost.release(roots, 0);
      keyspace.treeHost.release(roots, rootBytes);
      throw error;
    }
    this.installTrees(roots, 2);
    this.find(soughtBuffer, soughtStart, soughtEnd);
  }

  /** The place in the tree goes before the first member with a score ≥ (`beyond`: >). */
  private toScore(score: number, beyond: boolean): void {
    if (beyond) {
      this.tree.seekAfterScore(score);
    } else {
      this.tree.seekScore(score, nothing, 0, 0);
    }
  }

  /** The place in the tree goes to the first member ≥ (`beyond`: >) these bytes; false: the end. */
  private toLex(buffer: Buffer, start: number, end: number, beyond: boolean): boolean {
    const { tree } = this;
    tree.seekRank(0);
    const found = tree.seekScore(tree.score, buffer, start, end);
    return found && beyond ? tree.next() : tree.settle();
  }
}
