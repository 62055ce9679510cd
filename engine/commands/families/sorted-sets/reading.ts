// Sorted sets: counting, reading, storing and removing ranges.
import type { SortedSetHandle } from '../../../collections/sorted-set.ts';
import { typeSortedSet } from '../../../keyspace/entry.ts';
import { argumentIs, indexArgument, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { lookup } from '../../lookup.ts';
import { resultSlot, storeResult } from '../build-result.ts';
import { changedTimes, isTypeOrMissing } from '../typed-lookup.ts';
import { replyMemberItem, replyMembersHeader, sortedSetToRead } from './access.ts';
import { range } from './ranges.ts';
import type { RangeKind } from './ranges.ts';

const words = {
  withscores: word('withscores'), limit: word('limit'), rev: word('rev'), bylex: word('bylex'),
  byscore: word('byscore'),
};

/** What the name of the command says already; the rest may be options. */
export interface RangeForm {
  /** Where the key stands; the ends of the range follow it. */
  readonly key: number;
  readonly kind: RangeKind | null;
  readonly reversed: boolean | null;
  readonly stores: boolean;
}

/** Options of the command that runs. */
interface RangeOptions {
  kind: RangeKind | null;
  reversed: boolean | null;
  withScores: boolean;
  hasLimit: boolean;
  offset: number;
  count: number;
}

const options: RangeOptions = {
  kind: null, reversed: null, withScores: false, hasLimit: false, offset: 0, count: -1,
};

/** Reads the option at `index` into `options`; how many arguments it took, 0 after an error. */
function parseOption(ctx: CommandContext, index: number, form: RangeForm): number {
  if (!form.stores && argumentIs(ctx, index, words.withscores)) options.withScores = true;
  else if (index + 2 < ctx.argc && argumentIs(ctx, index, words.limit)) {
    options.offset = indexArgument(ctx, index + 1);
    options.count = Number.isNaN(options.offset) ? NaN : indexArgument(ctx, index + 2);
    options.hasLimit = true;
    return Number.isNaN(options.count) ? 0 : 3;
  } else if (options.reversed === null && argumentIs(ctx, index, words.rev)) {
    options.reversed = true;
  } else if (options.kind === null && argumentIs(ctx, index, words.bylex)) options.kind = 'lex';
  else if (options.kind === null && argumentIs(ctx, index, words.byscore)) options.kind = 'score';
  else {
    ctx.reply.error(syntaxError);
    return 0;
  }
  return 1;
}

function parseOptions(ctx: CommandContext, form: RangeForm): boolean {
  Object.assign(options, {
    kind: form.kind, reversed: form.reversed, withScores: false, hasLimit: false, offset: 0,
    count: -1,
  });
  for (let i = form.key + 3; i < ctx.argc;) {
    const taken = parseOption(ctx, i, form);
    if (taken === 0) return false;
    i += taken;
  }
  options.kind ??= 'rank';
  options.reversed ??= false;
  if (options.hasLimit && options.kind === 'rank' && options.count !== -1) {
    ctx.reply.error(`${syntaxError}, LIMIT is only supported in combination with either BYSCORE `
      + 'or BYLEX');
    return false;
  }
  if (options.withScores && options.kind === 'lex') {
    ctx.reply.error(`${syntaxError}, WITHSCORES not supported in combination with BYLEX`);
    return false;
  }
  return true;
}

/** Options and both ends; false after writing the error. */
function parseRange(ctx: CommandContext, form: RangeForm): boolean {
  if (!parseOptions(ctx, form)) return false;
  const kind = options.kind ?? 'rank';
  const swapped = options.reversed === true && kind !== 'rank';
  const low = form.key + (swapped ? 2 : 1);
  return range.parse(ctx, kind, low, form.key + (swapped ? 1 : 2));
}

/** Makes `range` the interval of ranks that the options ask for. */
function resolve(ctx: CommandContext, set: SortedSetHandle): void {
  const reversed = options.reversed === true;
  range.resolve(ctx, set, reversed);
  if (range.kind !== 'rank') range.limit(options.offset, options.count, reversed);
}

/** ZRANGE and all its older forms that reply with members. */
export function replyRange(ctx: CommandContext, form: RangeForm): void {
  if (!parseRange(ctx, form)) return;
  const mark = ctx.reply.length;
  const set = sortedSetToRead(ctx, form.key);
  if (set === null) {
    if (ctx.reply.length === mark) ctx.reply.array(0);
    return;
  }
  resolve(ctx, set);
  const { withScores } = options;
  const count = range.to - range.from;
  replyMembersHeader(ctx, count, withScores);
  const reversed = options.reversed === true;
  let more = count > 0 && set.seekRank(reversed ? range.to - 1 : range.from);
  for (let left = count; left > 0 && more; left--) {
    replyMemberItem(ctx, set, withScores);
    if (left > 1) more = reversed ? set.previous() : set.next();
  }
}

/** ZRANGESTORE destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count] */
export function zrangestore(ctx: CommandContext): void {
  if (!parseRange(ctx, { key: 2, kind: null, reversed: null, stores: true })) return;
  const mark = ctx.reply.length;
  const source = sortedSetToRead(ctx, 2);
  if (ctx.reply.length !== mark) return;
  let count = 0;
  if (source !== null) {
    resolve(ctx, source);
    count = range.to - range.from;
  }
  storeResult(ctx, 1, () => {
    const result = ctx.collections.sortedSet(resultSlot).create(ctx.database);
    if (source === null) return 0;
    let more = count > 0 && source.seekRank(range.from);
    for (let left = count; left > 0 && more; left--) {
      result.find(source.elementBuffer, source.elementStart, source.elementEnd);
      result.put(source.score);
      if (left > 1) more = source.next();
    }
    return result.entry;
  });
  ctx.reply.integer(count);
}

/** ZCOUNT and ZLEXCOUNT key min max */
export function countRange(ctx: CommandContext, kind: RangeKind): void {
  if (!range.parse(ctx, kind, 2, 3)) return;
  const mark = ctx.reply.length;
  const set = sortedSetToRead(ctx, 1);
  if (set === null) {
    if (ctx.reply.length === mark) ctx.reply.integer(0);
    return;
  }
  range.resolve(ctx, set, false);
  ctx.reply.integer(range.to - range.from);
}

/** ZREMRANGEBYRANK, ZREMRANGEBYSCORE and ZREMRANGEBYLEX key min max */
export function removeRange(ctx: CommandContext, kind: RangeKind): void {
  if (!range.parse(ctx, kind, 2, 3)) return;
  const entry = lookup(ctx, 1);
  if (!isTypeOrMissing(ctx, entry, typeSortedSet)) return;
  let count = 0;
  if (entry !== 0) {
    const set = ctx.collections.sortedSet().open(ctx.database, entry);
    range.resolve(ctx, set, false);
    count = range.to - range.from;
    if (count > 0) set.removeRange(range.from, count);
  }
  if (count > 0) {
    changedTimes(ctx, 1, count);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer(count);
}
