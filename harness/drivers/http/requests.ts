// The operations of a workload as HTTP requests of the engine's REST edge: the same keys and values
// that the RESP driver sends, one after the other, the value as the body.

import { Operations } from '../../workloads/operations.ts';
import { Reads } from '../../workloads/reads.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { ValueCodec } from '../../workloads/value.ts';

/** Whose requests are made, and for whom. */
export interface RequestsOptions {
  readonly client: number;
  /** Share of them that are reads, 0 to 1. */
  readonly readShare: number;
  /** `127.0.0.1:8079`. */
  readonly host: string;
}

/** The requests of one client, each the next operation of its workload. */
export class RequestStream {
  readonly #client: number;
  readonly #operations: Operations;
  readonly #values: ValueCodec;
  readonly #reads: Reads | null;
  /** What every request says behind its path. */
  readonly #common: string;
  /** Of the next operation, and of the next write among them, both from 1. */
  #turn = 1;
  #sequence = 1;

  constructor(spec: WorkloadSpec, { client, readShare, host }: RequestsOptions) {
    this.#client = client;
    this.#operations = new Operations(spec);
    this.#values = new ValueCodec(spec);
    this.#reads = readShare > 0 ? new Reads(spec, readShare) : null;
    this.#common = ` HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n`;
  }

  /** The bytes of the next request. */
  next(): Buffer {
    const [client, turn] = [this.#client, this.#turn++];
    if (this.#reads !== null && this.#reads.isRead(client, turn)) {
      const path = `/get/${this.#reads.keyOf(client, turn)}`;
      return Buffer.from(`GET ${path}${this.#common}\r\n`, 'latin1');
    }
    const sequence = this.#sequence++;
    const [key = ''] = this.#operations.describe(client, sequence).keys;
    const bodyBytes = this.#values.sizeOf(client, sequence);
    const head = `POST /set/${key}${this.#common}Content-Length: ${bodyBytes}\r\n\r\n`;
    const request = Buffer.allocUnsafe(head.length + bodyBytes);
    request.write(head, 0, 'latin1');
    this.#values.write(request, head.length, client, sequence);
    return request;
  }
}
