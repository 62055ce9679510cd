// HRANDFIELD: fields drawn by rank, so each is equally likely.
import type { HashHandle } from '../../../collections/hash.ts';
import { argumentIs, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { randomBelow, randomCountArgument, randomRanks } from '../counts.ts';
import { openWhole, replyField, replyFieldValue, replyNil } from './reading.ts';

const withValues = word('withvalues');

/** HRANDFIELD key [count [WITHVALUES]] */
export function hrandfield(ctx: CommandContext): void {
  if (ctx.argc === 2) {
    const hash = openWhole(ctx, replyNil);
    if (hash === null) return;
    hash.seekRank(randomBelow(ctx.server.entropy, hash.length));
    replyField(ctx, hash);
    return;
  }
  const valuesToo = ctx.argc === 4 && argumentIs(ctx, 3, withValues);
  const count = randomCountArgument(ctx, 2, valuesToo);
  if (Number.isNaN(count)) return;
  if (ctx.argc > 4 || (ctx.argc === 4 && !valuesToo)) {
    ctx.reply.error(syntaxError);
    return;
  }
  const hash = openWhole(ctx, (missing) => missing.reply.array(0));
  if (hash !== null) draw(ctx, hash, { count, valuesToo });
}

interface Wanted {
  readonly count: number;
  readonly valuesToo: boolean;
}

/** A negative count: so many, and any may come again. */
function draw(ctx: CommandContext, hash: HashHandle, { count, valuesToo }: Wanted): void {
  const { entropy } = ctx.server;
  const { length } = hash;
  const items = count < 0 ? -count : Math.min(count, length);
  const nested = valuesToo && ctx.reply.protocol === 3;
  ctx.reply.array(valuesToo && !nested ? items * 2 : items);
  const replySeen = (): void => {
    if (nested) ctx.reply.array(2);
    replyField(ctx, hash);
    if (valuesToo) replyFieldValue(ctx, hash);
  };
  if (count >= length) {
    for (let more = hash.first(); more; more = hash.next()) replySeen();
    return;
  }
  if (count >= 0) {
    for (const rank of randomRanks(entropy, length, count)) {
      hash.seekRank(rank);
      replySeen();
    }
    return;
  }
  for (let i = 0; i < items; i++) {
    hash.seekRank(randomBelow(entropy, length));
    replySeen();
  }
}
