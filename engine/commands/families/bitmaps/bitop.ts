// BITOP: strings combined bit by bit into another key.
import { argumentIs, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { keyAt } from '../../key-specs.ts';
import { changed, isString, lookup, lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';

type Operation = 'and' | 'or' | 'xor' | 'not';
const operations: readonly (readonly [Operation, Buffer])[] = [
  ['and', word('and')], ['or', word('or')], ['xor', word('xor')], ['not', word('not')],
];

/** The strings in arguments `from` …; missing keys are empty; null: the error is written. */
function sources(ctx: CommandContext, from: number): Buffer[] | null {
  const found: Buffer[] = [];
  for (let i = from; i < ctx.argc; i++) {
    const entry = lookupRead(ctx, i);
    if (entry !== 0 && !isString(ctx, entry)) return null;
    const start = entry === 0 ? 0 : ctx.database.valueStart(entry);
    const end = entry === 0 ? 0 : start + ctx.database.valueLength(entry);
    // A view: nothing moves until the result is stored, which is another buffer.
    found.push(ctx.keyspace.arena.u8.subarray(start, end));
  }
  return found;
}

function combine(operation: Operation, inputs: readonly Buffer[]): Buffer {
  let length = 0;
  for (const input of inputs) if (input.length > length) ({ length } = input);
  const result = Buffer.alloc(length);
  inputs[0]?.copy(result);
  if (operation === 'not') {
    for (let i = 0; i < length; i++) result[i] = ~(result[i] as number);
    return result;
  }
  for (const input of inputs.slice(1)) {
    const common = input.length;
    if (operation === 'and') {
      for (let i = 0; i < common; i++) result[i] = (result[i] as number) & (input[i] as number);
      result.fill(0, common);
    } else if (operation === 'or') {
      for (let i = 0; i < common; i++) result[i] = (result[i] as number) | (input[i] as number);
    } else {
      for (let i = 0; i < common; i++) result[i] = (result[i] as number) ^ (input[i] as number);
    }
  }
  return result;
}

function bitop(ctx: CommandContext): void {
  const operation = operations.find(([, name]) => argumentIs(ctx, 1, name))?.[0];
  if (operation === undefined) {
    ctx.reply.error(syntaxError);
    return;
  }
  if (operation === 'not' && ctx.argc !== 4) {
    ctx.reply.error('ERR BITOP NOT must be called with a single source key.');
    return;
  }
  const inputs = sources(ctx, 3);
  if (inputs === null) return;
  const result = combine(operation, inputs);
  const { database } = ctx;
  const old = lookup(ctx, 2);
  if (result.length > 0) {
    database.put(result, 0, result.length, 0);
    changed(ctx, 2);
    ctx.effects.request(database.index, ctx);
  } else if (old !== 0) {
    database.remove(old);
    changed(ctx, 2);
    ctx.effects.request(database.index, ctx);
  }
  ctx.reply.integer(result.length);
}

export const bitopRows: readonly CommandRow[] = [
  {
    name: 'bitop', arity: -4, flags: 'write denyoom', group: 'bitmap', since: '2.6.0',
    summary: 'Combines strings bit by bit and stores the result.', complexity: 'O(N)',
    syntax: '(AND | OR | XOR | NOT) destination key...', handler: bitop,
    keys: [
      keyAt(2, 'OW update'),
      { first: 3, last: -1, step: 1, access: ['RO', 'access'] },
    ],
  },
];
