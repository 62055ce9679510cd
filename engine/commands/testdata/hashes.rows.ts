// HSET HSETNX HMSET HGET HMGET HGETALL HKEYS HVALS HDEL HLEN HEXISTS HSTRLEN HINCRBY HINCRBYFLOAT
// HRANDFIELD HSCAN.
import { differs, row } from '../test-support/rows.ts';
import type { Row, Step } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const notAnInteger = '-ERR value is not an integer or out of range';
const notAFloat = '-ERR value is not a valid float';
const overflow = '-ERR increment or decrement would overflow';
const syntax = '-ERR syntax error';
const max = '9223372036854775807';
const min = '-9223372036854775808';
const sorted = { sorted: true };
const abc: Step = ['HSET h a 1 b 2 c 3', ':3'];
const long = 'x'.repeat(65);
const many = (count: number): Step =>
  [`HSET h ${Array.from({ length: count }, (_, i) => `f${i} v${i}`).join(' ')}`, `:${count}`];

const wrongTypes = (...commands: readonly string[]): Row =>
  row('hash commands on a string', ['SET s 1', '+OK'],
    ...commands.map((command): Step => [command, wrongType]), ['GET s', '"1"']);

const float = (value: string, delta: string, sum: string): Row =>
  row(`HINCRBYFLOAT ${value} + ${delta}`, [`HSET h f ${value}`, ':1'],
    [`HINCRBYFLOAT h f ${delta}`, `"${sum}"`], ['HGET h f', `"${sum}"`]);

const writing: readonly Row[] = [
  row('HSET and HGET', ['HSET h a 1', ':1'], ['HGET h a', '"1"'], ['HSET h a 2', ':0'],
    ['HGET h a', '"2"'], ['HGET h b', 'nil'], ['HGET x a', 'nil'], ['TYPE h', '+hash']),
  row('HSET of several', ['HSET h a 1 b 2 a 3', ':2'], ['HGET h a', '"3"'], ['HLEN h', ':2'],
    ['HSET h a 1 c 2 d 3', ':2']),
  row('HSET of odd fields', ['HSET h "" "" "\\x00\\xff" "\\r\\n" 007 -0', ':3'],
    ['HGET h ""', '""'],
    ['HGET h "\\x00\\xff"', '"\\x0d\\x0a"'], ['HGET h 007', '"-0"'], ['HGET h 7', 'nil']),
  row('HSET of integers', [`HSET h 1 2 ${max} ${min} -8192 16777216`, ':3'], ['HGET h 1', '"2"'],
    [`HGET h ${max}`, `"${min}"`], ['HGET h -8192', '"16777216"'], ['HSTRLEN h -8192', ':8']),
  row('HSET arity', ['HSET', arity('hset')], ['HSET h', arity('hset')], ['HSET h a', arity('hset')],
    ['HSET h a b c', arity('hset')], ['EXISTS h', ':0']),
  row('HSET keeps the deadline of the key', ['HSET h a 1', ':1'], ['EXPIRE h 100', ':1'],
    ['HSET h b 1', ':1'], ['TTL h', ':100']),
  row('HSET of an expired key', ['HSET h a 1', ':1'], ['PEXPIRE h 10', ':1'], ['sleep 20', ''],
    ['HSET h b 2', ':1'], ['HGETALL h', '["b", "2"]', { resp3: '{"b": "2"}' }], ['TTL h', ':-1']),
  row('HMSET', ['HMSET h a 1 b 2', '+OK'], ['HGET h b', '"2"'], ['HMSET h a', arity('hmset')],
    ['HMSET h a 1 b', arity('hmset')]),
  row('HSETNX', ['HSETNX h a 1', ':1'], ['HSETNX h a 2', ':0'], ['HGET h a', '"1"'],
    ['HSETNX h b 2', ':1'], ['HSETNX h a', arity('hsetnx')], ['HSETNX h a 1 b', arity('hsetnx')]),
  row('HDEL', abc, ['HDEL h a x', ':1'], ['HDEL h b c b', ':2'], ['EXISTS h', ':0'],
    ['HDEL h a', ':0'], ['HDEL h', arity('hdel')]),
  row('large hashes', many(600), ['OBJECT ENCODING h', '"hashtable"'], ['HLEN h', ':600'],
    ['HGET h f599', '"v599"'], ['HGET h f600', 'nil'], ['HSET h f7 z', ':0'], ['HGET h f7', '"z"'],
    ['HDEL h f1 f2 f600', ':2'], ['HLEN h', ':598'], ['HSTRLEN h f100', ':4'],
    ['HEXISTS h f1', ':0'], ['DEL h', ':1']),
  row('the limits of a small hash', many(512), ['OBJECT ENCODING h', '"listpack"'],
    ['HSET h f0 1', ':0'], ['OBJECT ENCODING h', '"listpack"'], ['HSET h new 1', ':1'],
    ['OBJECT ENCODING h', '"hashtable"'], ['HDEL h new', ':1'],
    ['OBJECT ENCODING h', '"hashtable"']),
  row('long values make a hash large', [`HSET h a ${long.slice(1)}`, ':1'],
    ['OBJECT ENCODING h', '"listpack"'], [`HSET h a ${long}`, ':0'],
    ['OBJECT ENCODING h', '"hashtable"'], ['HGET h a', `"${long}"`], [`HSET g ${long} 1`, ':1'],
    ['OBJECT ENCODING g', '"hashtable"'], [`HGET g ${long}`, '"1"']),
  row('very long values', [`HSET h a ${'y'.repeat(50_000)} b 1`, ':2'], ['HSTRLEN h a', ':50000'],
    ['HSET h a 2', ':0'], ['HGET h a', '"2"'], ['HDEL h a', ':1'], ['HLEN h', ':1']),
];

