// Reading a tree: a place in it that moves by key, by rank or step by step, without allocating.

import { windowMask, windowShift } from '../memory/arena.ts';
import type { Address } from '../memory/arena.ts';
import { countWord, headerWords, lengthOf, offsetMask, readWord } from './layout.ts';
import type { SlotShape } from './layout.ts';
import { TreePlace } from './place.ts';

export { orderHash, orderPosition, orderScore, rootBytes } from './layout.ts';

const nothing = Buffer.alloc(0);
const scoreDouble = new Float64Array(1);
const scoreWords = new Int32Array(scoreDouble.buffer);
const signBit = 1 << 31;
/** Below this many bytes a loop beats the call of Buffer.compare. */
const loopBytes = 64;
const mostHash = 2 ** 31 - 1;
/** Slots looked at one by one before a search by hash halves what is left. */
const nearSlots = 16;

/** A place in a tree that is sought by key, too. */
export class TreeReader extends TreePlace {
  // The key last sought.
  protected high: number = 0;
  protected low: number = 0;
  protected soughtBuffer: Buffer = nothing;
  protected soughtStart: number = 0;
  protected soughtEnd: number = 0;
  // What is known of the page to search next: its hashes are between these two …
  private least: number = 0;
  private most: number = 0;
  // … or its elements with the score sought are between two that begin with so many bytes of the
  // sought ones, so all of them do.
  private sameBelow: number = 0;
  private sameAbove: number = 0;
  // Of the last comparison and search: bytes that were the same, whether the key itself was met.
  private same: number = 0;
  private met: boolean = false;

  /** Score of the element at the place (orderScore); -0 has become 0. */
  get score(): number {
    const at = this.base + headerWords + this.slot * this.leafWords + 1;
    const high = this.view[at] as number;
    const low = (this.view[at + 1] as number) ^ signBit;
    scoreWords[1] = high < 0 ? high ^ ~signBit : high;
    scoreWords[0] = high < 0 ? ~low : low;
    return scoreDouble[0] as number;
  }

  /**
   * orderHash: to the first element with this hash; false when there is none: the place is where
   * it would be inserted (`settle` moves on to the next element).
   */
  seekHash(hash: number): boolean {
    this.high = hash;
    this.least = 0;
    this.most = mostHash;
    let page = this.root;
    let count = this.count;
    for (let level = this.height - 1; level > 0; level--) {
      const view = this.words[page >>> windowShift] as Int32Array;
      const base = (page & windowMask) * 2;
      const slots = view[base + countWord] as number;
      const slot = this.searchHash(page, 1, slots) - 1;
      const at = base + headerWords + slot * 3;
      if (slot > 0) {
        this.least = view[at + 2] as number;
      }
      if (slot + 1 < slots) {
        this.most = view[at + 5] as number;
      }
      this.pages[level] = page;
      this.slots[level] = slot;
      page = view[at] as number;
      count = view[at + 1] as number;
    }
    if (page === 0) {
      return false;
    }
    this.setLeaf(page);
    // Its number of elements is known from above: one wait for memory less.
    const slot = this.searchHash(page, 0, count);
    this.slot = slot;
    if (slot === count) {
      return this.hopToHash(hash);
    }
    if (this.view[this.base + headerWords + slot * 2 + 1] !== hash) {
      return false;
    }
    this.load();
    return true;
  }

  /**
   * orderHash, after `seekHash`: to the next element with the same hash. When there is none: false,
   * and the place is one where an element with this hash may be inserted.
   */
  nextSameHash(): boolean {
    this.slot++;
    if (this.slot === this.view[this.base + countWord]) {
      return this.hopToHash(this.high);
    }
    if (this.hash !== this.high) {
      return false;
    }
    this.load();
    return true;
  }

  /**
   * orderScore: to this element; false when it is not there: the place is where it would be
   * inserted, just before the first greater one (`settle` moves on to it). No bytes (start = end)
   * find the first element with at least this score.
   */
  seekScore(score: number, buffer: Buffer, start: number, end: number): boolean {
    this.setSought(score, buffer, start, end);
    let page = this.root;
    for (let level = this.height - 1; level > 0; level--) {
      const slot = this.searchScore(page, 1, this.innerShape) - 1;
      this.pages[level] = page;
      this.slots[level] = slot;
      const at = (page & windowMask) * 2 + headerWords + slot * this.innerWords;
      page = (this.words[page >>> windowShift] as Int32Array)[at] as number;
    }
    if (page === 0) {
      return false;
    }
    this.setLeaf(page);
    this.met = false;
    this.slot = this.searchScore(page, 0, this.leafShape);
    if (this.met) {
      this.load();
    }
    return this.met;
  }

  /** orderScore: just behind the last element with at most this score; `settle` is the next one. */
  seekAfterScore(score: number): void {
    // An end before the start stands for bytes greater than all.
    this.seekScore(score, nothing, 1, 0);
  }

  // ---- inside ----------------------------------------------------------------------------------

