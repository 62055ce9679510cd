// After the server is lost: who asks when it answers again. One scout at first, so that fifty
// clients knocking every few milliseconds do not slow the very recovery that is being timed; once
// the scout is answered the others follow. Only reads are sent.

import net from 'node:net';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import { ReplyParser } from './reply-parser.ts';

const backoffMs = 10;
const probeRequest = '*2\r\n$3\r\nGET\r\n$14\r\nplugpull:probe\r\n';

/** How an outage is watched. */
export interface OutageOptions {
  readonly host: string;
  readonly port: number;
  /** A read of this client was answered, without error. */
  readonly onAnswered: (client: number, atNs: number) => void;
}

/** Brings each lost client to its first answered read. */
export class Outage {
  readonly #options: OutageOptions;
  #port: number;
  #waiting: number[] = [];
  #probing = new Set<net.Socket>();
  #timers = new Set<NodeJS.Timeout>();
  #isScouting = false;
  #isOver = false;
  #isClosed = false;

  constructor(options: OutageOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** A client has lost its connection. */
  add(client: number): void {
    if (this.#isClosed) return;
    if (this.#isOver) {
      this.#probe(client);
    } else if (this.#isScouting) {
      this.#waiting.push(client);
    } else {
      this.#isScouting = true;
      this.#probe(client);
    }
  }

  /** The server will come back on another port. */
  moved(port: number): void {
    this.#port = port;
  }

  /** Gives up on everybody. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#probing) socket.destroy();
    this.#waiting = [];
  }

  #probe(client: number): void {
    const parser = new ReplyParser();
    const socket = net.connect({ host: this.#options.host, port: this.#port, noDelay: true });
    this.#probing.add(socket);
    socket.once('connect', () => socket.write(probeRequest));
    socket.on('data', (chunk: Buffer) => {
      if (parser.next(chunk, 0, chunk.length) < 0) return;
      if (parser.failed) {
        this.#later(() => socket.write(probeRequest)); // -LOADING: ask again
      } else {
        this.#answered(client, socket);
      }
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      if (this.#probing.delete(socket)) this.#later(() => this.#probe(client));
    });
  }

  #answered(client: number, socket: net.Socket): void {
    const atNs = monotonicNs();
    this.#probing.delete(socket);
    socket.destroy();
    this.#isOver = true;
    this.#options.onAnswered(client, atNs);
    const others = this.#waiting;
    this.#waiting = [];
    for (const other of others) this.#probe(other);
  }

  #later(step: () => void): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      step();
    }, backoffMs);
    this.#timers.add(timer);
  }
}
