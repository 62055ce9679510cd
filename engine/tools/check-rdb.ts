// check-rdb: reads a snapshot as the server would, keeps nothing, and says whether it is whole.
import { EngineError } from '../errors.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import { Arena } from '../memory/arena.ts';
import { RdbDecoder } from '../rdb/decoder.ts';
import type { ToolPorts } from './log-files.ts';

/** What a snapshot holds. */
export interface SnapshotFacts {
  readonly version: number;
  readonly keys: number;
  /** Keys whose deadline has passed. */
  readonly expired: number;
  readonly aux: ReadonlyMap<string, string>;
  /** Where the snapshot ends: in a base, commands may follow. */
  readonly endOffset: number;
  /** It has no checksum: only its structure was looked at. */
  readonly unchecked: boolean;
}

/** What is said of such a snapshot. */
export const uncheckedText: string = '  no checksum (it was saved with rdbchecksum no): damage that'
  + ' keeps its structure whole would not be noticed';

/** What is read between two looks at the clock; keys are forgotten after each. */
const stepBytes = 4 * 1024 * 1024;
const databases = 16384;

/**
 * Reads a whole snapshot.
 * @throws {EngineError} RDB_BAD, RDB_UNSUPPORTED, ARENA_FULL when one value is larger than memory.
 */
export function readSnapshot(
  ports: Pick<ToolPorts, 'disk' | 'arenaBytes'>, path: string, nowMs: number,
): SnapshotFacts {
  const { arenaBytes } = ports;
  const arena = new Arena(arenaBytes === undefined ? {} : { capacityBytes: arenaBytes });
  const keyspace = new Keyspace({ arena, databaseCount: databases, hashSeed: 1 });
  const decoder = new RdbDecoder({
    disk: ports.disk, path, keyspace, checksum: true, keepExpired: false, nowMs, replace: true,
  });
  try {
    while (!decoder.step(stepBytes)) keyspace.flushAll();
    return {
      version: decoder.version, keys: decoder.keysLoaded + decoder.keysExpired,
      expired: decoder.keysExpired, aux: decoder.aux, endOffset: decoder.offset,
      unchecked: decoder.unchecked,
    };
  } finally {
    decoder.close();
  }
}

/** Runs the tool; returns the exit code: 0 whole, 1 not. */
export function checkRdb(ports: ToolPorts, path: string, nowMs: number): number {
  try {
    const facts = readSnapshot(ports, path, nowMs);
    ports.print(`${path}: version ${facts.version}`);
    for (const [name, value] of facts.aux) ports.print(`  ${name} = '${value}'`);
    ports.print(`  ${facts.keys} keys, ${facts.expired} of them past their deadline`);
    if (facts.unchecked) ports.print(uncheckedText);
    ports.print(`[offset ${facts.endOffset}] \\o/ RDB looks OK! \\o/`);
    return 0;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    ports.print(`--- RDB ERROR DETECTED ---\n${error.message}`);
    return 1;
  }
}
