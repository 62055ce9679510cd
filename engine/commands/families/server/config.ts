// CONFIG: the directives, through the port of the configuration.
import { bytesOfText, textOfBytes } from '../../../resp/byte-text.ts';
import { argumentText, syntaxError } from '../../arguments.ts';
import type { CommandContext, CommandOutcome } from '../../context.ts';
import { globMatches } from '../../glob.ts';
import { helpHandler } from '../../help.ts';
import type { CommandRow } from '../../spec.ts';

function get(ctx: CommandContext): void {
  const entries = ctx.server.config.entries();
  const found = new Map<string, string>();
  for (let i = 2; i < ctx.argc; i++) {
    const pattern = argumentText(ctx, i);
    // A plain name is answered as it was spelled, one found by a pattern as it is.
    const plain = !/[*?[]/.test(pattern);
    const bytes = Buffer.from(pattern);
    for (const [name, value] of entries) {
      if (plain && name === pattern.toLowerCase()) found.set(pattern, value);
      if (!plain && globMatches(bytes, Buffer.from(name), true)) found.set(name, value);
    }
  }
  ctx.reply.map(found.size);
  for (const [name, value] of found) {
    ctx.reply.bulkText(name);
    const bytes = bytesOfText(value);
    ctx.reply.bulk(bytes, 0, bytes.length);
  }
}

function set(ctx: CommandContext): void {
  if (ctx.argc % 2 !== 0) {
    ctx.reply.error(syntaxError);
    return;
  }
  const pairs: (readonly [string, string])[] = [];
  for (let i = 2; i < ctx.argc; i += 2) {
    const value = ctx.buffer.subarray(ctx.argStart[i + 1], ctx.argEnd[i + 1]);
    pairs.push([argumentText(ctx, i), textOfBytes(value)]);
  }
  replyOutcome(ctx, ctx.server.config.set(pairs));
}

function replyOutcome(ctx: CommandContext, outcome: CommandOutcome): void {
  if (outcome.kind === 'error') ctx.reply.error(outcome.text);
  else ctx.reply.ok();
}

function resetstat(ctx: CommandContext): void {
  ctx.server.resetStatistics();
  ctx.reply.ok();
}

const admin = 'admin noscript loading stale';
const base = { flags: admin, group: 'server', since: '2.0.0' } as const;

const subcommands: readonly CommandRow[] = [
  {
    ...base, name: 'get', arity: -3, summary: 'Directives whose names match a pattern.',
    complexity: 'O(N) with N patterns', syntax: '{parameter}...', handler: get,
  },
  {
    ...base, name: 'set', arity: -4, summary: 'Changes directives, all or none.',
    complexity: 'O(N) with N directives', syntax: '{parameter value}...', handler: set,
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
  {
    ...base, name: 'resetstat', arity: 2, summary: 'Sets the counters of INFO back to 0.',
    complexity: 'O(1)', handler: resetstat,
  },
  {
    ...base, name: 'rewrite', arity: 2, since: '2.8.0', complexity: 'O(1)',
    summary: 'Writes the configuration back to its file.',
    handler: (ctx) => replyOutcome(ctx, ctx.server.config.rewrite()),
  },
  {
    ...base, name: 'help', arity: 2, since: '5.0.0', flags: 'loading stale', complexity: 'O(1)',
    summary: 'What CONFIG can do.', handler: helpHandler('CONFIG', () => subcommands),
  },
];

export const configRows: readonly CommandRow[] = [{
  ...base, name: 'config', arity: -2, flags: '', summary: 'The configuration of the server.',
  complexity: 'As the subcommand', handler: null, subcommands,
}];
