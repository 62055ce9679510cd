// Values of all types as text, for tests to compare.
import type { Collections } from '../../collections/collections.ts';
import type { Database } from '../../keyspace/database.ts';
import {
  typeHash, typeList, typeSet, typeSortedSet,
} from '../../keyspace/entry.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';

const byFirst = ([left]: readonly unknown[], [right]: readonly unknown[]): number =>
  (String(left) < String(right) ? -1 : 1);

/** A string in latin1; `list […]`, `set […]` sorted, `sorted set [[member, score], …]`,
 * `hash [[field, value, deadline], …]` sorted. */
export function describeValue(
  database: Database, entry: EntryAddress, collections: Collections,
): string {
  switch (database.type(entry)) {
    case typeList: {
      const list = collections.list().open(database, entry);
      const elements: string[] = [];
      for (let more = list.first(); more; more = list.next()) elements.push(elementOf(list));
      return `list ${JSON.stringify(elements)}`;
    }
    case typeSet: {
      const set = collections.set().open(database, entry);
      const members: string[] = [];
      for (let more = set.first(); more; more = set.next()) members.push(elementOf(set));
      return `set ${JSON.stringify(members.toSorted())}`;
    }
    case typeSortedSet: {
      const sortedSet = collections.sortedSet().open(database, entry);
      const members: [string, number | string][] = [];
      for (let more = sortedSet.first(); more; more = sortedSet.next()) {
        members.push([elementOf(sortedSet), shown(sortedSet.score)]);
      }
      return `sorted set ${JSON.stringify(members)}`;
    }
    case typeHash: {
      const hash = collections.hash().open(database, entry);
      const fields: [string, string, number][] = [];
      for (let more = hash.first(); more; more = hash.next()) {
        const value = hash.valueBuffer.toString('latin1', hash.valueStart, hash.valueEnd);
        fields.push([elementOf(hash), value, hash.deadlineMs]);
      }
      return `hash ${JSON.stringify(fields.toSorted(byFirst))}`;
    }
    default: {
      const start = database.valueStart(entry);
      const end = start + database.valueLength(entry);
      return database.keyspace.arena.u8.toString('latin1', start, end);
    }
  }
}

interface Element {
  readonly elementBuffer: Buffer;
  readonly elementStart: number;
  readonly elementEnd: number;
}

function elementOf({ elementBuffer, elementStart, elementEnd }: Element): string {
  return elementBuffer.toString('latin1', elementStart, elementEnd);
}

/** JSON has no infinities. */
function shown(score: number): number | string {
  return Number.isFinite(score) ? score : score > 0 ? 'inf' : '-inf';
}
