// The rows of hashes in the registry.
import { unitEx, unitExat, unitPx, unitPxat } from '../../deadlines.ts';
import type { TimeUnit } from '../../deadlines.ts';
import { oneKey } from '../../key-specs.ts';
import type { CommandHandler, CommandRow } from '../../spec.ts';
import { expireFields, fieldTimes, persistFields } from './field-deadlines.ts';
import { hrandfield } from './random.ts';
import {
  hexists, hget, hgetall, hkeys, hlen, hmget, hscan, hstrlen, hvals,
} from './reading.ts';
import { hgetdel, hgetex, hsetex } from './with-deadline.ts';
import { hdel, hincrby, hincrbyfloat, hmset, hset, hsetnx } from './writing.ts';

const many = 'O(N) with N fields asked for';
const whole = 'O(N) with N fields in the hash';
const unordered = { tips: ['nondeterministic_output_order'] };
const random = { tips: ['nondeterministic_output'] };
const fieldList = 'FIELDS numfields field...';
const growing = { group: 'hash', flags: 'write denyoom fast' } as const;
const fast = { group: 'hash', flags: 'readonly fast', keys: oneKey('RO access') } as const;
const slow = { group: 'hash', flags: 'readonly', keys: oneKey('RO access') } as const;

const basicRows: readonly CommandRow[] = [
  {
    ...growing, name: 'hset', arity: -4, since: '2.0.0', complexity: 'O(N) with N pairs',
    summary: 'Sets fields of a hash and counts the new ones.', syntax: 'key {field value}...',
    keys: oneKey('RW update'), handler: hset,
  },
  {
    ...growing, name: 'hsetnx', arity: 4, since: '2.0.0', complexity: 'O(1)',
    summary: 'Sets a field of a hash if it is not there.', syntax: 'key field value',
    keys: oneKey('RW insert'), handler: hsetnx,
  },
  {
    ...growing, name: 'hmset', arity: -4, since: '2.0.0', complexity: 'O(N) with N pairs',
    summary: 'Sets fields of a hash.', syntax: 'key {field value}...', keys: oneKey('RW update'),
    handler: hmset,
  },
  {
    ...growing, name: 'hincrby', arity: 4, since: '2.0.0', complexity: 'O(1)',
    summary: 'Adds an integer to a field of a hash, which starts at 0.',
    syntax: 'key field increment', keys: oneKey('RW access update'), handler: hincrby,
  },
  {
    ...growing, name: 'hincrbyfloat', arity: 4, since: '2.6.0', complexity: 'O(1)',
    summary: 'Adds a floating point number to a field of a hash, which starts at 0.',
    syntax: 'key field increment:double', keys: oneKey('RW access update'),
    handler: hincrbyfloat,
  },
  {
    name: 'hdel', arity: -3, flags: 'write fast', group: 'hash', since: '2.0.0', complexity: many,
    summary: 'Removes fields of a hash.', syntax: 'key field...', keys: oneKey('RW delete'),
    handler: hdel,
  },
];

