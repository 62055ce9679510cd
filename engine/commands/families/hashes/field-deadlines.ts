// Deadlines of single fields: HEXPIRE and its kin, HTTL and its kin, HPERSIST, as Redis 7.4 has
// them.
//
// The log gets HPEXPIREAT with the absolute time and the fields that took it, and HDEL for those
// whose deadline had passed already.
import type { HashHandle } from '../../../collections/hash.ts';
import {
  argumentIs, int64Argument, notAnInteger, safeIntegerArgument, word,
} from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import type { TimeUnit } from '../../deadlines.ts';
import { keyEvent } from '../../events/event-rules.ts';
import { changedTimes, part } from '../typed-lookup.ts';
import { findField, openForChange, openForReading } from './open.ts';

const events = {
  mortal: keyEvent('hash', 'hexpire'), persisted: keyEvent('hash', 'hpersist'),
  removed: keyEvent('hash', 'hdel'),
};

/** The latest deadline of a field, Unix ms: Redis keeps them in 46 bits. */
const lastDeadlineMs = 2 ** 46 - 1;

const noField = -2;
const noDeadline = -1;
const notMet = 0;
const done = 1;
const deleted = 2;

const words = {
  fields: word('fields'), nx: word('nx'), xx: word('xx'), gt: word('gt'), lt: word('lt'),
};

/** Why a list of fields is refused. */
const fieldsMissing = 'ERR Mandatory argument FIELDS is missing or not at the right position';
const fieldsMismatch = 'ERR The `numfields` parameter must match the number of arguments';
export const fieldsNotPositive = 'ERR Number of fields must be a positive integer';

/**
 * `FIELDS n field…` from argument `at` to the end: the index of the first field, or 0 after
 * writing the error, which for a bad `n` is `countError`.
 */
export function fieldsFrom(ctx: CommandContext, at: number, countError: string): number {
  if (at + 1 >= ctx.argc || !argumentIs(ctx, at, words.fields)) {
    ctx.reply.error(fieldsMissing);
    return 0;
  }
  const count = safeIntegerArgument(ctx, at + 1);
  if (!(count >= 1)) {
    const huge = Number.isNaN(count) && (int64Argument(ctx, at + 1) ?? 0n) > 0n;
    ctx.reply.error(huge ? fieldsMismatch : countError);
    return 0;
  }
  if (count === ctx.argc - at - 2) return at + 2;
  ctx.reply.error(fieldsMismatch);
  return 0;
}

/** The deadline in argument `index`, Unix ms; NaN after writing the error. 0 is in the past. */
export function fieldDeadline(ctx: CommandContext, index: number, unit: TimeUnit): number {
  const value = safeIntegerArgument(ctx, index);
  const big = Number.isNaN(value) ? int64Argument(ctx, index) : 0n;
  if (big === null) {
    ctx.reply.error(notAnInteger);
    return NaN;
  }
  if (value < 0 || big < 0n) {
    ctx.reply.error('ERR invalid expire time, must be >= 0');
    return NaN;
  }
  const milliseconds = unit.seconds ? value * 1000 : value;
  const deadlineMs = unit.relative ? milliseconds + ctx.nowMs : milliseconds;
  if (deadlineMs <= lastDeadlineMs) return deadlineMs;
  const name = ctx.session.lastCommand?.fullName ?? '';
  ctx.reply.error(`ERR invalid expire time in '${name}' command`);
  return NaN;
}

/** Whether a deadline makes a field go at once; nothing does while a log is replayed. */
export function isPast(ctx: CommandContext, deadlineMs: number): boolean {
  return deadlineMs <= ctx.nowMs && !ctx.replaying;
}

/** Which fields a command has changed, by their arguments; they go into the log as they are. */
export class FieldChanges {
  readonly mortal: number[] = [];
  readonly removed: number[] = [];
  readonly persisted: number[] = [];

  /** Gives the field found last a deadline, or removes it when that has passed. */
  expire(ctx: CommandContext, hash: HashHandle, change: { index: number; at: number }): number {
    if (isPast(ctx, change.at)) {
      hash.remove();
      this.removed.push(change.index);
      return deleted;
    }
    // 0 would mean none.
    hash.setDeadline(Math.max(change.at, 1));
    this.mortal.push(change.index);
    return done;
  }

  persist(hash: HashHandle, index: number): void {
    hash.setDeadline(0);
    this.persisted.push(index);
  }

  remove(hash: HashHandle, index: number): void {
    hash.remove();
    this.removed.push(index);
  }

