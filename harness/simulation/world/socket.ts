// A connection without a network: what the server writes is with the client at once.

import type { Socket } from 'node:net';
import type { Server } from '../../../engine/server/server.ts';

type Listener = (chunk?: Buffer) => void;

/** What a session of the server sees of its socket. */
class ServerEnd {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort: number;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 6379;
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  readonly writableFinished = true;
  writable = true;
  readonly #received: (bytes: Buffer) => void;
  readonly #listeners: Map<string, Listener> = new Map();

  constructor(port: number, received: (bytes: Buffer) => void) {
    this.remotePort = port;
    this.#received = received;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, listener);
    return this;
  }

  emit(event: string, chunk?: Buffer): void {
    this.#listeners.get(event)?.(chunk);
  }

  write(bytes: Buffer): boolean {
    if (this.writable) this.#received(bytes);
    return true;
  }

  end(): this {
    this.writable = false;
    return this;
  }

  destroy(): this {
    if (!this.writable) return this;
    this.writable = false;
    this.emit('close');
    return this;
  }

  destroySoon(): void {
    this.destroy();
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  isPaused(): boolean {
    return false;
  }
}

/** The client's end. */
export class SimulatedSocket {
  readonly #end: ServerEnd;

  /** Connects. `received` gets what the server sends; the bytes are valid during the call. */
  constructor(server: Server, port: number, received: (bytes: Buffer) => void) {
    this.#end = new ServerEnd(port, received);
    // Of a socket the server uses what the class above has, and nothing else.
    server.accept(this.#end as unknown as Socket);
  }

  /** Whether the server still holds the connection. */
  get isOpen(): boolean {
    return this.#end.writable;
  }

  /** Hands bytes to the server: it runs the requests in them, and answers when its turn ends. */
  send(bytes: Buffer): void {
    if (this.#end.writable) this.#end.emit('data', bytes);
  }
}
