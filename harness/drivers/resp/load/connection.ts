// One socket of the load: writes batches, reads until each of their operations is answered, then
// asks for more. When the connection goes it stays gone: nothing is ever sent again.

import net from 'node:net';
import { Transport } from '../../../../engine/server/transport.ts';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import { Batch } from './batch.ts';
import type { Cursor, Encoder, ReadStream } from './batch.ts';
import type { LiveCheck } from './live-check.ts';
import type { Outbox } from './outbox.ts';
import { okBytes, ReplyParser } from './reply-parser.ts';
import type { Tally } from './tally.ts';

/** The load that a connection belongs to. */
export interface ConnectionOwner {
  readonly tally: Tally;
  /** All operations of a batch are answered: send more or leave it be. */
  batchDone(connection: Connection): void;
  /** The connection is gone; operations in flight are counted as unknown already. */
  lost(connection: Connection, why: string): void;
}

/** How a connection is made. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly client: number;
  readonly pipeline: number;
  /** Batches that may be unanswered at a time: 1 in a closed loop. */
  readonly window: number;
  readonly encoder: Encoder;
  /** All connections of a load share one. */
  readonly outbox: Outbox;
  /** Null when all operations are writes. */
  readonly reads: ReadStream | null;
  /** Null when replies to reads are not looked at. */
  readonly live?: LiveCheck | null;
  readonly owner: ConnectionOwner;
}

/** One client of the workload. */
export class Connection {
  readonly client: number;
  /** Port of our end, known once it is open. */
  localPort: number = 0;
  isOpen: boolean = false;
  /** When the last batch was written; 0 before. */
  sentNs: number = 0;
  /** When each operation that was in flight when the connection went was meant to be sent. */
  readonly lostNs: number[] = [];
  readonly #cursor: Cursor = { count: 0, turn: 1, sequence: 1 };
  readonly #pipeline: number;
  readonly #reads: ReadStream | null;
  readonly #live: LiveCheck | null;
  /** A ring; unanswered batch n is at n modulo its size. */
  readonly #batches: (Batch | undefined)[] = [];
  /** Answered ones. The last is the next: in the cache still, and few are ever made. */
  readonly #free: Batch[] = [];
  readonly #window: number;
  #oldest = 0;
  #newest = 0;
  readonly #owner: ConnectionOwner;
  readonly #encoder: Encoder;
  readonly #outbox: Outbox;
  readonly #parser = new ReplyParser();
  /** Null until it is open; writes to the descriptor, reads into a buffer that all share. */
  #transport: Transport | null = null;
  #socket: net.Socket;
  #why = 'the server closed the connection';

  constructor(options: ConnectionOptions, connected: (error: Error | null) => void) {
    this.client = options.client;
    this.#pipeline = options.pipeline;
    this.#window = options.window;
    this.#reads = options.reads;
    this.#live = options.live ?? null;
    this.#owner = options.owner;
    this.#encoder = options.encoder;
    this.#outbox = options.outbox;
    const socket = net.connect({ host: options.host, port: options.port, noDelay: true });
    this.#socket = socket;
    socket.once('error', connected);
    socket.once('connect', () => {
      socket.off('error', connected);
      this.localPort = socket.localPort ?? 0;
      this.#open(new Transport(socket, this));
      connected(null);
    });
  }

