// A whole run for tests: clients, a server that executes in one total order, a crash that keeps any
// prefix of it. Seeded; times are invented, and true to what a driver may see.

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';

import { Ledger, STATUS_FAIL, STATUS_INFO, STATUS_OK } from '../../history/ledger.ts';
import { OperationEncoder } from '../../workloads/encoder.ts';
import { Operations } from '../../workloads/operations.ts';
import { ownedKeys } from '../../workloads/owned-keys.ts';
import type { OwnedKeys } from '../../workloads/owned-keys.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import type { RunHistory } from '../context.ts';
import type { Cut } from '../judge.ts';
import { noFacts } from '../promise.ts';
import type { SideSurvivors, Survivors } from '../survivors.ts';
import { elementsOf, parseRequests, ToyServer } from './toy-server.ts';

/** One executed operation. */
export interface ToyOperation {
  readonly client: number;
  readonly sequence: number;
  readonly sentNs: number;
  readonly executedNs: number;
  readonly ackedNs: number;
  readonly isRefused: boolean;
}

/** What a toy run is made from. */
export interface ToyOptions {
  readonly seed: number;
  readonly clients: number;
  readonly keysPerClient: number;
  readonly operations: number;
  readonly valueSizeBytes?: number;
  readonly mix?: WorkloadSpec['mix'];
  /** One in so many operations is answered with an error, 0 = none. */
  readonly refuseOneIn?: number;
}

/** The load starts here, on the wall. */
export const toyStartWallMs = 1_760_000_000_000;

/** One toy run. */
export class ToyRun {
  readonly spec: WorkloadSpec;
  readonly operations: Operations;
  /** In the server's order. */
  readonly executed: readonly ToyOperation[];
  readonly #encoder: OperationEncoder;
  readonly #random: (limit: number) => number;

  constructor(options: ToyOptions) {
    const { seed, clients, keysPerClient, valueSizeBytes = 40, mix = 'chaos' } = options;
    const startWallMs = toyStartWallMs;
    this.spec = { seed, clients, keysPerClient, valueSizeBytes, mix, startWallMs };
    this.operations = new Operations(this.spec);
    this.#encoder = new OperationEncoder(this.spec);
    const generator = xoroshiro128plus(seed);
    this.#random = (limit) => uniformInt(generator, 0, limit - 1);
    this.executed = this.#execute(options);
  }

  /** A whole number below `limit`. */
  random(limit: number): number {
    return this.#random(limit);
  }

  /** The commands of one operation. */
  commands(operation: ToyOperation): Buffer[][] {
    const bytes = Buffer.alloc(this.#encoder.maximumBytes);
    const end = this.#encoder.encode(bytes, 0, operation.client, operation.sequence);
    return parseRequests(bytes.subarray(0, end));
  }

  /** The keyspace after some operations, in order. */
  serverAfter(operations: readonly ToyOperation[]): ToyServer {
    const server = new ToyServer();
    for (const each of operations) {
      const database = this.operations.databaseOf(each.client);
      if (!each.isRefused) server.run(this.commands(each), database);
    }
    return server;
  }

  /** What the driver would have written, had the connection died at `deadNs`. */
  history(deadNs: number = Infinity): RunHistory {
    const { clients } = this.spec;
    const own = Array.from({ length: clients }, (_, client) => this.executed
      .filter((each) => each.client === client && each.sentNs <= deadNs)
      .sort((a, b) => a.sequence - b.sequence));
    const starts = Float64Array.from({ length: clients + 1 }, (_, client) => (
      own.slice(0, client).reduce((sum, list) => sum + list.length, 0)));
    const all = own.flat();
    const isAnswered = (each: ToyOperation): boolean => each.ackedNs <= deadNs;
    const ledger = new Ledger({ clients, workload: this.spec }, {
      starts,
      tornBytes: 0,
      sentNs: Float64Array.from(all, (each) => each.sentNs),
      ackedNs: Float64Array.from(all, (each) => (isAnswered(each) ? each.ackedNs : Infinity)),
      status: Uint8Array.from(all, (each) => {
        if (!isAnswered(each)) return STATUS_INFO;
        return each.isRefused ? STATUS_FAIL : STATUS_OK;
      }),
    });
    return { workload: this.spec, ledger, releases: null };
  }

  /** Reads everything back at a wall clock. */
  survivors(server: ToyServer, wallMs: number): Survivors {
    const clients = Array.from({ length: this.spec.clients }, (_, client) => {
      const upTo = this.executed.filter((each) => each.client === client).length;
      const keys = ownedKeys(this.operations, client, upTo);
      const [own, other] = [keys.database, 1 - keys.database].map(
        (database) => sideOf(server, keys, { wallMs, database })) as [SideSurvivors, SideSurvivors];
      return { keys, ...own, elsewhere: keys.isInBoth ? other : null };
    });
    const totalKeys = server.databases.flatMap((entries, database) => (
      [...entries.keys()].filter((name) => server.get(name, wallMs, database) !== null))).length;
    return {
      clients, totalKeys, unknownKeys: [], preload: null,
      readFromWallMs: wallMs - 20, readToWallMs: wallMs + 20,
    };
  }

  #execute(options: ToyOptions): ToyOperation[] {
    const { clients, operations, refuseOneIn = 0 } = options;
    const sequences = new Float64Array(clients);
    const sent = new Float64Array(clients);
    const acked = new Float64Array(clients);
    let nowNs = 1e9;
    return Array.from({ length: operations }, () => {
      nowNs += 1 + this.random(20_000);
      const client = this.random(clients);
      const sequence = (sequences[client] ?? 0) + 1;
      if (this.operations.runsAlone(client, sequence)) {
        // All answers have come before it is sent, and its own before anything else is.
        nowNs = Math.max(nowNs, ...acked) + 1;
        sent.fill(nowNs + 1);
        acked.fill(nowNs + 1);
        sequences[client] = sequence;
        const isRefused = refuseOneIn > 0 && this.random(refuseOneIn) === 0;
        return {
          client, sequence, sentNs: nowNs, executedNs: nowNs, ackedNs: nowNs, isRefused,
        };
      }
      const sentNs = Math.max(sent[client] ?? 0, nowNs - this.random(200_000));
      const ackedNs = Math.max(acked[client] ?? 0, nowNs + this.random(200_000));
      [sequences[client], sent[client], acked[client]] = [sequence, sentNs, ackedNs];
      const isRefused = refuseOneIn > 0 && this.random(refuseOneIn) === 0;
      return { client, sequence, sentNs, executedNs: nowNs, ackedNs, isRefused };
    });
  }
}

/** What one client's keys hold in one database. */
function sideOf(
  server: ToyServer, keys: OwnedKeys, { wallMs, database }: { wallMs: number; database: number },
): SideSurvivors {
  const entries = keys.names.map((name) => server.get(name, wallMs, database));
  const deadlinesMs = Float64Array.from(entries, (entry, index) => {
    if (entry === null || keys.deadlineMatters[index] === 0) return -2;
    return entry.deadlineMs === 0 ? -1 : entry.deadlineMs;
  });
  const values = entries.map((entry) => (
    entry === null ? null : elementsOf(entry) ?? entry.value));
  return { values, deadlinesMs };
}

/** A power cut under `appendfsync no`, where any prefix will do; override what matters. */
export function toyCut(cutNs: number, survivors: Survivors, rest: Partial<Cut> = {}): Cut {
  return {
    question: { persist: 'aof', appendfsync: 'no', crash: 'power', target: 'bundled' },
    cutNs, survivors, refusal: null, facts: noFacts, notApplied: [], ...rest,
  };
}
