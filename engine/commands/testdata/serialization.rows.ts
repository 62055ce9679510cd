// DUMP and RESTORE.
import { differs, row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const notAnInteger = '-ERR value is not an integer or out of range';
const badPayload = '-ERR DUMP payload version or checksum are wrong';
const syntax = '-ERR syntax error';

/** The string "v". */
const payload = '"\\x00\\x01v\\x0a\\x00\\x91\\x08\\xce\\xb2\\x198\\x8a\\xce"';

export const serializationRows: readonly Row[] = [
  row('DUMP of nothing', ['DUMP k', 'nil'], ['DUMP', arity('dump')], ['DUMP a b', arity('dump')]),
  row('DUMP of an integer', ['SET k 7', '+OK'],
    ['DUMP k', '"\\x00\\xc0\\x07\\x0a\\x00t\\xcdH\\xa2\\x83\\xab\\xce\\x92"']),
  row('DUMP of an intset', ['SADD k 1 2 3', ':3'],
    ['DUMP k', /^"\\x0b\\x0e\\x02\\x00\\x00\\x00\\x03\\x00\\x00\\x00\\x01\\x00/]),
  row('DUMP of a small hash', ['HSET k f v', ':1'],
    ['DUMP k', /^"\\x10\\x0d\\x0d\\x00\\x00\\x00\\x02\\x00\\x81f\\x02\\x81v\\x02\\xff\\x0a\\x00/]),
  row('DUMP of a small sorted set', ['ZADD k 1 a', ':1'],
    ['DUMP k', /^"\\x11\\x0c\\x0c\\x00\\x00\\x00\\x02\\x00\\x81a\\x02\\x01\\x01\\xff\\x0a\\x00/]),
  row('DUMP of a small list', ['RPUSH k a 1', ':2'], ['DUMP k',
    /^"\\x12\\x01\\x02\\x0c\\x0c\\x00\\x00\\x00\\x02\\x00\\x81a\\x02\\x01\\x01\\xff/]),
  row('RESTORE of what is no payload', ['RESTORE k 0 ""', badPayload],
    ['RESTORE k 0 short', badPayload], ['RESTORE k 0 "\\x00\\x01v\\x0a\\x0012345678"', badPayload],
    ['EXISTS k', ':0']),
  row('RESTORE checks options first', ['SET k v', '+OK'], ['RESTORE k 0 x foo', syntax],
    ['RESTORE k 0 x IDLETIME', syntax], ['RESTORE k 0 x FREQ', syntax],
    ['RESTORE k 0 x IDLETIME -1', '-ERR Invalid IDLETIME value, must be >= 0'],
    ['RESTORE k 0 x IDLETIME a', notAnInteger],
    ['RESTORE k 0 x FREQ 256', '-ERR Invalid FREQ value, must be >= 0 and <= 255'],
    ['RESTORE k 0 x FREQ -1', '-ERR Invalid FREQ value, must be >= 0 and <= 255'],
    ['RESTORE k 0 x FREQ a', notAnInteger],
    ['RESTORE k 0 x IDLETIME 1 FREQ 1', syntax], ['RESTORE k 0 x FREQ 1 IDLETIME 1', syntax]),
  row('RESTORE then looks at the key, the time, the payload', ['SET k v', '+OK'],
    ['RESTORE k -1 x', '-BUSYKEY Target key name already exists.'],
    ['RESTORE k -1 x REPLACE', '-ERR Invalid TTL value, must be >= 0'],
    ['RESTORE k a x REPLACE', notAnInteger], ['RESTORE k 0 x REPLACE', badPayload],
    ['GET k', '"v"']),
  row('RESTORE arity', ['RESTORE', arity('restore')], ['RESTORE k 0', arity('restore')]),
  row('RESTORE of a string', [`RESTORE k 0 ${payload}`, '+OK'], ['GET k', '"v"'],
    ['TTL k', ':-1'], [`RESTORE k 0 ${payload}`, '-BUSYKEY Target key name already exists.'],
    [`RESTORE k 100000 ${payload} replace`, '+OK'], ['TTL k', ':100']),
  row('RESTORE with a deadline', [`RESTORE k {now+50000} ${payload} ABSTTL`, '+OK'],
    ['TTL k', /^:(49|50)$/], [`RESTORE j 1 ${payload} ABSTTL`, '+OK'], ['EXISTS j', ':0'],
    [`RESTORE k 1 ${payload} ABSTTL REPLACE`, '+OK'], ['EXISTS k', ':0']),
  row('RESTORE with idle time or frequency', [`RESTORE k 0 ${payload} IDLETIME 10`, '+OK'],
    [`RESTORE j 0 ${payload} FREQ 10`, '+OK'], ['GET j', '"v"']),
  row('RESTORE over another type', ['RPUSH k a b', ':2'],
    [`RESTORE k 0 ${payload} REPLACE`, '+OK'], ['GET k', '"v"'], ['TYPE k', '+string']),
];

/** Rows about DEBUG that concern loading and making data. */
export const debugRows: readonly Row[] = [
  row('DEBUG POPULATE', ['DEBUG POPULATE 3', '+OK'], ['DBSIZE', ':3'], ['GET key:2', '"value:2"'],
    ['SET p:0 kept', '+OK'], ['DEBUG POPULATE 2 p 10', '+OK'], ['GET p:0', '"kept"'],
    ['GET p:1', '"value:1\\x00\\x00\\x00"'], ['DEBUG POPULATE 1 q 3', '+OK'], ['GET q:0', '"val"'],
    ['DEBUG POPULATE 1 r 0', '+OK'], ['GET r:0', '"value:0"']),
  row('DEBUG POPULATE with bad numbers',
    ['DEBUG POPULATE x', '-ERR value is out of range, must be positive'],
    ['DEBUG POPULATE -1', '-ERR value is out of range, must be positive'],
    ['DEBUG POPULATE 1 k -1', '-ERR value is out of range, must be positive'],
    ['DEBUG POPULATE', "-ERR unknown subcommand or wrong number of arguments for 'POPULATE'."
      + ' Try DEBUG HELP.']),
  row('DEBUG RELOAD', ['DEBUG RELOAD', '+OK'],
    ['DEBUG RELOAD FOO', '-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.']),
  row('DEBUG DIGEST of all types', ['RPUSH l a b 3', ':3'], ['SADD s x 1 y', ':3'],
    ['SADD i 1 2', ':2'], ['ZADD z 1.5 a 3 b', ':2'], ['HSET h f v g 12', ':2'],
    ['DEBUG DIGEST-VALUE l s i', '[+09eb1fc9381ee92790d59930ab462945f8cd948b,'
      + ' +03ee76a1ebe8db27d61b3ea784011d5acc537675, +5d9842e5bd79f833c83b3535ec4a6836aba6d1fd]'],
    ['DEBUG DIGEST-VALUE z h', '[+45d6ad4927dfc6cebf79cc59126b1dd327889c17,'
      + ' +8530acc75d5274eb0fc0da86f28ed5533274a6d4]'],
    ['DEBUG DIGEST', /^\+[0-9a-f]{40}$/]),
  row('DEBUG OBJECT of collections', ['RPUSH l a', ':1'], ['DEBUG OBJECT l',
    /^\+Value at:0x[0-9a-f]+ refcount:1 encoding:quicklist serializedlength:13 /]),
  differs('debug-subcommands', 'DEBUG CHANGE-REPL-ID', ['DEBUG CHANGE-REPL-ID',
    '-ERR DEBUG CHANGE-REPL-ID is not part of this engine', { redis: '+OK' }]),
];
