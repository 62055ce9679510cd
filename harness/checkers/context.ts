// What every check of one run needs: the operations, the ledger, and whose clock acknowledges: the
// clients', or the server's, which says when it let each reply go: without the clients' lag.

import { STATUS_FAIL, STATUS_INFO } from '../history/ledger.ts';
import type { Ledger } from '../history/ledger.ts';
import { Operations } from '../workloads/operations.ts';
import { Barriers } from '../workloads/model/barriers.ts';
import type { Reads } from '../workloads/reads.ts';
import type { WorkloadSpec } from '../workloads/spec.ts';
import { ValueCodec } from '../workloads/value.ts';

/** Replies that a server released on one connection, from its op log. */
export interface ReleaseTimes {
  /** Replies released so far, all since the connection opened; growing. */
  readonly counts: Float64Array;
  /** When, CLOCK_MONOTONIC ns; as long as `counts`. */
  readonly atNs: Float64Array;
  /** Replies on this connection that came before operation 1 (HELLO, preload, …). */
  readonly repliesBefore: number;
  /** Reads among the operations, which are answered too; null = none. */
  readonly reads: Reads | null;
}

/** A release as the op log has it (engine/io/op-log.ts). */
export interface Release {
  readonly clientPort: number;
  readonly count: number;
  readonly atNs: number;
}

/**
 * Sorts the releases of an op log by client. `ports` are the local ports of the clients'
 * connections in client order; a client whose port never shows has null.
 */
export function releasesByClient(
  releases: readonly Release[], ports: readonly number[],
  { repliesBefore = 0, reads = null }: Partial<Pick<ReleaseTimes, 'repliesBefore' | 'reads'>> = {},
): (ReleaseTimes | null)[] {
  const byPort = new Map<number, Release[]>(ports.map((port) => [port, []]));
  for (const release of releases) byPort.get(release.clientPort)?.push(release);
  return ports.map((port) => {
    const own = byPort.get(port) ?? [];
    if (own.length === 0) return null;
    return {
      counts: Float64Array.from(own, (release) => release.count),
      atNs: Float64Array.from(own, (release) => release.atNs),
      repliesBefore,
      reads,
    };
  });
}

/**
 * The ledger's `ackedNs` with the release of the last reply of each operation where it is known.
 * An operation whose reply was released and never read counts as acknowledged.
 */
export function acknowledgedByServer(
  ledger: Ledger, operations: Operations, releases: readonly (ReleaseTimes | null)[],
): Float64Array {
  const ackedNs = ledger.ackedNs.slice();
  for (let client = 0; client < ledger.clients; client++) {
    const times = releases[client];
    if (times) replaceOne(ackedNs, { ledger, operations, times, client });
  }
  return ackedNs;
}

interface ClientReleases {
  readonly ledger: Ledger;
  readonly operations: Operations;
  readonly times: ReleaseTimes;
  readonly client: number;
}

function replaceOne(ackedNs: Float64Array, input: ClientReleases): void {
  const { ledger, operations, times, client } = input;
  const lastAnswered = lastAnsweredOf(ledger, client);
  let replies = times.repliesBefore;
  let next = 0;
  let turn = 1;
  for (let sequence = 1; sequence <= ledger.count(client); sequence++) {
    if (times.reads !== null && !operations.runsAlone(client, sequence)) {
      for (; times.reads.isRead(client, turn); turn++) replies++;
      turn++; // its own
    }
    replies += operations.repliesOf(client, sequence);
    while (next < times.counts.length && (times.counts[next] as number) < replies) next++;
    if (next === times.counts.length) return;
    const index = ledger.at(client, sequence);
    // Answered, but not clearly: that is no acknowledgement, whenever it left the server.
    if (sequence < lastAnswered && ledger.status[index] === STATUS_INFO) continue;
    ackedNs[index] = times.atNs[next] as number;
  }
}

/** Last sequence of a client that was answered at all, 0 = none. */
function lastAnsweredOf(ledger: Ledger, client: number): number {
  let last = ledger.count(client);
  while (last > 0 && ledger.status[ledger.at(client, last)] === STATUS_INFO) last--;
  return last;
}

/** What all cuts of one run have in common. */
export interface RunHistory {
  readonly workload: WorkloadSpec;
  readonly ledger: Ledger;
  /** When the server let each reply go, by client; null = unknown, the clients' clocks count. */
  readonly releases: readonly (ReleaseTimes | null)[] | null;
}

/** One run, ready to be judged. */
export class RunContext {
  readonly operations: Operations;
  readonly values: ValueCodec;
  readonly ledger: Ledger;
  /** By the server's releases where known, else by the clients' clocks; Infinity = never. */
  readonly ackedNs: Float64Array;
  /** Swaps and flushes of mix `full`. */
  readonly barriers: Barriers;
  readonly #lastAnswered: Uint32Array;
  readonly #hasRefusals: boolean;

  constructor(history: RunHistory) {
    const { workload, ledger, releases } = history;
    if (ledger.clients !== workload.clients) {
      throw new RangeError(`ledger of ${ledger.clients} clients, workload of ${workload.clients}`);
    }
    this.operations = new Operations(workload);
    this.values = new ValueCodec(workload);
    this.ledger = ledger;
    this.ackedNs = releases === null
      ? ledger.ackedNs
      : acknowledgedByServer(ledger, this.operations, releases);
    this.barriers = new Barriers(this.operations, ledger);
    this.#hasRefusals = ledger.status.includes(STATUS_FAIL);
    this.#lastAnswered = Uint32Array.from(
      { length: ledger.clients }, (_, client) => lastAnsweredOf(ledger, client),
    );
  }

  /** Whether the server said that the operation did not happen. */
  hasFailed(client: number, sequence: number): boolean {
    return this.ledger.status[this.ledger.at(client, sequence)] === STATUS_FAIL;
  }

  /**
   * Whether nobody can know what the operation did: its reply was unclear (half a MULTI refused)
   * while the connection went on; or it was in flight at the end, and this server is known to
   * refuse writes. Otherwise the prefix says whether one in flight happened: a server whose first
   * refusal ever was in flight at the crash, before a write that it took, would be wronged.
   */
  isUnclear(client: number, sequence: number): boolean {
    if (this.ledger.status[this.ledger.at(client, sequence)] !== STATUS_INFO) return false;
    if (sequence < (this.#lastAnswered[client] as number)) return true;
    // Nothing comes after one that runs alone, so its witness is sure.
    return this.#hasRefusals && !this.operations.runsAlone(client, sequence);
  }

  /** When the operation was acknowledged, Infinity = never; a failed one never is. */
  acknowledgedNs(client: number, sequence: number): number {
    const index = this.ledger.at(client, sequence);
    return this.ledger.status[index] === STATUS_FAIL ? Infinity : this.ackedNs[index] as number;
  }

  sentNs(client: number, sequence: number): number {
    return this.ledger.sentNs[this.ledger.at(client, sequence)] as number;
  }
}
