// COMMAND: the registry about itself.
import { argumentLower, safeIntegerArgument, syntaxError } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { replyDocs } from '../../docs.ts';
import { globMatches } from '../../glob.ts';
import { helpHandler } from '../../help.ts';
import { flag } from '../../spec.ts';
import type { CommandRow, CommandSpec, KeySpec, SpecTable } from '../../spec.ts';

const flags = 'loading stale';

/** ACL categories in Redis' order. */
const categoryOrder = [
  'keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap',
  'hyperloglog', 'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous', 'connection',
  'transaction',
];

const categoryOfGroup: Readonly<Record<string, string>> = {
  generic: 'keyspace', string: 'string', transactions: 'transaction', connection: 'connection',
  list: 'list', hash: 'hash', set: 'set', 'sorted-set': 'sortedset', bitmap: 'bitmap',
  hyperloglog: 'hyperloglog', pubsub: 'pubsub',
};

/** What ACL would call the command, without the @. */
export function categoriesOf(spec: CommandSpec): readonly string[] {
  const found = new Set<string>(spec.row.categories);
  const implied = categoryOfGroup[spec.row.group];
  const isContainer = spec.subcommands !== null;
  const implies = spec.row.categories === undefined && !isContainer;
  if (implies && implied !== undefined) found.add(implied);
  if ((spec.flags & flag.write) !== 0) found.add('write');
  if ((spec.flags & flag.readonly) !== 0) found.add('read');
  if ((spec.flags & flag.admin) !== 0) found.add('admin').add('dangerous');
  if ((spec.flags & flag.pubsub) !== 0) found.add('pubsub');
  if ((spec.flags & flag.blocking) !== 0) found.add('blocking');
  found.add((spec.flags & flag.fast) !== 0 ? 'fast' : 'slow');
  return categoryOrder.filter((name) => found.has(name));
}

function replyInfo(ctx: CommandContext, spec: CommandSpec): void {
  const { reply } = ctx;
  const { row } = spec;
  const keys = row.keys ?? [];
  const ranges = keys.filter((key) => key.counted !== true && key.after === undefined);
  const first = ranges[0];
  const last = ranges.at(-1);
  reply.array(10);
  reply.bulkText(spec.fullName);
  reply.integer(row.arity);
  replySet(ctx, row.flags.split(' ').filter((name) => name !== ''));
  reply.integer(first?.first ?? 0);
  reply.integer(last?.last ?? 0);
  reply.integer(first?.step ?? 0);
  replySet(ctx, categoriesOf(spec).map((name) => `@${name}`));
  reply.set(row.tips?.length ?? 0);
  for (const tip of row.tips ?? []) reply.bulkText(tip);
  reply.set(keys.length);
  for (const key of keys) replyKeySpec(ctx, key);
  const subcommands = spec.subcommands?.specs ?? [];
  if (subcommands.length === 0) reply.set(0);
  else reply.array(subcommands.length);
  for (const sub of subcommands) replyInfo(ctx, sub);
}

function replySet(ctx: CommandContext, names: readonly string[]): void {
  ctx.reply.set(names.length);
  for (const name of names) ctx.reply.simple(name);
}

function replyKeySpec(ctx: CommandContext, key: KeySpec): void {
  const { reply } = ctx;
  reply.map(key.notes === undefined ? 3 : 4);
  if (key.notes !== undefined) {
    reply.bulkText('notes');
    reply.bulkText(key.notes);
  }
  reply.bulkText('flags');
  replySet(ctx, key.access);
  reply.bulkText('begin_search');
  if (key.after === undefined) replyTyped(ctx, 'index', { index: key.first });
  else replyTyped(ctx, 'unknown', {});
  reply.bulkText('find_keys');
  if (key.after !== undefined) {
    replyTyped(ctx, 'unknown', {});
    return;
  }
  if (key.counted === true) {
    replyTyped(ctx, 'keynum', { keynumidx: 0, firstkey: 1, keystep: 1 });
    return;
  }
  const lastkey = key.last < 0 ? key.last : key.last - key.first;
  replyTyped(ctx, 'range', { lastkey, keystep: key.step, limit: 0 });
}

function replyTyped(ctx: CommandContext, type: string, spec: Record<string, number>): void {
  const { reply } = ctx;
  reply.map(2);
  reply.bulkText('type');
  reply.bulkText(type);
  reply.bulkText('spec');
  reply.map(Object.keys(spec).length);
  for (const [name, value] of Object.entries(spec)) {
    reply.bulkText(name);
    reply.integer(value);
  }
}

