// BGSAVE at the seeded moments of a trial, and what is known of each: asked when, completed or not.

import { setTimeout as sleep } from 'node:timers/promises';
import { ReplyError, RespClient } from '../drivers/resp/client.ts';
import { infoFields } from '../drivers/resp/info.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import type { Address } from '../targets/ports.ts';
import type { Floor, SyncTimes } from '../checkers/promise.ts';

const pollMs = 20;
const lookMs = 50;
const claimNames = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'];

/** When to ask for what, ms after the load's start, ascending each. */
export interface Moments {
  readonly snapshotsAtMs: readonly number[];
  readonly rewritesAtMs: readonly number[];
}

/** A stretch of the load in which the target wrote a snapshot, or its log anew. */
export interface BackgroundSpan {
  readonly kind: 'snapshot' | 'rewrite';
  /** CLOCK_MONOTONIC ns. */
  readonly fromNs: number;
  readonly toNs: number;
}

/** Asks for snapshots over a connection of its own; the server's death ends it silently. */
export class SnapshotKeeper {
  readonly #floors: Floor[] = [];
  readonly #failures: string[] = [];
  readonly #spans: BackgroundSpan[] = [];
  readonly #openNs: Map<BackgroundSpan['kind'], number> = new Map();
  readonly #client: RespClient;
  readonly #stop: AbortController = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #allWrittenNs = -Infinity;
  #isSyncing = false;
  readonly #claims = new Map<string, string[]>();
  #lastSyncsNs: [last: number, before: number] = [0, 0];

  private constructor(client: RespClient) {
    this.#client = client;
  }

  /** @throws {HarnessError} TARGET_FAILED when the target cannot be reached. */
  static async connect({ host, port }: Address): Promise<SnapshotKeeper> {
    return new SnapshotKeeper(await RespClient.connect({ host, port, timeoutMs: 60_000 }));
  }

  /** SAVE, so that everything there so far is in a durable snapshot. */
  async saveNow(): Promise<void> {
    const askedNs = monotonicNs();
    await this.#client.call('SAVE');
    this.#floors.push({ atNs: askedNs, reason: 'SAVE had been answered' });
  }