  /** Counts and logs what was done; `deadlineMs` is what `mortal` fields got. */
  log(ctx: CommandContext, deadlineMs: number): void {
    const { mortal, removed, persisted } = this;
    const count = mortal.length + removed.length + persisted.length;
    if (count === 0) return;
    if (mortal.length > 0) ctx.events.happened(ctx, 1, events.mortal);
    if (persisted.length > 0) ctx.events.happened(ctx, 1, events.persisted);
    if (removed.length > 0) ctx.events.happened(ctx, 1, events.removed);
    changedTimes(ctx, 1, count);
    const { index } = ctx.database;
    const key = part(ctx, 1);
    const fields = (indexes: readonly number[]): Buffer[] => indexes.map((i) => part(ctx, i));
    const listed = (indexes: readonly number[]): (string | Buffer)[] =>
      ['FIELDS', String(indexes.length), ...fields(indexes)];
    if (mortal.length > 0) {
      ctx.effects.command(index, ['HPEXPIREAT', key, String(deadlineMs), ...listed(mortal)]);
    }
    if (persisted.length > 0) ctx.effects.command(index, ['HPERSIST', key, ...listed(persisted)]);
    if (removed.length > 0) ctx.effects.command(index, ['HDEL', key, ...fields(removed)]);
  }
}

type Condition = 'nx' | 'xx' | 'gt' | 'lt';

function conditionAt(ctx: CommandContext, index: number): Condition | null {
  if (argumentIs(ctx, index, words.nx)) return 'nx';
  if (argumentIs(ctx, index, words.xx)) return 'xx';
  if (argumentIs(ctx, index, words.gt)) return 'gt';
  return argumentIs(ctx, index, words.lt) ? 'lt' : null;
}

/** A field without deadline counts as one that expires at the end of time. */
function holds(condition: Condition | null, presentMs: number, wantedMs: number): boolean {
  switch (condition) {
    case 'nx': return presentMs === 0;
    case 'xx': return presentMs !== 0;
    case 'gt': return presentMs !== 0 && wantedMs > presentMs;
    case 'lt': return presentMs === 0 || wantedMs < presentMs;
    case null: return true;
  }
}

/** The hash of argument 1, `missing` when there is none, or undefined after writing an error. */
function openOrMissing(ctx: CommandContext, forChange: boolean): HashHandle | null | undefined {
  let missing = false;
  const note = (): void => {
    missing = true;
  };
  const hash = forChange ? openForChange(ctx, note) : openForReading(ctx, note);
  return hash === null && !missing ? undefined : hash;
}

/** HEXPIRE key seconds [NX | XX | GT | LT] FIELDS n field…, and its kin */
export function expireFields(ctx: CommandContext, unit: TimeUnit): void {
  const hash = openOrMissing(ctx, true);
  if (hash === undefined) return;
  const at = fieldDeadline(ctx, 2, unit);
  if (Number.isNaN(at)) return;
  const condition = conditionAt(ctx, 3);
  const countError = 'ERR Parameter `numFields` should be greater than 0';
  const first = fieldsFrom(ctx, condition === null ? 3 : 4, countError);
  if (first === 0) return;
  const changes = new FieldChanges();
  ctx.reply.array(ctx.argc - first);
  try {
    for (let index = first; index < ctx.argc; index++) {
      if (hash === null || !findField(ctx, hash, index)) ctx.reply.integer(noField);
      else if (!holds(condition, hash.deadlineMs, at)) ctx.reply.integer(notMet);
      else ctx.reply.integer(changes.expire(ctx, hash, { index, at }));
    }
  } finally {
    changes.log(ctx, at);
  }
}

/** HTTL key FIELDS n field…, and its kin: the time left or, absolute, the time itself. */
export function fieldTimes(ctx: CommandContext, unit: TimeUnit): void {
  const hash = openOrMissing(ctx, false);
  if (hash === undefined) return;
  const first = fieldsFrom(ctx, 2, fieldsNotPositive);
  if (first === 0) return;
  ctx.reply.array(ctx.argc - first);
  for (let index = first; index < ctx.argc; index++) {
    if (hash === null || !findField(ctx, hash, index)) ctx.reply.integer(noField);
    else if (hash.deadlineMs === 0) ctx.reply.integer(noDeadline);
    else {
      const milliseconds = Math.max(hash.deadlineMs - (unit.relative ? ctx.nowMs : 0), 0);
      ctx.reply.integer(unit.seconds ? Math.ceil(milliseconds / 1000) : milliseconds);
    }
  }
}

/** HPERSIST key FIELDS n field… */
export function persistFields(ctx: CommandContext): void {
  const hash = openOrMissing(ctx, true);
  if (hash === undefined) return;
  const first = fieldsFrom(ctx, 2, fieldsNotPositive);
  if (first === 0) return;
  const changes = new FieldChanges();
  ctx.reply.array(ctx.argc - first);
  try {
    for (let index = first; index < ctx.argc; index++) {
      if (hash === null || !findField(ctx, hash, index)) ctx.reply.integer(noField);
      else if (hash.deadlineMs === 0) ctx.reply.integer(noDeadline);
      else {
        changes.persist(hash, index);
        ctx.reply.integer(done);
      }
    }
  } finally {
    changes.log(ctx, 0);
  }
}
