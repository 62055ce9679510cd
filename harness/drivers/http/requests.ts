// The operations of a workload as HTTP requests of the engine's REST edge: the same keys and values
// that the RESP driver sends, the value as the body. Each client has a few, sent over and over.

import { Operations } from '../../workloads/operations.ts';
import { Reads } from '../../workloads/reads.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { ValueCodec } from '../../workloads/value.ts';

/** One request as autocannon takes it. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Buffer;
}

/** Which requests are made. */
export interface RequestsOptions {
  readonly client: number;
  readonly count: number;
  /** Share of them that are reads, 0 to 1. */
  readonly readShare: number;
}

/** The first `count` operations of a client. */
export function requestsOf(
  spec: WorkloadSpec, { client, count, readShare }: RequestsOptions,
): HttpRequest[] {
  const operations = new Operations(spec);
  const values = new ValueCodec(spec);
  const reads = readShare > 0 ? new Reads(spec, readShare) : null;
  const requests: HttpRequest[] = [];
  for (let turn = 1, sequence = 1; turn <= count; turn++) {
    if (reads !== null && reads.isRead(client, turn)) {
      requests.push({ method: 'GET', path: `/get/${reads.keyOf(client, turn)}` });
      continue;
    }
    const body = Buffer.alloc(values.sizeOf(client, sequence));
    values.write(body, 0, client, sequence);
    const [key = ''] = operations.describe(client, sequence).keys;
    requests.push({ method: 'POST', path: `/set/${key}`, body });
    sequence++;
  }
  return requests;
}
