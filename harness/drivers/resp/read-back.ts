// After a recovery: reads every key that the workload's clients own, counts what else there is.

import { HarnessError } from '../../errors.ts';
import { Operations } from '../../workloads/operations.ts';
import { ownedKeys, readBackCommands } from '../../workloads/owned-keys.ts';
import type { OwnedKeys } from '../../workloads/owned-keys.ts';
import { ownerOf } from '../../workloads/keys.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { ReplyError } from './codec.ts';
import type { Reply } from './codec.ts';
import type { RespClient } from './client.ts';
import { probeKey } from './probe.ts';

/** What is to be read. */
export interface ReadBackRequest {
  readonly workload: WorkloadSpec;
  /** Last sequence in the ledger, by client. */
  readonly upTo: readonly number[];
  readonly preloadKeys: number;
  /** The wall clock, unless it is the machine's. */
  readonly wallMs?: () => number;
}

/** Who asks the server. */
export type Reader = Pick<RespClient, 'call' | 'pipeline'>;

/** What the keys of one client hold in one database. */
export interface SideReadBack {
  readonly values: readonly (Uint8Array | readonly Uint8Array[] | null)[];
  readonly deadlinesMs: Float64Array;
}

/** One client's keys; has the shape of ClientSurvivors in checkers/survivors.ts. */
export interface ClientReadBack extends SideReadBack {
  readonly keys: OwnedKeys;
  /** In the database that is not the client's; null where there is only one. */
  readonly elsewhere: SideReadBack | null;
}

/** Everything that was read; has the shape of Survivors in checkers/survivors.ts. */
export interface ReadBack {
  readonly clients: readonly ClientReadBack[];
  readonly totalKeys: number;
  readonly unknownKeys: readonly string[];
  readonly preload: { readonly expected: number; readonly found: number } | null;
  readonly readFromWallMs: number;
  readonly readToWallMs: number;
}

const commandsPerWrite = 1000;
const keysPerScan = 1000;
const namedUnknownKeys = 20;
const notAsked = -2; // NOT_ASKED of checkers/survivors.ts

/**
 * Reads everything back over one connection.
 * @throws {HarnessError} TARGET_FAILED when the server goes away or answers a read with an error.
 */
export async function readBack(client: Reader, request: ReadBackRequest): Promise<ReadBack> {
  const { wallMs = Date.now } = request;
  const readFromWallMs = wallMs();
  const operations = new Operations(request.workload);
  const databases = request.workload.mix === 'full' ? [0, 1] : [0];
  const owned = Array.from({ length: request.workload.clients }, (_, number) => (
    ownedKeys(operations, number, request.upTo[number] ?? 0)));
  const read: SideReadBack[][] = [];
  const counts: number[] = [];
  for (const database of databases) {
    if (databases.length > 1) await client.call('SELECT', database);
    const sides: SideReadBack[] = [];
    for (const keys of owned) sides.push(await readClient(client, keys));
    read.push(sides);
    counts.push(Number(await client.call('DBSIZE')));
  }
  const readToWallMs = wallMs();
  const totalKeys = counts.reduce((sum, count) => sum + count, 0);
  const clients = owned.map((keys, number): ClientReadBack => {
    const own = read[keys.database]?.[number] as SideReadBack;
    const elsewhere = keys.isInBoth ? read[1 - keys.database]?.[number] ?? null : null;
    return { keys, ...own, elsewhere };
  });
  // What was counted is all there is: no need to walk the keyspace for more.
  const present = read.flat().reduce((sum, { values }) => sum + presentIn(values), 0);
  const isAll = request.preloadKeys === 0 && totalKeys === present;
  const rest = isAll ? { unknownKeys: [], preloadFound: 0 }
    : await scanOthers(client, request, databases);
  if (databases.length > 1) await client.call('SELECT', 0);
  const { unknownKeys, preloadFound } = rest;
  const expected = request.preloadKeys;
  const preload = expected === 0 ? null : { expected, found: preloadFound };
  return { clients, totalKeys, unknownKeys, preload, readFromWallMs, readToWallMs };
}

function presentIn(values: SideReadBack['values']): number {
  return values.reduce((sum, value) => (value === null ? sum : sum + 1), 0);
}

async function readClient(client: Reader, keys: OwnedKeys): Promise<SideReadBack> {
  const commands = readBackCommands(keys);
  const replies: Reply[] = [];
  for (let at = 0; at < commands.length; at += commandsPerWrite) {
    const some = await client.pipeline(commands.slice(at, at + commandsPerWrite));
    for (const reply of some) replies.push(reply);
  }
  const values: (Uint8Array | Uint8Array[] | null)[] = [];
  const deadlinesMs = new Float64Array(keys.names.length).fill(notAsked);
  let next = 0;
  for (let index = 0; index < keys.names.length; index++) {
    values.push(valueOf(checked(replies[next], commands[next])));
    next++;
    if (keys.deadlineMatters[index] !== 1) continue;
    deadlinesMs[index] = Number(checked(replies[next], commands[next]));
    next++;
  }
  return { values, deadlinesMs };
}

/** An empty collection is an absent one. */
function valueOf(reply: Reply): Uint8Array | Uint8Array[] | null {
  if (reply instanceof ReplyError) return Buffer.from(reply.message);
  if (!Array.isArray(reply)) return reply instanceof Uint8Array ? reply : null;
  return reply.length === 0 ? null : reply.map((each) => Buffer.from(each as Buffer));
}

/** A key of another type than it should be is read as the words of that error: torn. */
function checked(reply: Reply | undefined, command: readonly string[] | undefined): Reply {
  const isError = reply instanceof ReplyError && reply.prefix !== 'WRONGTYPE';
  if (reply !== undefined && !isError) return reply;
  const why = reply === undefined ? 'no answer' : reply.message;
  throw new HarnessError('TARGET_FAILED', `reading back failed: ${command?.join(' ')}: ${why}`);
}

/** Walks the whole keyspace; a key that SCAN reports twice counts once. */
async function scanOthers(
  client: Reader, request: ReadBackRequest, databases: readonly number[],
): Promise<{ unknownKeys: string[]; preloadFound: number }> {
  const unknown = new Set<string>();
  const preloadSeen = new Uint8Array(request.preloadKeys);
  for (const database of databases) {
    if (databases.length > 1) await client.call('SELECT', database);
    await scanDatabase(client, (name) => {
      const index = ownerOf(request.workload, name) === 'preload' ? Number(name.slice(2)) : -1;
      if (index >= 0 && index < preloadSeen.length) preloadSeen[index] = 1;
      else if (isUnknown(request.workload, name)) unknown.add(name);
    });
  }
  const preloadFound = preloadSeen.reduce((sum, seen) => sum + seen, 0);
  return { unknownKeys: [...unknown].slice(0, namedUnknownKeys), preloadFound };
}

async function scanDatabase(client: Reader, found: (name: string) => void): Promise<void> {
  let cursor = '0';
  do {
    const reply = await client.call('SCAN', cursor, 'COUNT', keysPerScan);
    const [next, names] = reply as [Buffer, Buffer[]];
    for (const bytes of names) found(bytes.toString('latin1'));
    cursor = next.toString('latin1');
  } while (cursor !== '0');
}

/** A preload name beyond what was preloaded is nobody's either. */
function isUnknown(workload: WorkloadSpec, name: string): boolean {
  return name !== probeKey && ownerOf(workload, name) !== 'client';
}
