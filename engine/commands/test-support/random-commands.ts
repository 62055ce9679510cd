// Random commands for the property tests: few keys, many collisions, all options. Times are far in
// the past or in the future, so that no answer depends on how fast a server is.
import * as fc from 'fast-check';

const key = fc.constantFrom('a', 'b', 'c', 'key:4', 'k\xff\x00', '');
const number = fc.constantFrom(
  '0', '1', '-1', '10', '99', '-100', '9007199254740991', '-9007199254740992',
  '9223372036854775807', '-9223372036854775808', '9223372036854775808', '1.5', 'x', '', '+1', '007',
);
const float = fc.constantFrom('0.1', '-3.25', '1e3', '10', 'nan', 'inf', '1e-5', 'abc', '0x1p3',
  '');
const value = fc.oneof(
  number, fc.constantFrom('abc', '\x00\r\n', 'x'.repeat(44), 'y'.repeat(45), 'z'.repeat(5000)),
);
const index = fc.constantFrom('0', '1', '-1', '2', '-3', '100', '-100', '9223372036854775807', 'x');
const offset = fc.constantFrom('0', '1', '5', '100', '3000', '-1', 'x');
const pattern = fc.constantFrom('*', 'a', 'k*', '?', '[a-b]', '[^a]', 'key:[0-9]', '\\a', '', '[');

const seconds = fc.constantFrom('10000', '100000', '0', '-1', 'x', '9223372036854775807');
const unixSeconds = fc.constantFrom('9999999999', '8888888888', '1', '0', '-5');
const unixMilliseconds = fc.constantFrom('9999999999999', '8888888888888', '9999999999500', '1',
  '0');
const time = fc.oneof(
  fc.tuple(fc.constantFrom('EX', 'ex'), seconds),
  fc.tuple(fc.constant('PX'), fc.constantFrom('10000000', '100000000', '0', '-1')),
  fc.tuple(fc.constant('EXAT'), unixSeconds),
  fc.tuple(fc.constant('PXAT'), unixMilliseconds),
);
const setOption = fc.oneof(
  fc.constantFrom(['NX'], ['XX'], ['GET'], ['KEEPTTL'], ['PERSIST'], ['EX'], ['what']), time,
);
const setOptions = fc.array(setOption, { maxLength: 2 }).map((options) => options.flat());
const condition = fc.array(fc.constantFrom('NX', 'XX', 'GT', 'LT', 'what'), { maxLength: 2 });
const manyKeys = fc.array(key, { minLength: 1, maxLength: 4 });
const pairs = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 });

type Part = string | readonly string[];

/** A command of fixed words, single arguments and lists of them. */
export function command(
  ...parts: readonly (string | fc.Arbitrary<Part>)[]
): fc.Arbitrary<string[]> {
  const arbitraries = parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part));
  return fc.tuple(...(arbitraries as fc.Arbitrary<Part>[])).map((words) => words.flat());
}

const writing = [
  command('SET', key, value), command('SET', key, value, setOptions), command('SETNX', key, value),
  command('SETEX', key, seconds, value), command('PSETEX', key, seconds, value),
  command('GETSET', key, value), command('GETDEL', key),
  command('GETEX', key, setOptions), command('APPEND', key, value),
  command('SETRANGE', key, offset, value), command('MSET', pairs.map((all) => all.flat())),
  command('MSETNX', pairs.map((all) => all.flat())), command('INCR', key), command('DECR', key),
  command('INCRBY', key, number), command('DECRBY', key, number),
  command('INCRBYFLOAT', key, float), command('DEL', manyKeys), command('UNLINK', manyKeys),
  command('RENAME', key, key), command('RENAMENX', key, key), command('PERSIST', key),
  command('EXPIRE', key, seconds, condition), command('EXPIREAT', key, unixSeconds, condition),
  command('PEXPIRE', key, fc.constantFrom('10000000', '-1'), condition),
  command('PEXPIREAT', key, unixMilliseconds, condition), command('SWAPDB', '0', '1'),
];
const reading = [
  command('GET', key), command('MGET', manyKeys), command('STRLEN', key),
  command('GETRANGE', key, index, index), command('EXISTS', manyKeys), command('TYPE', key),
  command('TOUCH', manyKeys), command('TTL', key), command('EXPIRETIME', key), command('DBSIZE'),
  command('DEBUG', 'DIGEST-VALUE', manyKeys), command('KEYS', pattern),
  command('SCAN', '0', 'COUNT', '1000', 'MATCH', pattern),
];
const odd = [
  command('SELECT', fc.constantFrom('0', '1', '99')), command('MULTI'), command('EXEC'),
  command('DISCARD'), command('WATCH', key), command('UNWATCH'), command('NOSUCH', key),
  command('GET'), command('FLUSHDB'), command('PING'), command('CLIENT', 'GETNAME'),
    command('RESET'),
];

/** Sequences of commands, most of which do something. */
export const commandSequences: fc.Arbitrary<string[][]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.oneof(...writing) },
    { weight: 5, arbitrary: fc.oneof(...reading) },
    { weight: 1, arbitrary: fc.oneof(...odd) },
  ),
  { minLength: 1, maxLength: 60 },
);

/** Only what changes data, for the tests of what is logged. */
export const writeSequences: fc.Arbitrary<string[][]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...writing) },
    { weight: 1, arbitrary: fc.oneof(...odd) },
  ),
  { minLength: 1, maxLength: 60 },
);
