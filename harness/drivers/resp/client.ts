// A small RESP2 client for control and read-back. It never reconnects and never resends: what it
// says was answered was answered, once.

import net from 'node:net';
import { HarnessError, reasonOf } from '../../errors.ts';
import { encodeCommand, ReplyError, ReplyReader } from './codec.ts';
import type { Argument, Reply } from './codec.ts';

export { ReplyError } from './codec.ts';
export type { Argument, Reply } from './codec.ts';

/** Where a client connects and how long it waits. */
export interface ClientOptions {
  readonly port: number;
  readonly host?: string;
  /** Longest wait for the connection and for each reply; 5,000 ms unless given. */
  readonly timeoutMs?: number;
}

interface Waiting {
  readonly commands: readonly (readonly Argument[])[];
  readonly replies: Reply[];
  readonly resolve: (replies: Reply[]) => void;
  readonly reject: (error: Error) => void;
}

/** One connection; every failure is final. */
export class RespClient {
  readonly #socket: net.Socket;
  readonly #reader = new ReplyReader();
  readonly #timeoutMs: number;
  readonly #where: string;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #failure: Error | null = null;

  private constructor(socket: net.Socket, where: string, timeoutMs: number) {
    this.#socket = socket;
    this.#where = where;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', (error) => this.#fail(`the connection failed: ${error.message}`, error));
    socket.on('close', () => this.#fail('the server closed the connection'));
  }

  /**
   * Opens one connection.
   * @throws {HarnessError} TARGET_FAILED when nobody accepts it in time.
   */
  static connect(options: ClientOptions): Promise<RespClient> {
    const host = options.host ?? '127.0.0.1';
    const timeoutMs = options.timeoutMs ?? 5000;
    const where = `${host}:${options.port}`;
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host, port: options.port, noDelay: true });
      const refuse = (why: string, cause?: Error): void => {
        socket.destroy();
        reject(new HarnessError('TARGET_FAILED', `cannot connect to ${where}: ${why}`, { cause }));
      };
      const timer = setTimeout(() => refuse(`no answer within ${timeoutMs} ms`), timeoutMs);
      const onError = (error: Error): void => {
        clearTimeout(timer);
        refuse(error.message, error);
      };
      socket.once('error', onError);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', onError);
        resolve(new RespClient(socket, where, timeoutMs));
      });
    });
  }

  /**
   * Sends one command and resolves to its reply.
   * @throws {ReplyError} when the server answers with an error.
   * @throws {HarnessError} TARGET_FAILED when the connection ends or the reply is late.
   */
  async call(...command: readonly Argument[]): Promise<Reply> {
    const [reply] = await this.pipeline([command]);
    if (reply instanceof ReplyError) throw reply;
    return reply as Reply;
  }

  /**
   * Sends many commands in one write; the replies are in order, errors of the server among them.
   * @throws {HarnessError} TARGET_FAILED when the connection ends or a reply is late.
   */
  pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commands, replies: [], resolve, reject });
      this.#timer ??= setTimeout(() => this.#late(), this.#timeoutMs);
      this.#socket.write(Buffer.concat(commands.map(encodeCommand)));
    });
  }

  /** Ends the connection at once; calls under way fail. */
  close(): void {
    this.#fail('the connection was closed by us');
  }

  #received(chunk: Buffer): void {
    this.#reader.push(chunk);
    try {
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) {
        this.#answer(reply);
      }
    } catch (error) {
      this.#fail(reasonOf(error));
    }
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting[0];
    if (waiting === undefined) throw new Error('it sent a reply that nobody asked for');
    waiting.replies.push(reply);
    this.#timer?.refresh();
    if (waiting.replies.length < waiting.commands.length) return;
    this.#waiting.shift();
    if (this.#waiting.length === 0) this.#stopTimer();
    waiting.resolve(waiting.replies);
  }

  #late(): void {
    const waiting = this.#waiting[0];
    const command = waiting?.commands[waiting.replies.length]?.[0];
    this.#fail(`no reply to ${String(command)} within ${this.#timeoutMs} ms`);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #fail(why: string, cause?: Error): void {
    if (this.#failure !== null) return;
    this.#failure = new HarnessError('TARGET_FAILED', `${this.#where}: ${why}`, { cause });
    this.#stopTimer();
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.reject(this.#failure);
  }
}
