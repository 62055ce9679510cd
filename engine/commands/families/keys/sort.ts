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
import { resultSlot, storeResult } from '../build-result.ts';
import { sortPattern, valueFor } from './sort-pattern.ts';
import type { SortPattern } from './sort-pattern.ts';
import { sortScore } from './sort-score.ts';

const words = {
  asc: word('asc'), desc: word('desc'), alpha: word('alpha'), limit: word('limit'),
  store: word('store'), by: word('by'), get: word('get'),
};
const star = 42;
const nothing = Buffer.alloc(0);

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

function elementOf(handle: CollectionHandle): Buffer {
  return Buffer.from(handle.elementBuffer.subarray(handle.elementStart, handle.elementEnd));
}

/** First and last place of what LIMIT leaves of `length` elements; nothing when last < first. */
function limits(options: SortOptions, length: number): { first: number; last: number } {
  const first = Math.min(Math.max(options.offset, 0), length);
  const count = options.count < 0 ? length : options.count;
  return { first, last: Math.min(first + count, length) - 1 };
}

/** The elements in the order in which they are kept, within the limits. */
function keptOrder(handle: CollectionHandle, options: SortOptions, isSet: boolean): Buffer[] {
  const { length } = handle;
  const { first, last } = limits(options, length);
  const elements: Buffer[] = [];
  if (last < first) return elements;
  // Sets have no order that could be turned round.
  const backwards = options.descending && !isSet;
  let more = handle.seekRank(backwards ? length - 1 - first : first);
  for (let i = first; more && i <= last; i++) {
    elements.push(elementOf(handle));
    more = backwards ? handle.previous() : handle.next();
  }
  return elements;
}

interface Weighted {
  readonly element: Buffer;
  readonly score: number;
  /** What ALPHA compares; null: BY found nothing, which comes first. */
  readonly text: Buffer | null;
}

/** Null when a score is no number. */
function weigh(
  ctx: CommandContext, options: SortOptions, elements: readonly Buffer[],
): Weighted[] | null {
  let bad = false;
  const weighted = elements.map((element): Weighted => {
    const value = options.by === null ? element : valueFor(ctx, options.by, element);
    if (options.alpha) return { element, score: 0, text: collated(options, value) };
    const score = value === null ? 0 : sortScore(value.toString('latin1'));
    bad ||= Number.isNaN(score);
    return { element, score, text: null };
  });
  return bad ? null : weighted;
}

/** Unless it stores, Redis compares as C compares strings: up to the first NUL. */
function collated(options: SortOptions, value: Buffer | null): Buffer | null {
  const nul = value === null || options.store !== 0 ? -1 : value.indexOf(0);
  return nul < 0 ? value : (value as Buffer).subarray(0, nul);
}

function compareTexts(one: Buffer | null, other: Buffer | null): number {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null);
  return Buffer.compare(one, other);
}

function sorted(
  weighted: Weighted[], options: SortOptions, isSet: boolean,
): readonly Buffer[] {
  const sign = options.descending ? -1 : 1;
  weighted.sort((one, other) => {
    if (one.score !== other.score) return one.score < other.score ? -sign : sign;
    // A set's own order differs from server to server: what is stored must not depend on it.
    const order = options.alpha ? compareTexts(one.text, other.text) : 0;
    if (order !== 0 || (options.alpha && !isSet)) return sign * order;
    return sign * Buffer.compare(one.element, other.element);
  });
  const { first, last } = limits(options, weighted.length);
  return weighted.slice(first, last + 1).map(({ element }) => element);
}

/** The elements asked for, in order; null after writing the error. */
function elementsInOrder(ctx: CommandContext, options: SortOptions): readonly Buffer[] | null {
  const entry = lookupRead(ctx, 1);
  if (entry === 0) return [];
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
  } else if (options.unsorted) return keptOrder(handle, options, isSet);
  const all: Buffer[] = [];
  for (let more = handle.first(); more; more = handle.next()) all.push(elementOf(handle));
  const weighted = weigh(ctx, options, all);
  if (weighted !== null) return sorted(weighted, options, isSet);
  ctx.reply.error("ERR One or more scores can't be converted into double");
  return null;
}

function sort(ctx: CommandContext, mayStore: boolean): void {
  const options = parseOptions(ctx, mayStore);
  if (options === null) return;
  const elements = elementsInOrder(ctx, options);
  if (elements === null) return;
  const { get } = options;
  const values = get.length === 0
    ? elements
    : elements.flatMap((element) => get.map((pattern) => valueFor(ctx, pattern, element)));
  if (options.store !== 0) {
    store(ctx, options.store, values);
    return;
  }
  ctx.reply.array(values.length);
  for (const value of values) {
    if (value === null) ctx.reply.nil();
    else ctx.reply.bulk(value, 0, value.length);
  }
}

function store(ctx: CommandContext, index: number, values: readonly (Buffer | null)[]): void {
  storeResult(ctx, index, () => {
    const list = ctx.collections.list(resultSlot).create(ctx.database);
    for (const value of values) {
      const bytes = value ?? nothing;
      list.push(false, bytes, 0, bytes.length);
    }
    return list.entry;
  });
  ctx.keyspace.changes += Math.max(values.length - 1, 0);
  ctx.reply.integer(values.length);
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
