// Sorted sets: adding, removing and finding members.
import type { SortedSetHandle } from '../../../collections/sorted-set.ts';
import { typeSortedSet } from '../../../keyspace/entry.ts';
import { argumentIs, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { changed, lookup } from '../../lookup.ts';
import { cursorArgument, replyEmptyScan, scanCollection } from '../collection-scan.ts';
import { doubleText } from '../../../resp/doubles.ts';
import { changedTimes, isTypeOrMissing, logPartly } from '../typed-lookup.ts';
import {
  findMember, notAFloat, replyMember, scoreArgument, sortedSetToRead,
} from './access.ts';

const words = {
  nx: word('nx'), xx: word('xx'), gt: word('gt'), lt: word('lt'), ch: word('ch'),
  incr: word('incr'), withscore: word('withscore'),
};

/** Options of ZADD as bits. */
const optionNx = 1;
const optionXx = 2;
const optionGt = 4;
const optionLt = 8;
const optionCh = 16;
const optionIncr = 32;

const notANumber = 'ERR resulting score is not a number (NaN)';

/** Scores of the request that runs: all are read before the first member is added. */
let scores = new Float64Array(16);

function optionAt(ctx: CommandContext, index: number): number {
  const length = (ctx.argEnd[index] as number) - (ctx.argStart[index] as number);
  if (length === 4) return argumentIs(ctx, index, words.incr) ? optionIncr : 0;
  if (length !== 2) return 0;
  if (argumentIs(ctx, index, words.nx)) return optionNx;
  if (argumentIs(ctx, index, words.xx)) return optionXx;
  if (argumentIs(ctx, index, words.gt)) return optionGt;
  if (argumentIs(ctx, index, words.lt)) return optionLt;
  return argumentIs(ctx, index, words.ch) ? optionCh : 0;
}

/** Why these options cannot be together, or null. */
function optionsError(bits: number, elements: number): string | null {
  const nx = (bits & optionNx) !== 0;
  const comparisons = bits & (optionGt | optionLt);
  if (nx && (bits & optionXx) !== 0) {
    return 'ERR XX and NX options at the same time are not compatible';
  }
  if ((nx && comparisons !== 0) || comparisons === (optionGt | optionLt)) {
    return 'ERR GT, LT, and/or NX options at the same time are not compatible';
  }
  if ((bits & optionIncr) !== 0 && elements > 1) {
    return 'ERR INCR option supports a single increment-element pair';
  }
  return null;
}

/** ZADD key [NX | XX] [GT | LT] [CH] [INCR] {score member}… */
export function zadd(ctx: CommandContext): void {
  let bits = 0;
  let from = 2;
  for (; from < ctx.argc; from++) {
    const option = optionAt(ctx, from);
    if (option === 0) break;
    bits |= option;
  }
  const elements = (ctx.argc - from) / 2;
  if (elements === 0 || (ctx.argc - from) % 2 === 1) {
    ctx.reply.error(syntaxError);
    return;
  }
  const error = bits === 0 ? null : optionsError(bits, elements);
  if (error !== null) {
    ctx.reply.error(error);
    return;
  }
  if (!readScores(ctx, from, elements)) return;
  if ((bits & optionIncr) !== 0) increment(ctx, from + 1, scores[0] as number, bits);
  else addAll(ctx, from, bits);
}

function readScores(ctx: CommandContext, from: number, elements: number): boolean {
  if (scores.length < elements) scores = new Float64Array(elements * 2);
  for (let i = 0; i < elements; i++) {
    const score = scoreArgument(ctx, from + i * 2);
    if (Number.isNaN(score)) {
      ctx.reply.error(notAFloat);
      return false;
    }
    scores[i] = score;
  }
  return true;
}

/** The sorted set to change in argument 1, or null when it is of another type. */
function sortedSetToWrite(ctx: CommandContext): SortedSetHandle | null {
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSortedSet)) return null;
  const set = ctx.collections.sortedSet();
  return entry === 0 ? set.create(ctx.database) : set.open(ctx.database, entry);
}

/** Whether a member that has `old` may get `score`. */
function mayMove(bits: number, old: number, score: number): boolean {
  if ((bits & optionNx) !== 0 || score === old) return false;
  if ((bits & optionGt) !== 0 && score <= old) return false;
  return (bits & optionLt) === 0 || score < old;
}