  /** At the end of a leaf: to the first of the next if it has this hash; else the place stays. */
  private hopToHash(hash: number): boolean {
    const { leaf, slot } = this;
    if (!this.hop(1)) {
      return false;
    }
    if (this.enterLeaf(this.leaf, 0) && this.hash === hash) {
      return true;
    }
    this.hop(-1);
    this.setLeaf(leaf);
    this.slot = slot;
    return false;
  }

  private setSought(score: number, buffer: Buffer, start: number, end: number): void {
    // Adding 0 makes -0 to 0.
    scoreDouble[0] = score + 0;
    const high = scoreWords[1] as number;
    const low = scoreWords[0] as number;
    this.high = high < 0 ? high ^ ~signBit : high;
    this.low = (high < 0 ? ~low : low) ^ signBit;
    if (this.soughtBuffer !== buffer) this.soughtBuffer = buffer;
    this.soughtStart = start;
    this.soughtEnd = end;
    this.sameBelow = this.sameAbove = 0;
  }

  /**
   * The first of `count` slots of a leaf (`from` is 0) or, from slot 1 on, of an inner page whose
   * hash is not less than the one sought. Hashes are spread evenly: it is a few slots from where it
   * would be if they were exactly that.
   */
  private searchHash(page: Address, from: number, count: number): number {
    const view = this.words[page >>> windowShift] as Int32Array;
    const words = from + 2;
    const first = (page & windowMask) * 2 + headerWords + from + 1;
    const hash = this.high;
    const part = (hash - this.least) / (this.most - this.least + 1);
    const guess = Math.floor(from + part * (count - from));
    if (count <= from) {
      return from;
    }
    let low = Math.max(from, Math.min(guess, count - 1));
    let high = low;
    if ((view[first + low * words] as number) >= hash) {
      const end = Math.max(from, high - nearSlots);
      while (high > end && (view[first + (high - 1) * words] as number) >= hash) {
        high--;
      }
      low = high > end ? high : from;
    } else {
      const end = Math.min(count, low + nearSlots);
      low++;
      while (low < end && (view[first + low * words] as number) < hash) {
        low++;
      }
      high = low < end ? low : count;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((view[first + middle * words] as number) < hash) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * The first slot from `first` on whose key is greater than the one sought, or in a leaf (`first`
   * is 0) not less.
   */
  private searchScore(page: Address, first: number, shape: SlotShape): number {
    const view = this.words[page >>> windowShift] as Int32Array;
    const base = (page & windowMask) * 2;
    const { words, element, key } = shape;
    const soughtHigh = this.high;
    const soughtLow = this.low;
    let { sameBelow, sameAbove } = this;
    let low = first;
    for (let high = view[base + countWord] as number; low < high;) {
      const middle = (low + high) >>> 1;
      const at = base + headerWords + middle * words;
      const foundHigh = view[at + key] as number;
      const foundLow = view[at + key + 1] as number;
      let below = foundHigh < soughtHigh;
      if (foundHigh === soughtHigh) {
        below = foundLow < soughtLow;
        if (foundLow === soughtLow) {
          const order = this.compareElement(
            page, view[at + element] as number, Math.min(sameBelow, sameAbove),
          );
          if (order === 0) {
            this.met = true;
            this.sameBelow = this.same;
            return middle + first;
          }
          below = order < 0;
          if (below) {
            sameBelow = this.same;
          } else {
            sameAbove = this.same;
          }
        }
      }
      if (below) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    this.sameBelow = sameBelow;
    this.sameAbove = sameAbove;
    return low;
  }

  /** Compares the bytes of an element with those sought; the first `same` are the same. */
  private compareElement(page: Address, word: number, same: number): number {
    this.same = same;
    if (this.soughtEnd < this.soughtStart) {
      return -1;
    }
    let buffer = this.windows[page >>> windowShift] as Buffer;
    let start = (page & windowMask) * 8 + (word & offsetMask);
    let end = start + lengthOf(word);
    if (word < 0) {
      const address = readWord(buffer, start);
      end = readWord(buffer, start + 4);
      buffer = this.windows[address >>> windowShift] as Buffer;
      start = (address & windowMask) * 8;
      end += start;
    }
    return this.compareRest(buffer, start, end);
  }

  /** Order of bytes `start` to `end` and those sought, as memcmp and then by length. */
  private compareRest(buffer: Buffer, start: number, end: number): number {
    const { soughtBuffer: other, soughtStart, soughtEnd } = this;
    const shorter = Math.min(end - start, soughtEnd - soughtStart);
    let at = this.same;
    if (shorter - at > loopBytes) {
      return buffer.compare(other, soughtStart + at, soughtEnd, start + at, end);
    }
    while (at < shorter && buffer[start + at] === other[soughtStart + at]) {
      at++;
    }
    this.same = at;
    return at < shorter
      ? (buffer[start + at] as number) - (other[soughtStart + at] as number)
      : end - start - (soughtEnd - soughtStart);
  }
}
