// An engine that lives as long as the soak: it gets writes, deadlines, deletions, snapshots and
// rewrites again and again, so that what it does not give back is seen.

import fs from 'node:fs';
import path from 'node:path';
import { RespClient } from '../drivers/resp/client.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { freePort } from '../targets/ports.ts';
import type { RunningTarget } from '../targets/target.ts';

const commandsPerTurn = 2000;
const keys = 5000;
const startMs = 120_000;

/** See the head of the file. */
export class Companion {
  readonly #running: RunningTarget;
  readonly #client: RespClient;
  #turns = 0;

  private constructor(running: RunningTarget, client: RespClient) {
    this.#running = running;
    this.#client = client;
  }

  /** Starts it on a new directory below `folder`. */
  static async start(folder: string): Promise<Companion> {
    const directory = path.join(folder, 'companion');
    fs.mkdirSync(directory, { recursive: true });
    const running = await bundledTarget().start({
      directory, port: await freePort(), record: null, logPath: path.join(folder, 'companion.log'),
      directives: [['appendonly', 'yes'], ['save', '']],
    });
    await running.waitListening(startMs);
    const client = await RespClient.connect({ port: running.port, timeoutMs: startMs });
    return new Companion(running, client);
  }

  /** Some work of every kind. */
  async turn(): Promise<void> {
    this.#turns += 1;
    const turn = this.#turns;
    const commands = Array.from({ length: commandsPerTurn }, (_, at): string[] => {
      const key = String((turn * commandsPerTurn + at * 7919) % keys);
      switch (at % 5) {
        case 0: return ['SET', `s:${key}`, key.repeat(20)];
        case 1: return ['SET', `e:${key}`, key, 'PX', String(100 + at)];
        case 2: return ['HSET', `h:${key}`, `field:${at % 50}`, key];
        case 3: return ['DEL', `h:${key}`, `s:${key}`];
        default: return ['ZADD', 'z', String(at), `member:${key}`];
      }
    });
    await this.#client.pipeline(commands);
    await this.#client.pipeline([turn % 2 === 0 ? ['BGREWRITEAOF'] : ['BGSAVE']]);
  }

  /** Its memory and open files; null once it is gone. */
  look(): { rssBytes: number; openFiles: number } | null {
    const rssBytes = this.#running.rssBytes();
    return rssBytes === null ? null : { rssBytes, openFiles: openFilesOf(this.#running.pid) };
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#client.close();
    await this.#running.stop(0);
  }
}

/** Descriptors that a process has open; 0 without /proc. */
export function openFilesOf(pid: number): number {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
