// Random commands over lists, hashes, sets, sorted sets, bitmaps and HyperLogLogs for the property
// tests. Two keys a type, and sometimes a key of another type; elements collide often; now and then
// a batch large enough to change the representation.
import * as fc from 'fast-check';
import { command } from './random-commands.ts';

const foreign = fc.constantFrom('a', 'b', 'l1', 'h1', 's1', 'z1');

/** Two names of a type, rarely a key that may be of another. */
function keyOf(first: string, second: string): fc.Arbitrary<string> {
  return fc.oneof({ weight: 12, arbitrary: fc.constantFrom(first, second) },
    { weight: 1, arbitrary: foreign });
}

const list = keyOf('l1', 'l2');
const hash = keyOf('h1', 'h2');
const set = keyOf('s1', 's2');
const sorted = keyOf('z1', 'z2');
// All scores alike: Redis leaves open what ranges by member find otherwise.
const lexical = fc.constantFrom('y1', 'y2');
const bits = keyOf('b1', 'b2');
const sketch = keyOf('p1', 'p2');

const element = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e', '', '1', '2', '-3', '007') },
  { weight: 3, arbitrary: fc.constantFrom('127', '128', '-8191', '32767', '65536', '16777216',
    '2147483648', '9223372036854775807', '9223372036854775808', '1.5', '\x01\xff', 'é') },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(64), 'y'.repeat(65), 'z'.repeat(5000)) },
  { weight: 3, arbitrary: fc.nat(300).map((number) => `m${number}`) },
  { weight: 3, arbitrary: fc.nat(700).map(String) },
);
const few = fc.array(element, { minLength: 1, maxLength: 4 });
const batch = fc.tuple(fc.nat(500), fc.nat(300)).map(([from, count]) =>
  Array.from({ length: count + 1 }, (_, i) => String(from + i)));
const elements = fc.oneof({ weight: 20, arbitrary: few }, { weight: 1, arbitrary: batch });
const index = fc.constantFrom('0', '1', '-1', '2', '-3', '5', '100', '-100', '150', 'x');
const count = fc.constantFrom('0', '1', '2', '3', '100', '-1', 'x');
const side = fc.constantFrom('LEFT', 'RIGHT');
const score = fc.oneof(fc.integer({ min: -5, max: 5 }).map(String), fc.constantFrom(
  '0.1', '-0.5', '1e3', 'inf', '-inf', '+inf', '3.0', '1e-7', '123456789012345680', 'nan', 'x',
));
const scoreBound = fc.oneof(score, score.map((text) => `(${text}`));
const lexBound = fc.oneof(fc.constantFrom('-', '+', '[', '(', 'x'),
  element.map((text) => `[${text}`), element.map((text) => `(${text}`));
const limit = fc.oneof(fc.constant<string[]>([]),
  fc.tuple(fc.constant('LIMIT'), index, count).map((words) => [...words]));
const withScores = fc.constantFrom<string[]>([], ['WITHSCORES']);

function pairsOf(
  first: fc.Arbitrary<string>, second: fc.Arbitrary<string>,
): fc.Arbitrary<string[]> {
  const some = fc.array(fc.tuple(first, second), { minLength: 1, maxLength: 4 });
  const many = fc.tuple(fc.nat(400), fc.nat(300)).map(([from, length]) =>
    Array.from({ length: length + 1 }, (_, i): [string, string] => [String(i), `f${from + i}`]));
  return fc.oneof({ weight: 20, arbitrary: some }, { weight: 1, arbitrary: many })
    .map((all) => all.flat());
}

function keysWithCount(keys: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  return fc.array(keys, { minLength: 1, maxLength: 3 }).map((all) => [String(all.length), ...all]);
}

