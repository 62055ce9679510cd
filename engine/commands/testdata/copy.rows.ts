// COPY, MOVE, and what keys of every type have in common.
import { row } from '../test-support/rows.ts';
import type { Row, Step } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const same = '-ERR source and destination objects are the same';
const notAnInteger = '-ERR value is not an integer or out of range';
const noDatabase = '-ERR DB index is out of range';
const outOfRange = '-ERR value is out of range, value must between -2147483648 and 2147483647';
const syntax = '-ERR syntax error';
const sorted = { sorted: true };
const numbers = (count: number, prefix = ''): string =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`).join(' ');
const pairs = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${i} m${i}`).join(' ');
const ofEachType: readonly Step[] = [
  ['SET string v', '+OK'], ['RPUSH list a b', ':2'], ['SADD set a 1', ':2'],
  ['ZADD zset 1 a', ':1'], ['HSET hash a 1', ':1'],
];

export const copyRows: readonly Row[] = [
  row('COPY', ['SET a 1', '+OK'], ['COPY a b', ':1'], ['GET b', '"1"'], ['SET a 2', '+OK'],
    ['COPY a b', ':0'], ['GET b', '"1"'], ['COPY a b REPLACE', ':1'], ['GET b', '"2"'],
    ['COPY x y', ':0'], ['COPY x b REPLACE', ':0'], ['GET b', '"2"']),
  row('COPY takes the deadline along', ['SET a 1 EX 100', '+OK'], ['COPY a b', ':1'],
    ['TTL b', ':100'], ['SET c 1', '+OK'], ['COPY c b REPLACE', ':1'], ['TTL b', ':-1']),
  row('COPY to another database', ['SET a 1', '+OK'], ['COPY a a DB 1', ':1'],
    ['COPY a a DB 1', ':0'], ['COPY a a REPLACE DB 1', ':1'], ['SELECT 1', '+OK'], ['GET a', '"1"'],
    ['DBSIZE', ':1']),
  row('COPY of expired keys', ['SET a 1 PX 10', '+OK'], ['SET b 2 PX 10', '+OK'],
    ['SET c 3', '+OK'],
    ['sleep 20', ''], ['COPY a x', ':0'], ['COPY c b', ':1'], ['GET b', '"3"']),
  row('COPY errors', ['COPY a', arity('copy')], ['COPY a a', same], ['COPY a a DB 0', same],
    ['COPY a a REPLACE', same], ['COPY a b foo', syntax], ['COPY a b DB', syntax],
    ['COPY a b DB x', notAnInteger], ['COPY a b DB 99', noDatabase], ['COPY a b DB -1', noDatabase],
    ['COPY a b DB 2147483648', outOfRange], ['COPY a b DB 9223372036854775808', notAnInteger]),
  row('COPY of a long string', [`SET a ${'x'.repeat(20_000)}`, '+OK'], ['COPY a b', ':1'],
    ['APPEND b y', ':20001'], ['STRLEN a', ':20000']),
  row('COPY of a list', ['RPUSH a x y', ':2'], ['COPY a b', ':1'], ['RPUSH b z', ':3'],
    ['LRANGE a 0 -1', '["x", "y"]'], ['LRANGE b 0 -1', '["x", "y", "z"]']),
  row('COPY of a large list', [`RPUSH a ${numbers(5000)}`, ':5000'], ['COPY a b', ':1'],
    ['LLEN b', ':5000'], ['LINDEX b 4321', '"4321"'], ['RPOP b', '"4999"'], ['LLEN a', ':5000'],
    ['DEL a', ':1'], ['LINDEX b -1', '"4998"']),
  row('COPY of a set of integers', ['SADD a 1 2 3', ':3'], ['COPY a b', ':1'],
    ['OBJECT ENCODING b', '"intset"'], ['SADD b 4', ':1'], ['SCARD a', ':3']),
  row('COPY of a set', ['SADD a x y', ':2'], ['COPY a b', ':1'], ['SREM b x', ':1'],
    ['SMEMBERS a', '["x", "y"]', { sorted: true, resp3: '~["x", "y"]' }]),
  row('COPY of a large set', [`SADD a ${numbers(3000, 'm')}`, ':3000'], ['COPY a b', ':1'],
    ['SCARD b', ':3000'], ['SISMEMBER b m2999', ':1'], ['SREM b m5', ':1'],
    ['SISMEMBER a m5', ':1']),
  row('COPY of a sorted set', ['ZADD a 1 x 2 y', ':2'], ['COPY a b', ':1'], ['ZADD b 3 x', ':0'],
    ['ZRANGE a 0 -1', '["x", "y"]'], ['ZRANGE b 0 -1', '["y", "x"]']),
  row('COPY of a large sorted set', [`ZADD a ${pairs(2000)}`, ':2000'], ['COPY a b', ':1'],
    ['ZCARD b', ':2000'], ['ZRANK b m1500', ':1500'], ['ZREM b m0', ':1'],
    ['ZRANK a m1500', ':1500'],
    ['OBJECT ENCODING b', '"skiplist"']),
  row('COPY of a hash', ['HSET a x 1', ':1'], ['COPY a b', ':1'], ['HSET b x 2', ':0'],
    ['HGET a x', '"1"'], ['HGET b x', '"2"'], ['OBJECT ENCODING b', '"listpack"']),
  row('COPY of a large hash', [`HSET a ${pairs(2000)}`, ':2000'], ['COPY a b', ':1'],
    ['HLEN b', ':2000'], ['HGET b 1999', '"m1999"'], ['HDEL b 5', ':1'], ['HLEN a', ':2000']),
  row('COPY over another type', ['HSET a x 1', ':1'], ['RPUSH b 1', ':1'], ['COPY a b', ':0'],
    ['COPY a b REPLACE', ':1'], ['TYPE b', '+hash']),

  row('MOVE', ['SET a 1 EX 100', '+OK'], ['MOVE a 1', ':1'], ['EXISTS a', ':0'],
    ['SELECT 1', '+OK'],
    ['GET a', '"1"'], ['TTL a', ':100'], ['MOVE a 0', ':1'], ['DBSIZE', ':0']),
  row('MOVE of nothing, and over a key', ['MOVE a 1', ':0'], ['SET a 1', '+OK'],
    ['COPY a a DB 1', ':1'], ['MOVE a 1', ':0'], ['GET a', '"1"']),
  row('MOVE of expired keys', ['SET a 1 PX 10', '+OK'], ['COPY a a DB 1', ':1'], ['sleep 20', ''],
    ['MOVE a 1', ':0'], ['SET a 2', '+OK'], ['MOVE a 1', ':1'], ['SELECT 1', '+OK'],
    ['GET a', '"2"']),
  row('MOVE errors', ['MOVE a', arity('move')], ['MOVE a 0', same], ['MOVE a 99', noDatabase],
    ['MOVE a -1', noDatabase], ['MOVE a x', notAnInteger], ['MOVE a 2147483648', outOfRange]),
  row('MOVE of collections', [`RPUSH l ${numbers(3000)}`, ':3000'],
    [`HSET h ${pairs(1000)}`, ':1000'],
    ['MOVE l 2', ':1'], ['MOVE h 2', ':1'], ['DBSIZE', ':0'], ['SELECT 2', '+OK'],
    ['LLEN l', ':3000'], ['HGET h 77', '"m77"'], ['DEL l h', ':2']),

  row('TYPE of every type', ...ofEachType, ['TYPE string', '+string'], ['TYPE list', '+list'],
    ['TYPE set', '+set'], ['TYPE zset', '+zset'], ['TYPE hash', '+hash']),
  row('SCAN TYPE of every type', ...ofEachType,
    ...['string', 'list', 'set', 'zset', 'hash'].map((type): Step =>
      [`SCAN 0 COUNT 100 TYPE ${type}`, `["0", ["${type}"]]`])),
  row('OBJECT ENCODING of collections', ...ofEachType, ['OBJECT ENCODING list', '"quicklist"'],
    ['OBJECT ENCODING set', '"hashtable"'], ['OBJECT ENCODING zset', '"listpack"'],
    ['OBJECT ENCODING hash', '"listpack"'], ['OBJECT REFCOUNT hash', ':1'],
    ['OBJECT IDLETIME list', ':0'], ['SADD i 1 2', ':2'], ['OBJECT ENCODING i', '"intset"'],
    ['SADD i x', ':1'], ['OBJECT ENCODING i', '"hashtable"']),
  row('OBJECT ENCODING of large collections', [`SADD i ${numbers(513)}`, ':513'],
    ['OBJECT ENCODING i', '"hashtable"'], [`ZADD z ${pairs(129)}`, ':129'],
    ['OBJECT ENCODING z', '"skiplist"'], [`HSET h ${pairs(513)}`, ':513'],
    ['OBJECT ENCODING h', '"hashtable"'], [`RPUSH l ${numbers(5000)}`, ':5000'],
    ['OBJECT ENCODING l', '"quicklist"']),
  row('DEL, UNLINK, EXISTS, TOUCH of every type', ...ofEachType,
    ['EXISTS string list set zset hash', ':5'], ['TOUCH string list set zset hash', ':5'],
    ['DEL list zset', ':2'], ['UNLINK string set hash', ':3'], ['DBSIZE', ':0']),
  row('EXPIRE and PERSIST of every type', ...ofEachType,
    ...['list', 'set', 'zset', 'hash'].flatMap((key): Step[] =>
      [[`EXPIRE ${key} 100`, ':1'], [`TTL ${key}`, ':100'], [`PERSIST ${key}`, ':1'],
        [`TTL ${key}`, ':-1'], [`PEXPIRE ${key} 10`, ':1']]),
    ['sleep 20', ''], ['KEYS *', '["string"]'], ['LLEN list', ':0'], ['SCARD set', ':0'],
    ['ZCARD zset', ':0'], ['HLEN hash', ':0'], ['DBSIZE', ':1']),
  row('RENAME of every type', ...ofEachType,
    ...['list', 'set', 'zset', 'hash'].map((key): Step => [`RENAME ${key} ${key}2`, '+OK']),
    ['KEYS *2', '["hash2", "list2", "set2", "zset2"]', sorted], ['LRANGE list2 0 -1', '["a", "b"]'],
    ['HGET hash2 a', '"1"'], ['RENAME hash2 list2', '+OK'], ['TYPE list2', '+hash'],
    ['HGET list2 a', '"1"']),
  row('RENAME of large collections', [`HSET h ${pairs(2000)}`, ':2000'], ['RENAME h g', '+OK'],
    ['HGET g 1999', '"m1999"'], ['HSET g x 1', ':1'], ['HLEN g', ':2001'], ['EXISTS h', ':0']),
  row('SET over every type', ...ofEachType,
    ...['list', 'set', 'zset', 'hash'].flatMap((key): Step[] =>
      [[`SET ${key} v`, '+OK'], [`GET ${key}`, '"v"']])),
];
