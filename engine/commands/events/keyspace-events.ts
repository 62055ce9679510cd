// Keyspace events: who listens to `__keyspace@<db>__:<key>` or `__keyevent@<db>__:<event>` is told
// what happens to keys. Off unless `notify-keyspace-events` names classes; then a change costs one
// comparison.
import type { Database } from '../../keyspace/database.ts';
import type { CommandContext } from '../context.ts';
import { eventClass } from './event-classes.ts';
import { eventsOf, keyEvent } from './event-rules.ts';
import type { KeyEvent } from './event-rules.ts';

const born = keyEvent('new', 'new');
const missing = keyEvent('miss', 'keymiss');
const hasExpired = keyEvent('expired', 'expired');
const ways: number = eventClass.keyspace | eventClass.keyevent;

/** Publishes the events of one server. */
export class KeyspaceEvents {
  /** Bits of `eventClass`; callers do nothing while it is 0. */
  flags = 0;
  /** Keys of each database when it was looked at last: one more, and a key is new. */
  private readonly sizes: number[] = [];

  /** `notify-keyspace-events`; without K or E nobody is told anything. */
  configure(flags: number): void {
    this.flags = (flags & ways) === 0 ? 0 : flags;
  }

  /** A command begins; only while `flags` is not 0. */
  begin(ctx: CommandContext): void {
    if ((this.flags & eventClass.new) === 0) return;
    for (const { index, size } of ctx.keyspace.databases) this.sizes[index] = size;
  }

  /** The running command changed the key in argument `index` of the context's database. */
  changed(ctx: CommandContext, index: number): void {
    const { buffer, database } = ctx;
    const start = ctx.argStart[index] as number;
    const end = ctx.argEnd[index] as number;
    const exists = database.find(buffer, start, end) !== 0;
    const key = buffer.subarray(start, end);
    const events = eventsOf(ctx, index, exists);
    if (events.length > 0 && this.isNew(ctx, exists)) this.publish(ctx, database, key, born);
    for (const event of events) this.publish(ctx, database, key, event);
  }

  /** Something that the rules do not know happened to the key in argument `index`. */
  happened(ctx: CommandContext, index: number, event: KeyEvent): void {
    if (this.flags === 0) return;
    const key = ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
    this.publish(ctx, ctx.database, key, event);
  }

  /** The key in argument `index` was read and is not there. */
  missed(ctx: CommandContext, index: number): void {
    const key = ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
    this.publish(ctx, ctx.database, key, missing);
  }

  /** A key was removed because its deadline has passed. */
  expired(ctx: CommandContext, database: Database, key: Buffer): void {
    this.sizes[database.index] = database.size;
    this.publish(ctx, database, key, hasExpired);
  }

  /** Tells those who listen; the key's bytes need not last. */
  publish(ctx: CommandContext, database: Database, key: Buffer, event: KeyEvent): void {
    const { flags } = this;
    if ((flags & event.bit) === 0) return;
    if ((flags & eventClass.keyspace) !== 0) {
      const prefix = Buffer.from(`__keyspace@${database.index}__:`);
      ctx.channels.publish(ctx, Buffer.concat([prefix, key]), event.name);
    }
    if ((flags & eventClass.keyevent) !== 0) {
      const prefix = Buffer.from(`__keyevent@${database.index}__:`);
      ctx.channels.publish(ctx, Buffer.concat([prefix, event.name]), key);
    }
  }

  /** Did the running command make the key that it changed? */
  private isNew(ctx: CommandContext, exists: boolean): boolean {
    if ((this.flags & eventClass.new) === 0) return false;
    const { index, size } = ctx.database;
    const before = this.sizes[index] ?? 0;
    this.sizes[index] = size;
    // RENAME takes one away for each that it makes; its own source is no longer there.
    return exists && (size > before || (size === before && ctx.command?.row.name === 'rename'));
  }
}