const reading: readonly Row[] = [
  row('HMGET', abc, ['HMGET h a x c a', '["1", nil, "3", "1"]'], ['HMGET x a b', '[nil, nil]'],
    ['HMGET h', arity('hmget')]),
  row('HGETALL', abc, ['HGETALL h', '["a", "1", "b", "2", "c", "3"]',
    { resp3: '{"a": "1", "b": "2", "c": "3"}' }], ['HGETALL x', '[]', { resp3: '{}' }],
    ['HGETALL', arity('hgetall')], ['HGETALL h a', arity('hgetall')]),
  row('HKEYS and HVALS', abc, ['HKEYS h', '["a", "b", "c"]'], ['HVALS h', '["1", "2", "3"]'],
    ['HKEYS x', '[]'], ['HVALS x', '[]'], ['HKEYS', arity('hkeys')], ['HVALS', arity('hvals')]),
  row('small hashes keep their order', ['HSET h b 1 a 2', ':2'], ['HSET h c 3 b 4', ':1'],
    ['HKEYS h', '["b", "a", "c"]'], ['HDEL h a', ':1'], ['HSET h a 5', ':1'],
    ['HVALS h', '["4", "3", "5"]']),
  row('HLEN, HEXISTS, HSTRLEN', abc, ['HLEN h', ':3'], ['HLEN x', ':0'], ['HEXISTS h a', ':1'],
    ['HEXISTS h x', ':0'], ['HEXISTS x a', ':0'], ['HSTRLEN h a', ':1'], ['HSTRLEN h x', ':0'],
    ['HSTRLEN x a', ':0']),
  row('arity of looking at hashes', ['HLEN', arity('hlen')], ['HEXISTS h', arity('hexists')],
    ['HSTRLEN h', arity('hstrlen')], ['HGET h', arity('hget')], ['HGET h a b', arity('hget')]),
  wrongTypes('HSET s a b', 'HSETNX s a b', 'HMSET s a b', 'HGET s a', 'HMGET s a b', 'HGETALL s',
    'HKEYS s', 'HVALS s', 'HDEL s a', 'HLEN s', 'HEXISTS s a', 'HSTRLEN s a', 'HINCRBY s a 1',
    'HINCRBYFLOAT s a 1', 'HRANDFIELD s', 'HRANDFIELD s 1', 'HSCAN s 0', 'HSCAN s 0 COUNT x'),
  row('string commands on a hash', abc, ['GET h', wrongType], ['INCR h', wrongType],
    ['APPEND h x', wrongType], ['STRLEN h', wrongType], ['MGET h', '[nil]'], ['SET h 1', '+OK'],
    ['GET h', '"1"']),
];

