// Publish and subscribe: who listens to which channels and patterns, and the messages to them.
//
// A message is encoded once a protocol and copied into the outputs of its listeners. Names are kept
// as latin1 strings, one character a byte.
import { ReplyWriter } from '../resp/reply-writer.ts';
import type { CommandContext } from './context.ts';
import { globMatches } from './glob.ts';
import type { Session } from './session.ts';

/** The three name spaces of subscriptions; patterns match names of plain channels. */
export type ChannelKind = 'channels' | 'patterns' | 'shardChannels';

/** What one session listens to. */
export class Subscriptions {
  readonly channels: Set<string> = new Set();
  readonly patterns: Set<string> = new Set();
  readonly shardChannels: Set<string> = new Set();

  /** The number in the replies of SUBSCRIBE and its kin: shard channels count for themselves. */
  countFor(kind: ChannelKind): number {
    return kind === 'shardChannels'
      ? this.shardChannels.size
      : this.channels.size + this.patterns.size;
  }

  get isEmpty(): boolean {
    return this.channels.size + this.patterns.size + this.shardChannels.size === 0;
  }
}

interface Audience {
  readonly name: Buffer;
  readonly sessions: Set<Session>;
}

interface Message {
  /** `message`, `pmessage`, `smessage`. */
  readonly kind: string;
  readonly pattern: Buffer | null;
  readonly channel: Uint8Array;
  readonly payload: Uint8Array;
}

const protocols = [2, 3] as const;
/** A buffer that grew beyond this for a huge message is not kept for small ones. */
const keptBytes = 64 * 1024;

/** The channels of a server. */
export class ChannelTable {
  private readonly tables: Record<ChannelKind, Map<string, Audience>> = {
    channels: new Map(), patterns: new Map(), shardChannels: new Map(),
  };
  /** The message being sent, in each protocol; empty until somebody needs it. */
  private readonly encoded = { 2: new ReplyWriter(), 3: new ReplyWriter() };
  /** Messages to the session whose command is running, which must not stand inside its reply. */
  private readonly held: ReplyWriter = new ReplyWriter();

  /** How many channels or patterns have listeners. */
  size(kind: ChannelKind): number {
    return this.tables[kind].size;
  }

  /** Names with listeners, in the order in which they were first subscribed to. */
  names(kind: ChannelKind): Buffer[] {
    return Array.from(this.tables[kind].values(), ({ name }) => name);
  }

  /** How many sessions listen to this name. */
  listeners(kind: ChannelKind, name: string): number {
    return this.tables[kind].get(name)?.sessions.size ?? 0;
  }

  /** Returns how many subscriptions of its sort the session has now. */
  subscribe(session: Session, kind: ChannelKind, name: string): number {
    session.subscriptions ??= new Subscriptions();
    const own = session.subscriptions;
    if (!own[kind].has(name)) {
      own[kind].add(name);
      const table = this.tables[kind];
      const audience = table.get(name);
      if (audience !== undefined) audience.sessions.add(session);
      else table.set(name, { name: Buffer.from(name, 'latin1'), sessions: new Set([session]) });
    }
    return own.countFor(kind);
  }

  /** Returns how many subscriptions of its sort the session still has. */
  unsubscribe(session: Session, kind: ChannelKind, name: string): number {
    const own = session.subscriptions;
    if (own === null) return 0;
    if (own[kind].delete(name)) this.leave(session, kind, name);
    if (own.isEmpty) session.subscriptions = null;
    return own.countFor(kind);
  }

  /** The session is gone or starts anew. */
  forget(session: Session): void {
    const own = session.subscriptions;
    if (own === null) return;
    session.subscriptions = null;
    for (const kind of Object.keys(this.tables) as ChannelKind[]) {
      for (const name of own[kind]) this.leave(session, kind, name);
    }
  }

  /** Sends the message to all who listen; returns to how many. */
  publish(ctx: CommandContext, channel: Buffer, payload: Buffer): number {
    const audience = this.tables.channels.get(channel.toString('latin1'));
    let receivers = 0;
    if (audience !== undefined) {
      receivers = this.send(ctx, audience, { kind: 'message', pattern: null, channel, payload });
    }
    for (const listening of this.tables.patterns.values()) {
      const pattern = listening.name;
      if (!globMatches(pattern, channel)) continue;
      receivers += this.send(ctx, listening, { kind: 'pmessage', pattern, channel, payload });
    }
    return receivers;
  }

  /** SPUBLISH: shard channels have no patterns. */
  publishShard(ctx: CommandContext, channel: Buffer, payload: Buffer): number {
    const audience = this.tables.shardChannels.get(channel.toString('latin1'));
    if (audience === undefined) return 0;
    return this.send(ctx, audience, { kind: 'smessage', pattern: null, channel, payload });
  }

  /** Where replies go that REPLY OFF and SKIP let through: the answers of SUBSCRIBE and its kin. */
  confirmationWriter(ctx: CommandContext): ReplyWriter {
    if (ctx.session.replyMode === 'on') return ctx.reply;
    this.held.protocol = ctx.session.protocol;
    return this.held;
  }

  /** After the reply of the command that is running: what was held back for its session. */
  release(ctx: CommandContext): void {
    const { held } = this;
    if (held.length === 0) return;
    ctx.reply.raw(held.buffer, 0, held.length);
    if (held.buffer.length > keptBytes) held.detach();
    else held.clear();
  }

  private leave(session: Session, kind: ChannelKind, name: string): void {
    const audience = this.tables[kind].get(name);
    if (audience === undefined) return;
    audience.sessions.delete(session);
    if (audience.sessions.size === 0) this.tables[kind].delete(name);
  }

  private send(ctx: CommandContext, audience: Audience, message: Message): number {
    for (const protocol of protocols) forget(this.encoded[protocol]);
    let receivers = 0;
    for (const session of audience.sessions) {
      const writer = this.encoded[session.protocol];
      if (writer.length === 0) encode(writer, session.protocol, message);
      if (session !== ctx.session) ctx.server.deliver(session, writer.buffer, writer.length);
      else this.sendToSelf(ctx, writer);
      receivers++;
    }
    return receivers;
  }

  /** Before the reply, as in Redis; but after one that is taken back, and after EXEC's array. */
  private sendToSelf(ctx: CommandContext, message: ReplyWriter): void {
    const { session } = ctx;
    const after = session.inMulti || session.replyMode !== 'on';
    (after ? this.held : ctx.reply).raw(message.buffer, 0, message.length);
  }
}

/** Empties a writer, and gives up its buffer when the message before needed little of it. */
function forget(writer: ReplyWriter): void {
  const { buffer, length } = writer;
  if (buffer.length > keptBytes && length < buffer.length / 8) writer.detach();
  else writer.clear();
}

function encode(writer: ReplyWriter, protocol: 2 | 3, message: Message): void {
  writer.protocol = protocol;
  writer.push(message.pattern === null ? 3 : 4);
  writer.bulkText(message.kind);
  if (message.pattern !== null) writer.bulk(message.pattern, 0, message.pattern.length);
  writer.bulk(message.channel, 0, message.channel.length);
  writer.bulk(message.payload, 0, message.payload.length);
}
