// One socket of the load: writes a batch, reads until each of its operations is answered, then
// asks for the next. When the connection goes it stays gone: nothing is ever sent again.

import net from 'node:net';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import { Batch } from './batch.ts';
import type { Encoder } from './batch.ts';
import { ReplyParser } from './reply-parser.ts';
import type { Tally } from './tally.ts';

/** The load that a connection belongs to. */
export interface ConnectionOwner {
  readonly tally: Tally;
  /** All operations of the batch are answered: send more or leave it idle. */
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
  readonly encoder: Encoder;
  readonly owner: ConnectionOwner;
}

// One read buffer for all: a chunk is taken apart before the next socket is read.
const readBuffer = Buffer.alloc(64 * 1024);

/** One client of the workload. */
export class Connection {
  readonly client: number;
  /** Sequence of the next operation. */
  nextSequence: number = 1;
  /** Port of our end, known once it is open. */
  localPort: number = 0;
  isOpen: boolean = false;
  isBusy: boolean = false;
  /** Since when it waits for work; how late a send is for reasons of ours counts from here. */
  freeSinceNs: number = 0;
  readonly batch: Batch;
  readonly #owner: ConnectionOwner;
  readonly #encoder: Encoder;
  readonly #parser = new ReplyParser();
  readonly #socket: net.Socket;
  #why = 'the server closed the connection';

  constructor(options: ConnectionOptions, connected: (error: Error | null) => void) {
    this.client = options.client;
    this.batch = new Batch(options.client, options.pipeline, options.encoder);
    this.#owner = options.owner;
    this.#encoder = options.encoder;
    this.#socket = net.connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#received(length) },
    });
    this.#socket.once('connect', () => {
      this.isOpen = true;
      this.localPort = this.#socket.localPort ?? 0;
      this.freeSinceNs = monotonicNs();
      connected(null);
    });
    this.#socket.on('error', (error) => {
      this.#why = error.message;
      if (!this.isOpen) connected(error);
    });
    this.#socket.once('close', () => this.#closed());
  }

  /**
   * Sends the next `count` operations in one write. `batch.startNs` holds when each was meant to be
   * sent, or is filled with the time of sending when `isPaced` is false.
   */
  send(count: number, isPaced: boolean): void {
    const batch = this.batch;
    batch.fill(this.#encoder, this.nextSequence, count);
    this.nextSequence += count;
    this.isBusy = true;
    batch.sentNs = monotonicNs();
    if (!isPaced) batch.startNs.fill(batch.sentNs, 0, count);
    this.#socket.write(batch.bytes);
  }

  /** Ends the connection; operations in flight become unknown. */
  close(): void {
    this.#why = 'closed by the driver';
    this.#socket.destroy();
    this.#closed();
  }

  #received(length: number): boolean {
    const nowNs = monotonicNs();
    const batch = this.batch;
    const tally = this.#owner.tally;
    let acknowledged = 0;
    let at = 0;
    while (at < length) {
      at = this.#parser.next(readBuffer, at, length);
      if (at < 0) break;
      if (batch.done === batch.count) return this.#distrust('a reply that nobody asked for');
      const status = batch.reply(this.#parser);
      if (status === 0) continue;
      if (status === 1) acknowledged++;
      tally.answered(batch, status, nowNs);
    }
    if (acknowledged > 0) tally.acknowledgedAt(nowNs, acknowledged);
    if (this.#parser.firstError !== null) tally.firstError ??= this.#parser.firstError;
    if (this.#parser.broken) return this.#distrust('bytes that are not RESP2');
    if (batch.done === batch.count && this.isBusy) {
      this.isBusy = false;
      this.freeSinceNs = nowNs;
      this.#owner.batchDone(this);
    }
    return true;
  }

  #distrust(what: string): boolean {
    this.#why = `the server sent ${what}`;
    this.#owner.tally.firstError ??= this.#why;
    this.#socket.destroy();
    return false;
  }

  #closed(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.isBusy = false;
    this.#owner.tally.abandoned(this.batch);
    this.#owner.lost(this, this.#why);
  }
}