const counting: readonly Row[] = [
  row('HINCRBY', ['HINCRBY h a 5', ':5'], ['HINCRBY h a -7', ':-2'], ['HINCRBY h a 0', ':-2'],
    ['HGET h a', '"-2"']),
  row('HINCRBY at the edges', [`HSET h a ${max} b ${min} c 9007199254740991`, ':3'],
    ['HINCRBY h a 1', overflow], ['HINCRBY h b -1', overflow],
    ['HINCRBY h c 1', ':9007199254740992'],
    ['HINCRBY h c 1', ':9007199254740993'], ['HINCRBY h a -1', ':9223372036854775806'],
    [`HINCRBY h a ${max}`, overflow], [`HINCRBY h b ${max}`, ':-1'],
    [`HINCRBY h n ${min}`, `:${min}`]),
  row('HINCRBY of what is no integer', ['HSET h a x b "" c " 1" d 1.5 e 01', ':5'],
    ...['a', 'b', 'c', 'd', 'e'].map((field): Step =>
      [`HINCRBY h ${field} 1`, '-ERR hash value is not an integer'])),
  row('HINCRBY by what is no integer', ['HINCRBY h a x', notAnInteger],
    ['HINCRBY h a 1.5', notAnInteger], ['HINCRBY h a 9223372036854775808', notAnInteger],
    ['HINCRBY h a', arity('hincrby')], ['EXISTS h', ':0'], ['SET s 1', '+OK'],
    ['HINCRBY s a x', notAnInteger]),
  row('HINCRBY in a large hash', many(600), ['HINCRBY h n 5', ':5'], ['HINCRBY h n 10', ':15'],
    ['HINCRBY h f1 1', '-ERR hash value is not an integer'], ['HLEN h', ':601']),
  row('HINCRBYFLOAT', ['HINCRBYFLOAT h a 1.5', '"1.5"'], ['HINCRBYFLOAT h a -1.5', '"0"'],
    ['HINCRBYFLOAT h a', arity('hincrbyfloat')]),
  float('10.50', '0.1', '10.6'), float('5.0e3', '2.0e2', '5200'), float('0.1', '0.2', '0.3'),
  float('3', '-4', '-1'), float('0x10', '1', '17'),
  row('HINCRBYFLOAT of infinity', ['HSET h f inf', ':1'],
    ['HINCRBYFLOAT h f 1', '-ERR increment would produce NaN or Infinity']),
  row('HINCRBYFLOAT of what is no float', ['HSET h a x b "" c " 1" d "1\\x00" e nan', ':5'],
    ...['a', 'b', 'c', 'd', 'e'].map((field): Step =>
      [`HINCRBYFLOAT h ${field} 1`, '-ERR hash value is not a float'])),
  row('HINCRBYFLOAT by what is no float', ['HINCRBYFLOAT h a x', notAFloat],
    ['HINCRBYFLOAT h a ""', notAFloat], ['HINCRBYFLOAT h a nan', notAFloat],
    ['HINCRBYFLOAT h a inf', '-ERR value is NaN or Infinity'],
    ['HINCRBYFLOAT h a -inf', '-ERR value is NaN or Infinity'], ['EXISTS h', ':0'],
    ['SET s 1', '+OK'], ['HINCRBYFLOAT s a x', notAFloat]),
  row('HINCRBYFLOAT of large numbers', ['HSET h a 1e4932', ':1'],
    ['HINCRBYFLOAT h a 1e4932', '-ERR increment would produce NaN or Infinity'],
    ['HGET h a', '"1e4932"']),
];

