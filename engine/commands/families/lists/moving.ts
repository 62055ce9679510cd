// From list to list, from the first of several lists, and the commands that wait for an element:
// LMOVE RPOPLPUSH LMPOP, BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP.
import { typeList } from '../../../keyspace/entry.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { argumentIs, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { countedKeys, keyAt } from '../../key-specs.ts';
import { changed, lookup } from '../../lookup.ts';
import type { CommandHandler, CommandRow } from '../../spec.ts';
import { timeoutArgument } from '../../timeouts.ts';
import { countArgument, countNotPositive, numberOfKeys } from '../counts.ts';
import { changedTimes, isTypeOrMissing, part } from '../typed-lookup.ts';
import { popAndReply, popManyAndReply, replySeen } from './lists.ts';

const words = { left: word('left'), right: word('right'), count: word('count') };

/** The end that argument `index` names: true LEFT, false RIGHT, or null after the error. */
function endArgument(ctx: CommandContext, index: number): boolean | null {
  if (argumentIs(ctx, index, words.left)) return true;
  if (argumentIs(ctx, index, words.right)) return false;
  ctx.reply.error(syntaxError);
  return null;
}

// ---- from list to list -------------------------------------------------------------------------

interface Ends {
  readonly fromHead: boolean;
  readonly toHead: boolean;
}

/** The two ends in arguments 3 and 4, or null after writing the error. */
function endsArgument(ctx: CommandContext): Ends | null {
  const fromHead = endArgument(ctx, 3);
  if (fromHead === null) return null;
  const toHead = endArgument(ctx, 4);
  return toHead === null ? null : { fromHead, toHead };
}

/**
 * Moves an element of the list `source`, which is key 1, to key 2; it is the reply. False when
 * nothing was moved and the error is written.
 */
function move(ctx: CommandContext, source: EntryAddress, ends: Ends): boolean {
  if (!isTypeOrMissing(ctx, source, typeList)) return false;
  const { database } = ctx;
  const list = ctx.collections.list(0).open(database, source);
  if (database.find(ctx.buffer, ctx.argStart[2] as number, ctx.argEnd[2] as number) === source) {
    rotate(ctx, source, ends);
    changed(ctx, 1);
    return true;
  }
  const destination = lookup(ctx, 2);
  if (!isTypeOrMissing(ctx, destination, typeList)) return false;
  const other = ctx.collections.list(1);
  if (destination === 0) other.create(database);
  else other.open(database, destination);
  if (ends.fromHead) list.first();
  else list.last();
  replySeen(ctx, list);
  other.push(ends.toHead, list.elementBuffer, list.elementStart, list.elementEnd);
  try {
    list.removeSeen();
  } catch (error) {
    other.pop(ends.toHead);
    throw error;
  }
  changed(ctx, 2);
  changed(ctx, 1);
  ctx.keyspace.changes--; // Two keys changed, but Redis counts one change.
  return true;
}

/** The same key twice: the element goes to the other end, or stays. The key is never removed. */
function rotate(ctx: CommandContext, source: EntryAddress, { fromHead, toHead }: Ends): void {
  const list = ctx.collections.list(0).open(ctx.database, source);
  const { length } = list;
  if (fromHead) list.first();
  else list.last();
  replySeen(ctx, list);
  if (fromHead === toHead || length === 1) return;
  // Its bytes must not lie in the list that grows: those in the reply do not.
  const end = ctx.reply.length - 2;
  const start = end - (list.elementEnd - list.elementStart);
  list.push(toHead, ctx.reply.buffer, start, end);
  try {
    list.removeRange(fromHead ? 0 : length, 1);
  } catch (error) {
    list.removeRange(toHead ? 0 : length, 1);
    throw error;
  }
}

function lmove(ctx: CommandContext): void {
  const ends = endsArgument(ctx);
  if (ends !== null) moveNow(ctx, ends);
}

function rpoplpush(ctx: CommandContext): void {
  moveNow(ctx, { fromHead: false, toHead: true });
}

function moveNow(ctx: CommandContext, ends: Ends): void {
  const source = lookup(ctx, 1);
  if (source === 0) ctx.reply.nil();
  else if (move(ctx, source, ends)) ctx.effects.request(ctx.database.index, ctx);
}

