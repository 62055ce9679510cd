// Which keyspace events a command's change of a key is, as Redis 7.0 names them. A key that the
// change left empty is gone: `del` follows, or stands alone where the command only stores results.
import { argumentIs, safeIntegerArgument, word } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { eventClass } from './event-classes.ts';

type ClassName = keyof typeof eventClass;

/** One event. */
export interface KeyEvent {
  /** One bit of `eventClass`. */
  readonly bit: number;
  readonly name: Buffer;
}

/** What happened to the key in argument `index`, which exists or does not any more. */
type Rule = (ctx: CommandContext, index: number, exists: boolean) => readonly KeyEvent[];

const known = new Map<string, KeyEvent>();

/** The event of this name; one object for each. */
export function keyEvent(kind: ClassName, name: string): KeyEvent {
  const id = `${kind} ${name}`;
  const event = known.get(id) ?? { bit: eventClass[kind], name: Buffer.from(name, 'latin1') };
  known.set(id, event);
  return event;
}

/** The key is gone. */
export const deleted: KeyEvent = keyEvent('generic', 'del');
const expires = keyEvent('generic', 'expire');
const persists = keyEvent('generic', 'persist');
const wasSet = keyEvent('string', 'set');

/** The event, and `del` when nothing is left of the key. */
function then(event: KeyEvent): Rule {
  const [alone, gone] = [[event], [event, deleted]];
  return (_ctx, _index, exists) => (exists ? alone : gone);
}

/** The event, or `del` when the key is gone. */
function or(event: KeyEvent): Rule {
  const [stored, gone] = [[event], [deleted]];
  return (_ctx, _index, exists) => (exists ? stored : gone);
}

const words = {
  keepttl: word('keepttl'), left: word('left'), min: word('min'), incr: word('incr'),
  flags: ['nx', 'xx', 'gt', 'lt', 'ch'].map(word),
  times: ['ex', 'px', 'exat', 'pxat'].map(word),
};

function hasTime(ctx: CommandContext): boolean {
  for (let i = 3; i < ctx.argc; i++) {
    if (words.times.some((time) => argumentIs(ctx, i, time))) return true;
  }
  return false;
}

function zaddIncrements(ctx: CommandContext): boolean {
  let i = 2;
  while (i < ctx.argc && words.flags.some((flag) => argumentIs(ctx, i, flag))) i++;
  return i < ctx.argc && argumentIs(ctx, i, words.incr);
}

/** The word behind the counted keys, whose number is argument `at`. */
function wordBehindKeys(ctx: CommandContext, at: number, expected: Buffer): boolean {
  return argumentIs(ctx, at + safeIntegerArgument(ctx, at) + 1, expected);
}

const pushes = { head: keyEvent('list', 'lpush'), tail: keyEvent('list', 'rpush') };
const pops = { head: keyEvent('list', 'lpop'), tail: keyEvent('list', 'rpop') };

/** LMOVE and its kin: argument 1 is the source, 2 the destination; they may be the same. */
function moved(fromHead: (ctx: CommandContext) => boolean, toHead: typeof fromHead): Rule {
  return (ctx, index, exists) => {
    const push = toHead(ctx) ? pushes.head : pushes.tail;
    if (index === 2) return [push];
    const pop = fromHead(ctx) ? pops.head : pops.tail;
    const { buffer, argStart, argEnd } = ctx;
    const same = buffer.compare(buffer, argStart[2], argEnd[2], argStart[1], argEnd[1]) === 0;
    if (same) return [push, pop];
    return exists ? [pop] : [pop, deleted];
  };
}

function popped(at: number): Rule {
  return (ctx, _index, exists) => {
    const pop = wordBehindKeys(ctx, at, words.left) ? pops.head : pops.tail;
    return exists ? [pop] : [pop, deleted];
  };
}

const popMin = keyEvent('sortedSet', 'zpopmin');
const popMax = keyEvent('sortedSet', 'zpopmax');

function poppedScores(at: number): Rule {
  return (ctx, _index, exists) => {
    const pop = wordBehindKeys(ctx, at, words.min) ? popMin : popMax;
    return exists ? [pop] : [pop, deleted];
  };
}

