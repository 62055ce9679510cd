// Ranges by rank, score or member, as arguments give them. Each becomes an interval of ranks, from
// which counts, replies in both directions and removals follow.
import type { SortedSetHandle } from '../../../collections/sorted-set.ts';
import { parseDouble, readDouble } from '../../../resp/doubles.ts';
import { indexArgument } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';

export type RangeKind = 'rank' | 'score' | 'lex';

const open = 40;
const openSquare = 91;
const minus = 45;
const plus = 43;

/** One end of a range by score or by member. */
class Bound {
  score = 0;
  exclusive = false;
  /** By member: -1 is before all, 1 after all, 0 the bytes of the argument behind its mark. */
  beyond = 0;
  start = 0;
  end = 0;
}

/** The range of one command; one object serves all. */
export class Range {
  kind: RangeKind = 'rank';
  /** Ranks as they came: negative ones count from the end. */
  first = 0;
  last = 0;
  readonly minimum: Bound = new Bound();
  readonly maximum: Bound = new Bound();
  /** The interval of ranks, after `resolve`: from `from` up to but without `to`. */
  from = 0;
  to = 0;

  /** Reads both ends; false after writing the error. */
  parse(ctx: CommandContext, kind: RangeKind, low: number, high: number): boolean {
    this.kind = kind;
    if (kind === 'rank') {
      this.first = indexArgument(ctx, low);
      if (Number.isNaN(this.first)) return false;
      this.last = indexArgument(ctx, high);
      return !Number.isNaN(this.last);
    }
    const parse = kind === 'score' ? parseScoreBound : parseLexBound;
    if (parse(ctx, low, this.minimum) && parse(ctx, high, this.maximum)) return true;
    ctx.reply.error(kind === 'score'
      ? 'ERR min or max is not a float'
      : 'ERR min or max not valid string range item');
    return false;
  }

  /** Sets `from` and `to`; `reversed` ranks count from the highest score. */
  resolve(ctx: CommandContext, set: SortedSetHandle, reversed: boolean): void {
    if (this.kind === 'rank') this.resolveRanks(set.length, reversed);
    else if (this.kind === 'score') {
      const { minimum, maximum } = this;
      this.from = set.rankOfScore(minimum.score, minimum.exclusive);
      this.to = set.rankOfScore(maximum.score, !maximum.exclusive);
    } else {
      this.from = rankOfLex(ctx, set, this.minimum, this.minimum.exclusive);
      this.to = rankOfLex(ctx, set, this.maximum, !this.maximum.exclusive);
    }
    if (this.to < this.from) this.to = this.from;
  }

  /** LIMIT: leaves `offset` out, counted in reading direction, and keeps `count`; < 0: all. */
  limit(offset: number, count: number, reversed: boolean): void {
    const left = offset < 0 ? 0 : Math.max(0, this.to - this.from - offset);
    const kept = count < 0 ? left : Math.min(left, count);
    if (reversed) {
      this.to -= Math.max(0, offset);
      this.from = this.to - kept;
    } else {
      this.from += Math.max(0, offset);
      this.to = this.from + kept;
    }
  }

  private resolveRanks(length: number, reversed: boolean): void {
    const first = Math.max(0, this.first < 0 ? this.first + length : this.first);
    const last = Math.min(length - 1, this.last < 0 ? this.last + length : this.last);
    this.from = reversed ? length - 1 - last : first;
    this.to = reversed ? length - first : last + 1;
  }
}

function rankOfLex(
  ctx: CommandContext, set: SortedSetHandle, bound: Bound, inclusive: boolean,
): number {
  if (bound.beyond !== 0) return bound.beyond < 0 ? 0 : set.length;
  return set.rankOfLex(ctx.buffer, bound.start, bound.end, inclusive);
}

/** `5`, `(5`, `-inf`: what strtod reads, blanks before it allowed, nothing after it. */
function parseScoreBound(ctx: CommandContext, index: number, bound: Bound): boolean {
  let start = ctx.argStart[index] as number;
  const end = ctx.argEnd[index] as number;
  bound.exclusive = start < end && ctx.buffer[start] === open;
  if (bound.exclusive) start++;
  bound.score = parseDouble(ctx.buffer, start, end);
  if (!Number.isNaN(bound.score)) return true;
  // C strings end at a NUL, an empty one is 0, and what overflows is infinite.
  const text = ctx.buffer.toString('latin1', start, end).replace(/\0.*$/s, '');
  const { value, length } = readDouble(text);
  bound.score = value;
  return length === text.length && !Number.isNaN(value);
}

/** `-`, `+`, `[member`, `(member`. */
function parseLexBound(ctx: CommandContext, index: number, bound: Bound): boolean {
  const start = ctx.argStart[index] as number;
  const end = ctx.argEnd[index] as number;
  const mark = start < end ? (ctx.buffer[start] as number) : 0;
  bound.start = start + 1;
  bound.end = end;
  bound.exclusive = mark === open;
  bound.beyond = 0;
  if (mark === open || mark === openSquare) return true;
  if (mark !== minus && mark !== plus) return false;
  bound.beyond = mark === plus ? 1 : -1;
  return end - start === 1;
}

/** The range of the command that runs. */
export const range: Range = new Range();
