// A value once more, under another key: what COPY does.
//
// Packs and strings are copied as bytes, trees element by element. The copy is built under a key
// that no client has, then renamed over the destination: a full arena in the middle loses nothing.
import type { Collections } from '../../../collections/collections.ts';
import type { Database } from '../../../keyspace/database.ts';
import {
  encodingPackWithDeadlines, encodingTree, typeHash, typeList, typeSet, typeSortedSet,
} from '../../../keyspace/entry.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import { resultSlot } from '../build-result.ts';

const scratchKey: Buffer = Buffer.from('\0plugpull: a copy that is being made\0', 'latin1');

interface Source {
  readonly from: Database;
  readonly entry: EntryAddress;
}

interface Destination {
  readonly to: Database;
  readonly key: { readonly buffer: Buffer; readonly start: number; readonly end: number };
}

/** Points `to` at a scratch key that does not exist. */
function findScratch(to: Database): void {
  const last = scratchKey.length - 1;
  scratchKey[last] = 0;
  while (to.find(scratchKey, 0, scratchKey.length) !== 0) {
    scratchKey[last] = (scratchKey[last] as number) + 1;
  }
}

/**
 * Copies an entry with its deadlines to a key, over whatever has it.
 * @throws {EngineError} ARENA_FULL when there is no room; the destination is as it was.
 */
export function copyEntry(
  collections: Collections, source: Source, destination: Destination,
): void {
  const { from, entry } = source;
  const { to, key } = destination;
  findScratch(to);
  try {
    let copied = from.encoding(entry) === encodingTree
      ? copyTree(collections, source, to)
      : copyBytes(source, to);
    if (from.encoding(entry) === encodingPackWithDeadlines) {
      to.noteFieldDeadline(copied, collections.hash(0).open(from, entry).earliestDeadlineMs);
    }
    const deadlineMs = from.deadlineMs(entry);
    if (deadlineMs !== 0) copied = to.setDeadline(copied, deadlineMs);
    to.rename(copied, key.buffer, key.start, key.end);
  } catch (error) {
    const half = to.find(scratchKey, 0, scratchKey.length);
    if (half !== 0) to.remove(half);
    throw error;
  }
}

function copyBytes({ from, entry }: Source, to: Database): EntryAddress {
  const length = from.valueLength(entry);
  const copied = to.reserveTyped(from.type(entry), from.encoding(entry), length, 0);
  const start = from.valueOffset(entry);
  from.valueBuffer(entry)
    .copy(to.valueBuffer(copied), to.valueOffset(copied), start, start + length);
  return copied;
}

function copyTree(collections: Collections, source: Source, to: Database): EntryAddress {
  switch (source.from.type(source.entry)) {
    case typeList: return copyList(collections, source, to);
    case typeSet: return copySet(collections, source, to);
    case typeSortedSet: return copySortedSet(collections, source, to);
    case typeHash: return copyHash(collections, source, to);
    default: throw new Error(`no tree of type ${source.from.type(source.entry)} is known`);
  }
}

function copyList(
  collections: Collections, { from, entry }: Source, to: Database,
): EntryAddress {
  const target = collections.list(resultSlot).create(to);
  const list = collections.list(0).open(from, entry);
  for (let more = list.first(); more; more = list.next()) {
    target.push(false, list.elementBuffer, list.elementStart, list.elementEnd);
  }
  return target.entry;
}

function copySet(collections: Collections, { from, entry }: Source, to: Database): EntryAddress {
  const target = collections.set(resultSlot).create(to);
  const set = collections.set(0).open(from, entry);
  for (let more = set.first(); more; more = set.next()) {
    target.add(set.elementBuffer, set.elementStart, set.elementEnd);
  }
  return target.entry;
}

function copySortedSet(
  collections: Collections, { from, entry }: Source, to: Database,
): EntryAddress {
  const target = collections.sortedSet(resultSlot).create(to);
  const set = collections.sortedSet(0).open(from, entry);
  for (let more = set.first(); more; more = set.next()) {
    target.find(set.elementBuffer, set.elementStart, set.elementEnd);
    target.put(set.score);
  }
  return target.entry;
}

function copyHash(collections: Collections, { from, entry }: Source, to: Database): EntryAddress {
  const target = collections.hash(resultSlot).create(to);
  const hash = collections.hash(0).open(from, entry);
  for (let more = hash.first(); more; more = hash.next()) {
    target.find(hash.elementBuffer, hash.elementStart, hash.elementEnd);
    target.put(hash.valueBuffer, hash.valueStart, hash.valueEnd);
    if (hash.deadlineMs === 0) continue;
    target.find(hash.elementBuffer, hash.elementStart, hash.elementEnd);
    target.setDeadline(hash.deadlineMs);
  }
  return target.entry;
}
