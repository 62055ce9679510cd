// Entry of the process that drives HTTP: one load of the parent in, one result out. autocannon
// sends, and where the server is killed knocks until it is back.

import type { EventEmitter } from 'node:events';
import type { Client, Request } from 'autocannon';
import { reasonOf } from '../../errors.ts';
import { Counter } from './counter.ts';
import type { HttpCommand, HttpEvent, HttpLoad, HttpResult } from './messages.ts';
import { RequestStream } from './requests.ts';

/** After so many autocannon begins again, which costs some CPU. */
const requestsPerRound = 256;
const sampleMs = 100; // autocannon ends with one of its samples
const knockEveryMs = 10; // by itself it tries again at once, which slows the recovery it waits for

/**
 * A request with its bytes, as autocannon keeps it. It builds them once a request; built anew for
 * each by its own `setupRequest` they would double its CPU, and it would be the limit.
 */
interface BuiltRequest extends Request {
  requestBuffer?: Buffer;
}

/** What of autocannon's client is not documented; and how it connects, at first and again. */
const connectField = '_connect';
interface ClientInside {
  readonly destroyed?: boolean;
  readonly pipelinedRequests?: { clear(): void };
  readonly parser?: { readonly type: unknown; reinitialize(type: unknown): void };
}

function say(event: HttpEvent, told: () => void = () => {}): void {
  process.send?.(event, undefined, undefined, told);
}

/** One load. */
class HttpRun {
  readonly #load: HttpLoad;
  readonly #counter: Counter;
  #clients = 0;
  #stop: () => void = () => {};

  constructor(load: HttpLoad) {
    const { workload: { clients }, ratePerSecond } = load;
    this.#load = load;
    const intervalUs = ratePerSecond === null ? null : (clients * 1e6) / ratePerSecond;
    this.#counter = new Counter(clients, intervalUs);
  }

  async result(): Promise<HttpResult> {
    const { default: autocannon } = await import('autocannon');
    const { host, port, workload, ratePerSecond, warmupMs } = this.#load;
    const { promise, resolve, reject } = Promise.withResolvers<HttpResult>();
    const instance = autocannon({
      url: `http://${host}:${port}`,
      connections: workload.clients,
      duration: 86_400, // it is stopped below
      sampleInt: sampleMs,
      ...(ratePerSecond === null ? {} : { overallRate: ratePerSecond }),
      setupClient: (client: Client) => this.#setUp(client),
    }, (error, { latency, errors, timeouts }) => {
      if (error !== null && error !== undefined) {
        reject(error as Error);
        return;
      }
      const { p50, p99, p99_9: p999, max } = latency;
      const isKilled = this.#load.durationMs === null;
      resolve({
        ...this.#counter.result({ isKilled }), statedMs: { p50, p99, p999, max },
        errors: isKilled ? timeouts : errors, // while it is down, knocking is no request
      });
    });
    this.#stop = () => instance.stop();
    setTimeout(() => this.#measure(), warmupMs);
    return promise;
  }

  /** Ends it, whoever still waits. */
  finish(): void {
    this.#counter.stop();
    this.#stop();
  }

  #measure(): void {
    this.#counter.start();
    say({ kind: 'measuring' });
    if (this.#load.durationMs !== null) setTimeout(() => this.finish(), this.#load.durationMs);
  }

  #setUp(client: Client): void {
    const { workload, readShare, host, port } = this.#load;
    const number = this.#clients++ % workload.clients;
    const address = `${host}:${port}`;
    const stream = new RequestStream(workload, { client: number, readShare, host: address });
    const request: BuiltRequest = {};
    client.setRequests(Array.from({ length: requestsPerRound }, () => request));
    // Not among the events that its types know: what is sent is read from the request after it.
    (client as EventEmitter).on('request', () => {
      request.requestBuffer = stream.next();
      this.#counter.sent(number);
    });
    client.on('response', (status) => {
      this.#counter.answered(number, status);
      if (this.#load.durationMs === null && this.#counter.isBack) this.finish();
    });
    if (this.#load.durationMs === null) this.#survive(client as ClientInside, number);
  }

  /** Connects again after a pause and without what autocannon keeps of the lost connection. */
  #survive(client: ClientInside, number: number): void {
    const original = Reflect.get(client, connectField) as (() => void) | undefined;
    if (original === undefined) throw new Error('autocannon 9 is expected: this one cannot wait');
    const connect = (): void => original.call(client);
    let [isFirst, isWaiting] = [true, false];
    Reflect.set(client, connectField, () => {
      if (isFirst) {
        isFirst = false;
        connect();
        return;
      }
      this.#counter.lost(number);
      if (isWaiting) return;
      isWaiting = true;
      setTimeout(() => {
        isWaiting = false;
        if (client.destroyed === true) return;
        client.pipelinedRequests?.clear();
        client.parser?.reinitialize(client.parser.type);
        connect();
      }, knockEveryMs);
    });
  }
}

let run: HttpRun | null = null;

function start(load: HttpLoad): void {
  run = new HttpRun(load);
  run.result().then((result) => say({ kind: 'result', result }, () => process.exit(0)))
    .catch((error: unknown) => {
      const text = reasonOf(error);
      say({ kind: 'failed', text }, () => process.exit(1));
    });
}

process.on('message', (command: HttpCommand) => {
  if (command.kind === 'start') start(command.load);
  else run?.finish();
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group: the parent decides
