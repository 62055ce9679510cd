// The load of the benches, a process of its own: so many sockets, each with one batch of requests
// under way. It costs about a third of what redis-benchmark does for a request, so that at
// pipeline 16 the server and not the client is what is measured.
//
// node load.ts '{"port":…,"clients":…,"pipeline":…,"count":…,"valueBytes":…,"keys":…,"workload":…}'
// prints {"qps":…,"p50Us":…,"p99Us":…,"maxUs":…,"errors":…}
import { writeSync } from 'node:fs';
import net from 'node:net';
import type { Socket } from 'node:net';
import { Numbers, renumber, template } from './workloads.ts';
import type { Template, Workload } from './workloads.ts';

export interface LoadOptions {
  readonly port: number;
  readonly clients: number;
  readonly pipeline: number;
  /** Requests in all; rounded up to whole batches. */
  readonly count: number;
  readonly valueBytes: number;
  /** Random numbers are below this, at most a million. */
  readonly keys: number;
  readonly workload: Pick<Workload, 'parts' | 'inline'>;
}

export interface LoadResult {
  readonly qps: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly errors: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);
const carriageReturn = 13;
const lineFeed = 10;
const asterisk = 42;
const dollar = 36;
const minus = 45;
const random = new Numbers();
const histogram = new Uint32Array(1_000_000);
let sent = 0;
let errors = 0;
let maxUs = 0;

/** Counts whole replies in a stream of them; arrays count by what is in them. */
class ReplyCounter {
  /** Replies still to come. */
  waiting = 0;
  private skip = 0;
  private mark = 0;
  private number = 0;
  private negative = false;

  read(buffer: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, length - at);
        this.skip -= step;
        at += step;
      } else {
        this.byte(buffer[at++] as number);
      }
    }
  }

  private byte(byte: number): void {
    if (this.mark === 0) {
      this.mark = byte;
      this.number = 0;
      this.negative = false;
      if (byte === minus) errors++;
    } else if (byte === lineFeed) {
      this.lineEnded();
    } else if (byte === minus) {
      this.negative = true;
    } else if (byte !== carriageReturn) {
      this.number = this.number * 10 + byte - 48;
    }
  }

  private lineEnded(): void {
    this.waiting--;
    if (!this.negative && this.mark === dollar) this.skip = this.number + 2;
    if (!this.negative && this.mark === asterisk) this.waiting += this.number;
    this.mark = 0;
  }
}

/** One socket with its batch. */
class Client {
  private socket!: Socket;
  private readonly batch: Template;
  private readonly replies = new ReplyCounter();
  private beganMs = 0;
  private readonly done: () => void;

  constructor(done: () => void) {
    this.done = done;
    this.batch = template(options.workload, options.valueBytes, options.pipeline);
  }

  connect(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onread = { buffer: readBuffer, callback: (length: number) => this.read(length) };
    this.socket = net.connect({ port: options.port, host: '127.0.0.1', noDelay: true, onread });
    this.socket.once('connect', resolve);
    this.socket.once('error', reject);
    this.socket.on('close', () => this.done());
    return promise;
  }

  send(): void {
    if (sent >= options.count) {
      this.socket.destroy();
      return;
    }
    renumber(this.batch, random, options.keys);
    sent += options.pipeline;
    this.replies.waiting = options.pipeline;
    this.beganMs = performance.now();
    this.write();
  }

  private write(): void {
    const { bytes } = this.batch;
    const handle = Reflect.get(this.socket, '_handle') as { fd?: number } | null;
    const descriptor = handle?.fd ?? -1;
    let written = 0;
    try {
      if (descriptor >= 0) written = writeSync(descriptor, bytes, 0, bytes.length);
    } catch {
      // EAGAIN: the stream waits until there is room.
    }
    if (written < bytes.length) this.socket.write(bytes.subarray(written));
  }

  private read(length: number): boolean {
    this.replies.read(readBuffer, length);
    if (this.replies.waiting > 0) return true;
    const us = Math.round((performance.now() - this.beganMs) * 1000);
    const slot = Math.min(us, histogram.length - 1);
    histogram[slot] = (histogram[slot] as number) + 1;
    maxUs = Math.max(maxUs, us);
    this.send();
    return true;
  }
}

function percentileUs(part: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let left = total * part;
  return histogram.findIndex((count) => (left -= count) <= 0);
}

const ends = Array.from({ length: options.clients }, () => Promise.withResolvers<void>());
const clients = ends.map((end) => new Client(() => end.resolve()));
for (const client of clients) await client.connect();
const beganMs = performance.now();
for (const client of clients) client.send();
await Promise.all(ends.map((end) => end.promise));
const seconds = (performance.now() - beganMs) / 1000;
const result: LoadResult = {
  qps: sent / seconds, p50Us: percentileUs(0.5), p99Us: percentileUs(0.99), maxUs, errors,
};
process.stdout.write(JSON.stringify(result));
