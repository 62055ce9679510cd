// DEBUG: for tests and the curious.
import { argumentCopy, argumentLower, replyErrorBytes } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { keyspaceDigest, valueDigest } from '../../digest.ts';
import { replyHelp } from '../../help.ts';
import { lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import { encodingOf } from '../keys/object.ts';
import { protocolSample } from './protocol-samples.ts';

const notAllowed = 'ERR DEBUG command not allowed. If the enable-debug-command option is set to '
  + '"local", you can run it from a local connection, otherwise you need to set this option in the '
  + 'configuration file, and then restart the server.';

function sleep(ctx: CommandContext): void {
  // As C's strtod: the longest prefix that is a number, else 0.
  const text = ctx.buffer.toString('latin1', ctx.argStart[2], ctx.argEnd[2]);
  const seconds = Number.parseFloat(text);
  if (seconds > 0) ctx.server.sleepMs(seconds * 1000);
  ctx.reply.ok();
}

function setActiveExpire(ctx: CommandContext): void {
  const text = ctx.buffer.toString('latin1', ctx.argStart[2], ctx.argEnd[2]);
  const value = Number.parseInt(text, 10);
  ctx.server.setActiveExpire(value !== 0 && !Number.isNaN(value));
  ctx.reply.ok();
}

function digestValue(ctx: CommandContext): void {
  ctx.reply.array(ctx.argc - 2);
  for (let i = 2; i < ctx.argc; i++) {
    const entry = ctx.database.find(ctx.buffer, ctx.argStart[i] as number, ctx.argEnd[i] as number);
    ctx.reply.simple(valueDigest(ctx.database, entry));
  }
}

function object(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 2);
  if (entry === 0) {
    ctx.reply.error('ERR no such key');
    return;
  }
  const length = ctx.database.valueLength(entry);
  ctx.reply.simple(`Value at:0x${(entry * 8).toString(16)} refcount:1 `
    + `encoding:${encodingOf(ctx, entry)} serializedlength:${length + 1} lru:0 lru_seconds_idle:0`);
}

function error(ctx: CommandContext): void {
  const text = argumentCopy(ctx, 2).toString('latin1').replaceAll(/[\r\n]/g, ' ');
  replyErrorBytes(ctx, text);
}

interface Subcommand {
  /** Count of arguments, DEBUG and the subcommand included; negative: at least so many. */
  readonly arity: number;
  readonly syntax: string;
  readonly summary: string;
  readonly run: (ctx: CommandContext) => void;
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  sleep: { arity: 3, syntax: 'seconds', summary: 'Stops the server for a while.', run: sleep },
  'set-active-expire': {
    arity: 3, syntax: '(0 | 1)', run: setActiveExpire,
    summary: 'Whether expired keys are looked for in the background.',
  },
  digest: {
    arity: 2, syntax: '', summary: 'A checksum of all data, the same on any Redis.',
    run: (ctx) => ctx.reply.simple(keyspaceDigest(ctx.keyspace)),
  },
  'digest-value': {
    arity: -2, syntax: 'key...', summary: 'Checksums of single values.', run: digestValue,
  },
  object: { arity: 3, syntax: 'key', summary: 'How a value is kept.', run: object },
  error: { arity: 3, syntax: 'string', summary: 'Answers with this error.', run: error },
  protocol: {
    arity: 3, syntax: 'type', summary: 'Answers with a sample of a type of reply.',
    run: (ctx) => protocolSample(ctx, argumentLower(ctx, 2)),
  },
};

function debug(ctx: CommandContext): void {
  if (!ctx.server.allowsDebug(ctx.session)) {
    ctx.reply.error(notAllowed);
    return;
  }
  const name = argumentLower(ctx, 1);
  if (name === 'help' && ctx.argc === 2) {
    replyHelp(ctx, 'DEBUG', Object.entries(subcommands).map(([key, { syntax, summary }]) => ({
      name: key, arity: -2, flags: '', group: 'server', since: '1.0.0', summary, syntax,
      handler: null,
    })));
    return;
  }
  const found = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  const fits = found !== undefined
    && (found.arity < 0 ? ctx.argc >= -found.arity : ctx.argc === found.arity);
  if (fits) {
    found.run(ctx);
    return;
  }
  const given = ctx.buffer.toString('latin1', ctx.argStart[1], ctx.argEnd[1]).slice(0, 128);
  replyErrorBytes(ctx, `ERR unknown subcommand or wrong number of arguments for '${given}'. `
    + 'Try DEBUG HELP.');
}

export const debugRows: readonly CommandRow[] = [{
  name: 'debug', arity: -2, flags: 'admin noscript loading stale', group: 'server', since: '1.0.0',
  summary: 'Looks inside, sleeps, computes checksums; for tests.', complexity: 'As the subcommand',
  handler: debug,
}];
