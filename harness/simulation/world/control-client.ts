// The client that asks for snapshots and reads everything back.

import { encodeCommand, ReplyError, ReplyReader } from '../../drivers/resp/codec.ts';
import type { Argument, Reply } from '../../drivers/resp/codec.ts';
import type { SimulatedEngine } from './engine.ts';
import { SimulatedSocket } from './socket.ts';

const controlPort = 39_999;

/** One connection; what is asked is answered before the call returns, if it is answered at all. */
export class ControlClient {
  readonly #engine: SimulatedEngine;
  readonly #socket: SimulatedSocket;
  readonly #reader = new ReplyReader();

  constructor(engine: SimulatedEngine) {
    this.#engine = engine;
    this.#socket = new SimulatedSocket(engine.server, controlPort, (bytes) => {
      this.#reader.push(Buffer.from(bytes));
    });
  }

  /** Sends one command; a reply to it is not waited for. */
  ask(...command: readonly Argument[]): void {
    this.#socket.send(encodeCommand(command));
  }

  /** Sends commands and takes steps of the engine until all are answered. */
  pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    this.#socket.send(Buffer.concat(commands.map(encodeCommand)));
    const { scheduler } = this.#engine;
    const replies: Reply[] = [];
    while (replies.length < commands.length) {
      const reply = this.#reader.next();
      if (reply !== undefined) replies.push(reply);
      else if (!scheduler.runOne()) return Promise.reject(new Error('no answer to a read'));
    }
    return Promise.resolve(replies);
  }

  /** Sends one command and resolves to its reply; an error is thrown. */
  async call(...command: readonly Argument[]): Promise<Reply> {
    const [reply] = await this.pipeline([command]);
    if (reply instanceof ReplyError) throw reply;
    return reply as Reply;
  }

  /** Forgets replies that nobody waits for. */
  drain(): void {
    while (this.#reader.next() !== undefined);
  }
}
