// A RESP server of a few lines for tests: answers as told, byte by byte if wanted, dies on command.

import { once } from 'node:events';
import net from 'node:net';
import { ReplyReader } from '../codec.ts';
import type { Reply } from '../codec.ts';

/** How the server behaves; all of it may be changed while it runs. */
export interface FakeBehaviour {
  /** The reply to a command (name in upper case); null answers nothing. */
  answer: (command: readonly string[]) => string | null;
  /** Each byte of a reply in a packet of its own. */
  isByteByByte: boolean;
  /** After this many commands in all, every connection is cut and nobody listens any more. */
  dieAfter: number;
}

/** A running fake. */
export class FakeServer {
  readonly behaviour: FakeBehaviour;
  port: number = 0;
  commands: number = 0;
  /** Commands by name. */
  readonly counts: Map<string, number> = new Map();
  readonly #sockets = new Set<net.Socket>();
  #server: net.Server = net.createServer();

  constructor(behaviour: Partial<FakeBehaviour> = {}) {
    this.behaviour = { answer: answerLikeRedis, isByteByByte: false, dieAfter: Infinity };
    Object.assign(this.behaviour, behaviour);
  }

  /** Listens, on the port it had before if it had one. */
  async listen(): Promise<void> {
    this.#server = net.createServer((socket) => this.#accept(socket));
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as net.AddressInfo).port;
  }

  /** Cuts everything, as a crash does. */
  die(): void {
    this.behaviour.dieAfter = Infinity;
    this.#server.close();
    this.dropConnections();
  }

  /** Cuts every connection and goes on listening. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  #accept(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    const reader = new ReplyReader(); // a request is an array of bulks, as some replies are
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      let out = '';
      for (let request = reader.next(); request !== undefined; request = reader.next()) {
        out += this.#run(request);
        if (this.commands >= this.behaviour.dieAfter) return this.die();
      }
      return this.#write(socket, out);
    });
  }

  #run(request: Reply): string {
    const [name = '', ...rest] = (request as Buffer[]).map((part) => part.toString('latin1'));
    const command = [name.toUpperCase(), ...rest];
    this.commands++;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return this.behaviour.answer(command) ?? '';
  }

  #write(socket: net.Socket, out: string): void {
    if (!this.behaviour.isByteByByte) {
      socket.write(out, 'latin1');
      return;
    }
    let at = 0;
    const next = (): void => {
      if (at === out.length || socket.destroyed) return;
      socket.write(out[at++] as string, 'latin1');
      setImmediate(next);
    };
    next();
  }
}

/** +OK to writes, nil to reads, QUEUED and an array for a MULTI of two. */
export function answerLikeRedis(command: readonly string[]): string {
  if (command[0] === 'EXEC') return '*2\r\n+OK\r\n:1\r\n';
  if (command[0] === 'GET') return '$-1\r\n';
  return '+OK\r\n';
}
