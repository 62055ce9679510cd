// A server of a lab: its connection, and the few things that claims ask of one.

import { setTimeout as sleep } from 'node:timers/promises';
import { ReplyError, RespClient } from '../drivers/resp/client.ts';
import type { Argument, Reply } from '../drivers/resp/client.ts';
import { infoFields } from '../drivers/resp/info.ts';
import { HarnessError } from '../errors.ts';
import { finishWork } from '../run/studies/study-server.ts';
import type { RunningTarget } from '../targets/target.ts';

const batchCommands = 500;
const pollMs = 10;
const longestWaitMs = 120_000;

interface Parts {
  readonly running: RunningTarget;
  readonly client: RespClient;
  readonly directory: string;
  readonly readyMs: number;
}

/** One process that serves. */
export class LabServer {
  readonly client: RespClient;
  readonly directory: string;
  readonly port: number;
  /** From spawn to the first answered write, ms. */
  readonly readyMs: number;
  readonly #running: RunningTarget;

  constructor({ running, client, directory, readyMs }: Parts) {
    this.#running = running;
    this.client = client;
    this.directory = directory;
    this.port = running.port;
    this.readyMs = readyMs;
  }

  /** One command. @throws {ReplyError} when the server answers with an error. */
  call(...command: readonly Argument[]): Promise<Reply> {
    return this.client.call(...command);
  }

  /** Another connection; it ends with the server. */
  connect(): Promise<RespClient> {
    return RespClient.connect({ port: this.port, timeoutMs: longestWaitMs });
  }

  /**
   * Sends commands, 500 in a write, and waits for all replies.
   * @throws {HarnessError} TARGET_FAILED naming the first error among them.
   */
  async send(commands: Iterable<readonly Argument[]>): Promise<void> {
    let batch: (readonly Argument[])[] = [];
    const flush = async (): Promise<void> => {
      const replies = await this.client.pipeline(batch);
      const refused = replies.find((reply) => reply instanceof ReplyError);
      if (refused !== undefined) {
        throw new HarnessError('TARGET_FAILED', `a write was refused: ${refused.message}`);
      }
      batch = [];
    };
    for (const command of commands) {
      batch.push(command);
      if (batch.length >= batchCommands) await flush();
    }
    await flush();
  }

  /** Keys in the first database. */
  async keys(): Promise<number> {
    return Number(await this.call('DBSIZE'));
  }

  /** A digest of everything in all databases: equal for equal data. */
  async digest(): Promise<string> {
    return String(await this.call('DEBUG', 'DIGEST'));
  }

  /** Fields of INFO. */
  info(...section: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return infoFields(this.client, ...section);
  }

  /**
   * Asks for BGSAVE or BGREWRITEAOF and waits until it is done.
   * @throws {HarnessError} TARGET_FAILED when it fails or does not end.
   */
  async finish(command: 'BGSAVE' | 'BGREWRITEAOF'): Promise<void> {
    await finishWork(this.client, command);
  }

  /**
   * Waits until INFO persistence is as asked.
   * @throws {HarnessError} TARGET_FAILED when that takes more than two minutes.
   */
  async until(
    isThere: (facts: ReadonlyMap<string, string>) => boolean,
  ): Promise<ReadonlyMap<string, string>> {
    for (const endMs = performance.now() + longestWaitMs; performance.now() < endMs;) {
      const facts = await this.info('persistence');
      if (isThere(facts)) return facts;
      await sleep(pollMs);
    }
    throw new HarnessError('TARGET_FAILED', 'the server did not do what it was asked in 2 minutes');
  }

  /** SIGKILL; returns when the process is gone. */
  async kill(): Promise<void> {
    this.#running.kill();
    this.client.close();
    await this.#running.exited;
  }
}