function addAll(ctx: CommandContext, from: number, bits: number): void {
  const set = sortedSetToWrite(ctx);
  if (set === null) return;
  let added = 0;
  let moved = 0;
  let i = from;
  try {
    for (; i < ctx.argc; i += 2) {
      const score = scores[(i - from) >> 1] as number;
      const isMember = findMember(ctx, set, i + 1);
      if (isMember ? !mayMove(bits, set.score, score) : (bits & optionXx) !== 0) continue;
      set.put(score);
      if (isMember) moved++;
      else added++;
    }
  } catch (error) {
    logPartly(ctx, { name: 'ZADD', done: added + moved, end: i });
    throw error;
  }
  if (added + moved > 0) {
    changedTimes(ctx, 1, added + moved);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer((bits & optionCh) !== 0 ? added + moved : added);
}

/** ZINCRBY key increment member */
export function zincrby(ctx: CommandContext): void {
  const delta = scoreArgument(ctx, 2);
  if (Number.isNaN(delta)) ctx.reply.error(notAFloat);
  else increment(ctx, 3, delta, 0);
}

function increment(ctx: CommandContext, memberIndex: number, delta: number, bits: number): void {
  const set = sortedSetToWrite(ctx);
  if (set === null) return;
  const isMember = findMember(ctx, set, memberIndex);
  if ((bits & (isMember ? optionNx : optionXx)) !== 0) {
    ctx.reply.nil();
    return;
  }
  const old = set.score;
  const score = isMember ? old + delta : delta;
  if (Number.isNaN(score)) {
    ctx.reply.error(notANumber);
    return;
  }
  if (isMember && !mayMove(bits, old, score)) {
    const compared = (bits & (optionGt | optionLt)) !== 0;
    if (compared) ctx.reply.nil();
    else ctx.reply.double(score);
    return;
  }
  set.put(score);
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.double(score);
}

/** ZREM key member… */
export function zrem(ctx: CommandContext): void {
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSortedSet)) return;
  if (entry === 0) {
    ctx.reply.integer(0);
    return;
  }
  const set = ctx.collections.sortedSet().open(ctx.database, entry);
  let removed = 0;
  let i = 2;
  try {
    for (; i < ctx.argc && set.entry !== 0; i++) {
      if (!findMember(ctx, set, i)) continue;
      set.remove();
      removed++;
    }
  } catch (error) {
    // Beside a snapshot removing too takes memory.
    logPartly(ctx, { name: 'ZREM', done: removed, end: i });
    throw error;
  }
  if (removed > 0) {
    changedTimes(ctx, 1, removed);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer(removed);
}

/** ZCARD key */
export function zcard(ctx: CommandContext): void {
  const mark = ctx.reply.length;
  const set = sortedSetToRead(ctx, 1);
  if (set !== null) ctx.reply.integer(set.length);
  else if (ctx.reply.length === mark) ctx.reply.integer(0);
}

/** ZSCORE key member */
export function zscore(ctx: CommandContext): void {
  const mark = ctx.reply.length;
  const set = sortedSetToRead(ctx, 1);
  if (set !== null && findMember(ctx, set, 2)) ctx.reply.double(set.score);
  else if (ctx.reply.length === mark) ctx.reply.nil();
}

/** ZMSCORE key member… */
export function zmscore(ctx: CommandContext): void {
  const mark = ctx.reply.length;
  const set = sortedSetToRead(ctx, 1);
  if (ctx.reply.length !== mark) return;
  ctx.reply.array(ctx.argc - 2);
  for (let i = 2; i < ctx.argc; i++) {
    if (set !== null && findMember(ctx, set, i)) ctx.reply.double(set.score);
    else ctx.reply.nil();
  }
}

/** ZRANK and ZREVRANK key member [WITHSCORE] */
export function zrank(ctx: CommandContext, reversed: boolean): void {
  const withScore = ctx.argc === 4 && argumentIs(ctx, 3, words.withscore);
  if (ctx.argc > 3 && !withScore) {
    ctx.reply.error(syntaxError);
    return;
  }
  const mark = ctx.reply.length;
  const set = sortedSetToRead(ctx, 1);
  if (ctx.reply.length !== mark) return;
  if (set === null || !findMember(ctx, set, 2)) {
    if (withScore) ctx.reply.nilArray();
    else ctx.reply.nil();
    return;
  }
  const { score } = set;
  const rank = set.rank();
  if (withScore) ctx.reply.array(2);
  ctx.reply.integer(reversed ? set.length - 1 - rank : rank);
  if (withScore) ctx.reply.double(score);
}

/** ZSCAN key cursor [MATCH pattern] [COUNT count] */
export function zscan(ctx: CommandContext): void {
  const cursor = cursorArgument(ctx);
  if (Number.isNaN(cursor)) return;
  const mark = ctx.reply.length;
  const set = sortedSetToRead(ctx, 1);
  if (set === null) {
    if (ctx.reply.length === mark) replyEmptyScan(ctx);
    return;
  }
  scanCollection(ctx, set, cursor, () => {
    replyMember(ctx, set);
    // Scores are bulks here, in RESP3 too.
    ctx.reply.bulkText(doubleText(set.score));
    return 2;
  });
}
