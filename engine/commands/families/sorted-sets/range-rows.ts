// The commands over ranges of sorted sets.
import { keyAt, oneKey } from '../../key-specs.ts';
import type { CommandRow } from '../../spec.ts';
import type { RangeKind } from './ranges.ts';
import { countRange, removeRange, replyRange, zrangestore } from './reading.ts';
import type { RangeForm } from './reading.ts';

const group = 'sorted-set';
const readKey = oneKey('RO access');
const removeKey = oneKey('RW delete');
const flags = 'readonly';
const complexity = 'O(log N + M) with M members returned';
const removing = 'O(log N + M) with M members removed';
const limit = '[LIMIT {offset count}]';

/** A command whose name says what kind of range it wants, and in which direction. */
function form(kind: RangeKind | null, reversed: boolean | null): RangeForm {
  return { key: 1, kind, reversed, stores: false };
}

const anyRange = form(null, null);
const backwards = form('rank', true);
const byScore = form('score', false);
const byScoreBackwards = form('score', true);
const byLex = form('lex', false);
const byLexBackwards = form('lex', true);

export const rangeRows: readonly CommandRow[] = [
  {
    name: 'zrange', arity: -4, flags, group, since: '1.2.0', complexity,
    summary: 'Members of a range by rank, score or name.', keys: readKey,
    syntax: `key start:string stop:string [BYSCORE | BYLEX] [REV] ${limit} [WITHSCORES]`,
    handler: (ctx) => replyRange(ctx, anyRange),
  },
  {
    name: 'zrevrange', arity: -4, flags, group, since: '1.2.0', complexity,
    summary: 'Members of a range by rank, the highest score first.', keys: readKey,
    syntax: 'key start stop [WITHSCORES]', handler: (ctx) => replyRange(ctx, backwards),
  },
  {
    name: 'zrangebyscore', arity: -4, flags, group, since: '1.0.5', complexity,
    summary: 'Members of a range by score.', keys: readKey,
    syntax: `key min:double max:double [WITHSCORES] ${limit}`,
    handler: (ctx) => replyRange(ctx, byScore),
  },
  {
    name: 'zrevrangebyscore', arity: -4, flags, group, since: '2.2.0', complexity,
    summary: 'Members of a range by score, the highest first.', keys: readKey,
    syntax: `key max:double min:double [WITHSCORES] ${limit}`,
    handler: (ctx) => replyRange(ctx, byScoreBackwards),
  },
  {
    name: 'zrangebylex', arity: -4, flags, group, since: '2.8.9', complexity,
    summary: 'Members of a range by name, where all scores are the same.', keys: readKey,
    syntax: `key min max ${limit}`, handler: (ctx) => replyRange(ctx, byLex),
  },
  {
    name: 'zrevrangebylex', arity: -4, flags, group, since: '2.8.9', complexity,
    summary: 'Members of a range by name, the last first, where all scores are the same.',
    keys: readKey, syntax: `key max min ${limit}`,
    handler: (ctx) => replyRange(ctx, byLexBackwards),
  },
  {
    name: 'zrangestore', arity: -5, flags: 'write denyoom', group, since: '6.2.0', complexity,
    summary: 'Stores the members of a range in another sorted set.',
    syntax: `destination source min max [BYSCORE | BYLEX] [REV] ${limit}`,
    keys: [keyAt(1, 'OW update'), keyAt(2, 'RO access')], handler: zrangestore,
  },
  {
    name: 'zcount', arity: 4, flags: 'readonly fast', group, since: '2.0.0',
    summary: 'How many members have a score in a range.', complexity: 'O(log N)',
    syntax: 'key min:double max:double', keys: readKey,
    handler: (ctx) => countRange(ctx, 'score'),
  },
  {
    name: 'zlexcount', arity: 4, flags: 'readonly fast', group, since: '2.8.9',
    summary: 'How many members have a name in a range, where all scores are the same.',
    complexity: 'O(log N)', syntax: 'key min max', keys: readKey,
    handler: (ctx) => countRange(ctx, 'lex'),
  },
  {
    name: 'zremrangebyrank', arity: 4, flags: 'write', group, since: '2.0.0',
    summary: 'Removes the members of a range by rank.', complexity: removing,
    syntax: 'key start stop', keys: removeKey, handler: (ctx) => removeRange(ctx, 'rank'),
  },
  {
    name: 'zremrangebyscore', arity: 4, flags: 'write', group, since: '1.2.0',
    summary: 'Removes the members of a range by score.', complexity: removing,
    syntax: 'key min:double max:double', keys: removeKey,
    handler: (ctx) => removeRange(ctx, 'score'),
  },
  {
    name: 'zremrangebylex', arity: 4, flags: 'write', group, since: '2.8.9',
    summary: 'Removes the members of a range by name, where all scores are the same.',
    complexity: removing, syntax: 'key min max', keys: removeKey,
    handler: (ctx) => removeRange(ctx, 'lex'),
  },
];
