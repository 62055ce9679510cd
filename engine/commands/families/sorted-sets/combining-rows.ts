// The commands that combine sorted sets.
import { countedKeys, keyAt } from '../../key-specs.ts';
import type { CommandRow, KeySpec } from '../../spec.ts';
import { combineAndReply, combineAndStore } from './combining.ts';

const group = 'sorted-set';
const readFlags = 'readonly movablekeys';
const writeFlags = 'write denyoom movablekeys';
const readKeys: readonly KeySpec[] = [countedKeys(1, 'RO access')];
const storeKeys: readonly KeySpec[] = [keyAt(1, 'OW update'), countedKeys(2, 'RO access')];
const weighing = '[WEIGHTS weight...] [AGGREGATE (SUM | MIN | MAX)]';
const inputs = 'numkeys key...';
const united = 'O(N log N) with N members of all inputs';
const intersected = 'O(N*K + M log M) with N members of the smallest of K inputs and M results';
const subtracted = 'O(N*K + M log M) with N members of the first of K inputs and M results';

export const combiningRows: readonly CommandRow[] = [
  {
    name: 'zunion', arity: -3, flags: readFlags, group, since: '6.2.0', complexity: united,
    summary: 'Members that any of the inputs has, with combined scores.', keys: readKeys,
    syntax: `${inputs} ${weighing} [WITHSCORES]`,
    handler: (ctx) => combineAndReply(ctx, { operation: 'union', stores: false, counts: false }),
  },
  {
    name: 'zinter', arity: -3, flags: readFlags, group, since: '6.2.0', complexity: intersected,
    summary: 'Members that all inputs have, with combined scores.', keys: readKeys,
    syntax: `${inputs} ${weighing} [WITHSCORES]`,
    handler: (ctx) => combineAndReply(ctx, { operation: 'inter', stores: false, counts: false }),
  },
  {
    name: 'zdiff', arity: -3, flags: readFlags, group, since: '6.2.0', complexity: subtracted,
    summary: 'Members of the first input that no other has.', keys: readKeys,
    syntax: `${inputs} [WITHSCORES]`,
    handler: (ctx) => combineAndReply(ctx, { operation: 'diff', stores: false, counts: false }),
  },
  {
    name: 'zintercard', arity: -3, flags: readFlags, group, since: '7.0.0',
    complexity: intersected, keys: readKeys,
    summary: 'How many members all inputs have; counting stops at the limit.',
    syntax: `${inputs} [LIMIT limit]`,
    handler: (ctx) => combineAndReply(ctx, { operation: 'inter', stores: false, counts: true }),
  },
  {
    name: 'zunionstore', arity: -4, flags: writeFlags, group, since: '2.0.0', complexity: united,
    summary: 'Stores the members that any of the inputs has.', keys: storeKeys,
    syntax: `destination ${inputs} ${weighing}`,
    handler: (ctx) => combineAndStore(ctx, 'union'),
  },
  {
    name: 'zinterstore', arity: -4, flags: writeFlags, group, since: '2.0.0',
    complexity: intersected, summary: 'Stores the members that all inputs have.',
    keys: storeKeys, syntax: `destination ${inputs} ${weighing}`,
    handler: (ctx) => combineAndStore(ctx, 'inter'),
  },
  {
    name: 'zdiffstore', arity: -4, flags: writeFlags, group, since: '6.2.0',
    complexity: subtracted, summary: 'Stores the members of the first input that no other has.',
    keys: storeKeys, syntax: `destination ${inputs}`,
    handler: (ctx) => combineAndStore(ctx, 'diff'),
  },
];
