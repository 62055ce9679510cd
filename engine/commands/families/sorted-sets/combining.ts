// ZUNION, ZINTER, ZDIFF, what stores their results, and ZINTERCARD. Inputs may be sets too, whose
// members all have the score 1.
//
// As in Redis the inputs are combined from the smallest to the largest: sums of doubles depend on
// the order.
import type { SetHandle } from '../../../collections/set.ts';
import type { SortedSetHandle } from '../../../collections/sorted-set.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { typeSet, typeSortedSet } from '../../../keyspace/entry.ts';
import { argumentIs, indexArgument, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { lookupRead, wrongType } from '../../lookup.ts';
import { aside, heapMembersMost, resultSlot, storeResult } from '../build-result.ts';
import { countArgument, limitNegative } from '../counts.ts';
import { replyMemberItem, replyMembersHeader, scoreArgument } from './access.ts';
import { MapResult, StoredResult } from './combined-result.ts';
import type { Aggregate, CombinedResult } from './combined-result.ts';

export type Operation = 'union' | 'inter' | 'diff';

/** What the name of the command says. */
export interface CombineForm {
  readonly operation: Operation;
  readonly stores: boolean;
  /** ZINTERCARD: only the number of members counts. */
  readonly counts: boolean;
}

const words = {
  weights: word('weights'), aggregate: word('aggregate'), withscores: word('withscores'),
  limit: word('limit'), sum: word('sum'), min: word('min'), max: word('max'),
};

interface Input {
  readonly entry: EntryAddress;
  readonly isSet: boolean;
  readonly length: number;
  weight: number;
}

interface Options {
  aggregate: Aggregate;
  withScores: boolean;
  limit: number;
}

type AnyHandle = SetHandle | SortedSetHandle;

/** Slots: 0 walks, 1 and 2 are asked. */
function openInput(ctx: CommandContext, input: Input, slot: number): AnyHandle {
  const handle = input.isSet ? ctx.collections.set(slot) : ctx.collections.sortedSet(slot);
  return handle.open(ctx.database, input.entry);
}

/** The score with its weight; ∞ × 0 is 0 where it is the member's first score. */
function firstScore(handle: AnyHandle, input: Input): number {
  const score = weighedScore(handle, input);
  return Number.isNaN(score) ? 0 : score;
}

function weighedScore(handle: AnyHandle, input: Input): number {
  return ('score' in handle ? handle.score : 1) * input.weight;
}

/** Whether the input has the member that `walking` shows; then `asked` holds its score. */
function ask(asked: AnyHandle, walking: AnyHandle): boolean {
  const { elementBuffer, elementStart, elementEnd } = walking;
  return 'score' in asked
    ? asked.find(elementBuffer, elementStart, elementEnd)
    : asked.has(elementBuffer, elementStart, elementEnd);
}

/** Opens inputs to be asked, and keeps the last of each slot open. */
class Asked {
  private readonly ctx: CommandContext;
  private readonly opened: (Input | null)[] = [null, null, null];

  constructor(ctx: CommandContext) {
    this.ctx = ctx;
  }

  handle(input: Input, index: number): AnyHandle {
    const slot = 1 + (index % 2);
    if (this.opened[slot] === input) {
      return input.isSet ? this.ctx.collections.set(slot) : this.ctx.collections.sortedSet(slot);
    }
    this.opened[slot] = input;
    return openInput(this.ctx, input, slot);
  }
}

/** The inputs that `numkeys` at argument `at` announces, or null when the error is written. */
function readInputs(ctx: CommandContext, at: number): Input[] | null {
  const keys = indexArgument(ctx, at);
  if (Number.isNaN(keys)) return null;
  if (keys < 1) {
    const name = ctx.session.lastCommand?.fullName ?? 'zunion';
    ctx.reply.error(`ERR at least 1 input key is needed for '${name}' command`);
    return null;
  }
  if (keys > ctx.argc - at - 1) {
    ctx.reply.error(syntaxError);
    return null;
  }
  const entries: EntryAddress[] = [];
  for (let i = at + 1; i <= at + keys; i++) {
    const entry = lookupRead(ctx, i);
    const type = entry === 0 ? typeSortedSet : ctx.database.type(entry);
    if (type !== typeSet && type !== typeSortedSet) {
      ctx.reply.error(wrongType);
      return null;
    }
    entries.push(entry);
  }
  return entries.map((entry) => inputOf(ctx, entry));
}

function inputOf(ctx: CommandContext, entry: EntryAddress): Input {
  if (entry === 0) return { entry, isSet: false, length: 0, weight: 1 };
  const isSet = ctx.database.type(entry) === typeSet;
  const length = ctx.collections.length(ctx.database, entry);
  return { entry, isSet, length, weight: 1 };
}

function refuse(ctx: CommandContext): null {
  ctx.reply.error(syntaxError);
  return null;
}

function readOptions(
  ctx: CommandContext, from: number, form: CombineForm, inputs: readonly Input[],
): Options | null {
  const options: Options = { aggregate: 'sum', withScores: false, limit: 0 };
  const weighs = form.operation !== 'diff' && !form.counts;
  for (let i = from; i < ctx.argc;) {
    const left = ctx.argc - i;
    if (weighs && left > inputs.length && argumentIs(ctx, i, words.weights)) {
      if (!readWeights(ctx, i + 1, inputs)) return null;
      i += inputs.length + 1;
    } else if (weighs && left >= 2 && argumentIs(ctx, i, words.aggregate)) {
      const aggregate = aggregateArgument(ctx, i + 1);
      if (aggregate === null) return refuse(ctx);
      options.aggregate = aggregate;
      i += 2;
    } else if (!form.stores && !form.counts && argumentIs(ctx, i, words.withscores)) {
      options.withScores = true;
      i++;
    } else if (form.counts && left >= 2 && argumentIs(ctx, i, words.limit)) {
      options.limit = countArgument(ctx, i + 1, 0, limitNegative);
      if (Number.isNaN(options.limit)) return null;
      i += 2;
    } else return refuse(ctx);
  }
  return options;
}

function readWeights(ctx: CommandContext, from: number, inputs: readonly Input[]): boolean {
  for (const [i, input] of inputs.entries()) {
    input.weight = scoreArgument(ctx, from + i);
    if (Number.isNaN(input.weight)) {
      ctx.reply.error('ERR weight value is not a float');
      return false;
    }
  }
  return true;
}

function aggregateArgument(ctx: CommandContext, index: number): Aggregate | null {
  if (argumentIs(ctx, index, words.sum)) return 'sum';
  if (argumentIs(ctx, index, words.min)) return 'min';
  return argumentIs(ctx, index, words.max) ? 'max' : null;
}

function combine(
  ctx: CommandContext, operation: Operation, inputs: readonly Input[], result: CombinedResult,
): void {
  if (operation === 'diff') subtract(ctx, inputs, result);
  else {
    const ordered = inputs.toSorted((one, other) => one.length - other.length);
    if (operation === 'inter') intersect(ctx, ordered, result);
    else unite(ctx, ordered, result);
  }
}

function unite(ctx: CommandContext, inputs: readonly Input[], result: CombinedResult): void {
  for (const input of inputs) {
    if (input.length === 0) continue;
    const walking = openInput(ctx, input, 0);
    for (let more = walking.first(); more; more = walking.next()) {
      result.merge(walking, firstScore(walking, input));
    }
  }
}

function intersect(ctx: CommandContext, inputs: readonly Input[], result: CombinedResult): void {
  const [smallest, ...others] = inputs;
  if (smallest === undefined || smallest.length === 0) return;
  const asked = new Asked(ctx);
  const walking = openInput(ctx, smallest, 0);
  for (let more = walking.first(); more; more = walking.next()) {
    let score = firstScore(walking, smallest);
    const everywhere = others.every((input, index) => {
      const handle = asked.handle(input, index);
      if (!ask(handle, walking)) return false;
      score = result.aggregated(score, weighedScore(handle, input));
      return true;
    });
    if (everywhere && !result.add(walking, score)) return;
  }
}

function subtract(ctx: CommandContext, inputs: readonly Input[], result: CombinedResult): void {
  const [first, ...others] = inputs;
  if (first === undefined || first.length === 0) return;
  const present = others.filter((input) => input.length > 0);
  const asked = new Asked(ctx);
  const walking = openInput(ctx, first, 0);
  for (let more = walking.first(); more; more = walking.next()) {
    const isElsewhere = present.some((input, i) => ask(asked.handle(input, i), walking));
    if (!isElsewhere && !result.add(walking, firstScore(walking, first))) return;
  }
}

/** ZUNION, ZINTER and ZDIFF numkeys key… [WEIGHTS…] [AGGREGATE …] [WITHSCORES]; ZINTERCARD */
export function combineAndReply(ctx: CommandContext, form: CombineForm): void {
  const inputs = readInputs(ctx, 1);
  if (inputs === null) return;
  const options = readOptions(ctx, 2 + inputs.length, form, inputs);
  if (options === null) return;
  if (!form.counts && inputs.reduce((sum, { length }) => sum + length, 0) > heapMembersMost) {
    replyFromArena(ctx, form, inputs, options);
    return;
  }
  const result = new MapResult(options.aggregate, options.limit, form.counts);
  combine(ctx, form.operation, inputs, result);
  if (form.counts) {
    ctx.reply.integer(result.length);
    return;
  }
  const { withScores } = options;
  const nested = withScores && ctx.reply.protocol === 3;
  replyMembersHeader(ctx, result.length, withScores);
  for (const [member, score] of result.sorted()) {
    const bytes = Buffer.from(member, 'latin1');
    if (nested) ctx.reply.array(2);
    ctx.reply.bulk(bytes, 0, bytes.length);
    if (withScores) ctx.reply.double(score);
  }
}

function replyFromArena(
  ctx: CommandContext, { operation }: CombineForm, inputs: readonly Input[], options: Options,
): void {
  aside(ctx.database, () => {
    const set = ctx.collections.sortedSet(resultSlot).create(ctx.database);
    combine(ctx, operation, inputs, new StoredResult(options.aggregate, set));
    replyMembersHeader(ctx, set.length, options.withScores);
    if (set.entry === 0) return;
    for (let more = set.first(); more; more = set.next()) {
      replyMemberItem(ctx, set, options.withScores);
    }
    ctx.database.remove(set.entry);
  });
}

/** ZUNIONSTORE, ZINTERSTORE and ZDIFFSTORE destination numkeys key… */
export function combineAndStore(ctx: CommandContext, operation: Operation): void {
  const inputs = readInputs(ctx, 2);
  if (inputs === null) return;
  const form: CombineForm = { operation, stores: true, counts: false };
  const options = readOptions(ctx, 3 + inputs.length, form, inputs);
  if (options === null) return;
  let length = 0;
  storeResult(ctx, 1, () => {
    const set = ctx.collections.sortedSet(resultSlot).create(ctx.database);
    combine(ctx, operation, inputs, new StoredResult(options.aggregate, set));
    ({ length } = set);
    return set.entry;
  });
  ctx.reply.integer(length);
}
