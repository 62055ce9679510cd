// LMOVE RPOPLPUSH LMPOP, and the blocking commands as far as they need not wait.
import { row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const syntax = '-ERR syntax error';
const noFloat = '-ERR timeout is not a float or out of range';
const negative = '-ERR timeout is negative';
const noKeys = '-ERR numkeys should be greater than 0';
const noCount = '-ERR count should be greater than 0';
const string = ['SET s v', '+OK'] as const;
const abc = ['RPUSH l a b c', ':3'] as const;
const all = (items: string): string =>
  `[${items.split(' ').filter(Boolean).map((item) => `"${item}"`).join(', ')}]`;

const ofWrongType = [
  'LMOVE s d LEFT LEFT', 'RPOPLPUSH s d', 'LMOVE l s LEFT LEFT', 'RPOPLPUSH l s',
  'LMPOP 1 s LEFT', 'LMPOP 2 nokey s RIGHT COUNT 3', 'BLPOP s 0', 'BRPOP s 0', 'BLPOP nokey s 0',
  'BLPOP s l 0', 'BLMOVE s d LEFT LEFT 0', 'BLMOVE l s LEFT LEFT 0', 'BRPOPLPUSH s d 0',
  'BRPOPLPUSH l s 0', 'BLMPOP 0 1 s LEFT', 'BLMPOP 0 2 s l LEFT',
];
const needsMore = [
  'LMOVE l d LEFT', 'LMOVE l d LEFT LEFT 0', 'RPOPLPUSH l', 'RPOPLPUSH l d 0', 'LMPOP 1 l',
  'BLPOP l', 'BRPOP l', 'BLMOVE l d LEFT LEFT', 'BRPOPLPUSH l d', 'BLMPOP 0 1 l',
];

export const listMoveRows: readonly Row[] = [
  row('moving between lists: wrong types', string, abc,
    ...ofWrongType.map((command) => [command, wrongType] as const),
    ['LRANGE l 0 -1', all('a b c')], ['GET s', '"v"'], ['EXISTS d', ':0']),
  row('moving between lists: arities', ...needsMore.map((command) =>
    [command, arity((command.split(' ')[0] ?? '').toLowerCase())] as const)),

  row('LMOVE from and to either end', abc, ['RPUSH d x', ':1'], ['LMOVE l d LEFT RIGHT', '"a"'],
    ['LMOVE l d right left', '"c"'], ['LMOVE l d LEFT LEFT', '"b"'], ['EXISTS l', ':0'],
    ['LRANGE d 0 -1', all('b c x a')], ['LMOVE d l RIGHT RIGHT', '"a"'],
    ['LRANGE l 0 -1', all('a')]),
  row('LMOVE of nothing', string, ['LMOVE nokey d LEFT LEFT', 'nil'],
    ['LMOVE nokey s LEFT LEFT', 'nil'], ['RPOPLPUSH nokey d', 'nil'], ['EXISTS d', ':0']),
  row('LMOVE in itself', abc, ['LMOVE l l LEFT RIGHT', '"a"'], ['LRANGE l 0 -1', all('b c a')],
    ['LMOVE l l RIGHT LEFT', '"a"'], ['LMOVE l l LEFT LEFT', '"a"'],
    ['LMOVE l l RIGHT RIGHT', '"c"'], ['LRANGE l 0 -1', all('a b c')],
    ['RPOPLPUSH l l', '"c"'], ['LRANGE l 0 -1', all('c a b')]),
  row('LMOVE of the only element in itself keeps the key', ['RPUSH l a', ':1'],
    ['EXPIRE l 100', ':1'], ['LMOVE l l LEFT RIGHT', '"a"'], ['RPOPLPUSH l l', '"a"'],
    ['TTL l', /^:(99|100)$/]),
  row('LMOVE of big elements in itself', ...['x', 'y', 'z'].map((letter, i) =>
    [`RPUSH l ${letter.repeat(5000)}`, `:${i + 1}`] as const),
  ['LMOVE l l LEFT RIGHT', `"${'x'.repeat(5000)}"`], ['LINDEX l -1', `"${'x'.repeat(5000)}"`],
  ['LINDEX l 0', `"${'y'.repeat(5000)}"`]),
  row('LMOVE keeps deadlines where they are', abc, ['EXPIRE l 100', ':1'],
    ['LMOVE l d LEFT LEFT', '"a"'], ['TTL d', ':-1'], ['TTL l', /^:(99|100)$/]),
  row('LMOVE with odd ends', abc, ['LMOVE l d UP LEFT', syntax], ['LMOVE l d LEFT ""', syntax],
    ['LMOVE nokey d LEFT x', syntax], ['LLEN l', ':3']),
  row('LMOVE to an expired key', abc, ['RPUSH d x', ':1'], ['PEXPIRE d 10', ':1'], ['sleep 30', ''],
    ['LMOVE l d LEFT LEFT', '"a"'], ['LRANGE d 0 -1', all('a')], ['TTL d', ':-1']),
  row('RPOPLPUSH', abc, ['RPOPLPUSH l d', '"c"'], ['RPOPLPUSH l d', '"b"'],
    ['LRANGE d 0 -1', all('b c')], ['RPOPLPUSH l d', '"a"'], ['EXISTS l', ':0']),

  row('LMPOP', abc, ['LMPOP 1 l LEFT', '["l", ["a"]]'],
    ['LMPOP 2 nokey l RIGHT COUNT 2', '["l", ["c", "b"]]'], ['EXISTS l', ':0'],
    ['LMPOP 1 l LEFT', 'nil*'], ['LMPOP 2 l nokey left count 100', 'nil*']),
  row('LMPOP takes from the first list only', abc, ['RPUSH m x y', ':2'],
    ['LMPOP 3 nokey m l LEFT COUNT 10', '["m", ["x", "y"]]'], ['LLEN l', ':3'],
    ['LMPOP 2 l l RIGHT COUNT 9223372036854775807', '["l", ["c", "b", "a"]]']),
  row('LMPOP arguments', abc, ['LMPOP 0 l LEFT', noKeys], ['LMPOP -1 l LEFT', noKeys],
    ['LMPOP x l LEFT', noKeys], ['LMPOP 9223372036854775808 l LEFT', noKeys],
    ['LMPOP 9999999999 l LEFT', syntax], ['LMPOP 2 l LEFT', syntax], ['LMPOP 1 l UP', syntax],
    ['LMPOP 1 l LEFT COUNT', syntax], ['LMPOP 1 l LEFT COUNT 0', noCount],
    ['LMPOP 1 l LEFT COUNT -1', noCount], ['LMPOP 1 l LEFT COUNT x', noCount],
    ['LMPOP 1 l LEFT COUNT 1 COUNT 2', syntax], ['LMPOP 1 l LEFT COUNT x COUNT 2', noCount],
    ['LMPOP 1 l LEFT FOO 1', syntax], ['LMPOP 1 l LEFT 1', syntax],
    ['LMPOP 1 l LEFT COUNT 1 FOO', syntax], ['LLEN l', ':3']),

  row('BLPOP and BRPOP of what is there', abc, ['BLPOP l 0', '["l", "a"]'],
    ['BRPOP nokey l 0', '["l", "c"]'], ['BLPOP l nokey 1.5', '["l", "b"]'], ['EXISTS l', ':0']),
  row('timeouts', abc, ['BLPOP l -1', negative], ['BLPOP l x', noFloat], ['BLPOP l ""', noFloat],
    ['BLPOP l nan', noFloat], ['BLPOP l " 1"', noFloat], ['BLPOP l inf', negative],
    ['BLPOP l -inf', negative], ['BLPOP l 1e400', negative],
    ['BLPOP l 9223372036854775807', negative], ['BLPOP l -0.0001', '["l", "a"]'],
    ['BLPOP l 0x1p-1', '["l", "b"]'], ['BLPOP l 1e-8', '["l", "c"]']),
  row('timeouts are read before the keys', string, ['BLPOP s x', noFloat],
    ['BLMOVE s d LEFT LEFT x', noFloat], ['BRPOPLPUSH s d -1', negative],
    ['BLMPOP x 1 s LEFT', noFloat]),
  row('other arguments are read before the timeout', ['BLMOVE l d UP LEFT x', syntax],
    ['BLMPOP -1 0 l LEFT', noKeys], ['BLMPOP x 1 l UP', syntax],
    ['BLMPOP x 1 l LEFT COUNT 0', noCount]),
  row('BLMOVE and BRPOPLPUSH of what is there', abc, ['BLMOVE l d LEFT RIGHT 0', '"a"'],
    ['BRPOPLPUSH l d 0', '"c"'], ['LRANGE d 0 -1', all('c a')],
    ['BLMOVE d d LEFT RIGHT 0', '"c"'], ['LRANGE d 0 -1', all('a c')]),
  row('BLMPOP of what is there', abc, ['BLMPOP 0 2 nokey l LEFT', '["l", ["a"]]'],
    ['BLMPOP 0.5 1 l RIGHT COUNT 5', '["l", ["c", "b"]]'], ['EXISTS l', ':0']),
  row('nothing waits in a transaction', ['MULTI', '+OK'], ['BLPOP k 0', '+QUEUED'],
    ['BRPOP k j 0', '+QUEUED'], ['BLMOVE k d LEFT RIGHT 0', '+QUEUED'],
    ['BRPOPLPUSH k d 0', '+QUEUED'], ['BLMPOP 0 1 k LEFT', '+QUEUED'],
    ['EXEC', '[nil*, nil*, nil, nil, nil*]']),
  row('blocking commands in a transaction', ['MULTI', '+OK'], ['RPUSH k a b c d', '+QUEUED'],
    ['BLPOP k 0', '+QUEUED'], ['BLMOVE k d LEFT RIGHT 0', '+QUEUED'],
    ['BLMPOP 0 1 k LEFT COUNT 5', '+QUEUED'], ['BLPOP k 0', '+QUEUED'],
    ['EXEC', '[:4, ["k", "a"], "b", ["k", ["c", "d"]], nil*]']),
  row('CLIENT UNBLOCK of who does not wait', ['CLIENT UNBLOCK 1000000', ':0'],
    ['CLIENT UNBLOCK 1000000 TIMEOUT', ':0'], ['CLIENT UNBLOCK 1000000 error', ':0'],
    ['CLIENT UNBLOCK x', '-ERR value is not an integer or out of range'],
    ['CLIENT UNBLOCK 1 FOO', '-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR']),
];
