// SUBSCRIBE and its kin, PUBLISH, PUBSUB.
import { argumentText, replyErrorBytes } from '../../arguments.ts';
import type { ChannelKind } from '../../channels.ts';
import type { CommandContext } from '../../context.ts';
import { globMatches } from '../../glob.ts';
import { helpHandler } from '../../help.ts';
import type { CommandHandler, CommandRow, KeySpec } from '../../spec.ts';

/** The name in argument `index`, one character a byte. */
function nameArgument(ctx: CommandContext, index: number): string {
  return ctx.buffer.toString('latin1', ctx.argStart[index], ctx.argEnd[index]);
}

function bytesArgument(ctx: CommandContext, index: number): Buffer {
  return ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
}

interface Confirmation {
  readonly event: string;
  /** null: there was nothing to unsubscribe from. */
  readonly name: string | null;
  readonly count: number;
}

function confirm(ctx: CommandContext, { event, name, count }: Confirmation): void {
  const reply = ctx.channels.confirmationWriter(ctx);
  reply.push(3);
  reply.bulkText(event);
  if (name === null) reply.nil();
  else {
    const bytes = Buffer.from(name, 'latin1');
    reply.bulk(bytes, 0, bytes.length);
  }
  reply.integer(count);
}

function subscribing(event: string, kind: ChannelKind): CommandHandler {
  return (ctx) => {
    const { session } = ctx;
    if (session.denyBlocking) {
      const name = event.toUpperCase();
      ctx.reply.error(`ERR ${name} isn't allowed for a DENY BLOCKING client`);
      return;
    }
    for (let i = 1; i < ctx.argc; i++) {
      const name = nameArgument(ctx, i);
      confirm(ctx, { event, name, count: ctx.channels.subscribe(session, kind, name) });
    }
  };
}

function unsubscribing(event: string, kind: ChannelKind): CommandHandler {
  return (ctx) => {
    const { session } = ctx;
    const names = ctx.argc === 1 ? [...session.subscriptions?.[kind] ?? []] : [];
    for (let i = 1; i < ctx.argc; i++) names.push(nameArgument(ctx, i));
    for (const name of names) {
      confirm(ctx, { event, name, count: ctx.channels.unsubscribe(session, kind, name) });
    }
    if (names.length > 0) return;
    confirm(ctx, { event, name: null, count: session.subscriptions?.countFor(kind) ?? 0 });
  };
}

function publish(ctx: CommandContext): void {
  const receivers = ctx.channels.publish(ctx, bytesArgument(ctx, 1), bytesArgument(ctx, 2));
  ctx.reply.integer(receivers);
}

function spublish(ctx: CommandContext): void {
  const receivers = ctx.channels.publishShard(ctx, bytesArgument(ctx, 1), bytesArgument(ctx, 2));
  ctx.reply.integer(receivers);
}

function listing(kind: ChannelKind): CommandHandler {
  return (ctx) => {
    if (ctx.argc > 3) {
      const given = argumentText(ctx, 1);
      replyErrorBytes(ctx, `ERR unknown subcommand or wrong number of arguments for '${given}'. `
        + 'Try PUBSUB HELP.');
      return;
    }
    const pattern = ctx.argc === 3 ? bytesArgument(ctx, 2) : null;
    const names = ctx.channels.names(kind).filter((name) =>
      pattern === null || globMatches(pattern, name));
    ctx.reply.array(names.length);
    for (const name of names) ctx.reply.bulk(name, 0, name.length);
  };
}

function counting(kind: ChannelKind): CommandHandler {
  return (ctx) => {
    ctx.reply.array((ctx.argc - 2) * 2);
    for (let i = 2; i < ctx.argc; i++) {
      ctx.reply.bulk(ctx.buffer, ctx.argStart[i] as number, ctx.argEnd[i] as number);
      ctx.reply.integer(ctx.channels.listeners(kind, nameArgument(ctx, i)));
    }
  };
}

