// Strings: setting whole values, with conditions and deadlines; reading with a side effect.
//
// What the log gets is absolute: SET … EX becomes SET … PXAT, GETDEL becomes DEL, GETEX becomes
// PEXPIREAT or PERSIST; a plain SET is logged as it came.
import { argumentIs, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { positiveDeadline, unitEx, unitExat, unitPx, unitPxat } from '../../deadlines.ts';
import type { TimeUnit } from '../../deadlines.ts';
import { keyValuePairs, oneKey } from '../../key-specs.ts';
import { changed, isString, lookup, lookupRead, replyValue } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';

const words = {
  nx: word('nx'), xx: word('xx'), get: word('get'), keepttl: word('keepttl'),
  persist: word('persist'), ex: word('ex'), px: word('px'), exat: word('exat'),
  pxat: word('pxat'),
};

/** Options as bits. */
const optionNx = 1;
const optionXx = 2;
const optionGet = 4;
const optionKeepTtl = 8;
const optionPersist = 16;
const optionEx = 32;
const optionPx = 64;
const optionExat = 128;
const optionPxat = 256;
const anyTime = optionEx | optionPx | optionExat | optionPxat;
const forSet = optionNx | optionXx | optionGet | optionKeepTtl | anyTime;
const forGetex = optionPersist | anyTime;

/** Which option excludes which others; an option may be given twice. */
function excludedBy(option: number): number {
  if (option === optionNx) return optionXx;
  if (option === optionXx) return optionNx;
  if (option === optionGet) return 0;
  return (optionKeepTtl | optionPersist | anyTime) & ~option;
}

function optionAt(ctx: CommandContext, index: number): number {
  const length = (ctx.argEnd[index] as number) - (ctx.argStart[index] as number);
  if (length === 2) {
    if (argumentIs(ctx, index, words.ex)) return optionEx;
    if (argumentIs(ctx, index, words.px)) return optionPx;
    if (argumentIs(ctx, index, words.nx)) return optionNx;
    return argumentIs(ctx, index, words.xx) ? optionXx : 0;
  }
  if (argumentIs(ctx, index, words.get)) return optionGet;
  if (argumentIs(ctx, index, words.exat)) return optionExat;
  if (argumentIs(ctx, index, words.pxat)) return optionPxat;
  if (argumentIs(ctx, index, words.keepttl)) return optionKeepTtl;
  return argumentIs(ctx, index, words.persist) ? optionPersist : 0;
}

/** Where the number of the last time option stands; valid right after parseOptions. */
let timeIndex = 0;

/** The options from argument `from` on as bits, or -1 after writing the syntax error. */
function parseOptions(ctx: CommandContext, from: number, allowed: number): number {
  let bits = 0;
  for (let i = from; i < ctx.argc; i++) {
    const option = optionAt(ctx, i);
    const isTime = (option & anyTime) !== 0;
    const refused = option === 0 || (option & allowed) === 0 || (bits & excludedBy(option)) !== 0;
    if (refused || (isTime && i + 1 === ctx.argc)) {
      ctx.reply.error(syntaxError);
      return -1;
    }
    bits |= option;
    if (isTime) timeIndex = ++i;
  }
  return bits;
}

function unitOf(bits: number): TimeUnit {
  if ((bits & optionEx) !== 0) return unitEx;
  if ((bits & optionPx) !== 0) return unitPx;
  return (bits & optionExat) !== 0 ? unitExat : unitPxat;
}

function set(ctx: CommandContext): void {
  if (ctx.argc > 3) {
    setWithOptions(ctx);
    return;
  }
  const { database } = ctx;
  // An expired value is overwritten like any other: no DEL is needed, only an event.
  if (ctx.events.flags !== 0) lookup(ctx, 1);
  else database.find(ctx.buffer, ctx.argStart[1] as number, ctx.argEnd[1] as number);
  database.put(ctx.buffer, ctx.argStart[2] as number, ctx.argEnd[2] as number, 0);
  changed(ctx, 1);
  ctx.effects.request(database.index, ctx);
  ctx.reply.ok();
}

function setWithOptions(ctx: CommandContext): void {
  const bits = parseOptions(ctx, 3, forSet);
  if (bits < 0) return;
  let deadlineMs = 0;
  if ((bits & anyTime) !== 0) {
    deadlineMs = positiveDeadline(ctx, timeIndex, unitOf(bits));
    if (Number.isNaN(deadlineMs)) return;
  }
  const wantsOld = (bits & optionGet) !== 0;
  const entry = wantsOld ? lookupRead(ctx, 1) : lookup(ctx, 1);
  if (wantsOld && !replyOld(ctx, entry)) return;
  if ((bits & (entry === 0 ? optionXx : optionNx)) !== 0) {
    if (!wantsOld) ctx.reply.nil();
    return;
  }
  if ((bits & optionKeepTtl) !== 0 && entry !== 0) deadlineMs = ctx.database.deadlineMs(entry);
  store(ctx, 2, deadlineMs);
  if ((bits & anyTime) !== 0) logSet(ctx, 2, deadlineMs);
  else if (!wantsOld) ctx.effects.request(ctx.database.index, ctx);
  else if ((bits & optionKeepTtl) !== 0) {
    ctx.effects.command(ctx.database.index, ['SET', part(ctx, 1), part(ctx, 2), 'KEEPTTL']);
  } else logSet(ctx, 2, 0);
  if (!wantsOld) ctx.reply.ok();
}

/** The old value as the reply; false when it is no string and the error is written. */
function replyOld(ctx: CommandContext, entry: number): boolean {
  if (entry === 0) {
    ctx.reply.nil();
    return true;
  }
  if (!isString(ctx, entry)) return false;
  replyValue(ctx, entry);
  return true;
}

/** Puts argument `valueIndex` under the key that was looked up last, which is argument 1. */
function store(ctx: CommandContext, valueIndex: number, deadlineMs: number): void {
  const start = ctx.argStart[valueIndex] as number;
  ctx.database.put(ctx.buffer, start, ctx.argEnd[valueIndex] as number, deadlineMs);
  changed(ctx, 1);
}

function part(ctx: CommandContext, index: number): Buffer {
  return ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
}

function logSet(ctx: CommandContext, valueIndex: number, deadlineMs: number): void {
  const { index } = ctx.database;
  const key = part(ctx, 1);
  const value = part(ctx, valueIndex);
  if (deadlineMs === 0) ctx.effects.command(index, ['SET', key, value]);
  else ctx.effects.command(index, ['SET', key, value, 'PXAT', String(deadlineMs)]);
}

function setnx(ctx: CommandContext): void {
  if (lookup(ctx, 1) !== 0) {
    ctx.reply.integer(0);
    return;
  }
  store(ctx, 2, 0);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.integer(1);
}

function setWithDeadline(ctx: CommandContext, unit: TimeUnit): void {
  const deadlineMs = positiveDeadline(ctx, 2, unit);
  if (Number.isNaN(deadlineMs)) return;
  lookup(ctx, 1);
  store(ctx, 3, deadlineMs);
  logSet(ctx, 3, deadlineMs);
  ctx.reply.ok();
}

function getset(ctx: CommandContext): void {
  if (!replyOld(ctx, lookupRead(ctx, 1))) return;
  store(ctx, 2, 0);
  logSet(ctx, 2, 0);
}

function getdel(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 1);
  if (!replyOld(ctx, entry) || entry === 0) return;
  ctx.database.remove(entry);
  changed(ctx, 1);
  ctx.effects.command(ctx.database.index, ['DEL', part(ctx, 1)]);
}

