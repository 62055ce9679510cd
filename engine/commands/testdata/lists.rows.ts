// LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LLEN LINDEX LSET LINSERT LRANGE LREM LTRIM LPOS.
import { row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const notAnInteger = '-ERR value is not an integer or out of range';
const notPositive = '-ERR value is out of range, must be positive';
const syntax = '-ERR syntax error';
const rankZero = "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second "
  + '... or use negative to start from the end of the list';
const string = ['SET s v', '+OK'] as const;
const abc = ['RPUSH l a b c', ':3'] as const;
const abcabca = ['RPUSH l a b c a b c a', ':7'] as const;
const big = 'x'.repeat(9000);
const all = (items: string): string =>
  `[${items.split(' ').filter(Boolean).map((item) => `"${item}"`).join(', ')}]`;
const many = Array.from({ length: 3000 }, (_, i) => `e${i}`);

const ofWrongType = [
  'LPUSH s a', 'RPUSH s a', 'LPUSHX s a', 'RPUSHX s a', 'LPOP s', 'RPOP s', 'LPOP s 0', 'RPOP s 1',
  'LLEN s', 'LINDEX s 0', 'LINDEX s x', 'LSET s 0 a', 'LSET s x a', 'LINSERT s BEFORE a b',
  'LRANGE s 0 1', 'LREM s 0 a', 'LTRIM s 0 1', 'LPOS s a', 'LPOS s a COUNT 0',
];
const needsMore = [
  'LPUSH l', 'RPUSH l', 'LPUSHX l', 'RPUSHX l', 'LPOP', 'RPOP', 'LLEN', 'LLEN a b', 'LINDEX l',
  'LINDEX l 1 2', 'LSET l 0', 'LSET l 0 a b', 'LINSERT l BEFORE a', 'LINSERT l BEFORE a b c',
  'LRANGE l 0', 'LRANGE l 0 1 2', 'LREM l 0', 'LREM l 0 a b', 'LTRIM l 0', 'LTRIM l 0 1 2',
  'LPOS l', 'LPOP l 1 2', 'RPOP l 1 2',
];

export const listRows: readonly Row[] = [
  row('lists: wrong types', string, ...ofWrongType.map((command) => [command, wrongType] as const),
    ['GET s', '"v"']),
  row('lists: arities', ...needsMore.map((command) =>
    [command, arity((command.split(' ')[0] ?? '').toLowerCase())] as const)),
  row('lists for commands of strings', abc, ['GET l', wrongType], ['APPEND l x', wrongType],
    ['INCR l', wrongType], ['GETDEL l', wrongType], ['STRLEN l', wrongType],
    ['MGET l', '[nil]'], ['SET l x', '+OK'], ['GET l', '"x"']),
  row('TYPE and OBJECT ENCODING of a list', abc, ['TYPE l', '+list'],
    ['OBJECT ENCODING l', '"quicklist"']),

  row('LPUSH and RPUSH', ['LPUSH l a', ':1'], ['LPUSH l b c', ':3'], ['RPUSH l d e', ':5'],
    ['LRANGE l 0 -1', all('c b a d e')]),
  row('elements are binary', ['RPUSH l "" "\\x00\\xff\\r\\n" 12 -7 007 9223372036854775808', ':6'],
    ['LRANGE l 0 -1', '["", "\\x00\\xff\\x0d\\x0a", "12", "-7", "007", "9223372036854775808"]']),
  row('integers of all sizes', ['RPUSH l 0 127 128 -4096 4095 4096 -32769 8388607 -8388609 '
    + '2147483648 -9223372036854775808 9223372036854775807', ':12'],
  ['LRANGE l 0 -1', all('0 127 128 -4096 4095 4096 -32769 8388607 -8388609 2147483648 '
    + '-9223372036854775808 9223372036854775807')]),
  row('elements of all sizes', ...[1, 63, 64, 4095, 4096, 9000].map((length, i) =>
    [`RPUSH l ${'y'.repeat(length)}`, `:${i + 1}`] as const),
  ...[1, 63, 64, 4095, 4096, 9000].map((length, i) =>
    [`LINDEX l ${i}`, `"${'y'.repeat(length)}"`] as const)),
  row('LPUSHX and RPUSHX', ['LPUSHX l a', ':0'], ['RPUSHX l a b', ':0'], ['EXISTS l', ':0'], abc,
    ['LPUSHX l x y', ':5'], ['RPUSHX l z', ':6'], ['LRANGE l 0 -1', all('y x a b c z')]),
  row('a list keeps its deadline', abc, ['EXPIRE l 100', ':1'], ['RPUSH l d', ':4'],
    ['LPOP l', '"a"'], ['LSET l 0 x', '+OK'], ['LTRIM l 0 0', '+OK'], ['TTL l', /^:(99|100)$/]),
  row('an expired list', abc, ['PEXPIRE l 10', ':1'], ['sleep 30', ''], ['LPOP l', 'nil'],
    ['RPUSHX l a', ':0'], ['RPUSH l a', ':1'], ['TTL l', ':-1']),

  row('LPOP and RPOP', abc, ['LPOP l', '"a"'], ['RPOP l', '"c"'], ['LPOP l', '"b"'],
    ['LPOP l', 'nil'], ['RPOP l', 'nil'], ['EXISTS l', ':0']),
  row('LPOP with a count', abcabca, ['LPOP l 2', all('a b')], ['RPOP l 2', all('a c')],
    ['LPOP l 1', all('c')], ['RPOP l 100', all('b a')], ['EXISTS l', ':0']),
  row('LPOP with count 0', abc, ['LPOP l 0', '[]'], ['RPOP l 0', '[]'], ['LLEN l', ':3'],
    ['LPOP nokey 0', 'nil*'], ['RPOP nokey 3', 'nil*']),
  row('LPOP with no count', abc, ['LPOP l -1', notPositive], ['LPOP l x', notPositive],
    ['LPOP l 1.5', notPositive], ['RPOP l 9223372036854775808', notPositive],
    ['RPOP l -9223372036854775808', notPositive], ['LPOP nokey x', notPositive],
    ['LPOP l 9223372036854775807', all('a b c')]),
  row('LPOP looks at the count before the type', string, ['LPOP s -1', notPositive]),
  row('LLEN', ['LLEN l', ':0'], abc, ['LLEN l', ':3']),

  row('LINDEX', abc, ['LINDEX l 0', '"a"'], ['LINDEX l 2', '"c"'], ['LINDEX l 3', 'nil'],
    ['LINDEX l -1', '"c"'], ['LINDEX l -3', '"a"'], ['LINDEX l -4', 'nil'],
    ['LINDEX l 9223372036854775807', 'nil'], ['LINDEX l -9223372036854775808', 'nil']),
  row('LINDEX with no index', abc, ['LINDEX l x', notAnInteger], ['LINDEX l 1.0', notAnInteger],
    ['LINDEX l 9223372036854775808', notAnInteger], ['LINDEX nokey x', 'nil']),
  row('LSET', abc, ['LSET l 0 x', '+OK'], ['LSET l -1 zzzzzz', '+OK'], ['LSET l 1 5', '+OK'],
    ['LRANGE l 0 -1', all('x 5 zzzzzz')], ['LSET l 1 ""', '+OK'],
    ['LRANGE l 0 -1', '["x", "", "zzzzzz"]']),
  row('LSET out of range', abc, ['LSET l 3 x', '-ERR index out of range'],
    ['LSET l -4 x', '-ERR index out of range'], ['LSET l x x', notAnInteger],
    ['LSET nokey 0 x', '-ERR no such key'], ['LSET nokey x x', '-ERR no such key']),
  row('LSET of a big element and back', abc, [`LSET l 1 ${big}`, '+OK'], ['LINDEX l 1', `"${big}"`],
    ['LRANGE l 2 2', all('c')], ['LSET l 1 small', '+OK'], ['LRANGE l 0 -1', all('a small c')]),

  row('LINSERT', abc, ['LINSERT l BEFORE a x', ':4'], ['LINSERT l after c y', ':5'],
    ['LINSERT l AFTER a z', ':6'], ['LRANGE l 0 -1', all('x a z b c y')]),
  row('LINSERT at the first of equal elements', abcabca, ['LINSERT l BEFORE c x', ':8'],
    ['LRANGE l 0 -1', all('a b x c a b c a')]),
  row('LINSERT of nothing', abc, ['LINSERT l BEFORE z x', ':-1'], ['LINSERT nokey AFTER a x', ':0'],
    ['LINSERT l AROUND a x', syntax], ['LINSERT nokey AROUND a x', syntax], ['LLEN l', ':3'],
    ['LINSERT s around a b', syntax]),
  row('LINSERT next to an integer', ['RPUSH l 1 2 3', ':3'], ['LINSERT l BEFORE 2 10', ':4'],
    ['LINSERT l BEFORE 02 x', ':-1'], ['LRANGE l 0 -1', all('1 10 2 3')]),

  row('LRANGE', abcabca, ['LRANGE l 0 0', all('a')], ['LRANGE l 1 3', all('b c a')],
    ['LRANGE l -3 -2', all('b c')], ['LRANGE l -100 1', all('a b')],
    ['LRANGE l 5 100', all('c a')], ['LRANGE l 7 100', '[]'], ['LRANGE l 3 2', '[]'],
    ['LRANGE l -1 -2', '[]'], ['LRANGE l -200 -100', '[]'], ['LRANGE nokey 0 -1', '[]'],
    ['LRANGE l -9223372036854775808 9223372036854775807', all('a b c a b c a')]),
  row('LRANGE with no indexes', string, ['LRANGE nokey x 1', notAnInteger],
    ['LRANGE l 0 y', notAnInteger], ['LRANGE s 0 9223372036854775808', notAnInteger]),

  row('LREM from the head', abcabca, ['LREM l 2 a', ':2'], ['LRANGE l 0 -1', all('b c b c a')]),
  row('LREM from the tail', abcabca, ['LREM l -2 a', ':2'], ['LRANGE l 0 -1', all('a b c b c')]),
  row('LREM of all', abcabca, ['LREM l 0 a', ':3'], ['LREM l 0 b', ':2'], ['LREM l -9 c', ':2'],
    ['EXISTS l', ':0']),
  row('LREM of equal neighbours', ['RPUSH l a a a b a a', ':6'], ['LREM l 2 a', ':2'],
    ['LREM l -1 a', ':1'], ['LRANGE l 0 -1', all('a b a')]),
  row('LREM of nothing', abc, ['LREM l 0 z', ':0'], ['LREM nokey 0 a', ':0'],
    ['LREM nokey x a', notAnInteger], ['LREM l 1.5 a', notAnInteger], ['LLEN l', ':3']),
  row('LREM of integers', ['RPUSH l 1 10 1 010', ':4'], ['LREM l 0 1', ':2'],
    ['LREM l 0 10', ':1'], ['LRANGE l 0 -1', all('010')]),

  row('LTRIM', abcabca, ['LTRIM l 1 -2', '+OK'], ['LRANGE l 0 -1', all('b c a b c')],
    ['LTRIM l -3 100', '+OK'], ['LRANGE l 0 -1', all('a b c')], ['LTRIM l 0 -1', '+OK'],
    ['LLEN l', ':3'], ['LTRIM l 1 1', '+OK'], ['LRANGE l 0 -1', all('b')]),
  row('LTRIM of everything', abc, ['LTRIM l 2 1', '+OK'], ['EXISTS l', ':0'], abc,
    ['LTRIM l 3 9', '+OK'], ['EXISTS l', ':0'], abc, ['LTRIM l -9 -8', '+OK'], ['EXISTS l', ':0']),
  row('LTRIM of nothing', ['LTRIM nokey 0 1', '+OK'], ['LTRIM nokey x 1', notAnInteger],
    ['LTRIM nokey 0 x', notAnInteger]),

  row('LPOS', abcabca, ['LPOS l a', ':0'], ['LPOS l c', ':2'], ['LPOS l z', 'nil'],
    ['LPOS nokey a', 'nil']),
  row('LPOS RANK', abcabca, ['LPOS l a RANK 2', ':3'], ['LPOS l a RANK 4', 'nil'],
    ['LPOS l a RANK -1', ':6'], ['LPOS l a RANK -3', ':0'], ['LPOS l a RANK -4', 'nil'],
    ['LPOS l a RANK 0', rankZero], ['LPOS l a RANK x', notAnInteger],
    ['LPOS l a RANK -9223372036854775807', 'nil'], ['LPOS l a RANK -9223372036854775808', ':6'],
    ['LPOS nokey a RANK 0', rankZero]),
  row('LPOS COUNT', abcabca, ['LPOS l a COUNT 0', '[:0, :3, :6]'], ['LPOS l a COUNT 2', '[:0, :3]'],
    ['LPOS l a COUNT 100', '[:0, :3, :6]'], ['LPOS l z COUNT 1', '[]'],
    ['LPOS nokey a COUNT 1', '[]'], ['LPOS l a COUNT -1', "-ERR COUNT can't be negative"],
    ['LPOS l a COUNT x', "-ERR COUNT can't be negative"]),
  row('LPOS RANK and COUNT', abcabca, ['LPOS l a RANK 2 COUNT 5', '[:3, :6]'],
    ['LPOS l a COUNT 1 RANK 2', '[:3]'], ['LPOS l a RANK -1 COUNT 2', '[:6, :3]'],
    ['LPOS l a RANK -2 COUNT 0', '[:3, :0]'], ['LPOS l a RANK 4 COUNT 0', '[]']),
  row('LPOS MAXLEN', abcabca, ['LPOS l c MAXLEN 2', 'nil'], ['LPOS l c MAXLEN 3', ':2'],
    ['LPOS l a MAXLEN 4 COUNT 0', '[:0, :3]'], ['LPOS l c RANK -1 MAXLEN 1', 'nil'],
    ['LPOS l c RANK -1 MAXLEN 2', ':5'], ['LPOS l a MAXLEN 0 COUNT 0', '[:0, :3, :6]'],
    ['LPOS l a MAXLEN 100 RANK 3', ':6'], ['LPOS l a MAXLEN -1', "-ERR MAXLEN can't be negative"],
    ['LPOS l a MAXLEN x', "-ERR MAXLEN can't be negative"]),
  row('LPOS options', abcabca, ['LPOS l a FOO 1', syntax], ['LPOS l a RANK', syntax],
    ['LPOS l a RANK 1 COUNT', syntax], ['LPOS l a RANK 1 RANK 2', ':3'],
    ['lpos l a rank 2 count 1 maxlen 9', '[:3]']),

  row('a long list', [`RPUSH l ${many.join(' ')}`, ':3000'], ['LINDEX l 0', '"e0"'],
    ['LINDEX l 1500', '"e1500"'], ['LINDEX l -1', '"e2999"'], ['LPOS l e2500', ':2500'],
    ['LPOS l e2500 RANK -1', ':2500'], ['LRANGE l 1499 1501', all('e1499 e1500 e1501')],
    ['LSET l 1500 changed', '+OK'], ['LINSERT l AFTER changed inserted', ':3001'],
    ['LRANGE l 1499 1502', all('e1499 changed inserted e1501')], ['LREM l 0 inserted', ':1'],
    ['LPUSH l head', ':3001'], ['LPOP l 2', all('head e0')], ['RPOP l 2', all('e2999 e2998')],
    ['LTRIM l 1000 -1000', '+OK'], ['LLEN l', ':998'], ['LINDEX l 0', '"e1001"'],
    ['LINDEX l -1', '"e1998"'], ['LTRIM l 1 0', '+OK'], ['EXISTS l', ':0']),
  row('a list that grew and shrank', [`RPUSH l ${many.join(' ')}`, ':3000'],
    ['LTRIM l 0 1', '+OK'], ['RPUSH l x', ':3'], ['LRANGE l 0 -1', all('e0 e1 x')],
    ['OBJECT ENCODING l', '"quicklist"'], ['LPOP l 3', all('e0 e1 x')], ['EXISTS l', ':0']),
  row('big elements among small ones', abc, [`RPUSH l ${big}`, ':4'], [`LPUSH l ${big}1`, ':5'],
    ['LRANGE l 1 3', all('a b c')], ['LINDEX l 0', `"${big}1"`], ['LREM l 0 b', ':1'],
    ['RPOP l', `"${big}"`], ['LPOP l', `"${big}1"`], ['LRANGE l 0 -1', all('a c')]),
  row('RENAME, DEL and expiry of lists', abc, ['RENAME l m', '+OK'], ['LRANGE m 0 -1',
    all('a b c')], ['RPUSH l x', ':1'], ['RENAME m l', '+OK'], ['LLEN l', ':3'], ['DEL l', ':1'],
  ['LLEN l', ':0']),
  row('lists in a transaction', ['MULTI', '+OK'], ['RPUSH l a b c', '+QUEUED'],
    ['LPOP l', '+QUEUED'], ['LRANGE l 0 -1', '+QUEUED'], ['LPOP l x', '+QUEUED'],
    ['EXEC', `[:3, "a", ["b", "c"], ${notPositive}]`]),
  row('WATCH and a list', abc, ['WATCH l', '+OK'], ['@2 LREM l 0 z', ':0'],
    ['@2 LPOP l 0', '[]'], ['@2 LINSERT l BEFORE z x', ':-1'], ['MULTI', '+OK'], ['EXEC', '[]'],
    ['WATCH l', '+OK'], ['@2 LTRIM l 0 -1', '+OK'], ['MULTI', '+OK'], ['EXEC', 'nil*'],
    ['WATCH l', '+OK'], ['@2 LSET l 0 a', '+OK'], ['MULTI', '+OK'], ['EXEC', 'nil*']),
];