/** `get` or `client|kill`, in any case. */
function findByName(table: SpecTable, name: string): CommandSpec | null {
  const [container = '', sub] = name.split('|');
  const spec = findIn(table, container);
  if (sub === undefined || spec === null) return spec;
  return spec.subcommands === null ? null : findIn(spec.subcommands, sub);
}

function findIn(table: SpecTable, name: string): CommandSpec | null {
  const bytes = Buffer.from(name, 'latin1');
  return table.find(bytes, 0, bytes.length);
}

function info(ctx: CommandContext, table: SpecTable): void {
  if (ctx.argc <= 2) {
    ctx.reply.array(table.specs.length);
    for (const spec of table.specs) replyInfo(ctx, spec);
    return;
  }
  ctx.reply.array(ctx.argc - 2);
  for (let i = 2; i < ctx.argc; i++) {
    const spec = findByName(table, argumentLower(ctx, i));
    if (spec === null) ctx.reply.nil();
    else replyInfo(ctx, spec);
  }
}

function docs(ctx: CommandContext, table: SpecTable): void {
  const wanted = ctx.argc === 2
    ? table.specs
    : Array.from({ length: ctx.argc - 2 }, (_, i) => findByName(table, argumentLower(ctx, i + 2)));
  const found = wanted.filter((spec) => spec !== null);
  ctx.reply.map(found.length);
  for (const spec of found) {
    ctx.reply.bulkText(spec.fullName);
    replyDocs(ctx.reply, spec);
  }
}

function list(ctx: CommandContext, table: SpecTable): void {
  const filter = listFilter(ctx);
  if (filter === null) {
    ctx.reply.error(syntaxError);
    return;
  }
  const all = table.specs.flatMap((spec) => [spec, ...(spec.subcommands?.specs ?? [])]);
  const found = all.filter(filter);
  ctx.reply.array(found.length);
  for (const spec of found) ctx.reply.bulkText(spec.fullName);
}

/** Which commands LIST shows; null when the arguments make no sense. */
function listFilter(ctx: CommandContext): ((spec: CommandSpec) => boolean) | null {
  if (ctx.argc === 2) return () => true;
  if (ctx.argc !== 5 || argumentLower(ctx, 2) !== 'filterby') return null;
  const value = ctx.buffer.subarray(ctx.argStart[4], ctx.argEnd[4]);
  switch (argumentLower(ctx, 3)) {
    case 'module': return () => false;
    case 'aclcat': return (spec) => categoriesOf(spec).includes(value.toString('latin1'));
    case 'pattern':
      return (spec) => globMatches(value, Buffer.from(spec.fullName, 'latin1'), true);
    default: return null;
  }
}

interface KeyPlace {
  readonly index: number;
  readonly access: readonly string[];
}

/** The keys of the command that starts at argument 2, or null when the error is written. */
function keysOf(ctx: CommandContext, table: SpecTable): KeyPlace[] | null {
  const spec = commandInArguments(ctx, table);
  if (spec === null) {
    ctx.reply.error('ERR Invalid command specified');
    return null;
  }
  const keys = spec.row.keys?.filter(({ access }) => !access.includes('not_key')) ?? [];
  if (keys.length === 0) {
    ctx.reply.error('ERR The command has no key arguments');
    return null;
  }
  const argc = ctx.argc - 2;
  if (!spec.accepts(argc)) {
    ctx.reply.error('ERR Invalid number of arguments specified for command');
    return null;
  }
  const places: KeyPlace[] = [];
  for (const { first, last, step, access: listed, counted, after } of keys) {
    const access = listed.includes('variable_flags') ? accessOf(ctx, spec) : listed;
    if (after !== undefined) {
      const index = placeAfter(ctx, after);
      if (index > 0) places.push({ index, access });
      continue;
    }
    const start = counted === true ? first + 1 : first;
    const end = counted === true ? first + safeIntegerArgument(ctx, first + 2)
      : last < 0 ? argc + last : last;
    if (!(end >= start && end < argc)) {
      ctx.reply.error('ERR Invalid arguments specified for command');
      return null;
    }
    for (let i = start; i <= end; i += step) places.push({ index: i + 2, access });
  }
  return places;
}

/** What SET and BITFIELD do to their key with these arguments; those of Redis vary, too. */
function accessOf(ctx: CommandContext, spec: CommandSpec): readonly string[] {
  const both = ['RW', 'access', 'update'];
  if (spec.fullName === 'set') return hasWord(ctx, 5, 'get') ? both : ['OW', 'update'];
  for (let i = 4; i < ctx.argc;) {
    const length = readingOptions[argumentLower(ctx, i)];
    if (length === undefined || i + length > ctx.argc) return both;
    i += length;
  }
  return ['RO', 'access'];
}

