// Clients of a cache, as programs use one: ask the cache, on a miss ask the origin and keep the
// answer for a while; without a cache ask the origin. They come at a rate, whatever happens.

import { RespClient } from '../drivers/resp/client.ts';
import { mix32 } from '../workloads/hash.ts';
import { keyPicker } from '../workloads/key-distribution.ts';
import type { KeyDistribution, KeyPicker } from '../workloads/key-distribution.ts';
import type { Origin } from './origin.ts';

/** How they behave. */
export interface PopulationOptions {
  readonly origin: Origin;
  readonly keys: number;
  readonly distribution: KeyDistribution;
  readonly requestsPerSecond: number;
  /** How long an answer is kept, ms. */
  readonly ttlMs: number;
  /** Requests for a key that is being fetched wait for that fetch. */
  readonly coalesces: boolean;
  /** Answers are kept for half as long to half as long again, at random. */
  readonly jitters: boolean;
  readonly seed: number;
  readonly nowMs: () => number;
}

/** One moment of a run. */
export interface Sample {
  /** From the start of the population, ms. */
  readonly atMs: number;
  readonly requests: number;
  readonly hits: number;
  readonly originRequests: number;
  readonly errors: number;
  readonly waiting: number;
}

const tickMs = 5;
const valueBytes = 100;

/** See the head of the file. */
export class Population {
  readonly #options: PopulationOptions;
  readonly #picker: KeyPicker;
  readonly #fetches = new Map<number, Promise<boolean>>();
  readonly samples: Sample[] = [];
  #cache: RespClient | null = null;
  #timers: NodeJS.Timeout[] = [];
  #startedMs = 0;
  #sent = 0;
  #draws = 0;
  #requests = 0;
  #hits = 0;
  #failed = 0;

  constructor(options: PopulationOptions) {
    this.#options = options;
    this.#picker = keyPicker(options.distribution, options.keys);
  }

  /** Fills the cache as it is after a long time: every key, each at another age. */
  async fill(port: number): Promise<void> {
    const client = await RespClient.connect({ port });
    const { keys, ttlMs } = this.#options;
    await client.pipeline(Array.from({ length: keys }, (_, key) => (
      ['SET', nameOf(key), valueOf(key), 'PX', String(1 + Math.floor(this.#draw() * ttlMs))])));
    client.close();
  }

  /** From here on the cache is there. */
  async connect(port: number): Promise<void> {
    this.#cache = await RespClient.connect({ port, timeoutMs: 10_000 });
  }

  /** From here on it is not. */
  disconnect(): void {
    this.#cache?.close();
    this.#cache = null;
  }

  /** Begins to send, and to note how it goes. */
  start(sampleEveryMs: number): void {
    this.#startedMs = this.#options.nowMs();
    this.#timers = [
      setInterval(() => this.#sendDue(), tickMs), setInterval(() => this.#sample(), sampleEveryMs),
    ];
  }

  /** Sends no more. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.disconnect();
  }

  /** From its start, ms. */
  get atMs(): number {
    return this.#options.nowMs() - this.#startedMs;
  }

  #sendDue(): void {
    const due = Math.floor(this.atMs * this.#options.requestsPerSecond / 1000);
    for (; this.#sent < due; this.#sent++) void this.#request();
  }

  async #request(): Promise<void> {
    const key = this.#picker.pick(this.#bits(), this.#sent);
    const isHit = await this.#isCached(key);
    const isAnswered = isHit || await this.#fetchThrough(key);
    this.#requests += 1;
    if (isHit) this.#hits += 1;
    if (!isAnswered) this.#failed += 1;
  }

  async #isCached(key: number): Promise<boolean> {
    const reply = await this.#cache?.call('GET', nameOf(key)).catch(() => null);
    return reply !== null && reply !== undefined;
  }

  #fetchThrough(key: number): Promise<boolean> {
    if (!this.#options.coalesces) return this.#fetchAndKeep(key);
    const under = this.#fetches.get(key);
    if (under !== undefined) return under;
    const fetch = this.#fetchAndKeep(key).finally(() => this.#fetches.delete(key));
    this.#fetches.set(key, fetch);
    return fetch;
  }

  async #fetchAndKeep(key: number): Promise<boolean> {
    const { origin, ttlMs, jitters } = this.#options;
    if (!await origin.fetch()) return false;
    const keptMs = jitters ? ttlMs * (0.5 + this.#draw()) : ttlMs;
    await this.#cache?.call('SET', nameOf(key), valueOf(key), 'PX', String(Math.ceil(keptMs)))
      .catch(() => null);
    return true;
  }

  #sample(): void {
    const { origin } = this.#options;
    this.samples.push({
      atMs: this.atMs, requests: this.#requests, hits: this.#hits,
      originRequests: origin.requests, errors: this.#failed, waiting: origin.waiting,
    });
  }

  #bits(): number {
    this.#draws += 1;
    return mix32(this.#options.seed + Math.imul(this.#draws, 0x9e3779b9)) >>> 0;
  }

  #draw(): number {
    return this.#bits() / 2 ** 32;
  }
}

function nameOf(key: number): string {
  return `item:${key}`;
}

function valueOf(key: number): string {
  return String(key).padEnd(valueBytes, '.');
}
