// The replies of one client on their way out.
//
// Commands write into `reply`. At the end of a tick the bytes go to the socket in one write when
// the log has made them durable enough; otherwise they are held with the token to wait for. What
// the client does not take piles up in the socket: above a limit we stop reading from it, above
// another the connection is cut.

import { ReplyWriter } from '../resp/reply-writer.ts';
import type { ServerStatistics } from './info.ts';
import type { Transport } from './transport.ts';

/** A reply buffer larger than this is not kept for the next tick. */
const keptBytes = 64 * 1024;

/** Told how many replies a client has been sent, just before the bytes go to the socket. */
export interface ReleaseRecorder {
  release(clientPort: number, replyCount: number): void;
}

/** What outputs share. */
export interface OutputHost {
  readonly recorder: ReleaseRecorder | null;
  readonly statistics: ServerStatistics;
}

interface HeldReplies {
  readonly bytes: Buffer;
  /** Leaves when the journal's `releasable` has reached this. */
  readonly token: number;
  readonly replyCount: number;
}

/** Output of one connection. */
export class Output {
  readonly reply: ReplyWriter = new ReplyWriter();
  /** Replies written so far, sent or not. */
  replyCount = 0;
  private readonly transport: Transport;
  private readonly host: OutputHost;
  private readonly clientPort: number;
  private held: HeldReplies[] = [];
  private heldBytes = 0;

  constructor(transport: Transport, host: OutputHost) {
    this.transport = transport;
    this.host = host;
    this.clientPort = transport.socket.remotePort ?? 0;
  }

  /** Is anything waiting for the log? */
  get isHeld(): boolean {
    return this.held.length > 0;
  }

  /** Bytes that were sent and that the kernel has not taken. */
  get waitingBytes(): number {
    return this.transport.waitingBytes;
  }

  /** Bytes that the client has not taken, wherever they are. */
  get unsentBytes(): number {
    return this.reply.length + this.heldBytes + this.transport.waitingBytes;
  }

  /** End of a tick: sends everything written, or holds it until `token` is releasable. */
  flush(token: number, releasable: number): void {
    const reply = this.reply;
    if (reply.length === 0) return;
    if (this.held.length > 0 || token > releasable) {
      const bytes = Buffer.from(reply.buffer.subarray(0, reply.length));
      this.held.push({ bytes, token, replyCount: this.replyCount });
      this.heldBytes += bytes.length;
      reply.clear();
      return;
    }
    const free = this.send(reply.buffer, reply.length, this.replyCount);
    if (!free || reply.buffer.length > keptBytes) reply.detach();
    else reply.clear();
  }

  /** Sends what was held for tokens up to `releasable`. */
  releaseHeld(releasable: number): void {
    let count = 0;
    for (const replies of this.held) {
      if (replies.token > releasable) break;
      this.send(replies.bytes, replies.bytes.length, replies.replyCount);
      this.heldBytes -= replies.bytes.length;
      count++;
    }
    if (count > 0) this.held.splice(0, count);
  }

  /** Forgets everything unsent. */
  discard(): void {
    this.reply.clear();
    this.held = [];
    this.heldBytes = 0;
  }

  /** Returns whether the buffer may be used again. */
  private send(bytes: Buffer, length: number, replyCount: number): boolean {
    const { recorder, statistics } = this.host;
    if (recorder !== null) recorder.release(this.clientPort, replyCount);
    statistics.outputBytes += length;
    return this.transport.send(bytes, length);
  }
}
