// The order in which SORT answers: elements, what they are weighed by, and their numbers sorted.
// All of it lies in a few arrays that are used again, nothing is made for an element.
import type { CommandContext } from '../../context.ts';
import { compareBytes, misfits } from '../../../collections/bytes.ts';
import { ByteRows } from '../byte-rows.ts';
import { addValueFor } from './sort-pattern.ts';
import type { SortPattern } from './sort-pattern.ts';
import { sortScore } from './sort-score.ts';

const nul = 0;
const leastElements = 16;

/** What decides the order. */
export interface Ordering {
  readonly descending: boolean;
  readonly alpha: boolean;
  readonly by: SortPattern | null;
  /** Unless it stores, Redis compares as C compares strings: up to the first NUL. */
  readonly upToNul: boolean;
  /** A set's own order differs from server to server: what is stored must not depend on it. */
  readonly ownOrderIsFree: boolean;
}

/** The elements of one SORT, in the order in which they are kept, and their order. */
export class SortElements {
  readonly rows: ByteRows = new ByteRows();
  /** Row numbers in order, valid after `sort`. */
  order: Uint32Array = new Uint32Array(leastElements);
  private readonly weights = new ByteRows();
  private scores = new Float64Array(leastElements);

  /** Forgets everything, gives large room back, and makes room for so many elements. */
  reset(elements: number): void {
    this.rows.reset(elements);
    this.weights.reset(0);
    if (misfits(this.order.length, elements)) {
      const length = Math.max(elements, leastElements);
      this.order = new Uint32Array(length);
      this.scores = new Float64Array(length);
    }
  }

  /** Sorts; false when something to compare by is no number. */
  sort(ctx: CommandContext, ordering: Ordering): boolean {
    const weights = this.weigh(ctx, ordering.by);
    for (let row = 0; row < this.rows.count; row++) this.order[row] = row;
    if (ordering.alpha) this.sortByText(weights, ordering);
    else if (this.score(weights)) this.sortByScore(ordering.descending ? -1 : 1);
    else return false;
    return true;
  }

  private weigh(ctx: CommandContext, by: SortPattern | null): ByteRows {
    const { rows, weights } = this;
    if (by === null) return rows;
    weights.reset(rows.count);
    for (let row = 0; row < rows.count; row++) addValueFor(ctx, by, rows, row, weights);
    return weights;
  }

  private score(weights: ByteRows): boolean {
    const { scores } = this;
    for (let row = 0; row < weights.count; row++) {
      const isNil = weights.isNil(row);
      const score = isNil ? 0 : sortScore(weights.buffer, weights.start(row), weights.end(row));
      if (Number.isNaN(score)) return false;
      scores[row] = score;
    }
    return true;
  }

  private sortByScore(sign: number): void {
    const { rows, scores } = this;
    this.order.subarray(0, rows.count).sort((one, other) => {
      const score = scores[one] as number;
      const otherScore = scores[other] as number;
      if (score < otherScore) return -sign;
      if (score > otherScore) return sign;
      return sign * compareRows(rows, one, other);
    });
  }

  private sortByText(weights: ByteRows, ordering: Ordering): void {
    const { rows } = this;
    const sign = ordering.descending ? -1 : 1;
    const compare = ordering.upToNul ? compareStrings : compareRows;
    this.order.subarray(0, rows.count).sort((one, other) => {
      const order = compareTexts(weights, one, other, compare);
      if (order !== 0 || !ordering.ownOrderIsFree) return sign * order;
      return sign * compareRows(rows, one, other);
    });
  }
}

type Compare = (rows: ByteRows, one: number, other: number) => number;

/** Nil comes first. */
function compareTexts(rows: ByteRows, one: number, other: number, compare: Compare): number {
  if (rows.isNil(one)) return rows.isNil(other) ? 0 : -1;
  return rows.isNil(other) ? 1 : compare(rows, one, other);
}

function compareRows(rows: ByteRows, one: number, other: number): number {
  const { buffer } = rows;
  return compareBytes(buffer, rows.start(one), rows.end(one),
    buffer, rows.start(other), rows.end(other));
}

function compareStrings(rows: ByteRows, one: number, other: number): number {
  const { buffer } = rows;
  const start = rows.start(one);
  const otherStart = rows.start(other);
  return compareBytes(buffer, start, stringEnd(buffer, start, rows.end(one)),
    buffer, otherStart, stringEnd(buffer, otherStart, rows.end(other)));
}

function stringEnd(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buffer[at] !== nul) at++;
  return at;
}