const readingRows: readonly CommandRow[] = [
  {
    ...fast, name: 'hget', arity: 3, since: '2.0.0', complexity: 'O(1)', syntax: 'key field',
    summary: 'The value of a field of a hash.', handler: hget,
  },
  {
    ...fast, name: 'hmget', arity: -3, since: '2.0.0', complexity: many, syntax: 'key field...',
    summary: 'The values of several fields of a hash.', handler: hmget,
  },
  {
    ...fast, name: 'hlen', arity: 2, since: '2.0.0', complexity: 'O(1)', syntax: 'key',
    summary: 'How many fields a hash has.', keys: oneKey('RO'), handler: hlen,
  },
  {
    ...fast, name: 'hexists', arity: 3, since: '2.0.0', complexity: 'O(1)', syntax: 'key field',
    summary: 'Whether a hash has a field.', keys: oneKey('RO'), handler: hexists,
  },
  {
    ...fast, name: 'hstrlen', arity: 3, since: '3.2.0', complexity: 'O(1)', syntax: 'key field',
    summary: 'The length of the value of a field in bytes.', keys: oneKey('RO'), handler: hstrlen,
  },
  {
    ...slow, ...unordered, name: 'hgetall', arity: 2, since: '2.0.0', complexity: whole,
    summary: 'All fields of a hash with their values.', syntax: 'key', handler: hgetall,
  },
  {
    ...slow, ...unordered, name: 'hkeys', arity: 2, since: '2.0.0', complexity: whole,
    summary: 'All fields of a hash.', syntax: 'key', handler: hkeys,
  },
  {
    ...slow, ...unordered, name: 'hvals', arity: 2, since: '2.0.0', complexity: whole,
    summary: 'The values of all fields of a hash.', syntax: 'key', handler: hvals,
  },
  {
    ...slow, ...random, name: 'hrandfield', arity: -2, since: '6.2.0', handler: hrandfield,
    summary: 'Fields of a hash, drawn at random.', syntax: 'key [count [WITHVALUES]]',
    complexity: 'O(N) with N fields returned',
  },
  {
    ...slow, ...random, name: 'hscan', arity: -3, since: '2.8.0', handler: hscan,
    summary: 'Some fields of a hash, and the cursor for the next ones.',
    syntax: 'key cursor [MATCH pattern] [COUNT count] [NOVALUES]',
    complexity: 'O(1) per call, O(N) for all',
  },
];

interface About {
  readonly syntax: string;
  readonly handler: CommandHandler;
}

function expireRow(name: string, unit: TimeUnit, time: string): CommandRow {
  const from = unit.relative ? 'after a time' : 'at a Unix time';
  return {
    ...growing, name, arity: -6, since: '7.4.0', complexity: many, keys: oneKey('RW update'),
    summary: `Lets fields expire ${from} in ${unit.seconds ? 'seconds' : 'milliseconds'}.`,
    syntax: `key ${time} [NX | XX | GT | LT] ${fieldList}`,
    handler: (ctx) => expireFields(ctx, unit),
  };
}

function timeRow(name: string, unit: TimeUnit): CommandRow {
  const what = unit.relative ? 'The time fields have left' : 'The Unix time at which fields expire';
  return {
    ...fast, name, arity: -5, since: '7.4.0', complexity: many, syntax: `key ${fieldList}`,
    summary: `${what}, in ${unit.seconds ? 'seconds' : 'milliseconds'}.`,
    ...(unit.relative ? random : {}), handler: (ctx) => fieldTimes(ctx, unit),
  };
}

function changeRow(name: string, since: string, about: About & { summary: string }): CommandRow {
  return {
    name, arity: -5, flags: 'write fast', group: 'hash', since, complexity: many, ...about,
    keys: oneKey('RW access update'),
  };
}

const times = 'EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds';

const deadlineRows: readonly CommandRow[] = [
  expireRow('hexpire', unitEx, 'seconds'),
  expireRow('hpexpire', unitPx, 'milliseconds'),
  expireRow('hexpireat', unitExat, 'unix-time-seconds'),
  expireRow('hpexpireat', unitPxat, 'unix-time-milliseconds'),
  timeRow('httl', unitEx),
  timeRow('hpttl', unitPx),
  timeRow('hexpiretime', unitExat),
  timeRow('hpexpiretime', unitPxat),
  changeRow('hpersist', '7.4.0', {
    summary: 'Takes the deadlines from fields.', syntax: `key ${fieldList}`,
    handler: persistFields,
  }),
  changeRow('hgetdel', '8.0.0', {
    summary: 'The values of fields, which are removed.', syntax: `key ${fieldList}`,
    handler: hgetdel,
  }),
  changeRow('hgetex', '8.0.0', {
    summary: 'The values of fields, whose deadlines may be set or removed.',
    syntax: `key [${times} | PERSIST] ${fieldList}`, handler: hgetex,
  }),
  {
    ...growing, name: 'hsetex', arity: -6, since: '8.0.0', complexity: 'O(N) with N pairs',
    summary: 'Sets fields of a hash with a deadline, if a condition is met.',
    syntax: `key [FNX | FXX] [${times} | KEEPTTL] FIELDS numfields {field value}...`,
    keys: oneKey('RW update'), handler: hsetex,
  },
];

export const hashRows: readonly CommandRow[] = [...basicRows, ...readingRows, ...deadlineRows];
