// MONITOR, LOLWUT and WAITAOF: what few ask for.
import { argumentLower, int64Argument, notAnInteger } from '../../arguments.ts';
import { replySynced } from '../../blocking.ts';
import { redisVersion } from '../../context.ts';
import type { CommandContext } from '../../context.ts';
import type { CommandRow } from '../../spec.ts';

function monitor(ctx: CommandContext): void {
  if (ctx.session.inMulti || ctx.session.denyBlocking) {
    ctx.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  } else if (ctx.feed.add(ctx.session)) {
    ctx.reply.ok();
  }
}

function lolwut(ctx: CommandContext): void {
  if (ctx.argc >= 3 && argumentLower(ctx, 1) === 'version' && int64Argument(ctx, 2) === null) {
    ctx.reply.error(notAnInteger);
    return;
  }
  ctx.reply.verbatim('txt', `Redis ver. ${redisVersion}\n`);
}

/** Waits until what this connection wrote is synced; never for replicas: there are none. */
function waitaof(ctx: CommandContext): void {
  const [local, replicas, timeoutMs] = [1, 2, 3].map((index) => int64Argument(ctx, index));
  if (local === null || replicas === null || local === undefined || replicas === undefined) {
    ctx.reply.error(notAnInteger);
    return;
  }
  if (local < 0n || local > 1n || replicas < 0n) {
    ctx.reply.error('ERR value is out of range, must be between 0 and 1');
    return;
  }
  if (timeoutMs === null || timeoutMs === undefined || timeoutMs < 0n) {
    const what = timeoutMs === null ? 'not an integer or out of range' : 'negative';
    ctx.reply.error(`ERR timeout is ${what}`);
    return;
  }
  const { persistence } = ctx.server;
  const synced = persistence.syncedPosition();
  if (local === 1n && synced === null) {
    ctx.reply.error('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.');
    return;
  }
  const position = ctx.server.writtenPosition();
  const done = synced !== null && synced >= position;
  if (local === 1n && !done && ctx.blocking.blockForSync(ctx, position, Number(timeoutMs))) {
    persistence.wantSync(position);
    return;
  }
  replySynced(ctx.reply, done);
}

export const curiosityRows: readonly CommandRow[] = [
  {
    name: 'monitor', arity: 1, flags: 'admin noscript loading stale', group: 'server',
    since: '1.0.0', summary: 'Shows every command as it is run.', complexity: 'O(1)',
    handler: monitor,
  },
  {
    name: 'lolwut', arity: -1, flags: 'readonly fast', group: 'server', since: '5.0.0',
    summary: 'The version, without a picture.', complexity: 'O(1)', syntax: '[VERSION version]',
    categories: ['read'], handler: lolwut,
  },
  {
    name: 'waitaof', arity: 4, flags: 'noscript blocking', group: 'generic', since: '7.2.0',
    summary: 'Waits until what this connection wrote is synced to the disk.', complexity: 'O(1)',
    syntax: 'numlocal numreplicas timeout', categories: ['connection'], handler: waitaof,
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  },
];