function getex(ctx: CommandContext): void {
  const bits = parseOptions(ctx, 2, forGetex);
  if (bits < 0) return;
  const { database } = ctx;
  const entry = lookupRead(ctx, 1);
  if (entry === 0) {
    ctx.reply.nil();
    return;
  }
  if (!isString(ctx, entry)) return;
  let deadlineMs = 0;
  if ((bits & anyTime) !== 0) {
    deadlineMs = positiveDeadline(ctx, timeIndex, unitOf(bits));
    if (Number.isNaN(deadlineMs)) return;
  }
  replyValue(ctx, entry);
  if (deadlineMs !== 0 && deadlineMs <= ctx.nowMs && !ctx.replaying) {
    database.remove(entry);
    ctx.effects.command(database.index, ['DEL', part(ctx, 1)]);
  } else if (deadlineMs !== 0) {
    database.setDeadline(entry, deadlineMs);
    ctx.effects.command(database.index, ['PEXPIREAT', part(ctx, 1), String(deadlineMs)]);
  } else if ((bits & optionPersist) !== 0 && database.deadlineMs(entry) !== 0) {
    database.setDeadline(entry, 0);
    ctx.effects.command(database.index, ['PERSIST', part(ctx, 1)]);
  } else return;
  changed(ctx, 1);
}

function mset(ctx: CommandContext): void {
  if (!hasPairs(ctx)) return;
  setPairs(ctx);
  ctx.reply.ok();
}

