// DEBUG: for tests and the curious.
import { typeHash } from '../../../keyspace/entry.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { dumpFrameBytes, dumpValue } from '../../../rdb/dump.ts';
import {
  argumentCopy, argumentLower, replyErrorBytes, safeIntegerArgument,
} from '../../arguments.ts';
import type { CommandContext, CommandOutcome } from '../../context.ts';
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
    ctx.reply.simple(valueDigest(ctx.database, entry, ctx));
  }
}

function object(ctx: CommandContext): void {
  const entry = lookupRead(ctx, 2);
  if (entry === 0) {
    ctx.reply.error('ERR no such key');
    return;
  }
  const encoding = encodingOf(ctx, entry);
  ctx.reply.simple(`Value at:0x${(entry * 8).toString(16)} refcount:1 encoding:${encoding}`
    + ` serializedlength:${serializedBytes(ctx, entry)} lru:0 lru_seconds_idle:0`);
}

/** Bytes of the value in RDB, its type not counted. */
function serializedBytes(ctx: CommandContext, entry: EntryAddress): number {
  const { compress, version } = ctx.server.persistence.dumpOptions();
  // Of hashes with field deadlines only version 12 knows.
  const enough = ctx.database.type(entry) === typeHash ? 12 : version;
  const options = { compress, version: enough, collections: ctx.collections };
  return dumpValue(ctx.database, entry, options).length - dumpFrameBytes;
}

function populate(ctx: CommandContext): void {
  const { database } = ctx;
  const count = positiveArgument(ctx, 2);
  const bytes = ctx.argc === 5 ? positiveArgument(ctx, 4) : 0;
  if (ctx.argc > 5) {
    refuseUnknown(ctx);
    return;
  }
  if (count < 0 || bytes < 0) {
    ctx.reply.error('ERR value is out of range, must be positive');
    return;
  }
  if (bytes > ctx.maxBulkBytes) {
    ctx.reply.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
    return;
  }
  const prefix = ctx.argc > 3 ? argumentCopy(ctx, 3) : Buffer.from('key');
  for (let i = 0; i < count; i++) {
    const key = Buffer.concat([prefix, Buffer.from(`:${i}`)]);
    if (database.find(key, 0, key.length) !== 0) continue;
    const text = Buffer.from(`value:${i}`);
    const value = bytes === 0 ? text : Buffer.alloc(bytes);
    if (bytes > 0) text.copy(value);
    database.put(value, 0, value.length, 0);
  }
  ctx.reply.ok();
}

/** Argument `index` as an integer that is not negative, or -1. */
function positiveArgument(ctx: CommandContext, index: number): number {
  const value = safeIntegerArgument(ctx, index);
  return value >= 0 ? value : -1;
}

function reload(ctx: CommandContext): void {
  let save = true;
  let flush = true;
  let merge = false;
  for (let i = 2; i < ctx.argc; i++) {
    const option = argumentLower(ctx, i);
    if (option === 'nosave') save = false;
    else if (option === 'noflush') flush = false;
    else if (option === 'merge') merge = true;
    else {
      ctx.reply.error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.');
      return;
    }
  }
  replyOutcome(ctx, ctx.server.persistence.reload({ save, flush, merge }));
}

function replyOutcome(ctx: CommandContext, outcome: CommandOutcome): void {
  if (outcome.kind === 'ok') ctx.reply.ok();
  else ctx.reply.error(outcome.text);
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
    run: (ctx) => ctx.reply.simple(keyspaceDigest(ctx.keyspace, ctx)),
  },
  'digest-value': {
    arity: -2, syntax: 'key...', summary: 'Checksums of single values.', run: digestValue,
  },
  object: { arity: 3, syntax: 'key', summary: 'How a value is kept.', run: object },
  populate: {
    arity: -3, syntax: 'count [prefix] [size]', run: populate,
    summary: 'Makes so many strings, key:0, key:1 and so on; the log gets nothing of it.',
  },
  reload: {
    arity: -2, syntax: '[NOSAVE] [NOFLUSH] [MERGE]', run: reload,
    summary: 'Saves a snapshot, removes all keys and loads it again; options leave out a step, or '
      + 'let keys of the snapshot replace those that are there.',
  },
  loadaof: {
    arity: 2, syntax: '', summary: 'Removes all keys and loads the append only file again.',
    run: (ctx) => replyOutcome(ctx, ctx.server.persistence.reloadLog()),
  },
  error: { arity: 3, syntax: 'string', summary: 'Answers with this error.', run: error },
  protocol: {
    arity: 3, syntax: 'type', summary: 'Answers with a sample of a type of reply.',
    run: (ctx) => protocolSample(ctx, argumentLower(ctx, 2)),
  },
};

/** What Redis has besides: looks into what is not here, or ends the server on purpose. */
const absent: ReadonlySet<string> = new Set(('aof-flush-sleep assert change-repl-id '
  + 'client-eviction clusterlink config-rewrite-force-all crash-and-recover '
  + 'drop-cluster-packet-filter htstats htstats-key leak listpack log mallctl mallctl-str oom '
  + 'panic pause-cron quicklist quicklist-packed-threshold replicate replybuffer restart sdslen '
  + 'segfault set-skip-checksum-validation stringmatch-test structsize ziplist').split(' '));

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
  if (!absent.has(name)) refuseUnknown(ctx);
  else ctx.reply.error(`ERR DEBUG ${name.toUpperCase()} is not part of this engine`);
}

function refuseUnknown(ctx: CommandContext): void {
  const given = ctx.buffer.toString('latin1', ctx.argStart[1], ctx.argEnd[1]).slice(0, 128);
  replyErrorBytes(ctx, `ERR unknown subcommand or wrong number of arguments for '${given}'. `
    + 'Try DEBUG HELP.');
}

export const debugRows: readonly CommandRow[] = [{
  name: 'debug', arity: -2, flags: 'admin noscript loading stale', group: 'server', since: '1.0.0',
  summary: 'Looks inside, sleeps, computes checksums; for tests.', complexity: 'As the subcommand',
  handler: debug,
}];
