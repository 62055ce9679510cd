// For tests: a keyspace beside a model of Maps, driven by the same changes, and compared whole.

import * as fc from 'fast-check';
import { EngineError } from '../../errors.ts';
import { Arena } from '../../memory/arena.ts';
import type { ArenaOptions } from '../../memory/arena.ts';
import { endPosition } from '../database.ts';
import type { Database } from '../database.ts';
import { Keyspace } from '../keyspace.ts';

/** What a key holds; texts are latin1. */
export interface Held {
  readonly value: string;
  readonly deadlineMs: number;
}

/** One change; keys and values by number, so that they shrink. */
export type Change =
  | { op: 'put'; database: number; key: string; value: string; deadlineMs: number }
  | { op: 'append'; database: number; key: string; value: string }
  | { op: 'overwrite'; database: number; key: string; value: string; offset: number }
  | { op: 'deadline'; database: number; key: string; deadlineMs: number }
  | { op: 'rename'; database: number; key: string; to: string }
  | { op: 'remove'; database: number; key: string }
  | { op: 'swap'; database: number; to: number }
  | { op: 'flush'; database: number }
  | { op: 'flushAll' }
  | { op: 'reclaim'; budget: number };

/** Builds a keyspace with small segments, so that a few keys make it split and merge. */
export function smallKeyspace(options: ArenaOptions = { capacityBytes: 2 ** 20 }): Keyspace {
  const arena = new Arena(options);
  return new Keyspace({ arena, databaseCount: 3, hashSeed: 20_260_101, segmentSlots: 16 });
}

const databases = fc.constantFrom(0, 0, 0, 1, 2);
const keys = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 60 }).map((at) => `key:${at}`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', 'long'.repeat(16), `${'long'.repeat(16)}er`) },
);
const values = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 150 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4080, max: 4110 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4111, max: 90_000 }) },
).chain((length) => fc.nat(25).map((letter) => String.fromCharCode(97 + letter).repeat(length)));
const deadlines = fc.constantFrom(0, 0, 0, 1, 1_700_000_000_123, 2 ** 45 + 1);

/** Any change; weights keep databases from being empty most of the time. */
export const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      op: fc.constant('put' as const), database: databases, key: keys, value: values,
      deadlineMs: deadlines,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('append' as const), database: databases, key: keys, value: values,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('overwrite' as const), database: databases, key: keys, value: values,
      offset: fc.constantFrom(0, 1, 50, 200, 5000),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant('deadline' as const), database: databases, key: keys, deadlineMs: deadlines,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant('rename' as const), database: databases, key: keys, to: keys,
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({ op: fc.constant('remove' as const), database: databases, key: keys }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('swap' as const), database: databases, to: databases }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('flush' as const), database: databases }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'flushAll' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('reclaim' as const), budget: fc.integer({ min: 1, max: 50 }),
    }),
  },
);

/** The entry of a key, or 0. */
export function findKey(database: Database, key: string): number {
  const bytes = Buffer.from(key, 'latin1');
  return database.find(bytes, 0, bytes.length);
}

/** Sets a key to a text. */
export function putText(
  database: Database, key: string, value: string, deadlineMs: number = 0,
): number {
  findKey(database, key);
  const bytes = Buffer.from(value, 'latin1');
  return database.put(bytes, 0, bytes.length, deadlineMs);
}

/** The key of an entry. */
export function keyText(database: Database, entry: number): string {
  const start = database.keyStart(entry);
  return database.keyspace.arena.u8.toString('latin1', start, start + database.keyLength(entry));
}

/** What an entry holds. */
export function held(database: Database, entry: number): Held {
  const start = database.valueStart(entry);
  const end = start + database.valueLength(entry);
  const value = database.keyspace.arena.u8.toString('latin1', start, end);
  return { value, deadlineMs: database.deadlineMs(entry) };
}

/** Everything in a database, met by walking. */
export function contents(database: Database, budget: number = 7): Map<string, Held> {
  const all = new Map<string, Held>();
  for (let position = 0; position < endPosition;) {
    position = database.walk(position, budget, (entry) => {
      all.set(keyText(database, entry), held(database, entry));
    });
  }
  return all;
}

