// The commands over sorted sets: members, ranks, popping. What combines and ranges is in rows of
// its own, below them in the table.
import { oneKey } from '../../key-specs.ts';
import type { CommandRow, KeySpec } from '../../spec.ts';
import { countedKeys } from '../../key-specs.ts';
import {
  zadd, zcard, zincrby, zmscore, zrank, zrem, zscan, zscore,
} from './members.ts';
import { bzmpop, bzpop, zmpop, zpop, zrandmember } from './popping.ts';
import { combiningRows } from './combining-rows.ts';
import { rangeRows } from './range-rows.ts';

const group = 'sorted-set';
const readKey = oneKey('RO access');
const popKey = oneKey('RW access delete');
const perMember = 'O(log N) per member';
const waitKeys: readonly KeySpec[] = [
  { first: 1, last: -2, step: 1, access: ['RW', 'access', 'delete'] },
];

const memberRows: readonly CommandRow[] = [
  {
    name: 'zadd', arity: -4, flags: 'write denyoom fast', group, since: '1.2.0',
    summary: 'Adds members with scores to a sorted set, or gives them new scores.',
    complexity: perMember, keys: oneKey('RW update'), handler: zadd,
    syntax: 'key [NX | XX] [GT | LT] [CH] [INCR] {score member}...',
  },
  {
    name: 'zincrby', arity: 4, flags: 'write denyoom fast', group, since: '1.2.0',
    summary: 'Adds to the score of a member, which starts at 0.', complexity: 'O(log N)',
    syntax: 'key increment member', keys: oneKey('RW access update'), handler: zincrby,
  },
  {
    name: 'zrem', arity: -3, flags: 'write fast', group, since: '1.2.0',
    summary: 'Removes members from a sorted set.', complexity: perMember,
    syntax: 'key member...', keys: oneKey('RW delete'), handler: zrem,
  },
  {
    name: 'zcard', arity: 2, flags: 'readonly fast', group, since: '1.2.0',
    summary: 'The number of members of a sorted set.', complexity: 'O(1)', syntax: 'key',
    keys: oneKey('RO'), handler: zcard,
  },
  {
    name: 'zscore', arity: 3, flags: 'readonly fast', group, since: '1.2.0',
    summary: 'The score of a member.', complexity: 'O(1)', syntax: 'key member', keys: readKey,
    handler: zscore,
  },
  {
    name: 'zmscore', arity: -3, flags: 'readonly fast', group, since: '6.2.0',
    summary: 'The scores of several members.', complexity: 'O(N) with N members asked for',
    syntax: 'key member...', keys: readKey, handler: zmscore,
  },
  {
    name: 'zrank', arity: -3, flags: 'readonly fast', group, since: '2.0.0',
    summary: 'The rank of a member, 0 for the lowest score.', complexity: 'O(log N)',
    syntax: 'key member [WITHSCORE]', keys: readKey, handler: (ctx) => zrank(ctx, false),
  },
  {
    name: 'zrevrank', arity: -3, flags: 'readonly fast', group, since: '2.0.0',
    summary: 'The rank of a member, 0 for the highest score.', complexity: 'O(log N)',
    syntax: 'key member [WITHSCORE]', keys: readKey, handler: (ctx) => zrank(ctx, true),
  },
  {
    name: 'zscan', arity: -3, flags: 'readonly', group, since: '2.8.0',
    summary: 'Some members and scores, and the cursor for the next ones.',
    complexity: 'O(1) per call, O(N) for all', syntax: 'key cursor [MATCH pattern] [COUNT count]',
    keys: readKey, tips: ['nondeterministic_output'], handler: zscan,
  },
  {
    name: 'zrandmember', arity: -2, flags: 'readonly', group, since: '6.2.0',
    summary: 'Random members of a sorted set; a negative count lets them come again.',
    complexity: 'O(N) with N members returned', syntax: 'key [count [WITHSCORES]]',
    keys: readKey, tips: ['nondeterministic_output'], handler: zrandmember,
  },
];

const popRows: readonly CommandRow[] = [
  {
    name: 'zpopmin', arity: -2, flags: 'write fast', group, since: '5.0.0',
    summary: 'Removes the members with the lowest scores and returns them.',
    complexity: perMember, syntax: 'key [count]', keys: popKey,
    handler: (ctx) => zpop(ctx, false),
  },
  {
    name: 'zpopmax', arity: -2, flags: 'write fast', group, since: '5.0.0',
    summary: 'Removes the members with the highest scores and returns them.',
    complexity: perMember, syntax: 'key [count]', keys: popKey, handler: (ctx) => zpop(ctx, true),
  },
  {
    name: 'zmpop', arity: -4, flags: 'write movablekeys', group, since: '7.0.0',
    summary: 'Pops members from the first sorted set that is not empty.',
    complexity: `${perMember}, O(K) with K keys`,
    syntax: 'numkeys key... (MIN | MAX) [COUNT count]',
    keys: [countedKeys(1, 'RW access delete')], handler: zmpop,
  },
  {
    name: 'bzpopmin', arity: -3, flags: 'write noscript blocking fast', group, since: '5.0.0',
    summary: 'As ZPOPMIN on the first sorted set that is not empty; waits until there is one.',
    complexity: 'O(log N)', syntax: 'key... timeout:double', keys: waitKeys,
    handler: (ctx) => bzpop(ctx, false),
  },
  {
    name: 'bzpopmax', arity: -3, flags: 'write noscript blocking fast', group, since: '5.0.0',
    summary: 'As ZPOPMAX on the first sorted set that is not empty; waits until there is one.',
    complexity: 'O(log N)', syntax: 'key... timeout:double', keys: waitKeys,
    handler: (ctx) => bzpop(ctx, true),
  },
  {
    name: 'bzmpop', arity: -5, flags: 'write blocking movablekeys', group, since: '7.0.0',
    summary: 'As ZMPOP; waits until there is something.',
    complexity: `${perMember}, O(K) with K keys`,
    syntax: 'timeout:double numkeys key... (MIN | MAX) [COUNT count]',
    keys: [countedKeys(2, 'RW access delete')], handler: bzmpop,
  },
];

export const sortedSetRows: readonly CommandRow[] = [
  ...memberRows, ...popRows, ...rangeRows, ...combiningRows,
];