const listCommands = [
  command(fc.constantFrom('LPUSH', 'RPUSH'), list, elements),
  command(fc.constantFrom('LPUSHX', 'RPUSHX'), list, few),
  command(fc.constantFrom('LPOP', 'RPOP'), list),
  command(fc.constantFrom('LPOP', 'RPOP'), list, count),
  command('LLEN', list), command('LINDEX', list, index), command('LSET', list, index, element),
  command('LRANGE', list, index, index), command('LTRIM', list, index, index),
  command('LREM', list, count, element), command('LPOS', list, element),
  command('LPOS', list, element, 'RANK', fc.constantFrom('1', '-1', '2', '0'), 'COUNT', count),
  command('LINSERT', list, fc.constantFrom('BEFORE', 'AFTER', 'x'), element, element),
  command('LMOVE', list, list, side, side), command('RPOPLPUSH', list, list),
  command('LMPOP', keysWithCount(list), side, 'COUNT', count),
];
const hashCommands = [
  command('HSET', hash, pairsOf(element, element)),
  command('HMSET', hash, pairsOf(element, element)),
  command('HSETNX', hash, element, element), command('HGET', hash, element),
  command('HMGET', hash, few), command('HDEL', hash, few), command('HLEN', hash),
  command('HEXISTS', hash, element), command('HSTRLEN', hash, element),
  command('HINCRBY', hash, element, fc.constantFrom('1', '-5', '9223372036854775807', 'x')),
  command('HINCRBYFLOAT', hash, element, fc.constantFrom('0.5', '-1e2', '3', 'nan', 'x')),
  command('HGETALL', hash), command('HKEYS', hash), command('HVALS', hash),
];
const setCommands = [
  command('SADD', set, elements), command('SREM', set, elements), command('SCARD', set),
  command('SISMEMBER', set, element), command('SMISMEMBER', set, few), command('SMEMBERS', set),
  command('SMOVE', set, set, element),
  command(fc.constantFrom('SINTER', 'SUNION', 'SDIFF'), set, set),
  command(fc.constantFrom('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE'), set, set, set),
  command('SINTERCARD', keysWithCount(set), 'LIMIT', count),
];
const sortedReads = [
  command('ZCARD', sorted), command('ZSCORE', sorted, element), command('ZMSCORE', sorted, few),
  command(fc.constantFrom('ZRANK', 'ZREVRANK'), sorted, element),
  command('ZCOUNT', sorted, scoreBound, scoreBound),
  command('ZLEXCOUNT', lexical, lexBound, lexBound),
  command('ZRANGE', sorted, index, index, fc.constantFrom<string[]>([], ['REV']), withScores),
  command('ZREVRANGE', sorted, index, index, withScores),
  command('ZRANGE', sorted, scoreBound, scoreBound, 'BYSCORE', limit, withScores),
  command('ZRANGE', sorted, scoreBound, scoreBound, 'BYSCORE', 'REV', limit, withScores),
  command('ZRANGEBYSCORE', sorted, scoreBound, scoreBound, withScores, limit),
  command('ZREVRANGEBYSCORE', sorted, scoreBound, scoreBound, withScores, limit),
  command(fc.constantFrom('ZRANGEBYLEX', 'ZREVRANGEBYLEX'), lexical, lexBound, lexBound, limit),
  command(fc.constantFrom('ZUNION', 'ZINTER', 'ZDIFF'), keysWithCount(fc.oneof(sorted, set)),
    withScores),
  command('ZINTERCARD', keysWithCount(sorted)),
];
const zaddOptions = fc.array(fc.constantFrom('NX', 'XX', 'GT', 'LT', 'CH'), { maxLength: 2 });
const aggregate = fc.constantFrom<string[]>([], ['AGGREGATE', 'SUM'], ['AGGREGATE', 'MIN'],
  ['AGGREGATE', 'MAX']);