function blmove(ctx: CommandContext): void {
  const ends = endsArgument(ctx);
  if (ends === null || !moveOrWait(ctx, ends)) return;
  const end = (atHead: boolean): string => (atHead ? 'LEFT' : 'RIGHT');
  ctx.effects.command(ctx.database.index, ['LMOVE', part(ctx, 1), part(ctx, 2),
    end(ends.fromHead), end(ends.toHead)]);
}

function brpoplpush(ctx: CommandContext): void {
  if (!moveOrWait(ctx, { fromHead: false, toHead: true })) return;
  ctx.effects.command(ctx.database.index, ['RPOPLPUSH', part(ctx, 1), part(ctx, 2)]);
}

/** The timeout is the last argument. True when an element was moved. */
function moveOrWait(ctx: CommandContext, ends: Ends): boolean {
  const timeoutMs = timeoutArgument(ctx, ctx.argc - 1);
  if (Number.isNaN(timeoutMs)) return false;
  const source = lookup(ctx, 1);
  if (source !== 0) return move(ctx, source, ends);
  ctx.blocking.block(ctx, {
    type: typeList, firstKey: 1, lastKey: 1, timeoutMs, nilArray: false,
  });
  return false;
}

// ---- from the first of several lists -----------------------------------------------------------

interface Keys {
  readonly first: number;
  readonly last: number;
}

/** The argument with the first key that exists; 0: there is none, -1: it is no list. */
function firstList(ctx: CommandContext, keys: Keys): number {
  const last = ctx.blocking.lastKey(keys.last);
  for (let i = ctx.blocking.firstKey(keys.first); i <= last; i++) {
    const entry = lookup(ctx, i);
    if (entry === 0) continue;
    return isTypeOrMissing(ctx, entry, typeList) ? i : -1;
  }
  return 0;
}

function replyKey(ctx: CommandContext, index: number): void {
  ctx.reply.bulk(ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number);
}

function blockingPop(atHead: boolean): CommandHandler {
  return (ctx) => {
    const timeoutMs = timeoutArgument(ctx, ctx.argc - 1);
    if (Number.isNaN(timeoutMs)) return;
    const lastKey = ctx.argc - 2;
    const found = firstList(ctx, { first: 1, last: lastKey });
    if (found < 0) return;
    if (found === 0) {
      ctx.blocking.block(ctx, { type: typeList, firstKey: 1, lastKey, timeoutMs, nilArray: true });
      return;
    }
    const list = ctx.collections.list().open(ctx.database, lookup(ctx, found));
    ctx.reply.array(2);
    replyKey(ctx, found);
    popAndReply(ctx, list, atHead);
    changed(ctx, found);
    ctx.effects.command(ctx.database.index, [atHead ? 'LPOP' : 'RPOP', part(ctx, found)]);
  };
}

interface ManyPop {
  readonly keys: Keys;
  readonly atHead: boolean;
  readonly count: number;
}

/** `numkeys key… LEFT|RIGHT [COUNT n]` from argument `at` on, or null after writing the error. */
function manyPopArguments(ctx: CommandContext, at: number): ManyPop | null {
  const keyCount = countArgument(ctx, at, 1, numberOfKeys);
  if (Number.isNaN(keyCount)) return null;
  const where = at + keyCount + 1;
  if (where >= ctx.argc) return refuseSyntax(ctx);
  const atHead = endArgument(ctx, where);
  if (atHead === null) return null;
  let count = 1;
  if (where + 1 < ctx.argc) {
    const isCount = where + 3 === ctx.argc && argumentIs(ctx, where + 1, words.count);
    if (!isCount) return manyPopOddity(ctx, where + 1);
    count = countArgument(ctx, where + 2, 1, countNotPositive);
    if (Number.isNaN(count)) return null;
  }
  return { keys: { first: at + 1, last: at + keyCount }, atHead, count };
}

/** Redis looks at the first COUNT before it sees what is wrong behind it. */
function manyPopOddity(ctx: CommandContext, at: number): null {
  const hasCount = at + 1 < ctx.argc && argumentIs(ctx, at, words.count);
  if (hasCount && Number.isNaN(countArgument(ctx, at + 1, 1, countNotPositive))) return null;
  return refuseSyntax(ctx);
}

