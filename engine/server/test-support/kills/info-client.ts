// The smallest client that understands bulk replies: one request at a time.
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks one thing after the other. */
export class InfoClient {
  private readonly socket: net.Socket;
  private received: Buffer = Buffer.alloc(0);
  private waiting: ((reply: string) => void) | null = null;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => this.settle('-ERR closed'));
    socket.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.parse();
    });
  }

  /** Connects as soon as the server answers with data. */
  static async whenReady(port: number): Promise<InfoClient> {
    for (;;) {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      try {
        await once(socket, 'connect');
        const client = new InfoClient(socket);
        if (/^(PONG)/.test(await client.ask('PING'))) return client;
        client.close();
      } catch {
        socket.destroy();
      }
      await sleep(10);
    }
  }

  /** The reply without its mark; of an error with it. Nil is empty. */
  ask(...parts: readonly string[]): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.waiting = resolve;
    const bulks = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('');
    this.socket.write(`*${parts.length}\r\n${bulks}`);
    return promise;
  }

  close(): void {
    this.socket.destroy();
  }

  private parse(): void {
    const lineEnd = this.received.indexOf('\r\n');
    if (lineEnd < 0) return;
    const line = this.received.toString('latin1', 0, lineEnd);
    if (!line.startsWith('$')) {
      this.take(lineEnd + 2, line.startsWith('-') ? line : line.slice(1));
      return;
    }
    const length = Number(line.slice(1));
    if (length < 0) this.take(lineEnd + 2, '');
    else if (this.received.length >= lineEnd + 4 + length) {
      const text = this.received.toString('latin1', lineEnd + 2, lineEnd + 2 + length);
      this.take(lineEnd + 4 + length, text);
    }
  }

  private take(bytes: number, reply: string): void {
    this.received = this.received.subarray(bytes);
    this.settle(reply);
  }

  private settle(reply: string): void {
    const { waiting } = this;
    this.waiting = null;
    waiting?.(reply);
  }
}