const sortedWrites = [
  command('ZADD', sorted, zaddOptions, pairsOf(score, element)),
  command('ZADD', sorted, zaddOptions, 'INCR', score, element),
  command('ZINCRBY', sorted, score, element), command('ZREM', sorted, few),
  command(fc.constantFrom('ZPOPMIN', 'ZPOPMAX'), sorted),
  command(fc.constantFrom('ZPOPMIN', 'ZPOPMAX'), sorted, count),
  command('ZMPOP', keysWithCount(sorted), fc.constantFrom('MIN', 'MAX'), 'COUNT', count),
  command('ZREMRANGEBYRANK', sorted, index, index),
  command('ZREMRANGEBYSCORE', sorted, scoreBound, scoreBound),
  command('ZREMRANGEBYLEX', lexical, lexBound, lexBound),
  command('ZADD', lexical, elements.map((all) => all.flatMap((one) => ['0', one]))),
  command('ZRANGESTORE', sorted, sorted, index, index),
  command('ZRANGESTORE', sorted, sorted, scoreBound, scoreBound, 'BYSCORE', limit),
  command(fc.constantFrom('ZUNIONSTORE', 'ZINTERSTORE', 'ZDIFFSTORE'), sorted,
    keysWithCount(fc.oneof(sorted, set))),
  command(fc.constantFrom('ZUNIONSTORE', 'ZINTERSTORE'), sorted,
    fc.tuple(sorted, sorted).map((keys) => ['2', ...keys]), 'WEIGHTS', '2', '0.5', aggregate),
];
const bit = fc.constantFrom('0', '1', '2');
const offset = fc.oneof(fc.nat(200).map(String), fc.constantFrom('100000', '-1', 'x'));
const field = fc.constantFrom('u8', 'i5', 'u63', 'i64', 'u1', 'u64');
const bitCommands = [
  command('SETBIT', bits, offset, bit), command('GETBIT', bits, offset),
  command('BITCOUNT', bits),
  command('BITCOUNT', bits, index, index, fc.constantFrom('BIT', 'BYTE')),
  command('BITPOS', bits, bit, index, index), command('BITPOS', bits, bit),
  command('BITOP', fc.constantFrom('AND', 'OR', 'XOR', 'NOT'), bits, bits, bits),
  command('BITOP', 'NOT', bits, bits),
  command('BITFIELD', bits, 'OVERFLOW', fc.constantFrom('WRAP', 'SAT', 'FAIL'), 'INCRBY', field,
    offset, index, 'GET', field, offset, 'SET', field, offset, index),
  command('PFADD', sketch, elements), command('PFCOUNT', sketch),
  command('PFCOUNT', sketch, sketch),
  command('PFMERGE', sketch, sketch, sketch),
];
const anyKey = fc.oneof(list, hash, set, sorted, bits, sketch);
const generic = [
  command('DEL', anyKey), command('TYPE', anyKey), command('EXISTS', anyKey),
  command('RENAME', anyKey, anyKey), command('COPY', anyKey, anyKey, 'REPLACE'),
  command('MOVE', anyKey, '1'), command('EXPIREAT', anyKey, '9999999999'),
  command('PERSIST', anyKey),
  command('DEBUG', 'DIGEST-VALUE', anyKey), command('SORT', fc.oneof(list, set, sorted), 'ALPHA'),
  command('SORT', list, 'ALPHA', 'LIMIT', index, count, 'STORE', list),
  command('EXPIRETIME', anyKey),
];

/** Draws from SPOP and its like: the log of them is checked, not the replies. */
const chancy = [
  command('SPOP', set), command('SPOP', set, count), command('SRANDMEMBER', set, count),
  command('HRANDFIELD', hash, count, 'WITHVALUES'), command('ZRANDMEMBER', sorted, count),
];

/** One command that answers the same on every server. */
export const collectionCommand: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 18, arbitrary: fc.oneof(...listCommands) },
  { weight: 14, arbitrary: fc.oneof(...hashCommands) },
  { weight: 12, arbitrary: fc.oneof(...setCommands) },
  { weight: 14, arbitrary: fc.oneof(...sortedWrites) },
  { weight: 12, arbitrary: fc.oneof(...sortedReads) },
  { weight: 8, arbitrary: fc.oneof(...bitCommands) },
  { weight: 8, arbitrary: fc.oneof(...generic) },
);

/** As collectionCommand, and commands that choose at random. */
export const collectionWrite: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 8, arbitrary: collectionCommand }, { weight: 1, arbitrary: fc.oneof(...chancy) },
);
