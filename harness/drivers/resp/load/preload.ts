// Fills the target before a load: few connections, deep pipelines, nothing measured.

import { PreloadEncoder } from '../../../workloads/encoder.ts';
import type { WorkloadSpec } from '../../../workloads/spec.ts';
import type { DriverOptions } from '../messages.ts';
import type { Encoder } from './batch.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection.ts';
import { Outbox } from './outbox.ts';
import { Tally } from './tally.ts';

const mostConnections = 8;
const deepestPipeline = 128;
const batchBytes = 64 * 1024;

/**
 * Writes all preload keys; `written` hears how many there are so far.
 * @throws {Error} when a key was refused or the connection was lost: the data would be incomplete.
 */
export async function preload(
  options: DriverOptions,
  written: (keys: number) => void,
): Promise<void> {
  if (options.preloadKeys === 0) return;
  await new Filling(options, written).run();
}

/** Client c of n writes the keys c, c + n, c + 2 n and so on. */
class InterleavedEncoder implements Encoder {
  readonly maximumBytes: number;
  readonly #encoder: PreloadEncoder;
  readonly #clients: number;

  constructor(spec: WorkloadSpec, clients: number) {
    this.#encoder = new PreloadEncoder(spec);
    this.#clients = clients;
    this.maximumBytes = this.#encoder.commandBytes;
  }

  encode(target: Buffer, at: number, client: number, sequence: number): number {
    return this.#encoder.encode(target, at, (sequence - 1) * this.#clients + client);
  }

  repliesOf(): number {
    return 1;
  }
}

class Filling implements ConnectionOwner {
  readonly tally = new Tally(null);
  readonly #options: DriverOptions;
  readonly #written: (keys: number) => void;
  readonly #clients: number;
  #pipeline = 1;
  readonly #connections: Connection[] = [];
  readonly #end = Promise.withResolvers<void>();

  constructor(options: DriverOptions, written: (keys: number) => void) {
    this.#options = options;
    this.#written = written;
    this.#clients = Math.min(mostConnections, options.workload.clients, options.preloadKeys);
  }

  async run(): Promise<void> {
    const { host, port, workload } = this.#options;
    const encoder = new InterleavedEncoder(workload, this.#clients);
    const room = Math.floor(batchBytes / encoder.maximumBytes);
    const pipeline = Math.min(deepestPipeline, Math.max(1, room));
    this.#pipeline = pipeline;
    const outbox = new Outbox();
    for (let client = 0; client < this.#clients; client++) {
      const shape = { pipeline, window: 1, encoder, outbox, reads: null };
      const options = { host, port, client, ...shape, owner: this };
      const connection: Connection = new Connection(options, (error) => {
        if (error === null) this.#sendNext(connection, pipeline);
        else this.#end.reject(error);
      });
      this.#connections.push(connection);
    }
    try {
      await this.#end.promise;
    } finally {
      for (const connection of this.#connections) connection.close();
    }
  }

  batchDone(connection: Connection): void {
    const { operations, errors, firstError } = this.tally;
    this.#written(operations);
    if (errors > 0) {
      this.#end.reject(new Error(`the server refused to be filled: ${firstError}`));
    } else if (operations === this.#options.preloadKeys) {
      this.#end.resolve();
    } else {
      this.#sendNext(connection, this.#pipeline);
    }
  }

  lost(_connection: Connection, why: string): void {
    const { operations } = this.tally;
    const total = this.#options.preloadKeys;
    const text = `lost the server after ${operations} of ${total} preload keys: ${why}`;
    this.#end.reject(new Error(text)); // after the end, when we close: no effect
  }

  #sendNext(connection: Connection, pipeline: number): void {
    const share = (this.#options.preloadKeys - connection.client) / this.#clients;
    const left = Math.ceil(share) - connection.nextSequence + 1;
    if (left > 0) connection.send(Math.min(left, pipeline), false);
  }
}