  #open(transport: Transport): void {
    this.#transport = transport;
    this.#socket = transport.socket;
    this.isOpen = true;
    this.#socket.on('error', (error) => (this.#why = error.message));
    this.#socket.once('close', () => this.#closed());
  }

  /** Whether operations are unanswered. */
  get isBusy(): boolean {
    return this.#oldest !== this.#newest;
  }

  /** Whether it is open and has room for one more unanswered batch. */
  get maySend(): boolean {
    return this.isOpen && this.#newest - this.#oldest < this.#window;
  }

  /** The batch that is sent next: its `startNs` may be written. Ask only while `maySend`. */
  next(): Batch {
    const place = this.#newest % this.#window;
    return (this.#batches[place] ??= this.#free.pop()
      ?? new Batch(this.client, this.#pipeline, this.#outbox));
  }

  /** Sequence of the next write. */
  get nextSequence(): number {
    return this.#cursor.sequence;
  }

  /**
   * Sends the next `count` operations in one write. `next().startNs` holds when each was meant to
   * be sent, or is filled with the time of sending when `isPaced` is false.
   */
  send(count: number, isPaced: boolean): void {
    const batch = this.next();
    const cursor = this.#cursor;
    if (this.#reads === null) {
      batch.fill(this.#encoder, cursor.sequence, count);
      cursor.sequence += count;
    } else {
      cursor.count = count;
      batch.fillMixed(this.#encoder, this.#reads, cursor);
    }
    this.#sent(batch, isPaced);
  }

  /** Sends the next write and nothing else, whatever the reads are. */
  sendAlone(): void {
    const batch = this.next();
    batch.fill(this.#encoder, this.#cursor.sequence++, 1);
    this.#sent(batch, false);
  }

  #sent(batch: Batch, isPaced: boolean): void {
    this.#newest++;
    const nowNs = monotonicNs();
    batch.sentNs = nowNs;
    this.sentNs = nowNs;
    if (!isPaced) for (let at = 0; at < batch.count; at++) batch.startNs[at] = nowNs;
    this.#outbox.sendTo(this.#transport as Transport);
  }

  /** Ends the connection; operations in flight become unknown. */
  close(): void {
    this.#why = 'closed by the driver';
    this.#socket.destroy();
    this.#closed();
  }

  /** Takes replies apart; hot. */
  receive(buffer: Buffer, length: number): void {
    const nowNs = monotonicNs();
    const tally = this.#owner.tally;
    let acknowledged = 0;
    let at = 0;
    while (at < length) {
      if (this.#oldest === this.#newest) return this.#distrust('a reply that nobody asked for');
      const batch = this.#batches[this.#oldest % this.#window] as Batch;
      const plain = this.#live === null ? batch.plainInFlight : 0;
      const oks = plain === 0 ? 0
        : this.#parser.countOks(buffer, at, Math.min(length, at + plain * okBytes));
      if (oks > 0) {
        tally.acknowledgedPlain(batch, oks, nowNs);
        acknowledged += oks;
        at += oks * okBytes;
      } else {
        const from = at;
        at = this.#parser.next(buffer, at, length);
        if (at < 0) {
          if (this.#live !== null) this.#live.begun(batch, buffer.subarray(from, length));
          break;
        }
        const status = batch.reply(this.#parser);
        if (status === 0) continue;
        if (status === 1 && (batch.sequences[batch.done - 1] as number) > 0) acknowledged++;
        tally.answered(batch, status, nowNs);
        if (this.#live !== null) this.#live.answered(batch, status, buffer.subarray(from, at));
      }
      if (batch.done === batch.count) this.#release(batch);
    }
    if (acknowledged > 0) tally.acknowledgedAt(nowNs, acknowledged);
    if (this.#parser.firstError !== null) tally.firstError ??= this.#parser.firstError;
    if (this.#parser.broken) return this.#distrust('bytes that are not RESP2');
    if (this.#oldest === this.#newest || this.#window > 1) this.#owner.batchDone(this);
  }

  /** The oldest batch is answered. */
  #release(batch: Batch): void {
    this.#batches[this.#oldest++ % this.#window] = undefined;
    this.#free.push(batch);
  }

  #distrust(what: string): void {
    this.#why = `the server sent ${what}`;
    this.#owner.tally.firstError ??= this.#why;
    this.#socket.destroy();
  }

  #closed(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    while (this.#oldest < this.#newest) {
      const batch = this.#batches[this.#oldest % this.#window] as Batch;
      this.lostNs.push(...batch.startNs.subarray(batch.done, batch.count));
      this.#owner.tally.abandoned(batch);
      this.#oldest++;
    }
    this.#owner.lost(this, this.#why);
  }
}