/** Arguments of BITFIELD's options that change nothing, the option among them. */
const readingOptions: Readonly<Record<string, number>> = { get: 3, overflow: 2 };

function hasWord(ctx: CommandContext, from: number, word: string): boolean {
  for (let i = from; i < ctx.argc; i++) if (argumentLower(ctx, i) === word) return true;
  return false;
}

/** The argument after the last `keyword`; 0: there is none. */
function placeAfter(ctx: CommandContext, keyword: string): number {
  if (keyword === '') return 0;
  let i = ctx.argc - 2;
  while (i > 3 && argumentLower(ctx, i) !== keyword) i--;
  return i > 3 ? i + 1 : 0;
}

function commandInArguments(ctx: CommandContext, table: SpecTable): CommandSpec | null {
  const spec = table.find(ctx.buffer, ctx.argStart[2] as number, ctx.argEnd[2] as number);
  if (spec === null || spec.subcommands === null || ctx.argc < 4) return spec;
  return spec.subcommands.find(ctx.buffer, ctx.argStart[3] as number, ctx.argEnd[3] as number);
}

function replyArgument(ctx: CommandContext, index: number): void {
  ctx.reply.bulk(ctx.buffer, ctx.argStart[index] as number, ctx.argEnd[index] as number);
}

function getkeys(ctx: CommandContext, table: SpecTable): void {
  const places = keysOf(ctx, table);
  if (places === null) return;
  ctx.reply.array(places.length);
  for (const { index } of places) replyArgument(ctx, index);
}

function getkeysandflags(ctx: CommandContext, table: SpecTable): void {
  const places = keysOf(ctx, table);
  if (places === null) return;
  ctx.reply.array(places.length);
  for (const { index, access } of places) {
    ctx.reply.array(2);
    replyArgument(ctx, index);
    replySet(ctx, access);
  }
}

type TableHandler = (ctx: CommandContext, table: SpecTable) => void;

/** The rows of COMMAND; they ask for the registry when they run, since they are part of it. */
export function commandRows(table: () => SpecTable): readonly CommandRow[] {
  const base = { flags, group: 'server', categories: ['connection'] } as const;
  const run = (handler: TableHandler) => (ctx: CommandContext) =>
    handler(ctx, ctx.commands ?? table());
  const unordered = { tips: ['nondeterministic_output_order'] };
  const names = '[command-name...]';
  const subcommands: readonly CommandRow[] = [
    { ...base, name: 'count', arity: 2, since: '2.8.13', summary: 'How many commands there are.',
      complexity: 'O(1)', handler: run((ctx, known) => ctx.reply.integer(known.specs.length)) },
    { ...base, ...unordered, name: 'info', arity: -2, since: '2.8.13', syntax: names,
      summary: 'Arity, flags and keys of commands.', complexity: 'O(N) with N commands',
      handler: run(info) },
    { ...base, ...unordered, name: 'docs', arity: -2, since: '7.0.0', syntax: names,
      summary: 'Summaries and arguments of commands.', complexity: 'O(N) with N commands',
      handler: run(docs) },
    { ...base, ...unordered, name: 'list', arity: -2, since: '7.0.0', summary: 'Names of commands.',
      complexity: 'O(N) with N commands', handler: run(list),
      syntax: '[FILTERBY (MODULE module-name | ACLCAT category | PATTERN pattern)]' },
    { ...base, name: 'getkeys', arity: -4, since: '2.8.13', complexity: 'O(N) with N arguments',
      summary: 'Which arguments of a whole command are keys.', syntax: 'command [arg...]',
      handler: run(getkeys) },
    { ...base, name: 'getkeysandflags', arity: -4, since: '7.0.0', syntax: 'command [arg...]',
      summary: 'The keys of a whole command and what happens to them.',
      complexity: 'O(N) with N arguments', handler: run(getkeysandflags) },
    { ...base, name: 'help', arity: 2, since: '5.0.0', summary: 'What COMMAND can do.',
      complexity: 'O(1)', handler: helpHandler('COMMAND', () => subcommands) },
  ];
  return [{
    ...base, ...unordered, name: 'command', arity: -1, since: '2.8.13',
    summary: 'What the server knows about all its commands.', complexity: 'O(N) with N commands',
    handler: run(info), subcommands,
  }];
}