/** A keyspace and what it should hold. */
export class ModelledKeyspace {
  readonly keyspace: Keyspace;
  models: Map<string, Held>[];
  /** How many changes met a full arena. */
  refusals: number = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.models = keyspace.databases.map(() => new Map<string, Held>());
  }

  /** Makes the change in both, in neither when the arena is full. */
  apply(change: Change): void {
    try {
      this.changeKeyspace(change);
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ARENA_FULL') {
        this.refusals++;
        return;
      }
      throw error;
    }
    this.changeModel(change);
  }

  /** The first difference between both, or null; `otherBytes` of the arena are somebody else's. */
  difference(otherBytes: number = 0): string | null {
    const { keyspace } = this;
    let entryBytes = 0;
    for (const database of keyspace.databases) {
      const problem = this.differenceIn(database, this.models[database.index] as Map<string, Held>);
      if (problem !== null) {
        return `database ${database.index}: ${problem}`;
      }
      database.walk(0, Infinity, (entry) => {
        entryBytes += database.occupiedBytes(entry);
      });
    }
    if (keyspace.preserver !== null || !keyspace.reclaim(Infinity)) {
      return null;
    }
    const expected = otherBytes + entryBytes + keyspace.segments.bytes;
    const used = keyspace.arena.usedBytes;
    return used === expected ? null : `${used} bytes are used and not ${expected}`;
  }

  private differenceIn(database: Database, model: Map<string, Held>): string | null {
    if (database.size !== model.size) {
      return `${database.size} keys and not ${model.size}`;
    }
    for (const [key, { value, deadlineMs }] of model) {
      const entry = findKey(database, key);
      const found = entry === 0 ? null : held(database, entry);
      if (found === null || found.value !== value || found.deadlineMs !== deadlineMs) {
        return `key ${key} holds ${JSON.stringify(found)?.slice(0, 60)} and not ` +
          `${value.length} times ${value[0]}, deadline ${deadlineMs}`;
      }
    }
    return walkDifference(database, model);
  }

  private changeKeyspace(change: Change): void {
    if (change.op === 'flushAll') {
      this.keyspace.flushAll();
    } else if (change.op === 'reclaim') {
      this.keyspace.reclaim(change.budget);
    } else if (change.op === 'swap') {
      this.keyspace.swap(change.database, change.to);
    } else {
      changeDatabase(this.keyspace.databases[change.database] as Database, change);
    }
  }

  private changeModel(change: Change): void {
    if (change.op === 'flushAll') {
      this.models = this.models.map(() => new Map<string, Held>());
    } else if (change.op === 'swap') {
      const kept = this.models[change.database] as Map<string, Held>;
      this.models[change.database] = this.models[change.to] as Map<string, Held>;
      this.models[change.to] = kept;
    } else if (change.op !== 'reclaim') {
      changeMap(this.models[change.database] as Map<string, Held>, change);
    }
  }
}

type OneDatabaseChange = Exclude<Change, { op: 'flushAll' | 'reclaim' | 'swap' }>;

function changeDatabase(database: Database, change: OneDatabaseChange): void {
  if (change.op === 'flush') {
    database.flush();
    return;
  }
  if (change.op === 'put') {
    putText(database, change.key, change.value, change.deadlineMs);
    return;
  }
  const entry = findKey(database, change.key);
  if (entry === 0) {
    return;
  }
  if (change.op === 'remove') {
    database.remove(entry);
  } else if (change.op === 'deadline') {
    database.setDeadline(entry, change.deadlineMs);
  } else if (change.op === 'rename') {
    const to = Buffer.from(change.to, 'latin1');
    database.rename(entry, to, 0, to.length);
  } else {
    const value = Buffer.from(change.value, 'latin1');
    if (change.op === 'append') {
      database.append(entry, value, 0, value.length);
    } else if (value.length > 0) {
      database.overwrite(entry, change.offset, value, 0, value.length);
    }
  }
}

function changeMap(map: Map<string, Held>, change: OneDatabaseChange): void {
  if (change.op === 'flush') {
    map.clear();
    return;
  }
  if (change.op === 'put') {
    map.set(change.key, { value: change.value, deadlineMs: change.deadlineMs });
    return;
  }
  const old = map.get(change.key);
  if (old === undefined) {
    return;
  }
  if (change.op === 'remove') {
    map.delete(change.key);
  } else if (change.op === 'deadline') {
    map.set(change.key, { ...old, deadlineMs: change.deadlineMs });
  } else if (change.op === 'rename') {
    map.delete(change.key);
    map.set(change.to, old);
  } else if (change.op === 'append') {
    map.set(change.key, { ...old, value: old.value + change.value });
  } else if (change.value.length > 0) {
    const head = old.value.slice(0, change.offset).padEnd(change.offset, '\0');
    const tail = old.value.slice(change.offset + change.value.length);
    map.set(change.key, { ...old, value: head + change.value + tail });
  }
}

/** Walking must meet every key once, in order, and those with a deadline in the second dict. */
function walkDifference(database: Database, model: Map<string, Held>): string | null {
  const met: string[] = [];
  let last = -1;
  let ordered = true;
  database.walk(0, Infinity, (entry) => {
    ordered &&= database.positionOf(entry) >= last;
    last = database.positionOf(entry);
    met.push(keyText(database, entry));
  });
  if (!ordered || met.length !== model.size || new Set(met).size !== model.size) {
    return `walking met ${met.length} keys, ${ordered ? 'in' : 'out of'} order`;
  }
  const mortal: string[] = [];
  database.walkDeadlines(0, Infinity, (entry) => {
    mortal.push(keyText(database, entry));
  });
  const expected = [...model].filter(([, { deadlineMs }]) => deadlineMs !== 0);
  const right = mortal.length === expected.length && database.deadlineCount === mortal.length &&
    expected.every(([key]) => mortal.includes(key));
  return right ? null : `${mortal.length} keys with deadlines and not ${expected.length}`;
}