const rules = new Map<string, Rule>();

/** Commands whose event bears their own name, or the one behind the colon. */
function named(kind: ClassName, names: string, make: (event: KeyEvent) => Rule): void {
  for (const text of names.split(' ')) {
    const [command = '', event = command] = text.split(':');
    rules.set(command, make(keyEvent(kind, event)));
  }
}

named('generic', 'del unlink:del getdel:del persist copy:copy_to', or);
named('generic', 'expire pexpire:expire expireat:expire pexpireat:expire restore', or);
named('string', 'getset:set mset:set msetnx:set setnx:set append setrange incr:incrby '
  + 'decr:incrby incrby decrby:incrby incrbyfloat setbit bitfield:setbit pfadd pfmerge:pfadd '
  + 'bitop:set', or);
named('list', 'lpush rpush lpushx:lpush rpushx:rpush linsert lset lrem ltrim lpop rpop '
  + 'blpop:lpop brpop:rpop', then);
named('list', 'sort:sortstore', or);
named('hash', 'hset hmset:hset hsetnx:hset hincrby hincrbyfloat hdel hsetex:hset', then);
named('set', 'sadd srem spop', then);
named('set', 'sinterstore sunionstore sdiffstore', or);
named('sortedSet', 'zincrby:zincr zrem zremrangebyscore zremrangebyrank zremrangebylex zpopmin '
  + 'zpopmax bzpopmin:zpopmin bzpopmax:zpopmax', then);
named('sortedSet', 'zunionstore zinterstore zdiffstore zrangestore', or);

// What these did to fields they tell themselves.
for (const name of ['hexpire', 'hpexpire', 'hexpireat', 'hpexpireat', 'hgetex', 'hgetdel']) {
  rules.set(name, (_ctx, _index, exists) => (exists ? [] : [deleted]));
}
rules.set('set', (ctx) => (hasTime(ctx) ? [wasSet, expires] : [wasSet]));
for (const name of ['setex', 'psetex']) rules.set(name, () => [wasSet, expires]);
rules.set('getex', (ctx, _index, exists) => {
  if (!exists) return [deleted];
  const entry = ctx.database.find(ctx.buffer, ctx.argStart[1] as number, ctx.argEnd[1] as number);
  return ctx.database.deadlineMs(entry) === 0 ? [persists] : [expires];
});
const renamed = ['rename_from', 'rename_to'].map((name) => [keyEvent('generic', name)]);
for (const name of ['rename', 'renamenx']) {
  rules.set(name, (_ctx, index) => renamed[index - 1] ?? []);
}
const movedKey = ['move_from', 'move_to'].map((name) => [keyEvent('generic', name)]);
rules.set('move', (_ctx, _index, exists) => movedKey[exists ? 1 : 0] ?? []);
const addedToSet = [keyEvent('set', 'sadd')];
const leftSet = then(keyEvent('set', 'srem'));
rules.set('smove', (ctx, index, exists) =>
  index === 2 ? addedToSet : leftSet(ctx, index, exists));
const added = [keyEvent('sortedSet', 'zadd')];
const incremented = [keyEvent('sortedSet', 'zincr')];
rules.set('zadd', (ctx) => (zaddIncrements(ctx) ? incremented : added));
for (const name of ['lmove', 'blmove']) {
  const isLeft = (at: number) => (ctx: CommandContext): boolean => argumentIs(ctx, at, words.left);
  rules.set(name, moved(isLeft(3), isLeft(4)));
}
for (const name of ['rpoplpush', 'brpoplpush']) rules.set(name, moved(() => false, () => true));
rules.set('lmpop', popped(1));
rules.set('blmpop', popped(2));
rules.set('zmpop', poppedScores(1));
rules.set('bzmpop', poppedScores(2));

/** The events of a change that a command made; none where nobody is told. */
export function eventsOf(ctx: CommandContext, index: number, exists: boolean): readonly KeyEvent[] {
  return rules.get(ctx.command?.fullName ?? '')?.(ctx, index, exists) ?? [];
}
