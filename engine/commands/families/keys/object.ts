// OBJECT: how a value is kept. Encodings are named as Redis would choose them for a fresh value.
import { encodingName } from '../../../collections/limits.ts';
import type { CommandContext } from '../../context.ts';
import { helpHandler } from '../../help.ts';
import { parseInt64, parseSafeInteger } from '../../integers.ts';
import { keyAt } from '../../key-specs.ts';
import { lookupRead } from '../../lookup.ts';
import { typeString } from '../../../keyspace/entry.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import type { CommandRow } from '../../spec.ts';

/** Redis keeps strings up to this many bytes in one allocation with their object. */
const embeddedMax = 44;
/** Small integers are shared by all keys that hold them. */
const sharedIntegers = 10000;
const sharedReferences = 0x7fffffff;

export function encodingOf(ctx: CommandContext, entry: EntryAddress): string {
  const { database } = ctx;
  const type = database.type(entry);
  if (type !== typeString) return encodingName(type, database.encoding(entry));
  const start = database.valueOffset(entry);
  const length = database.valueLength(entry);
  if (parseInt64(database.valueBuffer(entry), start, start + length) !== null) return 'int';
  return length <= embeddedMax ? 'embstr' : 'raw';
}

function encoding(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 2);
  if (entry === 0) ctx.reply.nil();
  else ctx.reply.bulkText(encodingOf(ctx, entry));
}

function refcount(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 2);
  if (entry === 0) {
    ctx.reply.nil();
    return;
  }
  const { database } = ctx;
  if (database.type(entry) !== typeString) {
    ctx.reply.integer(1);
    return;
  }
  const start = database.valueOffset(entry);
  const end = start + database.valueLength(entry);
  const value = parseSafeInteger(database.valueBuffer(entry), start, end);
  ctx.reply.integer(value >= 0 && value < sharedIntegers ? sharedReferences : 1);
}

function idletime(ctx: CommandContext): void {
  if (lookupRead(ctx, 2) === 0) ctx.reply.nil();
  else ctx.reply.integer(0);
}

function freq(ctx: CommandContext): void {
  if (lookupRead(ctx, 2) === 0) {
    ctx.reply.nil();
    return;
  }
  ctx.reply.error('ERR An LFU maxmemory policy is not selected, access frequency not tracked. '
    + 'Please note that when switching between policies at runtime LRU and LFU data will take '
    + 'some time to adjust.');
}

function objectRow(name: string, since: string, summary: string): CommandRow {
  const handlers = { encoding, freq, idletime, refcount };
  return {
    name, arity: 3, flags: 'readonly', group: 'generic', since, summary, complexity: 'O(1)',
    syntax: 'key', keys: [keyAt(2, 'RO')], tips: ['nondeterministic_output'],
    handler: handlers[name as keyof typeof handlers],
  };
}

const subcommands: readonly CommandRow[] = [
  objectRow('encoding', '2.2.3', 'The name of the representation of a value.'),
  objectRow('freq', '4.0.0', 'The access frequency of a key; not tracked.'),
  objectRow('idletime', '2.2.3', 'Seconds since a key was used; not tracked, always 0.'),
  objectRow('refcount', '2.2.3', 'How many references a value has.'),
  {
    name: 'help', arity: 2, flags: 'loading stale', group: 'generic', since: '6.2.0',
    summary: 'What OBJECT can do.', complexity: 'O(1)',
    handler: helpHandler('OBJECT', () => subcommands),
  },
];

export const objectRows: readonly CommandRow[] = [
  {
    name: 'object', arity: -2, flags: '', group: 'generic', since: '2.2.3',
    summary: 'Looks into the representation of values.', complexity: 'As the subcommand',
    handler: null, subcommands,
  },
];