  /** Asks at each moment, in ms after `startNs`; returns at once. */
  begin(startNs: number, moments: Moments): void {
    this.#running = this.#askAll(startNs, moments).catch(() => {
      // The connection died with the server, or the trial is over: what was known stays known.
    });
  }

  /** Ends it; resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#client.close();
    await this.#running;
  }

  /** Everything acknowledged before these instants was in a snapshot that had completed. */
  get floors(): readonly Floor[] {
    return this.#floors;
  }

  /** What it wrote in the background until `cutNs`; what ran then ends there. */
  spansUntil(cutNs: number): BackgroundSpan[] {
    const open = [...this.#openNs].map(([kind, fromNs]) => ({ kind, fromNs, toNs: cutNs }));
    return [...this.#spans, ...open].filter(({ fromNs }) => fromNs < cutNs);
  }

  /** Snapshots that the target could not make: what it keeps says nothing about them. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /**
   * For how long before `cutNs` the target may have held acknowledged writes back. Redis does so
   * while a sync of its log runs, and it had written everything when last seen without one.
   */
  heldBackMs(cutNs: number): number {
    return Math.max(0, (cutNs - this.#allWrittenNs) / 1e6);
  }

  /** Syncs of the log, each as long as INFO did not show the log without one. */
  syncsSeen(cutNs: number): SyncTimes {
    const inFlightSyncNs = Math.max(0, cutNs - this.#allWrittenNs);
    return { lastTwoSyncNs: this.#lastSyncsNs, inFlightSyncNs };
  }

  /** What INFO said of the server's own health, one after the other. */
  get claims(): readonly string[] {
    return [...this.#claims].map(([name, values]) => `${name} ${values.join(' → ')}`);
  }

  async #askAll(startNs: number, { snapshotsAtMs, rewritesAtMs }: Moments): Promise<void> {
    const moments = [...snapshotsAtMs, ...rewritesAtMs].sort((a, b) => a - b);
    for (const momentMs of moments) {
      await this.#wait(momentMs - (monotonicNs() - startNs) / 1e6);
      if (snapshotsAtMs.includes(momentMs)) await this.#snapshot();
      else await this.#asked('BGREWRITEAOF');
    }
    while (!this.#stop.signal.aborted) {
      await this.#persistence();
      await this.#wait(lookMs);
    }
  }

  async #snapshot(): Promise<void> {
    const before = await this.#persistence();
    const askedNs = monotonicNs();
    if (!await this.#asked('BGSAVE')) return;
    this.#sawWork('snapshot', true, askedNs);
    let facts = await this.#persistence();
    while (facts.get('rdb_bgsave_in_progress') !== '0') {
      await this.#wait(pollMs);
      facts = await this.#persistence();
    }
    this.#sawWork('snapshot', false, monotonicNs());
    const status = facts.get('rdb_last_bgsave_status');
    if (status === 'ok') {
      // FLUSHALL ends a snapshot that runs, and no server calls that a failure.
      if (!hasSaved(before, facts)) return;
      this.#floors.push({ atNs: askedNs, reason: 'a snapshot asked for after it had completed' });
    } else {
      this.#failures.push(`a snapshot that was asked for failed (last status: ${status})`);
    }
  }

  /** Whether a snapshot began; one that runs already, or a rewrite, is no failure. */
  async #asked(command: string): Promise<boolean> {
    try {
      await this.#client.call(command);
      return true;
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      if (command === 'BGSAVE' && !/in progress|child process/i.test(error.message)) {
        this.#failures.push(`a snapshot that was asked for was refused: ${error.message}`);
      }
      return false;
    }
  }

  async #persistence(): Promise<ReadonlyMap<string, string>> {
    const askedNs = monotonicNs();
    const facts = await infoFields(this.#client, 'persistence');
    this.#sawClaims(facts);
    this.#sawWork('rewrite', facts.get('aof_rewrite_in_progress') === '1', askedNs);
    this.#sawSync(Number(facts.get('aof_pending_bio_fsync') ?? 0) > 0, askedNs);
    return facts;
  }

  #sawWork(kind: BackgroundSpan['kind'], isRunning: boolean, atNs: number): void {
    const fromNs = this.#openNs.get(kind);
    if (isRunning && fromNs === undefined) this.#openNs.set(kind, atNs);
    if (isRunning || fromNs === undefined) return;
    this.#spans.push({ kind, fromNs, toNs: atNs });
    this.#openNs.delete(kind);
  }

  #sawClaims(facts: ReadonlyMap<string, string>): void {
    for (const name of claimNames) {
      const seen = this.#claims.get(name) ?? [];
      const value = facts.get(name);
      if (value === undefined || seen.at(-1) === value) continue;
      this.#claims.set(name, [...seen, value]);
    }
  }

  #sawSync(isSyncing: boolean, askedNs: number): void {
    if (!isSyncing) {
      if (this.#isSyncing) this.#lastSyncsNs = [askedNs - this.#allWrittenNs, this.#lastSyncsNs[0]];
      this.#allWrittenNs = askedNs;
    }
    this.#isSyncing = isSyncing;
  }

  async #wait(milliseconds: number): Promise<void> {
    await sleep(Math.max(0, milliseconds), undefined, { signal: this.#stop.signal });
  }
}

/**
 * Whether a snapshot was finished in between, for sure. Redis counts `rdb_saves` when it forks and
 * tells the time of the last save in seconds; its changes since then only fall by a finished one.
 */
function hasSaved(
  before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>,
): boolean {
  const difference = (name: string): number =>
    Number(after.get(name) ?? 0) - Number(before.get(name) ?? 0);
  // Only the bundled engine has these fields, and counts what was finished.
  if (after.has('snapshot_steps')) return difference('rdb_saves') > 0;
  return difference('rdb_last_save_time') > 0 || difference('rdb_changes_since_last_save') < 0;
}