function refuseSyntax(ctx: CommandContext): null {
  ctx.reply.error(syntaxError);
  return null;
}

function lmpop(ctx: CommandContext): void {
  const pop = manyPopArguments(ctx, 1);
  if (pop === null) return;
  const found = firstList(ctx, pop.keys);
  if (found > 0) popMany(ctx, found, pop);
  else if (found === 0) ctx.reply.nilArray();
}

function blmpop(ctx: CommandContext): void {
  const pop = manyPopArguments(ctx, 2);
  if (pop === null) return;
  const timeoutMs = timeoutArgument(ctx, 1);
  if (Number.isNaN(timeoutMs)) return;
  const found = firstList(ctx, pop.keys);
  if (found > 0) popMany(ctx, found, pop);
  else if (found === 0) {
    const { first: firstKey, last: lastKey } = pop.keys;
    ctx.blocking.block(ctx, { type: typeList, firstKey, lastKey, timeoutMs, nilArray: true });
  }
}

/** Logged by what it did: LPOP or RPOP of so many. */
function popMany(ctx: CommandContext, index: number, { atHead, count }: ManyPop): void {
  const list = ctx.collections.list().open(ctx.database, lookup(ctx, index));
  ctx.reply.array(2);
  replyKey(ctx, index);
  const popped = popManyAndReply(ctx, list, { atHead, count });
  changedTimes(ctx, index, popped);
  const name = atHead ? 'LPOP' : 'RPOP';
  ctx.effects.command(ctx.database.index, [name, part(ctx, index), String(popped)]);
}

const removal = 'RW access delete';
const moved = [keyAt(1, removal), keyAt(2, 'RW insert')];
const waited = [{ first: 1, last: -2, step: 1, access: removal.split(' ') }];
const waits = 'write noscript blocking';
const waitsAndAdds = 'write denyoom noscript blocking';
const either = '(LEFT | RIGHT)';
const perKey = 'O(N+M) with N keys and M elements returned';
const group = 'list';

export const listMoveRows: readonly CommandRow[] = [
  { name: 'lmove', arity: 5, flags: 'write denyoom', group, since: '6.2.0', keys: moved,
    summary: 'Takes an element from one list, adds it to another and returns it.',
    syntax: `source destination ${either} ${either}`, complexity: 'O(1)', handler: lmove },
  { name: 'rpoplpush', arity: 3, flags: 'write denyoom', group, since: '1.2.0', keys: moved,
    summary: 'Moves the last element of a list to the head of another.',
    syntax: 'source destination', complexity: 'O(1)', handler: rpoplpush },
  { name: 'lmpop', arity: -4, flags: 'write movablekeys', group, since: '7.0.0',
    summary: 'Takes elements from the first of these lists that exists.',
    syntax: `numkeys key... ${either} [COUNT count]`, complexity: perKey,
    keys: [countedKeys(1, removal)], handler: lmpop },
  { name: 'blpop', arity: -3, flags: waits, group, since: '2.0.0', keys: waited,
    summary: 'Takes the first element of a list, and waits for one.',
    syntax: 'key... timeout:double',
    complexity: 'O(N) with N keys', handler: blockingPop(true) },
  { name: 'brpop', arity: -3, flags: waits, group, since: '2.0.0', keys: waited,
    summary: 'Takes the last element of a list, and waits for one.',
    syntax: 'key... timeout:double',
    complexity: 'O(N) with N keys', handler: blockingPop(false) },
  { name: 'blmove', arity: 6, flags: waitsAndAdds, group, since: '6.2.0', keys: moved,
    summary: 'LMOVE that waits for an element.', handler: blmove,
    syntax: `source destination ${either} ${either} timeout:double`, complexity: 'O(1)' },
  { name: 'brpoplpush', arity: 4, flags: waitsAndAdds, group, since: '2.2.0', keys: moved,
    summary: 'RPOPLPUSH that waits for an element.', syntax: 'source destination timeout:double',
    complexity: 'O(1)', handler: brpoplpush },
  { name: 'blmpop', arity: -5, flags: 'write blocking movablekeys', group, since: '7.0.0',
    summary: 'LMPOP that waits for an element.', complexity: perKey,
    syntax: `timeout:double numkeys key... ${either} [COUNT count]`,
    keys: [countedKeys(2, removal)],
    handler: blmpop },
];
