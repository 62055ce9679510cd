// A large sorted set: a tree by (score, member) and one by the member's hash that knows the score.
//
// An element of the first tree is the member. One of the second tree:
//
//   f64  score, little-endian
//   ..   the member's first bytes, `keptBytes` at most
//
// Short members are there as a whole: ZSCORE takes one descent, and ZSCAN can go by hash, which
// stays put whatever comes and goes. Of long ones enough is there to find them in the first tree.

import type { KeyHash } from '../keyspace/hash.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { TreeHost } from '../tree/host.ts';
import { orderHash, orderScore, rootBytes } from '../tree/reader.ts';
import { Tree } from '../tree/tree.ts';
import { copyBytes, sameBytes } from './bytes.ts';

const scoreBytes = 8;
const keptBytes = 64;

/** Reads and changes the two trees; the place is the one in `tree`, unless said otherwise. */
export class SortedSetTree {
  /** Score of the member found. */
  score: number = 0;
  /** By score. */
  readonly tree: Tree;
  private readonly members: Tree;
  private readonly keyHash: KeyHash;
  private readonly host: TreeHost;
  private readonly double: Float64Array = new Float64Array(1);
  private readonly doubleBytes: Uint8Array = new Uint8Array(this.double.buffer);

  constructor(keyspace: Keyspace, tree: Tree) {
    this.keyHash = keyspace.keyHash;
    this.host = keyspace.treeHost;
    this.tree = tree;
    this.members = new Tree(keyspace.treeHost);
  }

  /** Opens the trees whose roots these are. */
  open(buffer: Buffer, base: number): void {
    this.tree.open(buffer, base);
    this.members.open(buffer, base + rootBytes);
  }

  /** Writes the roots of empty trees and opens them. */
  create(roots: Buffer): void {
    this.tree.create(roots, 0, orderScore);
    this.members.create(roots, rootBytes, orderHash);
  }

  /** Whether a snapshot runs: what it reads is copied before it changes. */
  private get frozen(): boolean {
    return this.host.frozenBelow !== 0;
  }

  /** Finds the score of a member: the place in `members` is on it. In `tree` there is none. */
  find(buffer: Buffer, start: number, end: number): boolean {
    const { members } = this;
    const hash = this.keyHash.of(buffer, start, end);
    for (let more = members.seekHash(hash); more; more = members.nextSameHash()) {
      if (this.isMember(buffer, start, end)) {
        return true;
      }
    }
    return false;
  }

  /** To the member found, with its score, in `tree`. */
  locate(buffer: Buffer, start: number, end: number): boolean {
    return this.tree.seekScore(this.score, buffer, start, end);
  }

  /**
   * Adds the member just sought in vain.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  insert(score: number, buffer: Buffer, start: number, end: number): void {
    const { tree, members } = this;
    this.insertMember(score, buffer, start, end);
    try {
      tree.seekScore(score, buffer, start, end);
      tree.insert(end - start);
    } catch (error) {
      members.remove();
      throw error;
    }
    copyBytes(tree.elementBuffer, tree.elementStart, buffer, start, end);
    this.score = score;
  }

  /**
   * Gives the member just found another score.
   * @throws {EngineError} ARENA_FULL when there is no room; nothing has changed then.
   */
  move(score: number, buffer: Buffer, start: number, end: number): void {
    const { tree, members } = this;
    if (score === this.score) {
      return;
    }
    members.prepare();
    if (this.frozen) {
      this.locate(buffer, start, end);
      tree.prepare();
    }
    tree.seekScore(score, buffer, start, end);
    tree.insert(end - start);
    copyBytes(tree.elementBuffer, tree.elementStart, buffer, start, end);
    this.locate(buffer, start, end);
    tree.remove();
    this.writeScore(score);
    this.score = score;
  }

  /**
   * Removes the member at the place in `tree`, whose bytes these are, and which may lie there.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs; nothing has changed then.
   */
  removeHere(buffer: Buffer, start: number, end: number): void {
    const { tree, members } = this;
    this.find(buffer, start, end);
    members.prepare();
    tree.remove();
    members.remove();
  }

  /**
   * Removes `count` members from rank `from` on. `frozen`: a snapshot runs.
   * @throws {EngineError} ARENA_FULL only while a snapshot runs; nothing has changed then.
   */
  removeRange(from: number, count: number, frozen: boolean): void {
    const { tree, members } = this;
    if (frozen) {
      for (let rank = from; rank < from + count; rank++) {
        this.reach(rank);
        members.prepare();
        tree.prepare();
      }
    }
    for (let rank = from; rank < from + count; rank++) {
      this.reach(rank);
      members.remove();
    }
    tree.removeRange(from, count);
  }

  /** SCAN by hash: goes to each of about `count` members in `tree` and calls `visit`. */
  scan(cursor: number, count: number, visit: () => void): number {
    const { members } = this;
    let more = members.seekHash(cursor) || members.settle();
    let last = -1;
    for (let left = count; more && (left > 0 || members.hash === last); left--) {
      last = members.hash;
      this.locateScanned(last);
      visit();
      more = members.next();
    }
    return more ? last + 1 : 0;
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** To the member of this rank, in both trees. */
  private reach(rank: number): void {
    const { tree } = this;
    tree.seekRank(rank);
    this.find(tree.elementBuffer, tree.elementStart, tree.elementEnd);
  }

  /** Whether the element at the place in `members` is this member; reads its score. */
  private isMember(buffer: Buffer, start: number, end: number): boolean {
    const { elementBuffer, elementStart, elementEnd } = this.members;
    const kept = Math.min(keptBytes, end - start);
    if (elementEnd - elementStart !== scoreBytes + kept ||
      !sameBytes(elementBuffer, elementStart + scoreBytes, buffer, start, start + kept)) {
      return false;
    }
    this.readScore();
    // Others may begin as a long one does; which it is, only the tree by score knows.
    return end - start < keptBytes || this.tree.seekScore(this.score, buffer, start, end);
  }

  /** To the member at the place in `members` in `tree`. */
  private locateScanned(hash: number): void {
    const { tree, members, keyHash } = this;
    const { elementBuffer, elementStart, elementEnd } = members;
    this.readScore();
    const found = tree.seekScore(this.score, elementBuffer, elementStart + scoreBytes, elementEnd);
    if (elementEnd - elementStart < scoreBytes + keptBytes) {
      return;
    }
    for (let more = found || tree.settle(); more; more = tree.next()) {
      if (keyHash.of(tree.elementBuffer, tree.elementStart, tree.elementEnd) === hash) {
        return;
      }
    }
  }

  private insertMember(score: number, buffer: Buffer, start: number, end: number): void {
    const { members } = this;
    const kept = Math.min(keptBytes, end - start);
    members.insert(scoreBytes + kept);
    const { elementBuffer, elementStart } = members;
    copyBytes(elementBuffer, elementStart + scoreBytes, buffer, start, start + kept);
    this.writeScore(score);
  }

  private readScore(): void {
    const { elementBuffer, elementStart } = this.members;
    for (let index = 0; index < scoreBytes; index++) {
      this.doubleBytes[index] = elementBuffer[elementStart + index] as number;
    }
    this.score = this.double[0] as number;
  }

  private writeScore(score: number): void {
    const { elementBuffer, elementStart } = this.members;
    // -0 becomes 0.
    this.double[0] = score + 0;
    for (let index = 0; index < scoreBytes; index++) {
      elementBuffer[elementStart + index] = this.doubleBytes[index] as number;
    }
  }
}
