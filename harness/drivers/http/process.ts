// Entry of the process that drives HTTP: one load of the parent in, one result out. autocannon
// sends; the latencies are counted here, in µs, since its own are whole milliseconds.

import type { Client, Request } from 'autocannon';
import { LatencyHistogram } from '../../metrics/histogram.ts';
import type { HttpEvent, HttpLoad, HttpResult } from './messages.ts';
import { requestsOf } from './requests.ts';

const requestsPerClient = 256;
const sampleMs = 100; // autocannon ends with one of its samples

function say(event: HttpEvent, told: () => void): void {
  process.send?.(event, undefined, undefined, told);
}

/** Counts the answers of the measured time. */
class Counter {
  readonly latency: LatencyHistogram = new LatencyHistogram();
  readonly corrected: LatencyHistogram = new LatencyHistogram();
  answered = 0;
  refused = 0;
  readonly #intervalUs: number | null;
  #fromMs = Infinity;
  #untilMs = Infinity;
  #cpuUs = 0;

  /** `intervalUs` lies between two requests of a connection; null when there is no rate. */
  constructor(intervalUs: number | null) {
    this.#intervalUs = intervalUs;
  }

  start(): void {
    this.#fromMs = performance.now();
    this.#cpuUs = cpuUs();
  }

  stop(): void {
    this.#untilMs = performance.now();
    this.#cpuUs = cpuUs() - this.#cpuUs;
  }

  get measuredMs(): number {
    return this.#untilMs - this.#fromMs;
  }

  get cpuShare(): number {
    return this.#cpuUs / 1000 / this.measuredMs;
  }

  take(status: number, us: number): void {
    if (this.#fromMs === Infinity || this.#untilMs !== Infinity) return;
    this.answered++;
    if (status < 200 || status > 299) this.refused++;
    this.latency.record(us);
    if (this.#intervalUs !== null) this.corrected.recordCorrected(us, this.#intervalUs);
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function drive(load: HttpLoad): Promise<HttpResult> {
  const { default: autocannon } = await import('autocannon');
  const { host, port, workload, readShare, ratePerSecond, warmupMs, durationMs } = load;
  const { clients } = workload;
  const intervalUs = ratePerSecond === null ? null : (clients * 1e6) / ratePerSecond;
  const counter = new Counter(intervalUs);
  let next = 0;
  const { promise, resolve, reject } = Promise.withResolvers<HttpResult>();
  const instance = autocannon({
    url: `http://${host}:${port}`,
    connections: clients,
    duration: Math.ceil((warmupMs + durationMs) / 1000) + 60, // it is stopped below
    sampleInt: sampleMs,
    ...(ratePerSecond === null ? {} : { overallRate: ratePerSecond }),
    setupClient: (client: Client) => {
      const given = { client: next++ % clients, count: requestsPerClient, readShare };
      client.setRequests(requestsOf(workload, given) as Request[]);
    },
  }, (error, { latency, errors }) => {
    if (error !== null && error !== undefined) {
      reject(error as Error);
    } else {
      const { p50, p99, p99_9: p999, max } = latency;
      resolve({
        perSecond: (counter.answered * 1000) / counter.measuredMs,
        answered: counter.answered, refused: counter.refused, errors,
        measuredMs: counter.measuredMs,
        latencyUs: counter.latency.percentilesUs(),
        correctedUs: intervalUs === null ? null : counter.corrected.percentilesUs(),
        statedMs: { p50, p99, p999, max }, cpuShare: counter.cpuShare,
      });
    }
  });
  instance.on('response', (...[, status, , ms]) => counter.take(status, ms * 1000));
  const end = (): void => {
    counter.stop();
    instance.stop();
  };
  setTimeout(() => {
    counter.start();
    setTimeout(end, durationMs);
  }, warmupMs);
  return promise;
}

process.once('message', (load: HttpLoad) => {
  drive(load).then((result) => say({ kind: 'result', result }, () => process.exit(0)))
    .catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      say({ kind: 'failed', text }, () => process.exit(1));
    });
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group: the parent decides
