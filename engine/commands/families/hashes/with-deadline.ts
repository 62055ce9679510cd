// HGETEX, HSETEX and HGETDEL, as Redis 8.0 has them.
//
// Relative times become absolute in the log: HGETEX is logged as HPEXPIREAT, HPERSIST or HDEL,
// HGETDEL as HDEL, HSETEX with PXAT.
import type { HashHandle } from '../../../collections/hash.ts';
import { argumentIs, argumentText, safeIntegerArgument, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { unitEx, unitExat, unitPx, unitPxat } from '../../deadlines.ts';
import type { TimeUnit } from '../../deadlines.ts';
import { keyEvent } from '../../events/event-rules.ts';
import { changedTimes, part } from '../typed-lookup.ts';
import {
  FieldChanges, fieldDeadline, fieldsFrom, fieldsNotPositive, isPast,
} from './field-deadlines.ts';
import { findField, findForPut, openForChange, openForWriting } from './open.ts';
import { replyFieldValue } from './reading.ts';

const expires = keyEvent('hash', 'hexpire');
const words = {
  ex: word('ex'), px: word('px'), exat: word('exat'), pxat: word('pxat'), fields: word('fields'),
  persist: word('persist'), keepttl: word('keepttl'), fnx: word('fnx'), fxx: word('fxx'),
};

function unitAt(ctx: CommandContext, index: number): TimeUnit | null {
  if (argumentIs(ctx, index, words.ex)) return unitEx;
  if (argumentIs(ctx, index, words.px)) return unitPx;
  if (argumentIs(ctx, index, words.exat)) return unitExat;
  return argumentIs(ctx, index, words.pxat) ? unitPxat : null;
}

type Change = (changes: FieldChanges, hash: HashHandle, index: number) => void;

/** Answers with each value from argument `first` on, then changes its field. */
function answerAndChange(
  ctx: CommandContext, { hash, first, at }: { hash: HashHandle | null; first: number; at: number },
  change: Change,
): void {
  const changes = new FieldChanges();
  ctx.reply.array(ctx.argc - first);
  try {
    for (let index = first; index < ctx.argc; index++) {
      if (hash === null || !findField(ctx, hash, index)) {
        ctx.reply.nil();
        continue;
      }
      replyFieldValue(ctx, hash);
      change(changes, hash, index);
    }
  } finally {
    changes.log(ctx, at);
  }
}

/** The hash, null when there is none, or undefined after writing the error. */
function openOrMissing(ctx: CommandContext): HashHandle | null | undefined {
  let missing = false;
  const hash = openForChange(ctx, () => {
    missing = true;
  });
  return hash === null && !missing ? undefined : hash;
}

/** HGETDEL key FIELDS n field… */
export function hgetdel(ctx: CommandContext): void {
  const hash = openOrMissing(ctx);
  if (hash === undefined) return;
  const first = fieldsFrom(ctx, 2, fieldsNotPositive);
  if (first === 0) return;
  answerAndChange(ctx, { hash, first, at: 0 }, (changes, open, index) => {
    changes.remove(open, index);
  });
}

/** HGETEX key [EX | PX | EXAT | PXAT time | PERSIST] FIELDS n field… */
export function hgetex(ctx: CommandContext): void {
  const hash = openOrMissing(ctx);
  if (hash === undefined) return;
  const unit = unitAt(ctx, 2);
  const at = unit === null ? 0 : fieldDeadline(ctx, 3, unit);
  if (Number.isNaN(at)) return;
  const persists = unit === null && argumentIs(ctx, 2, words.persist);
  const first = fieldsFrom(ctx, unit === null ? (persists ? 3 : 2) : 4, fieldsNotPositive);
  if (first === 0) return;
  answerAndChange(ctx, { hash, first, at }, (changes, open, index) => {
    if (unit !== null) changes.expire(ctx, open, { index, at });
    else if (persists && open.deadlineMs !== 0) changes.persist(open, index);
  });
}

interface SetOptions {
  /** Unix ms; -1: none was given. */
  at: number;
  keepsDeadline: boolean;
  condition: 'fnx' | 'fxx' | null;
  /** The argument of the first field. */
  first: number;
}

const oneTime = 'ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified';
const oneCondition = 'ERR Only one of FXX or FNX arguments can be specified';

/** Null after writing the error. */
function setOptions(ctx: CommandContext): SetOptions | null {
  const options: SetOptions = { at: -1, keepsDeadline: false, condition: null, first: 0 };
  for (let i = 2; i < ctx.argc; i++) {
    if (argumentIs(ctx, i, words.fields)) return pairsFrom(ctx, i, options);
    const error = optionAt(ctx, i, options);
    if (error !== '') {
      if (error !== null) ctx.reply.error(error);
      return null;
    }
    if (unitAt(ctx, i) !== null) i++;
  }
  ctx.reply.error('ERR missing FIELDS argument');
  return null;
}

/** '' when the option is fine, else the error; null when it is written already. */
function optionAt(ctx: CommandContext, index: number, options: SetOptions): string | null {
  const unit = unitAt(ctx, index);
  const keeps = argumentIs(ctx, index, words.keepttl);
  if (unit !== null || keeps) {
    if (options.keepsDeadline || options.at >= 0) return oneTime;
    options.keepsDeadline = keeps;
    if (unit === null) return '';
    if (index + 1 === ctx.argc) return 'ERR missing expire time';
    options.at = fieldDeadline(ctx, index + 1, unit);
    return Number.isNaN(options.at) ? null : '';
  }
  const fnx = argumentIs(ctx, index, words.fnx);
  if (!fnx && !argumentIs(ctx, index, words.fxx)) {
    return `ERR unknown argument: ${argumentText(ctx, index)}`;
  }
  if (options.condition !== null) return oneCondition;
  options.condition = fnx ? 'fnx' : 'fxx';
  return '';
}

function pairsFrom(ctx: CommandContext, at: number, options: SetOptions): SetOptions | null {
  const count = at + 1 < ctx.argc ? safeIntegerArgument(ctx, at + 1) : NaN;
  if (!(count >= 1)) {
    ctx.reply.error('ERR invalid number of fields');
    return null;
  }
  if (ctx.argc - at - 2 !== count * 2) {
    ctx.reply.error("ERR wrong number of arguments for 'hsetex' command");
    return null;
  }
  options.first = at + 2;
  return options;
}

/** FNX: none of the fields may exist; FXX: all of them must. */
function meets(ctx: CommandContext, hash: HashHandle, { condition, first }: SetOptions): boolean {
  if (condition === null) return true;
  for (let index = first; index < ctx.argc; index += 2) {
    if (findField(ctx, hash, index) !== (condition === 'fxx')) return false;
  }
  return true;
}

/** HSETEX key [FNX | FXX] [EX | PX | EXAT | PXAT time | KEEPTTL] FIELDS n {field value}… */
export function hsetex(ctx: CommandContext): void {
  const options = setOptions(ctx);
  if (options === null) return;
  const hash = openForWriting(ctx);
  if (hash === null) return;
  if (!meets(ctx, hash, options)) {
    ctx.reply.integer(0);
    return;
  }
  // The last look may have emptied the hash.
  const open = hash.entry === 0 ? openForWriting(ctx) : hash;
  if (open === null) return;
  if (options.at >= 0 && isPast(ctx, options.at)) removeAll(ctx, open, options.first);
  else setAll(ctx, open, options);
  ctx.reply.integer(1);
}

function removeAll(ctx: CommandContext, hash: HashHandle, first: number): void {
  const changes = new FieldChanges();
  try {
    for (let index = first; index < ctx.argc; index += 2) {
      if (findField(ctx, hash, index)) changes.remove(hash, index);
    }
  } finally {
    changes.log(ctx, 0);
  }
}

function setAll(ctx: CommandContext, hash: HashHandle, options: SetOptions): void {
  let index = options.first;
  try {
    for (; index < ctx.argc; index += 2) {
      const found = findForPut(ctx, hash, index);
      if (options.at >= 0) setMortal(ctx, hash, { found, index, at: Math.max(options.at, 1) });
      else {
        const start = ctx.argStart[index + 1] as number;
        const end = ctx.argEnd[index + 1] as number;
        if (options.keepsDeadline) hash.putKeepingDeadline(ctx.buffer, start, end);
        else hash.put(ctx.buffer, start, end);
      }
    }
  } finally {
    logSet(ctx, options, index);
  }
}

/** Sets value and deadline of the field sought just now: both, or none when there is no room. */
function setMortal(
  ctx: CommandContext, hash: HashHandle, field: { found: boolean; index: number; at: number },
): void {
  const { buffer } = ctx;
  const { found, index } = field;
  const seekAgain = (): boolean =>
    hash.find(buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number);
  const start = ctx.argStart[index + 1] as number;
  const end = ctx.argEnd[index + 1] as number;
  const before = hash.deadlineMs;
  if (found) hash.setDeadline(field.at);
  else hash.put(buffer, start, end);
  seekAgain();
  try {
    if (found) hash.putKeepingDeadline(buffer, start, end);
    else hash.setDeadline(field.at);
  } catch (error) {
    seekAgain();
    if (found) hash.setDeadline(before);
    else hash.remove();
    throw error;
  }
}

/** Logs the pairs before argument `end`; the conditions have been met. */
function logSet(ctx: CommandContext, options: SetOptions, end: number): void {
  const pairs = (end - options.first) / 2;
  if (pairs === 0) return;
  changedTimes(ctx, 1, pairs);
  if (options.at >= 0) ctx.events.happened(ctx, 1, expires);
  const time = options.at >= 0 ? ['PXAT', String(options.at)] : [];
  const words = options.keepsDeadline ? ['KEEPTTL'] : time;
  const set = Array.from({ length: pairs * 2 }, (_, i) => part(ctx, options.first + i));
  const { index } = ctx.database;
  const names = [part(ctx, 1), ...words, 'FIELDS', String(pairs)];
  ctx.effects.command(index, ['HSETEX', ...names, ...set]);
}
