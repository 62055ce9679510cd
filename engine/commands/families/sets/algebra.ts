// SINTER, SUNION, SDIFF, what stores their results, and SINTERCARD.
//
// One input is walked, the others are asked: SINTER walks the smallest one, SDIFF the first, SUNION
// each, leaving out what an earlier one has. Nothing is collected unless it is stored.
import type { SetHandle } from '../../../collections/set.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { typeSet } from '../../../keyspace/entry.ts';
import { argumentIs, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { lookupRead } from '../../lookup.ts';
import { aside, heapMembersMost, resultSlot, storeResult } from '../build-result.ts';
import { countArgument, limitNegative, numberOfKeys } from '../counts.ts';
import { isTypeOrMissing } from '../typed-lookup.ts';

/** Called with the handle that shows an element of the result; false ends the walk. */
type Visit = (set: SetHandle) => boolean;
type Combine = (inputs: Inputs, visit: Visit) => void;

/** With more inputs than this SUNION remembers what it has shown instead of asking each. */
const askedInputs = 4;
const limitWord = word('limit');

/** The sets that a command reads; missing ones are 0. */
class Inputs {
  readonly ctx: CommandContext;
  readonly entries: EntryAddress[];
  /** Which input slots 1 and 2 are open for; slot 0 walks. */
  private readonly opened = [-1, -1, -1];

  constructor(ctx: CommandContext, entries: EntryAddress[]) {
    this.ctx = ctx;
    this.entries = entries;
  }

  walk(index: number): SetHandle {
    return this.open(0, index);
  }

  /** Whether input `index` has the element that the walking handle shows. */
  has(index: number, walking: SetHandle): boolean {
    if (this.entries[index] === 0) return false;
    const slot = index % 2 === 0 ? 2 : 1;
    const set = this.opened[slot] === index ? this.ctx.collections.set(slot)
      : this.open(slot, index);
    return set.has(walking.elementBuffer, walking.elementStart, walking.elementEnd);
  }

  lengthOf(index: number): number {
    return this.entries[index] === 0 ? 0 : this.open(0, index).length;
  }

  /** Of all inputs together. */
  get memberCount(): number {
    return this.entries.reduce((sum, _, index) => sum + this.lengthOf(index), 0);
  }

  private open(slot: number, index: number): SetHandle {
    this.opened[slot] = index;
    const set = this.ctx.collections.set(slot);
    return set.open(this.ctx.database, this.entries[index] as EntryAddress);
  }
}

/** The sets in arguments `first` to `last`, or null when one is no set and the error is written. */
function inputsIn(ctx: CommandContext, first: number, last: number): Inputs | null {
  const entries: EntryAddress[] = [];
  for (let i = first; i <= last; i++) {
    const entry = lookupRead(ctx, i);
    if (!isTypeOrMissing(ctx, entry, typeSet)) return null;
    entries.push(entry);
  }
  return new Inputs(ctx, entries);
}

function intersect(inputs: Inputs, visit: Visit): void {
  const lengths = inputs.entries.map((_, i) => inputs.lengthOf(i));
  const order = lengths.map((_, i) => i);
  order.sort((one, other) => (lengths[one] as number) - (lengths[other] as number));
  const [smallest = 0, ...others] = order;
  if (lengths[smallest] === 0) return;
  const set = inputs.walk(smallest);
  for (let more = set.first(); more; more = set.next()) {
    if (others.every((index) => inputs.has(index, set)) && !visit(set)) return;
  }
}

function subtract(inputs: Inputs, visit: Visit): void {
  if (inputs.entries[0] === 0) return;
  const others = inputs.entries.map((_, i) => i).slice(1);
  const set = inputs.walk(0);
  for (let more = set.first(); more; more = set.next()) {
    if (!others.some((index) => inputs.has(index, set)) && !visit(set)) return;
  }
}

function unite(inputs: Inputs, visit: Visit): void {
  const many = inputs.entries.length > askedInputs;
  if (many && inputs.memberCount > heapMembersMost) {
    uniteInArena(inputs, visit);
    return;
  }
  const shown = many ? new Set<string>() : null;
  inputs.entries.forEach((entry, index) => {
    if (entry === 0) return;
    const set = inputs.walk(index);
    for (let more = set.first(); more; more = set.next()) {
      if (shown === null ? !inEarlier(inputs, set, index) : isNew(shown, set)) visit(set);
    }
  });
}

/** Remembers what it has shown in a set of its own. */
function uniteInArena(inputs: Inputs, visit: Visit): void {
  const { collections, database } = inputs.ctx;
  aside(database, () => {
    const shown = collections.set(resultSlot).create(database);
    uniteWithDoubles(inputs, (set) =>
      !shown.add(set.elementBuffer, set.elementStart, set.elementEnd) || visit(set));
    if (shown.entry !== 0) database.remove(shown.entry);
  });
}

function inEarlier(inputs: Inputs, set: SetHandle, end: number): boolean {
  for (let index = 0; index < end; index++) if (inputs.has(index, set)) return true;
  return false;
}

function isNew(shown: Set<string>, set: SetHandle): boolean {
  const before = shown.size;
  shown.add(set.elementBuffer.toString('latin1', set.elementStart, set.elementEnd));
  return shown.size > before;
}

function reply(ctx: CommandContext, combine: Combine): void {
  const inputs = inputsIn(ctx, 1, ctx.argc - 1);
  if (inputs === null) return;
  const mark = ctx.reply.length;
  let count = 0;
  combine(inputs, (set) => {
    ctx.reply.bulk(set.elementBuffer, set.elementStart, set.elementEnd);
    count++;
    return true;
  });
  ctx.reply.setBefore(mark, count);
}

function store(ctx: CommandContext, combine: Combine): void {
  const inputs = inputsIn(ctx, 2, ctx.argc - 1);
  if (inputs === null) return;
  let length = 0;
  storeResult(ctx, 1, () => {
    const result = ctx.collections.set(resultSlot).create(ctx.database);
    combine(inputs, (set) => {
      result.add(set.elementBuffer, set.elementStart, set.elementEnd);
      return true;
    });
    ({ length } = result);
    return result.entry;
  });
  ctx.reply.integer(length);
}

/** Stored unions need not look for doubles: the result does. */
function uniteWithDoubles(inputs: Inputs, visit: Visit): void {
  inputs.entries.forEach((entry, index) => {
    if (entry === 0) return;
    const set = inputs.walk(index);
    for (let more = set.first(); more; more = set.next()) visit(set);
  });
}

/** SINTER key… */
export function sinter(ctx: CommandContext): void {
  reply(ctx, intersect);
}

/** SUNION key… */
export function sunion(ctx: CommandContext): void {
  reply(ctx, unite);
}

/** SDIFF key… */
export function sdiff(ctx: CommandContext): void {
  reply(ctx, subtract);
}

/** SINTERSTORE destination key… */
export function sinterstore(ctx: CommandContext): void {
  store(ctx, intersect);
}

/** SUNIONSTORE destination key… */
export function sunionstore(ctx: CommandContext): void {
  store(ctx, uniteWithDoubles);
}

/** SDIFFSTORE destination key… */
export function sdiffstore(ctx: CommandContext): void {
  store(ctx, subtract);
}

/** SINTERCARD numkeys key… [LIMIT limit] */
export function sintercard(ctx: CommandContext): void {
  const keys = countArgument(ctx, 1, 1, numberOfKeys);
  if (Number.isNaN(keys)) return;
  if (keys > ctx.argc - 2) {
    ctx.reply.error("ERR Number of keys can't be greater than number of args");
    return;
  }
  let limit = 0;
  for (let i = 2 + keys; i < ctx.argc; i += 2) {
    if (!argumentIs(ctx, i, limitWord) || i + 1 === ctx.argc) {
      ctx.reply.error(syntaxError);
      return;
    }
    limit = countArgument(ctx, i + 1, 0, limitNegative);
    if (Number.isNaN(limit)) return;
  }
  const inputs = inputsIn(ctx, 2, keys + 1);
  if (inputs === null) return;
  let count = 0;
  intersect(inputs, () => ++count !== limit);
  ctx.reply.integer(count);
}
