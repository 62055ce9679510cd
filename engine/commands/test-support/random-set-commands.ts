// Random commands over sets and sorted sets, for the property tests: few keys, few members, all
// options, ends of ranges that nearly meet. None whose answer is left to chance.
import * as fc from 'fast-check';
import { command } from './random-commands.ts';

const setKey = fc.constantFrom('s1', 's2', 's3', 'n1', 'n2');
const sortedKey = fc.constantFrom('z1', 'z2', 'z3');
const anyKey = fc.oneof({ weight: 9, arbitrary: setKey }, { weight: 9, arbitrary: sortedKey },
  { weight: 1, arbitrary: fc.constantFrom('string', 'missing') });
const setLike = fc.oneof({ weight: 20, arbitrary: setKey },
  { weight: 1, arbitrary: fc.constantFrom('string', 'missing', 'z1') });
const sortedLike = fc.oneof({ weight: 20, arbitrary: sortedKey },
  { weight: 1, arbitrary: fc.constantFrom('string', 'missing', 's1') });

const member = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((number) => `m${number}`),
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom('', 'a', 'ab', '\x00', '\xff\xfe', '007', 'x'.repeat(70), 'y'.repeat(2000),
    '9223372036854775807', '-9223372036854775808', '65536', '4294967296'),
);
const members = fc.array(member, { minLength: 1, maxLength: 12, size: 'max' });
const score = fc.oneof(
  fc.integer({ min: -5, max: 5 }).map(String),
  fc.constantFrom('0.5', '-0.5', '3.3', '1e20', 'inf', '-inf', '1e-7', '2.5', '+1', '0x10'),
  fc.constantFrom('x', 'nan', '', '1e400'),
);
const goodScore = fc.oneof(fc.integer({ min: -5, max: 5 }).map(String),
  fc.constantFrom('0.5', '3.3', '1e20', 'inf', '-inf', '2.5'));
const pairs = fc.array(fc.tuple(goodScore, member), { minLength: 1, maxLength: 12, size: 'max' })
  .map((list) => list.flat());
const zaddOptions = fc.subarray(['NX', 'XX', 'GT', 'LT', 'CH'], { maxLength: 2 });
const bound = fc.oneof(score, goodScore.map((text) => `(${text}`),
  fc.constantFrom('-inf', '+inf', '(', '', ' 1'));
const lexBound = fc.oneof(member.map((text) => `[${text}`), member.map((text) => `(${text}`),
  fc.constantFrom('-', '+', '-', '+', 'x', ''));
const index = fc.oneof(fc.integer({ min: -15, max: 15 }).map(String),
  fc.constantFrom('x', '9223372036854775807', '-9223372036854775808'));
const limit = fc.oneof(fc.constant([]), fc.tuple(fc.constant('LIMIT'), index, index));
const scores = fc.constantFrom([], ['WITHSCORES']);
const reversed = fc.constantFrom([], ['REV']);
const count = fc.constantFrom('0', '1', '2', '5', '1000', '-1', 'x');
const side = fc.constantFrom('MIN', 'MAX');
/** None that makes -0, whose sign Redis shows in large sorted sets only (COMPAT.md). */
const weight = fc.constantFrom('1', '2', '3', '0.5', 'inf');

/** numkeys, keys and what may follow them. */
function inputs(keys: fc.Arbitrary<string>, weighs: boolean): fc.Arbitrary<string[]> {
  return fc.array(keys, { minLength: 1, maxLength: 6, size: 'max' }).chain((list) => {
    const weights = fc.array(weight, { minLength: list.length, maxLength: list.length })
      .map((all) => ['WEIGHTS', ...all]);
    const aggregate = fc.constantFrom('SUM', 'MIN', 'MAX').map((name) => ['AGGREGATE', name]);
    const none = fc.constant<string[]>([]);
    const options = weighs
      ? fc.tuple(fc.oneof(none, weights), fc.oneof(none, aggregate)).map((both) => both.flat())
      : none;
    return options.map((after) => [String(list.length), ...list, ...after]);
  });
}

const manySets = fc.array(setLike, { minLength: 1, maxLength: 6, size: 'max' });

/** Lexical ranges are defined where all scores are the same only. */
const evenKey = fc.constantFrom('even1', 'even2');
const evenPairs = members.map((list) => list.flatMap((name) => ['0', name]));

