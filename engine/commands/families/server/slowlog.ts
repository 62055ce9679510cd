// SLOWLOG: what the monitor kept of slow commands.
import type { CommandContext } from '../../context.ts';
import { helpHandler, wrongSubcommand } from '../../help.ts';
import type { CommandRow } from '../../spec.ts';
import { countArgument } from '../counts.ts';

const defaultCount = 10;

function get(ctx: CommandContext): void {
  if (ctx.argc > 3) {
    wrongSubcommand(ctx, 'SLOWLOG');
    return;
  }
  const wanted = ctx.argc === 3
    ? countArgument(ctx, 2, -1, 'ERR count should be greater than or equal to -1')
    : defaultCount;
  if (Number.isNaN(wanted)) return;
  const { reply } = ctx;
  const { entries } = ctx.monitor.slowLog;
  const shown = entries.slice(0, wanted < 0 ? entries.length : wanted);
  reply.array(shown.length);
  for (const { id, atSec, durationUs, parts, address, clientName } of shown) {
    reply.array(6);
    reply.integer(id);
    reply.integer(atSec);
    reply.integer(durationUs);
    reply.array(parts.length);
    for (const part of parts) reply.bulk(part, 0, part.length);
    reply.bulkText(address);
    reply.bulkText(clientName);
  }
}

const base = { flags: 'admin loading stale', group: 'server', since: '2.2.12' } as const;
const everyNode = 'request_policy:all_nodes';

const subcommands: readonly CommandRow[] = [
  {
    ...base, name: 'get', arity: -2, syntax: '[count]', complexity: 'O(N) with N entries',
    summary: 'The last slow commands: number, time, µs, arguments, client.', handler: get,
    tips: [everyNode, 'nondeterministic_output'],
  },
  {
    ...base, name: 'len', arity: 2, complexity: 'O(1)', summary: 'How many there are.',
    tips: [everyNode, 'response_policy:agg_sum', 'nondeterministic_output'],
    handler: (ctx) => ctx.reply.integer(ctx.monitor.slowLog.entries.length),
  },
  {
    ...base, name: 'reset', arity: 2, complexity: 'O(N) with N entries', summary: 'Forgets them.',
    tips: [everyNode, 'response_policy:all_succeeded'],
    handler: (ctx) => {
      ctx.monitor.slowLog.reset();
      ctx.reply.ok();
    },
  },
  {
    ...base, name: 'help', arity: 2, since: '6.2.0', flags: 'loading stale', complexity: 'O(1)',
    summary: 'What SLOWLOG can do.', handler: helpHandler('SLOWLOG', () => subcommands),
  },
];

export const slowlogRows: readonly CommandRow[] = [{
  ...base, name: 'slowlog', arity: -2, flags: '', complexity: 'As the subcommand',
  summary: 'Commands that took long.', handler: null, subcommands,
}];
