// The commands over sets.
import { allKeys, countedKeys, keyAt, oneKey } from '../../key-specs.ts';
import type { CommandRow, KeySpec } from '../../spec.ts';
import {
  sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore,
} from './algebra.ts';
import {
  sadd, scard, sismember, smembers, smismember, smove, srem, sscan,
} from './membership.ts';
import { spop, srandmember } from './random.ts';

const group = 'set';
const readKey = oneKey('RO access');
const unordered = ['nondeterministic_output_order'];
const random = ['nondeterministic_output'];
const overInputs = 'O(N*M) with N members of the smallest set and M sets';
const overAll = 'O(N) with N members of all sets';

function destinationAndKeys(access: string): readonly KeySpec[] {
  return [
    keyAt(1, access), { first: 2, last: -1, step: 1, access: ['RO', 'access'] },
  ];
}

export const setRows: readonly CommandRow[] = [
  {
    name: 'sadd', arity: -3, flags: 'write denyoom fast', group, since: '1.0.0',
    summary: 'Adds members to a set.', complexity: 'O(N) with N members',
    syntax: 'key member...', keys: oneKey('RW insert'), handler: sadd,
  },
  {
    name: 'srem', arity: -3, flags: 'write fast', group, since: '1.0.0',
    summary: 'Removes members from a set.', complexity: 'O(N) with N members',
    syntax: 'key member...', keys: oneKey('RW delete'), handler: srem,
  },
  {
    name: 'smove', arity: 4, flags: 'write fast', group, since: '1.0.0',
    summary: 'Moves a member from one set to another.', complexity: 'O(1)',
    syntax: 'source destination member',
    keys: [keyAt(1, 'RW access delete'), keyAt(2, 'RW insert')], handler: smove,
  },
  {
    name: 'spop', arity: -2, flags: 'write fast', group, since: '1.0.0',
    summary: 'Removes random members from a set and returns them.',
    complexity: 'O(N) with N members returned', syntax: 'key [count]', tips: random,
    keys: oneKey('RW access delete'), handler: spop,
  },
  {
    name: 'scard', arity: 2, flags: 'readonly fast', group, since: '1.0.0',
    summary: 'The number of members of a set.', complexity: 'O(1)', syntax: 'key',
    keys: oneKey('RO'), handler: scard,
  },
  {
    name: 'sismember', arity: 3, flags: 'readonly fast', group, since: '1.0.0',
    summary: 'Whether a set has a member.', complexity: 'O(1)', syntax: 'key member',
    keys: oneKey('RO'), handler: sismember,
  },
  {
    name: 'smismember', arity: -3, flags: 'readonly fast', group, since: '6.2.0',
    summary: 'Which of these members a set has.', complexity: 'O(N) with N members asked for',
    syntax: 'key member...', keys: readKey, handler: smismember,
  },
  {
    name: 'smembers', arity: 2, flags: 'readonly', group, since: '1.0.0',
    summary: 'All members of a set.', complexity: 'O(N) with N members', syntax: 'key',
    keys: readKey, tips: unordered, handler: smembers,
  },
  {
    name: 'srandmember', arity: -2, flags: 'readonly', group, since: '1.0.0',
    summary: 'Random members of a set; a negative count lets them come again.',
    complexity: 'O(N) with N members returned', syntax: 'key [count]', keys: readKey,
    tips: random, handler: srandmember,
  },
  {
    name: 'sscan', arity: -3, flags: 'readonly', group, since: '2.8.0',
    summary: 'Some members of a set, and the cursor for the next ones.',
    complexity: 'O(1) per call, O(N) for all', syntax: 'key cursor [MATCH pattern] [COUNT count]',
    keys: readKey, tips: random, handler: sscan,
  },
  {
    name: 'sinter', arity: -2, flags: 'readonly', group, since: '1.0.0',
    summary: 'Members that all sets have.', complexity: overInputs, syntax: 'key...',
    keys: allKeys('RO access'), tips: unordered, handler: sinter,
  },
  {
    name: 'sintercard', arity: -3, flags: 'readonly movablekeys', group, since: '7.0.0',
    summary: 'How many members all sets have; counting stops at the limit.',
    complexity: overInputs, syntax: 'numkeys key... [LIMIT limit]',
    keys: [countedKeys(1, 'RO access')], handler: sintercard,
  },
  {
    name: 'sinterstore', arity: -3, flags: 'write denyoom', group, since: '1.0.0',
    summary: 'Stores the members that all sets have.', complexity: overInputs,
    syntax: 'destination key...', keys: destinationAndKeys('RW update'), handler: sinterstore,
  },
  {
    name: 'sunion', arity: -2, flags: 'readonly', group, since: '1.0.0',
    summary: 'Members that any of the sets has.', complexity: overAll, syntax: 'key...',
    keys: allKeys('RO access'), tips: unordered, handler: sunion,
  },
  {
    name: 'sunionstore', arity: -3, flags: 'write denyoom', group, since: '1.0.0',
    summary: 'Stores the members that any of the sets has.', complexity: overAll,
    syntax: 'destination key...', keys: destinationAndKeys('OW update'), handler: sunionstore,
  },
  {
    name: 'sdiff', arity: -2, flags: 'readonly', group, since: '1.0.0',
    summary: 'Members of the first set that no other has.',
    complexity: 'O(N*M) with N members of the first set and M sets', syntax: 'key...',
    keys: allKeys('RO access'), tips: unordered, handler: sdiff,
  },
  {
    name: 'sdiffstore', arity: -3, flags: 'write denyoom', group, since: '1.0.0',
    summary: 'Stores the members of the first set that no other has.',
    complexity: 'O(N*M) with N members of the first set and M sets', syntax: 'destination key...',
    keys: destinationAndKeys('OW update'), handler: sdiffstore,
  },
];