/** Commands that change sets and sorted sets. */
export const setWrites: readonly fc.Arbitrary<string[]>[] = [
  command('SADD', setLike, members), command('SADD', setKey, members),
  command('SADD', fc.constantFrom('n1', 'n2'), fc.array(fc.integer({ min: -40000, max: 40000 })
    .map(String), { minLength: 1, maxLength: 12, size: 'max' })),
  command('SREM', setLike, members), command('SMOVE', setLike, setLike, member),
  command('SINTERSTORE', anyKey, manySets), command('SUNIONSTORE', setKey, manySets),
  command('SDIFFSTORE', setKey, manySets), command('SPOP', setKey, fc.constant('1000')),
  command('ZADD', sortedLike, pairs), command('ZADD', sortedKey, pairs),
  command('ZADD', sortedLike, zaddOptions, pairs), command('ZADD', sortedKey, score, member),
  command('ZADD', sortedKey, zaddOptions, 'INCR', score, member),
  command('ZADD', evenKey, evenPairs), command('ZREM', evenKey, members),
  command('ZINCRBY', sortedLike, score, member), command('ZREM', sortedLike, members),
  command('ZPOPMIN', sortedLike), command('ZPOPMAX', sortedKey, count),
  command('ZMPOP', '2', sortedLike, sortedKey, side, fc.constant('COUNT'), count),
  command('BZPOPMIN', sortedKey, 'missing', '0.001'), command('BZPOPMAX', sortedKey, '0.001'),
  command('BZMPOP', '0.001', '1', sortedKey, side),
  command('ZREMRANGEBYRANK', sortedLike, index, index),
  command('ZREMRANGEBYSCORE', sortedLike, bound, bound),
  command('ZREMRANGEBYLEX', evenKey, lexBound, lexBound),
  command('ZRANGESTORE', sortedKey, sortedLike, index, index, reversed),
  command('ZRANGESTORE', sortedKey, sortedLike, bound, bound, fc.constant('BYSCORE'), reversed,
    limit),
  command('ZRANGESTORE', evenKey, evenKey, lexBound, lexBound, fc.constant('BYLEX'), limit),
  command('ZUNIONSTORE', sortedKey, inputs(anyKey, true)),
  command('ZINTERSTORE', sortedKey, inputs(anyKey, true)),
  command('ZDIFFSTORE', sortedKey, inputs(anyKey, false)),
  command('DEL', anyKey), command('RENAME', sortedKey, sortedKey),
  command('SET', fc.constant('string'), fc.constant('text')),
];

/** Commands that read sets and sorted sets. */
export const setReads: readonly fc.Arbitrary<string[]>[] = [
  command('SCARD', setLike), command('SISMEMBER', setLike, member),
  command('SMISMEMBER', setLike, members), command('SMEMBERS', setLike),
  command('SRANDMEMBER', setKey, fc.constant('1000')),
  command('SSCAN', setLike, '0', fc.constant('COUNT'), fc.constant('10000')),
  command('SINTER', manySets), command('SUNION', manySets), command('SDIFF', manySets),
  command('SINTERCARD', inputs(setLike, false), fc.constantFrom([], ['LIMIT', '2'])),
  command('ZCARD', sortedLike), command('ZSCORE', sortedLike, member),
  command('ZMSCORE', sortedLike, members), command('ZRANK', sortedLike, member),
  command('ZREVRANK', sortedLike, member), command('ZCOUNT', sortedLike, bound, bound),
  command('ZLEXCOUNT', evenKey, lexBound, lexBound),
  command('ZRANGE', sortedLike, index, index, reversed, scores, limit),
  command('ZRANGE', sortedLike, bound, bound, fc.constant('BYSCORE'), reversed, limit, scores),
  command('ZRANGE', evenKey, lexBound, lexBound, fc.constant('BYLEX'), reversed, limit),
  command('ZRANGEBYSCORE', sortedLike, bound, bound, scores, limit),
  command('ZREVRANGEBYSCORE', sortedLike, bound, bound, limit, scores),
  command('ZREVRANGE', sortedLike, index, index, scores),
  command('ZRANGEBYLEX', evenKey, lexBound, lexBound, limit),
  command('ZREVRANGEBYLEX', evenKey, lexBound, lexBound, limit),
  command('ZRANDMEMBER', sortedKey, fc.constant('1000'), scores),
  command('ZSCAN', sortedLike, '0', fc.constant('COUNT'), fc.constant('10000')),
  command('ZUNION', inputs(anyKey, true), scores), command('ZINTER', inputs(anyKey, true), scores),
  command('ZDIFF', inputs(anyKey, false), scores),
  command('ZINTERCARD', inputs(anyKey, false), fc.constantFrom([], ['LIMIT', '2'])),
  command('DEBUG', 'DIGEST-VALUE', anyKey),
];
