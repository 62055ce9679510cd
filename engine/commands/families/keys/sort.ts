// SORT and SORT_RO: the elements of a list, set or sorted set in order, by themselves or by values
// of other keys.
import {
  argumentCopy, argumentIs, indexArgument, syntaxError, word,
} from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { keyAfter, oneKey } from '../../key-specs.ts';
import { lookupRead, wrongType } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import { typeHash, typeList, typeSet, typeString } from '../../../keyspace/entry.ts';
import type { CollectionHandle } from '../../../collections/handle.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { ByteRows } from '../byte-rows.ts';
import { resultSlot, storeResult } from '../build-result.ts';
import { SortElements } from './sort-order.ts';
import { addValueFor, sortPattern } from './sort-pattern.ts';
import type { SortPattern } from './sort-pattern.ts';

const words = {
  asc: word('asc'), desc: word('desc'), alpha: word('alpha'), limit: word('limit'),
  store: word('store'), by: word('by'), get: word('get'),
};
const star = 42;

interface SortOptions {
  descending: boolean;
  alpha: boolean;
  /** BY a pattern without a star: the order in which the elements are kept. */
  unsorted: boolean;
  by: SortPattern | null;
  readonly get: SortPattern[];
  offset: number;
  count: number;
  /** The argument with the destination; 0: none. */
  store: number;
}

/** Null after writing the error. */
function parseOptions(ctx: CommandContext, mayStore: boolean): SortOptions | null {
  const options: SortOptions = {
    descending: false, alpha: false, unsorted: false, by: null, get: [], offset: 0, count: -1,
    store: 0,
  };
  for (let i = 2; i < ctx.argc; i++) {
    const left = ctx.argc - i - 1;
    if (argumentIs(ctx, i, words.asc)) options.descending = false;
    else if (argumentIs(ctx, i, words.desc)) options.descending = true;
    else if (argumentIs(ctx, i, words.alpha)) options.alpha = true;
    else if (left >= 2 && argumentIs(ctx, i, words.limit)) {
      options.offset = indexArgument(ctx, i + 1);
      if (Number.isNaN(options.offset)) return null;
      options.count = indexArgument(ctx, i + 2);
      if (Number.isNaN(options.count)) return null;
      i += 2;
    } else if (mayStore && left >= 1 && argumentIs(ctx, i, words.store)) options.store = ++i;
    else if (left >= 1 && argumentIs(ctx, i, words.by)) setOrder(options, argumentCopy(ctx, ++i));
    else if (left >= 1 && argumentIs(ctx, i, words.get)) {
      options.get.push(sortPattern(argumentCopy(ctx, ++i)));
    } else {
      ctx.reply.error(syntaxError);
      return null;
    }
  }
  return options;
}

function setOrder(options: SortOptions, pattern: Buffer): void {
  if (pattern.includes(star)) options.by = sortPattern(pattern);
  else options.unsorted = true;
}

function handleOf(ctx: CommandContext, entry: EntryAddress): CollectionHandle {
  const { collections, database } = ctx;
  switch (database.type(entry)) {
    case typeList: return collections.list(0).open(database, entry);
    case typeSet: return collections.set(0).open(database, entry);
    default: return collections.sortedSet(0).open(database, entry);
  }
}

const elements = new SortElements();
/** What GET found for the elements in their order. */
const found = new ByteRows();

/** First and last place of what LIMIT leaves of `length` elements; nothing when last < first. */
function limits(options: SortOptions, length: number): { first: number; last: number } {
  const first = Math.min(Math.max(options.offset, 0), length);
  const count = options.count < 0 ? length : options.count;
  return { first, last: Math.min(first + count, length) - 1 };
}

/** Gathers the elements in the order in which they are kept, within the limits. */
function gatherKept(handle: CollectionHandle, options: SortOptions, isSet: boolean): void {
  const { length } = handle;
  const { first, last } = limits(options, length);
  elements.reset(Math.max(last - first + 1, 0));
  if (last < first) return;
  // Sets have no order that could be turned round.
  const backwards = options.descending && !isSet;
  let more = handle.seekRank(backwards ? length - 1 - first : first);
  for (let i = first; more && i <= last; i++) {
    elements.rows.add(handle.elementBuffer, handle.elementStart, handle.elementEnd);
    more = backwards ? handle.previous() : handle.next();
  }
}

function gatherAll(handle: CollectionHandle): void {
  elements.reset(handle.length);
  for (let more = handle.first(); more; more = handle.next()) {
    elements.rows.add(handle.elementBuffer, handle.elementStart, handle.elementEnd);
  }
}

/** What is answered: of `rows` those that `order` names from place `first` to `last`. */
interface Answer {
  readonly rows: ByteRows;
  /** null: the rows as they come. */
  readonly order: Uint32Array | null;
  readonly first: number;
  readonly last: number;
}

