// Deadlines of keys: EXPIRE and its kin, TTL and its kin, PERSIST.
//
// The log gets PEXPIREAT with the absolute time, or DEL when the deadline has passed already.
import { argumentIs, argumentText, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { anyDeadline, unitEx, unitExat, unitPx, unitPxat } from '../../deadlines.ts';
import type { TimeUnit } from '../../deadlines.ts';
import { oneKey } from '../../key-specs.ts';
import { changed, lookup, lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';

const words = { nx: word('nx'), xx: word('xx'), gt: word('gt'), lt: word('lt') };

const ifNone = 1;
const ifSome = 2;
const ifLater = 4;
const ifEarlier = 8;

/** The conditions from argument 3 on as bits, or -1 after writing the error. */
function parseConditions(ctx: CommandContext): number {
  let bits = 0;
  for (let i = 3; i < ctx.argc; i++) {
    if (argumentIs(ctx, i, words.nx)) bits |= ifNone;
    else if (argumentIs(ctx, i, words.xx)) bits |= ifSome;
    else if (argumentIs(ctx, i, words.gt)) bits |= ifLater;
    else if (argumentIs(ctx, i, words.lt)) bits |= ifEarlier;
    else {
      ctx.reply.error(`ERR Unsupported option ${argumentText(ctx, i)}`);
      return -1;
    }
  }
  if ((bits & ifNone) !== 0 && bits !== ifNone) {
    ctx.reply.error('ERR NX and XX, GT or LT options at the same time are not compatible');
    return -1;
  }
  if ((bits & ifLater) !== 0 && (bits & ifEarlier) !== 0) {
    ctx.reply.error('ERR GT and LT options at the same time are not compatible');
    return -1;
  }
  return bits;
}

/** A key without deadline counts as one that expires at the end of time. */
function holds(conditions: number, presentMs: number, wantedMs: number): boolean {
  if ((conditions & ifNone) !== 0 && presentMs !== 0) return false;
  if ((conditions & ifSome) !== 0 && presentMs === 0) return false;
  if ((conditions & ifLater) !== 0 && (presentMs === 0 || wantedMs <= presentMs)) return false;
  return (conditions & ifEarlier) === 0 || presentMs === 0 || wantedMs < presentMs;
}

function expire(ctx: CommandContext, unit: TimeUnit): void {
  const conditions = parseConditions(ctx);
  if (conditions < 0) return;
  const deadlineMs = anyDeadline(ctx, 2, unit);
  if (Number.isNaN(deadlineMs)) return;
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  if (entry === 0 || !holds(conditions, database.deadlineMs(entry), deadlineMs)) {
    ctx.reply.integer(0);
    return;
  }
  const key = ctx.buffer.subarray(ctx.argStart[1], ctx.argEnd[1]);
  if (deadlineMs <= ctx.nowMs && !ctx.replaying) {
    database.remove(entry);
    ctx.effects.command(database.index, ['DEL', key]);
  } else {
    // 0 would mean none: a deadline before 1970 is as much in the past as one just after it.
    database.setDeadline(entry, Math.max(deadlineMs, 1));
    ctx.effects.command(database.index, ['PEXPIREAT', key, String(deadlineMs)]);
  }
  changed(ctx, 1);
  ctx.reply.integer(1);
}

function persist(ctx: CommandContext): void {
  const { database } = ctx;
  const entry = lookup(ctx, 1);
  if (entry === 0 || database.deadlineMs(entry) === 0) {
    ctx.reply.integer(0);
    return;
  }
  database.setDeadline(entry, 0);
  changed(ctx, 1);
  ctx.effects.request(database.index, ctx);
  ctx.reply.integer(1);
}

/** TTL answers the time left, EXPIRETIME the time itself; -1: no deadline, -2: no key. */
function ttl(ctx: CommandContext, unit: TimeUnit): void {
  const entry = lookupRead(ctx, 1);
  if (entry === 0) {
    ctx.reply.integer(-2);
    return;
  }
  const deadlineMs = ctx.database.deadlineMs(entry);
  if (deadlineMs === 0) {
    ctx.reply.integer(-1);
    return;
  }
  const milliseconds = unit.relative ? Math.max(deadlineMs - ctx.nowMs, 0) : deadlineMs;
  ctx.reply.integer(unit.seconds ? Math.floor((milliseconds + 500) / 1000) : milliseconds);
}

const write = 'write fast';
const conditions = '[NX | XX | GT | LT]';

interface About {
  readonly since: string;
  readonly syntax: string;
}

function expireRow(name: string, unit: TimeUnit, about: About): CommandRow {
  const from = unit.relative ? 'after a time' : 'at a Unix time';
  return {
    name, arity: -3, flags: write, group: 'generic', since: about.since,
    summary: `Lets a key expire ${from} in ${unit.seconds ? 'seconds' : 'milliseconds'}.`,
    complexity: 'O(1)', syntax: `key ${about.syntax} ${conditions}`, keys: oneKey('RW update'),
    handler: (ctx) => expire(ctx, unit),
  };
}

function ttlRow(name: string, unit: TimeUnit, since: string): CommandRow {
  const what = unit.relative ? 'The time a key has left' : 'The Unix time at which a key expires';
  return {
    name, arity: 2, flags: 'readonly fast', group: 'generic', since,
    summary: `${what}, in ${unit.seconds ? 'seconds' : 'milliseconds'}.`,
    complexity: 'O(1)', syntax: 'key', keys: oneKey('RO access'),
    ...(unit.relative ? { tips: ['nondeterministic_output'] } : {}),
    handler: (ctx) => ttl(ctx, unit),
  };
}

export const expiryRows: readonly CommandRow[] = [
  expireRow('expire', unitEx, { since: '1.0.0', syntax: 'seconds' }),
  expireRow('pexpire', unitPx, { since: '2.6.0', syntax: 'milliseconds' }),
  expireRow('expireat', unitExat, { since: '1.2.0', syntax: 'unix-time-seconds' }),
  expireRow('pexpireat', unitPxat, { since: '2.6.0', syntax: 'unix-time-milliseconds' }),
  ttlRow('ttl', unitEx, '1.0.0'),
  ttlRow('pttl', unitPx, '2.6.0'),
  ttlRow('expiretime', unitExat, '7.0.0'),
  ttlRow('pexpiretime', unitPxat, '7.0.0'),
  {
    name: 'persist', arity: 2, flags: write, group: 'generic', since: '2.2.0',
    summary: 'Takes the deadline from a key.', complexity: 'O(1)', syntax: 'key',
    keys: oneKey('RW update'), handler: persist,
  },
];