const drawing: readonly Row[] = [
  row('HRANDFIELD', ['HSET h a 1', ':1'], ['HRANDFIELD h', '"a"'], ['HRANDFIELD h 1', '["a"]'],
    ['HRANDFIELD h 5', '["a"]'], ['HRANDFIELD h -3', '["a", "a", "a"]'], ['HRANDFIELD h 0', '[]'],
    ['HRANDFIELD x', 'nil'], ['HRANDFIELD x 2', '[]'], ['HRANDFIELD x 2 WITHVALUES', '[]']),
  row('HRANDFIELD WITHVALUES', ['HSET h a 1', ':1'],
    ['HRANDFIELD h 1 WITHVALUES', '["a", "1"]', { resp3: '[["a", "1"]]' }],
    ['HRANDFIELD h -2 withvalues', '["a", "1", "a", "1"]',
      { resp3: '[["a", "1"], ["a", "1"]]' }]),
  row('HRANDFIELD of all', abc, ['HRANDFIELD h 3', '["a", "b", "c"]', sorted],
    ['HRANDFIELD h 10 WITHVALUES', '["a", "1", "b", "2", "c", "3"]',
      { resp3: '[["a", "1"], ["b", "2"], ["c", "3"]]' }]),
  row('HRANDFIELD of some', abc, ['HRANDFIELD h 2', /^\["[abc]", "[abc]"\]$/],
    ['HRANDFIELD h', /^"[abc]"$/], ['HRANDFIELD h -4', /^\["[abc]"(, "[abc]"){3}\]$/]),
  row('HRANDFIELD errors', ['HRANDFIELD h x', notAnInteger], ['HRANDFIELD h 1 x', syntax],
    ['HRANDFIELD h 1 WITHVALUES x', syntax], ['HRANDFIELD', arity('hrandfield')],
    ['HRANDFIELD h 9223372036854775808', notAnInteger],
    [`HRANDFIELD h ${min}`, `-ERR value is out of range, value must between -${max} and ${max}`],
    [`HRANDFIELD h ${max} WITHVALUES`, '-ERR value is out of range'],
    [`HRANDFIELD h -${max} WITHVALUES`, '-ERR value is out of range'], ['SET s 1', '+OK'],
    ['HRANDFIELD s x', notAnInteger], ['HRANDFIELD s 1 x', syntax]),
  differs('random-count', 'HRANDFIELD of more than memory holds',
    ['HRANDFIELD x -10000000', '[]'],
    ['HRANDFIELD x -10000001',
      `-ERR value is out of range, value must between -10000000 and ${max}`, { redis: '[]' }]),
  row('HSCAN', abc, ['HSCAN h 0', '["0", ["a", "1", "b", "2", "c", "3"]]'],
    ['HSCAN x 0', '["0", []]'], ['HSCAN h 0 MATCH b', '["0", ["b", "2"]]'],
    ['HSCAN h 0 COUNT 1', '["0", ["a", "1", "b", "2", "c", "3"]]'],
    ['HSCAN h 0 MATCH x* COUNT 5', '["0", []]']),
  row('HSCAN of a large hash', many(600), ['HSCAN h 0 COUNT 1000 MATCH f7', '["0", ["f7", "v7"]]']),
  row('HSCAN errors', ['HSCAN h x', '-ERR invalid cursor'], ['HSCAN x 0 COUNT 0', '["0", []]'],
    abc, ['HSCAN h 0 COUNT 0', syntax], ['HSCAN h 0 COUNT x', notAnInteger],
    ['HSCAN h 0 MATCH', syntax], ['HSCAN h 0 TYPE hash', syntax], ['HSCAN h', arity('hscan')],
    ['SET s 1', '+OK'], ['HSCAN s x', '-ERR invalid cursor']),
  differs('newer-commands', 'HSCAN NOVALUES', abc,
    ['HSCAN h 0 NOVALUES', '["0", ["a", "b", "c"]]', { redis: syntax }],
    ['HSCAN h 0 MATCH b NOVALUES COUNT 2', '["0", ["b"]]', { redis: syntax }],
    ['HSCAN h 0 NOVALUES MATCH', syntax]),
];

export const hashRows: readonly Row[] = [...writing, ...reading, ...counting, ...drawing];