/** The elements asked for, in order; null after writing the error. */
function elementsInOrder(ctx: CommandContext, options: SortOptions): Answer | null {
  const entry = lookupRead(ctx, 1);
  if (entry === 0) return { rows: elements.rows, order: null, first: 0, last: -1 };
  const type = ctx.database.type(entry);
  if (type === typeString || type === typeHash) {
    ctx.reply.error(wrongType);
    return null;
  }
  const handle = handleOf(ctx, entry);
  const isSet = type === typeSet;
  if (options.unsorted && isSet && options.store !== 0) {
    options.alpha = true;
    options.by = null;
  } else if (options.unsorted) {
    gatherKept(handle, options, isSet);
    return { rows: elements.rows, order: null, first: 0, last: elements.rows.count - 1 };
  }
  gatherAll(handle);
  const { descending, alpha, by, store } = options;
  const ordering = { descending, alpha, by, upToNul: store === 0, ownOrderIsFree: isSet };
  if (elements.sort(ctx, ordering)) {
    const { rows, order } = elements;
    return { rows, order, ...limits(options, rows.count) };
  }
  ctx.reply.error("ERR One or more scores can't be converted into double");
  return null;
}

/** What the patterns find for each of the elements. */
function valuesFor(
  ctx: CommandContext, patterns: readonly SortPattern[], answer: Answer,
): Answer {
  found.reset((answer.last - answer.first + 1) * patterns.length);
  for (let place = answer.first; place <= answer.last; place++) {
    const row = rowAt(answer, place);
    for (const pattern of patterns) addValueFor(ctx, pattern, answer.rows, row, found);
  }
  return { rows: found, order: null, first: 0, last: found.count - 1 };
}

function rowAt(answer: Answer, place: number): number {
  return answer.order === null ? place : answer.order[place] as number;
}

function sort(ctx: CommandContext, mayStore: boolean): void {
  const options = parseOptions(ctx, mayStore);
  if (options === null) return;
  const inOrder = elementsInOrder(ctx, options);
  if (inOrder !== null) {
    const answer = options.get.length === 0 ? inOrder : valuesFor(ctx, options.get, inOrder);
    if (options.store === 0) reply(ctx, answer);
    else store(ctx, options.store, answer);
  }
  elements.reset(0);
  found.reset(0);
}

function reply(ctx: CommandContext, answer: Answer): void {
  const { rows, first, last } = answer;
  ctx.reply.array(last - first + 1);
  for (let place = first; place <= last; place++) {
    const row = rowAt(answer, place);
    if (rows.isNil(row)) ctx.reply.nil();
    else ctx.reply.bulk(rows.buffer, rows.start(row), rows.end(row));
  }
}

function store(ctx: CommandContext, index: number, answer: Answer): void {
  const { rows, first, last } = answer;
  storeResult(ctx, index, () => {
    const list = ctx.collections.list(resultSlot).create(ctx.database);
    for (let place = first; place <= last; place++) {
      const row = rowAt(answer, place);
      list.push(false, rows.buffer, rows.start(row), Math.max(rows.end(row), rows.start(row)));
    }
    return list.entry;
  });
  ctx.keyspace.changes += Math.max(last - first, 0);
  ctx.reply.integer(last - first + 1);
}

const order = '[BY pattern] [LIMIT {offset count}] [GET pattern]... [ASC | DESC] [ALPHA]';
const readKeys = [
  ...oneKey('RO access'),
  keyAfter('', 'RO access', "For the optional BY/GET keyword. It is marked 'unknown' because the "
    + 'key names derive from the content of the key we sort'),
];
const storeKey = keyAfter('store', 'OW update', 'For the optional STORE keyword. It is marked '
  + "'unknown' because the keyword can appear anywhere in the argument array");
const shared = {
  arity: -2, group: 'generic',
  categories: ['set', 'sortedset', 'list', 'dangerous'],
  complexity: 'O(N+M*log(M)) with N elements, of which M are returned',
} as const;

export const sortRows: readonly CommandRow[] = [
  {
    ...shared, name: 'sort', flags: 'write denyoom movablekeys', since: '1.0.0',
    keys: [...readKeys, storeKey],
    summary: 'The elements of a list, set or sorted set in order, or stores them.',
    syntax: `key ${order} [STORE destination]`, handler: (ctx) => sort(ctx, true),
  },
  {
    ...shared, name: 'sort_ro', flags: 'readonly movablekeys', since: '7.0.0',
    keys: readKeys,
    summary: 'The elements of a list, set or sorted set in order.',
    syntax: `key ${order}`, handler: (ctx) => sort(ctx, false),
  },
];
