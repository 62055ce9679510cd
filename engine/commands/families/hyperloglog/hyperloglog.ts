// HyperLogLog: PFADD PFCOUNT PFMERGE, and PFDEBUG, PFSELFTEST for those who look inside.
import { argumentLower, argumentText } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { keyAt, oneKey } from '../../key-specs.ts';
import { changed, isString, lookup, lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import {
  cacheCount, cachedCount, denseRegister, emptySketch, encodingDense, estimate, invalidate,
  isSketch, placeOf, raiseDense, registerCount,
} from './format.ts';
import { eachRun, raiseSparse, toDense } from './sparse.ts';

const notASketch = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
const corrupt = 'INVALIDOBJ Corrupted HLL object detected';

/** A copy of the sketch of an entry, or null after writing the error. */
function sketchOf(ctx: CommandContext, entry: number): Buffer | null {
  if (!isString(ctx, entry)) return null;
  const { database } = ctx;
  const start = database.valueStart(entry);
  const view = ctx.keyspace.arena.u8.subarray(start, start + database.valueLength(entry));
  if (isSketch(view)) return Buffer.from(view);
  ctx.reply.error(notASketch);
  return null;
}

/** Raises a register; returns as raiseSparse does. */
function raise(
  ctx: CommandContext, sketch: Buffer, index: number, value: number,
): Buffer | null {
  if (sketch[4] !== encodingDense) {
    return raiseSparse(sketch, index, value, ctx.sparseMaxBytes);
  }
  if (raiseDense(sketch, index, value)) invalidate(sketch);
  return sketch;
}

/** Stores the sketch under the key of argument `index`, whose deadline stays. */
function store(ctx: CommandContext, index: number, sketch: Buffer): void {
  const { database } = ctx;
  const entry = lookup(ctx, index);
  database.put(sketch, 0, sketch.length, entry === 0 ? 0 : database.deadlineMs(entry));
}

function pfadd(ctx: CommandContext): void {
  const entry = lookup(ctx, 1);
  let sketch = entry === 0 ? emptySketch() : sketchOf(ctx, entry);
  if (sketch === null) return;
  let raised = entry === 0 ? 1 : 0;
  for (let i = 2; i < ctx.argc; i++) {
    const place = placeOf(ctx.buffer, ctx.argStart[i] as number, ctx.argEnd[i] as number);
    const [index, value] = [place % registerCount, Math.floor(place / registerCount)];
    const before = registerOf(sketch, index);
    sketch = raise(ctx, sketch, index, value);
    if (sketch === null) {
      ctx.reply.error(corrupt);
      return;
    }
    if (value > before) raised++;
  }
  if (raised > 0) {
    invalidate(sketch);
    store(ctx, 1, sketch);
    ctx.keyspace.changes += raised - 1;
    changed(ctx, 1);
    ctx.effects.request(ctx.database.index, ctx);
  }
  ctx.reply.integer(raised > 0 ? 1 : 0);
}

function registerOf(sketch: Buffer, index: number): number {
  if (sketch[4] === encodingDense) return denseRegister(sketch, index);
  let found = 0;
  eachRun(sketch, (first, length, value) => {
    if (index >= first && index < first + length) found = value;
  });
  return found;
}

/** Raises each of `registers` to what the sketch has; false when it is corrupt. */
function mergeInto(registers: Uint8Array, sketch: Buffer): boolean {
  if (sketch[4] === encodingDense) {
    for (let i = 0; i < registerCount; i++) {
      registers[i] = Math.max(registers[i] as number, denseRegister(sketch, i));
    }
    return true;
  }
  return eachRun(sketch, (first, length, value) => {
    for (let i = first; i < first + length; i++) {
      registers[i] = Math.max(registers[i] as number, value);
    }
  });
}

function estimateOf(registers: Uint8Array): number {
  const histogram = new Int32Array(64);
  for (const value of registers) histogram[value & 63] = (histogram[value & 63] as number) + 1;
  return estimate(histogram);
}

/** Merges the sketches in arguments `from` …; null after writing the error. */
function mergeArguments(
  ctx: CommandContext, from: number,
): { readonly registers: Uint8Array; readonly dense: boolean } | null {
  const registers = new Uint8Array(registerCount);
  let dense = false;
  for (let i = from; i < ctx.argc; i++) {
    const entry = lookupRead(ctx, i);
    if (entry === 0) continue;
    const sketch = sketchOf(ctx, entry);
    if (sketch === null) return null;
    dense ||= sketch[4] === encodingDense;
    if (!mergeInto(registers, sketch)) {
      ctx.reply.error(corrupt);
      return null;
    }
  }
  return { registers, dense };
}

function pfcount(ctx: CommandContext): void {
  if (ctx.argc > 2) {
    const merged = mergeArguments(ctx, 1);
    if (merged !== null) ctx.reply.integer(estimateOf(merged.registers));
    return;
  }
  const entry = lookup(ctx, 1);
  if (entry === 0) {
    ctx.reply.integer(0);
    return;
  }
  const sketch = sketchOf(ctx, entry);
  if (sketch === null) return;
  const cached = cachedCount(sketch);
  if (cached >= 0) {
    ctx.reply.integer(cached);
    return;
  }
  const registers = new Uint8Array(registerCount);
  if (!mergeInto(registers, sketch)) {
    ctx.reply.error(corrupt);
    return;
  }
  const count = estimateOf(registers);
  // The cached count is part of the value: as in Redis the log hears of it.
  cacheCount(sketch, count);
  store(ctx, 1, sketch);
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.integer(count);
}

function pfmerge(ctx: CommandContext): void {
  const merged = mergeArguments(ctx, 1);
  if (merged === null) return;
  const entry = lookup(ctx, 1);
  let sketch = entry === 0 ? emptySketch() : sketchOf(ctx, entry);
  if (sketch !== null && merged.dense && sketch[4] !== encodingDense) sketch = toDense(sketch);
  for (let i = 0; i < registerCount && sketch !== null; i++) {
    const value = merged.registers[i] as number;
    if (value > 0) sketch = raise(ctx, sketch, i, value);
  }
  if (sketch === null) {
    ctx.reply.error(corrupt);
    return;
  }
  invalidate(sketch);
  store(ctx, 1, sketch);
  changed(ctx, 1);
  ctx.effects.request(ctx.database.index, ctx);
  ctx.reply.ok();
}

/** PFDEBUG ENCODING | GETREG | TODENSE key. */
function pfdebug(ctx: CommandContext): void {
  const what = argumentLower(ctx, 1);
  const entry = lookup(ctx, 2);
  if (entry === 0) {
    ctx.reply.error('ERR The specified key does not exist');
    return;
  }
  const sketch = sketchOf(ctx, entry);
  if (sketch === null) return;
  const dense = sketch[4] === encodingDense ? sketch : toDense(sketch);
  if (what === 'encoding') {
    ctx.reply.simple(sketch[4] === encodingDense ? 'dense' : 'sparse');
  } else if (dense === null) {
    ctx.reply.error(corrupt);
  } else if (what === 'getreg' || what === 'todense') {
    const isNew = dense !== sketch;
    if (isNew) {
      store(ctx, 2, dense);
      changed(ctx, 2);
      ctx.effects.request(ctx.database.index, ctx);
    }
    if (what === 'todense') ctx.reply.integer(isNew ? 1 : 0);
    else replyRegisters(ctx, dense);
  } else {
    ctx.reply.error(`ERR Unknown PFDEBUG subcommand '${argumentText(ctx, 1)}'`);
  }
}

function replyRegisters(ctx: CommandContext, sketch: Buffer): void {
  ctx.reply.array(registerCount);
  for (let i = 0; i < registerCount; i++) ctx.reply.integer(denseRegister(sketch, i));
}

/** PFSELFTEST: estimates of known sets stay within four standard errors. */
function pfselftest(ctx: CommandContext): void {
  let sketch = emptySketch();
  const element = Buffer.alloc(8);
  const elements = 20_000;
  for (let i = 0; i < elements; i++) {
    element.writeDoubleLE(i);
    const place = placeOf(element, 0, 8);
    const value = Math.floor(place / registerCount);
    sketch = raise(ctx, sketch, place % registerCount, value) ?? sketch;
  }
  const registers = new Uint8Array(registerCount);
  mergeInto(registers, sketch);
  const error = Math.abs(estimateOf(registers) - elements) / elements;
  if (error < (4 * 1.04) / Math.sqrt(registerCount)) ctx.reply.ok();
  else ctx.reply.error(`ERR TESTFAILED Too big error: ${error}`);
}

export const hyperloglogRows: readonly CommandRow[] = [
  {
    name: 'pfadd', arity: -2, flags: 'write denyoom fast', group: 'hyperloglog', since: '2.8.9',
    summary: 'Adds elements to a HyperLogLog.', complexity: 'O(1) for each element',
    syntax: 'key [element]...', keys: oneKey('RW insert'), handler: pfadd,
  },
  {
    name: 'pfcount', arity: -2, flags: 'readonly', group: 'hyperloglog', since: '2.8.9',
    summary: 'Estimates how many different elements were added.',
    complexity: 'O(1) for one key, O(N) for N keys', syntax: 'key...',
    keys: [{
      first: 1, last: -1, step: 1, access: ['RW', 'access'],
      notes: 'RW because it may change the internal representation of the key, '
        + 'and propagate to replicas',
    }],
    handler: pfcount,
  },
  {
    name: 'pfmerge', arity: -2, flags: 'write denyoom', group: 'hyperloglog', since: '2.8.9',
    summary: 'Merges HyperLogLogs into one.', complexity: 'O(N) for N keys',
    syntax: 'destination [source]...', handler: pfmerge,
    keys: [
      keyAt(1, 'RW access insert'),
      { first: 2, last: -1, step: 1, access: ['RO', 'access'] },
    ],
  },
  {
    name: 'pfdebug', arity: 3, flags: 'write denyoom admin', group: 'hyperloglog', since: '2.8.9',
    summary: 'Shows the inside of a HyperLogLog.', complexity: 'O(1)',
    syntax: '(ENCODING | GETREG | TODENSE) key', keys: [keyAt(2, 'RW access')], handler: pfdebug,
  },
  {
    name: 'pfselftest', arity: 1, flags: 'admin', group: 'hyperloglog', since: '2.8.9',
    summary: 'Checks the estimates against known sets.', complexity: 'O(1)', handler: pfselftest,
  },
];