const listen = 'pubsub noscript loading stale';
const inspect = 'pubsub loading stale';
const shardChannels: readonly KeySpec[] = [{ first: 1, last: -1, step: 1, access: ['not_key'] }];
const shardChannel: readonly KeySpec[] = [{ first: 1, last: 1, step: 1, access: ['not_key'] }];

type RowStart = Pick<CommandRow, 'name' | 'arity' | 'summary' | 'syntax' | 'handler'>;

function row(since: string, start: RowStart, more: Partial<CommandRow> = {}): CommandRow {
  const complexity = 'O(N) with N names';
  return { flags: listen, group: 'pubsub', since, complexity, ...start, ...more };
}

const subcommands: readonly CommandRow[] = [
  row('2.8.0', { name: 'channels', arity: -2, syntax: '[pattern]', handler: listing('channels'),
    summary: 'Channels that somebody listens to.' }, { flags: inspect }),
  row('2.8.0', { name: 'numsub', arity: -2, syntax: '[channel...]', handler: counting('channels'),
    summary: 'How many listen to each of these channels.' }, { flags: inspect }),
  row('2.8.0', { name: 'numpat', arity: 2, summary: 'How many patterns somebody listens to.',
    handler: (ctx) => ctx.reply.integer(ctx.channels.size('patterns')) }, { flags: inspect }),
  row('7.0.0', { name: 'shardchannels', arity: -2, syntax: '[pattern]',
    summary: 'Shard channels that somebody listens to.', handler: listing('shardChannels') },
  { flags: inspect }),
  row('7.0.0', { name: 'shardnumsub', arity: -2, syntax: '[shardchannel...]',
    summary: 'How many listen to each of these shard channels.',
    handler: counting('shardChannels') }, { flags: inspect }),
  row('6.2.0', { name: 'help', arity: 2, summary: 'What PUBSUB can do.',
    handler: helpHandler('PUBSUB', () => subcommands) },
  { flags: 'loading stale', categories: [] }),
];

export const pubsubRows: readonly CommandRow[] = [
  row('2.0.0', { name: 'subscribe', arity: -2, syntax: 'channel...',
    summary: 'Listens to channels.', handler: subscribing('subscribe', 'channels') }),
  row('2.0.0', { name: 'unsubscribe', arity: -1, syntax: '[channel...]',
    summary: 'Listens to channels no more, to none at all if none is named.',
    handler: unsubscribing('unsubscribe', 'channels') }),
  row('2.0.0', { name: 'psubscribe', arity: -2, syntax: '{pattern}...',
    summary: 'Listens to all channels whose names match.',
    handler: subscribing('psubscribe', 'patterns') }),
  row('2.0.0', { name: 'punsubscribe', arity: -1, syntax: '[pattern...]',
    summary: 'Listens to patterns no more, to none at all if none is named.',
    handler: unsubscribing('punsubscribe', 'patterns') }),
  row('7.0.0', { name: 'ssubscribe', arity: -2, syntax: 'shardchannel...',
    summary: 'Listens to shard channels.', handler: subscribing('ssubscribe', 'shardChannels') },
  { keys: shardChannels }),
  row('7.0.0', { name: 'sunsubscribe', arity: -1, syntax: '[shardchannel...]',
    summary: 'Listens to shard channels no more, to none at all if none is named.',
    handler: unsubscribing('sunsubscribe', 'shardChannels') }, { keys: shardChannels }),
  row('2.0.0', { name: 'publish', arity: 3, syntax: 'channel message', handler: publish,
    summary: 'Sends a message to all who listen to the channel.' },
  { flags: 'pubsub loading stale fast', complexity: 'O(N+M) with N listeners and M patterns' }),
  row('7.0.0', { name: 'spublish', arity: 3, syntax: 'shardchannel message', handler: spublish,
    summary: 'Sends a message to all who listen to the shard channel.' },
  { flags: 'pubsub loading stale fast', keys: shardChannel,
    complexity: 'O(N) with N listeners' }),
  {
    name: 'pubsub', arity: -2, flags: '', group: 'pubsub', since: '2.8.0', categories: [],
    summary: 'Who listens to what.', complexity: 'As the subcommand', handler: null, subcommands,
  },
];
