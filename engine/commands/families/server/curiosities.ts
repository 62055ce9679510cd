// MONITOR, LOLWUT and WAITAOF: what few ask for.
import { argumentLower, int64Argument, notAnInteger } from '../../arguments.ts';
import { noLogError, replySynced } from '../../blocking.ts';
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
  const local = int64Argument(ctx, 1);
  const replicas = int64Argument(ctx, 2);
  const timeoutMs = int64Argument(ctx, 3);
  const problem = rangeProblem(local, 'value must between 0 and 1', 1n)
    ?? rangeProblem(replicas, 'must be positive')
    ?? timeoutProblem(timeoutMs);
  if (problem !== null) {
    ctx.reply.error(problem);
    return;
  }
  const { persistence } = ctx.server;
  const synced = persistence.syncedPosition();
  if (local === 1n && synced === null) {
    ctx.reply.error(noLogError);
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

function rangeProblem(value: bigint | null, range: string, most?: bigint): string | null {
  if (value === null) return notAnInteger;
  const inRange = value >= 0n && (most === undefined || value <= most);
  return inRange ? null : `ERR value is out of range, ${range}`;
}

function timeoutProblem(value: bigint | null): string | null {
  if (value === null) return 'ERR timeout is not an integer or out of range';
  return value < 0n ? 'ERR timeout is negative' : null;
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