function msetnx(ctx: CommandContext): void {
  if (!hasPairs(ctx)) return;
  for (let i = 1; i < ctx.argc; i += 2) {
    if (lookup(ctx, i) === 0) continue;
    ctx.reply.integer(0);
    return;
  }
  setPairs(ctx);
  ctx.reply.integer(1);
}

function hasPairs(ctx: CommandContext): boolean {
  if (ctx.argc % 2 === 1) return true;
  const name = ctx.session.lastCommand?.fullName ?? 'mset';
  ctx.reply.error(`ERR wrong number of arguments for '${name}' command`);
  return false;
}

function setPairs(ctx: CommandContext): void {
  const { buffer, database } = ctx;
  let i = 1;
  try {
    for (; i < ctx.argc; i += 2) {
      database.find(buffer, ctx.argStart[i] as number, ctx.argEnd[i] as number);
      database.put(buffer, ctx.argStart[i + 1] as number, ctx.argEnd[i + 1] as number, 0);
      changed(ctx, i);
    }
  } catch (error) {
    // The arena is full: what was set so far is in memory, so it belongs in the log.
    const done = Array.from({ length: i - 1 }, (_, at) => part(ctx, at + 1));
    if (done.length > 0) ctx.effects.command(database.index, ['MSET', ...done]);
    throw error;
  }
  ctx.effects.request(database.index, ctx);
}

const time = 'EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds';

export const stringWriteRows: readonly CommandRow[] = [
  {
    name: 'set', arity: -3, flags: 'write denyoom', group: 'string', since: '1.0.0',
    summary: 'Sets a key to a string, whatever it held, if the conditions hold.',
    complexity: 'O(1)', syntax: `key value [NX | XX] [GET] [${time} | KEEPTTL]`,
    keys: oneKey(
      'RW access update variable_flags', 'RW and ACCESS due to the optional `GET` argument',
    ),
    handler: set,
  },
  {
    name: 'setnx', arity: 3, flags: 'write denyoom fast', group: 'string', since: '1.0.0',
    summary: 'Sets a key only if it does not exist.', complexity: 'O(1)', syntax: 'key value',
    keys: oneKey('OW insert'), handler: setnx,
  },
  {
    name: 'setex', arity: 4, flags: 'write denyoom', group: 'string', since: '2.0.0',
    summary: 'Sets a key that expires after some seconds.', complexity: 'O(1)',
    syntax: 'key seconds value', keys: oneKey('OW update'),
    handler: (ctx) => setWithDeadline(ctx, unitEx),
  },
  {
    name: 'psetex', arity: 4, flags: 'write denyoom', group: 'string', since: '2.6.0',
    summary: 'Sets a key that expires after some milliseconds.', complexity: 'O(1)',
    syntax: 'key milliseconds value', keys: oneKey('OW update'),
    handler: (ctx) => setWithDeadline(ctx, unitPx),
  },
  {
    name: 'getset', arity: 3, flags: 'write denyoom fast', group: 'string', since: '1.0.0',
    summary: 'Sets a key and returns its old value; SET with GET does the same.',
    complexity: 'O(1)', syntax: 'key value', keys: oneKey('RW access update'), handler: getset,
  },
  {
    name: 'getdel', arity: 2, flags: 'write fast', group: 'string', since: '6.2.0',
    summary: 'Returns the value of a key and removes the key.', complexity: 'O(1)', syntax: 'key',
    keys: oneKey('RW access delete'), handler: getdel,
  },
  {
    name: 'getex', arity: -2, flags: 'write fast', group: 'string', since: '6.2.0',
    summary: 'Returns the value of a key and changes its deadline.', complexity: 'O(1)',
    syntax: `key [${time} | PERSIST]`,
    keys: oneKey('RW access update', 'RW and UPDATE because it changes the TTL'), handler: getex,
  },
  {
    name: 'mset', arity: -3, flags: 'write denyoom', group: 'string', since: '1.0.1',
    summary: 'Sets several keys at once.', complexity: 'O(N) with N keys',
    syntax: '{key value}...', keys: keyValuePairs('OW update'),
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'], handler: mset,
  },
  {
    name: 'msetnx', arity: -3, flags: 'write denyoom', group: 'string', since: '1.0.1',
    summary: 'Sets several keys at once, if none of them exists.', complexity: 'O(N) with N keys',
    syntax: '{key value}...', keys: keyValuePairs('OW insert'),
    tips: ['request_policy:multi_shard', 'response_policy:agg_min'], handler: msetnx,
  },
];
