// Commands of the log → keyspace, through the same code that runs them for clients.
import type { CommandRunner } from '../commands/apply.ts';
import { noEffects } from '../commands/context.ts';
import type { CommandContext } from '../commands/context.ts';
import { Prefetcher } from '../commands/prefetch.ts';
import type { LogTarget } from '../aof/reader.ts';
import type { Database } from '../keyspace/database.ts';
import type { RequestDecoder } from '../resp/decoder.ts';
import { logMaxBulkBytes } from '../resp/limits.ts';

/** How the log is applied at start: a context without a socket (null reply writer) and a runner. */
export interface ReplayPort {
  readonly context: CommandContext;
  readonly runner: CommandRunner;
}

const maxShownBytes = 128;

/** Applies commands; SET, by far the commonest, without the way through the registry. */
export class ReplayTarget implements LogTarget {
  private readonly context: CommandContext;
  private readonly runner: CommandRunner;
  private readonly prefetcher = new Prefetcher();
  private database: Database;
  /** Where the command before began, and up to where of the buffer was looked ahead. */
  private lastStart = 0;
  private hintedEnd = 0;

  constructor(port: ReplayPort, nowMs: number) {
    this.context = port.context;
    this.runner = port.runner;
    this.context.replaying = true;
    this.context.maxBulkBytes = logMaxBulkBytes;
    this.context.effects = noEffects;
    this.context.nowMs = nowMs;
    this.database = this.context.database;
    this.beginFile();
  }

  /** Each file begins in database 0. */
  beginFile(): void {
    this.context.session.databaseIndex = 0;
    this.database = this.context.keyspace.databases[0] as Database;
  }

  apply(decoder: RequestDecoder, buffer: Buffer): string | null {
    const { argStart, argEnd, requestStart } = decoder;
    // Going back in the buffer means that it was filled again.
    if (requestStart >= this.hintedEnd || requestStart < this.lastStart) {
      // What lies behind the bytes read last is old: a hint that misses, and no more.
      this.hintedEnd = this.prefetcher.hint(this.database, buffer, requestStart, buffer.length);
    }
    this.lastStart = requestStart;
    if (decoder.argc === 3 && isSet(buffer, argStart[0] as number, argEnd[0] as number)) {
      this.database.find(buffer, argStart[1] as number, argEnd[1] as number);
      this.database.put(buffer, argStart[2] as number, argEnd[2] as number, 0);
      return null;
    }
    return this.run(decoder, buffer);
  }

  private run(decoder: RequestDecoder, buffer: Buffer): string | null {
    const { context } = this;
    context.setRequest(buffer, decoder);
    const { errors } = context.reply;
    const status = this.runner.replay(context);
    this.database = context.keyspace.databases[context.session.databaseIndex] as Database;
    const reason = this.reasonFor(status, context.reply.errors > errors);
    context.reply.clear();
    return reason;
  }

  /** Redis goes on after a command that fails in its log; the data would not be what it was. */
  private reasonFor(status: ReturnType<CommandRunner['replay']>, failed: boolean): string | null {
    const { context } = this;
    if (status === 'unknown-command') {
      const key = context.argc > 1 ? ` on key ${this.shown(1)}` : '';
      return `Unknown command ${this.shown(0)}${key} in database`
        + ` ${context.session.databaseIndex}`;
    }
    if (status === 'wrong-arity') {
      return `${this.shown(0)} with the wrong number of arguments (${context.argc - 1})`;
    }
    if (!failed) return null;
    const error = context.reply.buffer.toString('utf8', 1, Math.max(1, context.reply.length - 2));
    return `${this.shown(0)}, which fails: ${error}`;
  }

  private shown(index: number): string {
    const { context } = this;
    const start = context.argStart[index] as number;
    const end = Math.min(context.argEnd[index] as number, start + maxShownBytes);
    const quoted = JSON.stringify(context.buffer.toString('latin1', start, end));
    return `'${quoted.slice(1, -1)}'`;
  }
}

function isSet(buffer: Buffer, start: number, end: number): boolean {
  return end - start === 3 && ((buffer[start] as number) | 32) === 115
    && ((buffer[start + 1] as number) | 32) === 101 && ((buffer[start + 2] as number) | 32) === 116;
}
