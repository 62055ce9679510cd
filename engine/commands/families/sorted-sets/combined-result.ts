// Where ZUNION and its kin put what they find: a map for a reply, a sorted set to store.
import type { CollectionHandle } from '../../../collections/handle.ts';
import type { SortedSetHandle } from '../../../collections/sorted-set.ts';

export type Aggregate = 'sum' | 'min' | 'max';

/** Members with their scores so far. */
export abstract class CombinedResult {
  private readonly aggregate: Aggregate;

  constructor(aggregate: Aggregate) {
    this.aggregate = aggregate;
  }

  /** Two scores of one member made into one; a sum that is no number is 0. */
  aggregated(one: number, other: number): number {
    if (this.aggregate === 'min') return other < one ? other : one;
    if (this.aggregate === 'max') return other > one ? other : one;
    const sum = one + other;
    return Number.isNaN(sum) ? 0 : sum;
  }

  /** Adds the member that the handle shows, which is new; false: nothing more is wanted. */
  abstract add(member: CollectionHandle, score: number): boolean;
  /** Adds the member that the handle shows, or aggregates its scores. */
  abstract merge(member: CollectionHandle, score: number): void;
}

/** For a reply: names as latin1, which sorts as bytes do. */
export class MapResult extends CombinedResult {
  private readonly scores = new Map<string, number>();
  private readonly limit: number;
  private readonly countsOnly: boolean;
  private count = 0;

  /** `limit` members are enough, 0 = no limit; `countsOnly`: `add` keeps no names. */
  constructor(aggregate: Aggregate, limit: number, countsOnly: boolean) {
    super(aggregate);
    this.limit = limit;
    this.countsOnly = countsOnly;
  }

  get length(): number {
    return this.countsOnly ? this.count : this.scores.size;
  }

  override add(member: CollectionHandle, score: number): boolean {
    this.count++;
    if (!this.countsOnly) this.scores.set(nameOf(member), score);
    return this.count !== this.limit;
  }

  override merge(member: CollectionHandle, score: number): void {
    const name = nameOf(member);
    const old = this.scores.get(name);
    this.scores.set(name, old === undefined ? score : this.aggregated(old, score));
  }

  /** By score, then by name. */
  sorted(): [name: string, score: number][] {
    return [...this.scores].sort(([name, score], [otherName, otherScore]) => {
      // Infinities are no numbers to subtract.
      if (score !== otherScore) return score < otherScore ? -1 : 1;
      return name < otherName ? -1 : 1;
    });
  }
}

/** To be stored. */
export class StoredResult extends CombinedResult {
  private readonly set: SortedSetHandle;

  constructor(aggregate: Aggregate, set: SortedSetHandle) {
    super(aggregate);
    this.set = set;
  }

  override add(member: CollectionHandle, score: number): boolean {
    this.set.find(member.elementBuffer, member.elementStart, member.elementEnd);
    this.set.put(score);
    return true;
  }

  override merge(member: CollectionHandle, score: number): void {
    const { set } = this;
    const known = set.find(member.elementBuffer, member.elementStart, member.elementEnd);
    set.put(known ? this.aggregated(set.score, score) : score);
  }
}

function nameOf(member: CollectionHandle): string {
  return member.elementBuffer.toString('latin1', member.elementStart, member.elementEnd);
}
