// MEMORY: what keys and the server occupy.
import { argumentLower, int64Argument, notAnInteger, syntaxError } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { helpHandler } from '../../help.ts';
import { lookup } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';

/** Bytes of the index that a key takes, on average. */
const slotBytes = 12;

/** SAMPLES is accepted and not needed: sizes are kept, not estimated. */
function usage(ctx: CommandContext): void {
  for (let i = 3; i < ctx.argc; i += 2) {
    if (argumentLower(ctx, i) !== 'samples' || i + 1 >= ctx.argc) {
      ctx.reply.error(syntaxError);
      return;
    }
    const samples = int64Argument(ctx, i + 1);
    if (samples === null || samples < 0n) {
      ctx.reply.error(samples === null ? notAnInteger : syntaxError);
      return;
    }
  }
  const entry = lookup(ctx, 2);
  if (entry === 0) ctx.reply.nil();
  else ctx.reply.integer(ctx.database.occupiedBytes(entry) + slotBytes);
}

function stats(ctx: CommandContext): void {
  const { reply, keyspace } = ctx;
  const facts = ctx.server.memoryFacts();
  const databases = keyspace.databases.filter(({ size }) => size > 0);
  const keys = databases.reduce((sum, { size }) => sum + size, 0);
  const used = facts.usedBytes;
  const dataset = keyspace.arena.usedBytes;
  const numbers: readonly (readonly [string, number, kind: 'integer' | 'double'])[] = [
    ['overhead.total', used - dataset, 'integer'],
    ['keys.count', keys, 'integer'],
    ['keys.bytes-per-key', keys === 0 ? 0 : Math.floor(dataset / keys), 'integer'],
    ['dataset.bytes', dataset, 'integer'],
    ['dataset.percentage', (dataset / used) * 100, 'double'],
    ['peak.percentage', (used / facts.peakBytes) * 100, 'double'],
    ['allocator.allocated', dataset, 'integer'],
    ['allocator.active', keyspace.arena.reservedBytes, 'integer'],
    ['allocator.resident', facts.rssBytes, 'integer'],
    ['fragmentation', facts.rssBytes / used, 'double'],
    ['fragmentation.bytes', facts.rssBytes - used, 'integer'],
  ];
  const head = { 'peak.allocated': facts.peakBytes, 'total.allocated': used,
    'startup.allocated': facts.startupBytes, 'replication.backlog': 0, 'clients.slaves': 0,
    'clients.normal': facts.clientBytes, 'cluster.links': 0, 'aof.buffer': 0, 'lua.caches': 0,
    'functions.caches': 0 };
  reply.map(Object.keys(head).length + databases.length + numbers.length);
  for (const [name, value] of Object.entries(head)) {
    reply.bulkText(name);
    reply.integer(value);
  }
  for (const { index, size, deadlineCount } of databases) {
    reply.bulkText(`db.${index}`);
    reply.map(2);
    reply.bulkText('overhead.hashtable.main');
    reply.integer(size * slotBytes);
    reply.bulkText('overhead.hashtable.expires');
    reply.integer(deadlineCount * slotBytes);
  }
  for (const [name, value, kind] of numbers) {
    reply.bulkText(name);
    if (kind === 'integer') reply.integer(value);
    else reply.double(value);
  }
}

function doctor(ctx: CommandContext): void {
  const facts = ctx.server.memoryFacts();
  const { arena } = ctx.keyspace;
  const found: string[] = [];
  if (facts.limitBytes !== 0 && arena.usedBytes > facts.limitBytes * 0.9) {
    found.push('Over 90 % of maxmemory are used: commands that need memory will be refused.');
  }
  if (arena.usedBytes > arena.capacityBytes * 0.9) {
    found.push('Over 90 % of the arena are used: start with a larger arena-bytes.');
  }
  if (facts.clientBytes > 64 * 1024 * 1024) {
    found.push('Clients hold over 64 MB of unsent replies: CLIENT LIST shows which (rbs).');
  }
  const text = found.length === 0 ? 'No memory problem is known.' : found.join('\n');
  ctx.reply.verbatim('txt', `${text}\n`);
}

function mallocStats(ctx: CommandContext): void {
  const { arena } = ctx.keyspace;
  ctx.reply.verbatim('txt', `arena: ${arena.usedBytes} bytes in use, ${arena.peakBytes} at most, `
    + `${arena.reservedBytes} touched, ${arena.capacityBytes} reserved\n`);
}

const base = { flags: '', group: 'server', since: '4.0.0' } as const;
const everywhere = ['nondeterministic_output', 'request_policy:all_shards',
  'response_policy:special'];

const subcommands: readonly CommandRow[] = [
  {
    ...base, name: 'usage', arity: -3, flags: 'readonly', complexity: 'O(1)', handler: usage,
    summary: 'Bytes that a key and its value occupy.', syntax: 'key [SAMPLES count]',
    keys: [{ first: 2, last: 2, step: 1, access: ['RO'] }],
  },
  {
    ...base, name: 'stats', arity: 2, complexity: 'O(1)', handler: stats, tips: everywhere,
    summary: 'What memory is used for.',
  },
  {
    ...base, name: 'doctor', arity: 2, complexity: 'O(1)', handler: doctor, tips: everywhere,
    summary: 'Problems with memory in words.',
  },
  {
    ...base, name: 'malloc-stats', arity: 2, complexity: 'O(1)', handler: mallocStats,
    summary: 'The arena in words.', tips: everywhere,
  },
  {
    ...base, name: 'purge', arity: 2, complexity: 'O(1)', handler: (ctx) => ctx.reply.ok(),
    summary: 'Nothing: free memory of the arena is used again by itself.',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  },
  {
    ...base, name: 'help', arity: 2, flags: 'loading stale', complexity: 'O(1)',
    summary: 'What MEMORY can do.', handler: helpHandler('MEMORY', () => subcommands),
  },
];

export const memoryRows: readonly CommandRow[] = [{
  ...base, name: 'memory', arity: -2, complexity: 'As the subcommand', handler: null, subcommands,
  summary: 'What keys and the server occupy.',
}];
