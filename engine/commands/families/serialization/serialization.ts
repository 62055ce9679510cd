// DUMP and RESTORE: values as bytes, the same as redis-server's.
//
// What the log gets is absolute: RESTORE with a time to live is logged with deadline and ABSTTL.
import { EngineError } from '../../../errors.ts';
import { dumpValue, isPayloadSound, loadPayload } from '../../../rdb/dump.ts';
import { argumentIs, int64Argument, notAnInteger, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { oneKey } from '../../key-specs.ts';
import { changed, lookup, lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import { aside } from '../build-result.ts';

const words = {
  replace: word('replace'), absttl: word('absttl'), idletime: word('idletime'), freq: word('freq'),
};

const busyKey = 'BUSYKEY Target key name already exists.';
const badTtl = 'ERR Invalid TTL value, must be >= 0';
const badIdleTime = 'ERR Invalid IDLETIME value, must be >= 0';
const badFrequency = 'ERR Invalid FREQ value, must be >= 0 and <= 255';
const badPayload = 'ERR DUMP payload version or checksum are wrong';
const badData = 'ERR Bad data format';

function dump(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 1);
  if (entry === 0) {
    ctx.reply.nil();
    return;
  }
  try {
    const options = ctx.server.persistence.dumpOptions();
    const payload = dumpValue(ctx.database, entry, { ...options, collections: ctx.collections });
    ctx.reply.bulk(payload, 0, payload.length);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'RDB_UNSUPPORTED') throw error;
    ctx.reply.error(`ERR ${error.message}`);
  }
}

interface RestoreOptions {
  readonly replace: boolean;
  readonly absolute: boolean;
}

/** Options of RESTORE, or null after writing the error. Idle time and frequency are not kept. */
function restoreOptions(ctx: CommandContext): RestoreOptions | null {
  let replace = false;
  let absolute = false;
  let idle = false;
  let frequency = false;
  for (let i = 4; i < ctx.argc; i++) {
    const more = i + 1 < ctx.argc;
    if (argumentIs(ctx, i, words.replace)) replace = true;
    else if (argumentIs(ctx, i, words.absttl)) absolute = true;
    else if (argumentIs(ctx, i, words.idletime) && more && !frequency) {
      const value = int64Argument(ctx, ++i);
      if (value === null) return refuse(ctx, notAnInteger);
      if (value < 0n) return refuse(ctx, badIdleTime);
      idle = true;
    } else if (argumentIs(ctx, i, words.freq) && more && !idle) {
      const value = int64Argument(ctx, ++i);
      if (value === null) return refuse(ctx, notAnInteger);
      if (value < 0n || value > 255n) return refuse(ctx, badFrequency);
      frequency = true;
    } else return refuse(ctx, syntaxError);
  }
  return { replace, absolute };
}

function refuse(ctx: CommandContext, error: string): null {
  ctx.reply.error(error);
  return null;
}

/** The time to live in argument 2, ms, or -1 after writing the error. */
function timeToLive(ctx: CommandContext): number {
  const value = int64Argument(ctx, 2);
  if (value === null || value < 0n) {
    ctx.reply.error(value === null ? notAnInteger : badTtl);
    return -1;
  }
  return Number(value < BigInt(Number.MAX_SAFE_INTEGER) ? value : Number.MAX_SAFE_INTEGER);
}

function restore(ctx: CommandContext): void {
  const options = restoreOptions(ctx);
  if (options === null) return;
  if (!options.replace && lookup(ctx, 1) !== 0) {
    ctx.reply.error(busyKey);
    return;
  }
  const ttlMs = timeToLive(ctx);
  if (ttlMs < 0) return;
  if (!isPayloadSound(ctx.buffer, ctx.argStart[3] as number, ctx.argEnd[3] as number)) {
    ctx.reply.error(badPayload);
    return;
  }
  const deadlineMs = ttlMs === 0 || options.absolute ? ttlMs : ttlMs + ctx.nowMs;
  const gone = deadlineMs !== 0 && deadlineMs <= ctx.nowMs && !ctx.replaying;
  try {
    place(ctx, deadlineMs, gone);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'ARENA_FULL') throw error;
    ctx.reply.error(badData);
    return;
  }
  ctx.reply.ok();
  if (gone) return;
  changed(ctx, 1);
  if (ttlMs === 0 || options.absolute) ctx.effects.request(ctx.database.index, ctx);
  else logAbsolute(ctx, deadlineMs);
}

/**
 * Loads the payload and gives it the key; one whose deadline has passed only removes what is there.
 * @throws {EngineError} RDB_BAD, RDB_UNSUPPORTED, ARENA_FULL; the key is as it was.
 */
function place(ctx: CommandContext, deadlineMs: number, gone: boolean): void {
  const { collections, database } = ctx;
  aside(database, () => {
    const payload = {
      buffer: ctx.buffer, start: ctx.argStart[3] as number, end: ctx.argEnd[3] as number,
    };
    const loaded = loadPayload(database, payload, collections);
    if (gone) {
      database.remove(loaded);
      return;
    }
    const entry = deadlineMs === 0 ? loaded : database.setDeadline(loaded, deadlineMs);
    const start = ctx.argStart[1] as number;
    database.rename(entry, ctx.buffer, start, ctx.argEnd[1] as number);
  });
  if (!gone) return;
  const old = lookup(ctx, 1);
  if (old === 0) return;
  database.remove(old);
  changed(ctx, 1);
  ctx.effects.command(database.index, ['DEL', part(ctx, 1)]);
}

function logAbsolute(ctx: CommandContext, deadlineMs: number): void {
  const options = Array.from({ length: ctx.argc - 4 }, (_, i) => part(ctx, i + 4));
  ctx.effects.command(ctx.database.index, ['RESTORE', part(ctx, 1), String(deadlineMs),
    part(ctx, 3), ...options, 'ABSTTL']);
}

function part(ctx: CommandContext, index: number): Buffer {
  return ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
}

export const serializationRows: readonly CommandRow[] = [
  {
    name: 'dump', arity: 2, flags: 'readonly', group: 'generic', since: '2.6.0',
    summary: 'The value of a key as bytes that RESTORE takes.',
    complexity: 'O(N) with N elements', syntax: 'key', keys: oneKey('RO access'),
    tips: ['nondeterministic_output'], handler: dump,
  },
  {
    name: 'restore', arity: -4, flags: 'write denyoom', group: 'generic', since: '2.6.0',
    summary: 'Makes a key from the bytes that DUMP answered.',
    complexity: 'O(N) with N elements, for sorted sets O(N log(N))',
    syntax: 'key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
    keys: oneKey('OW update'), categories: ['keyspace', 'dangerous'], handler: restore,
  },
];
