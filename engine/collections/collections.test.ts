// Adopting packs, what names and limits say, and what a snapshot sees of collections.

import test from 'ava';
import { encodingIntPack, encodingPack, encodingTree, typeHash, typeList, typeSet, typeSortedSet }
  from '../keyspace/entry.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { Collections } from './collections.ts';
import type { CollectionHandle } from './handle.ts';
import { encodingName, listPackBytes } from './limits.ts';
import { ElementWriter } from './pack/listpack.ts';
import { argument, everything, seen, seenValue, World } from './test-support/world.ts';

type Kind = 'list' | 'hash' | 'set' | 'integers' | 'sortedSet';
const kinds: readonly Kind[] = ['list', 'hash', 'set', 'integers', 'sortedSet'];

function textOf(kind: Kind, at: number): string {
  return kind === 'integers' ? String(at * 1000 - 5000) : `e${at}`;
}

function add(world: World, kind: Kind, at: number, extra: string = ''): void {
  const bytes = argument(textOf(kind, at));
  if (kind === 'list') {
    world.list().push(false, ...bytes);
  } else if (kind === 'hash') {
    const hash = world.hash();
    hash.find(...bytes);
    hash.put(...argument(`value ${at}${extra}`));
    hash.find(...bytes);
    if (at % 3 === 1) hash.setDeadline(1000 + at);
  } else if (kind === 'sortedSet') {
    const set = world.sortedSet();
    set.find(...bytes);
    set.put(at + extra.length);
  } else {
    world.set().add(...bytes);
  }
}

function remove(world: World, kind: Kind, at: number): void {
  const bytes = argument(textOf(kind, at));
  if (kind === 'list') {
    world.list().removeRange(0, 1);
  } else if (kind === 'hash') {
    const hash = world.hash();
    if (hash.find(...bytes)) hash.remove();
  } else if (kind === 'sortedSet') {
    const set = world.sortedSet();
    if (set.find(...bytes)) set.remove();
  } else {
    world.set().remove(...bytes);
  }
}

function open(collections: Collections, world: World, kind: Kind, entry: EntryAddress) {
  const handle = handleOf(collections, kind);
  return entry === 0 ? handle.create(world.database) : handle.open(world.database, entry);
}

function handleOf(collections: Collections, kind: Kind): CollectionHandle {
  const slot = kind === 'integers' ? 'set' : kind;
  return collections[slot]();
}

function contents(handle: CollectionHandle): string[] {
  return everything(handle, show);
}

function show(handle: CollectionHandle): string {
  const parts: unknown[] = [seen(handle)];
  if ('deadlineMs' in handle) parts.push(seenValue(handle as never), handle.deadlineMs);
  if ('score' in handle) parts.push(handle.score);
  return parts.join(' ');
}

for (const kind of kinds) {
  for (const count of [6, 200]) {
    test(`a snapshot sees ${kind} of ${count} as it was, whatever comes`, (t) => {
      const world = new World();
      const { keyspace, database } = world;
      if (count > 6) world.tiny();
      for (let at = 0; at < count; at++) add(world, kind, at);
      const before = contents(open(world.collections, world, kind, world.entry));
      const readers = new Collections(keyspace);
      let preserved: string[] = [];
      let copy: Buffer | null = null;
      let times = 0;
      keyspace.beginSnapshot({
        preserve(_, entry) {
          times++;
          preserved = contents(open(readers, world, kind, entry));
          if (database.encoding(entry) !== encodingTree) return;
          const start = database.valueOffset(entry);
          copy = Buffer.from(
            database.valueBuffer(entry).subarray(start, start + database.valueLength(entry)),
          );
        },
        flushed() {},
      });
      for (let at = count - 1; at >= 0; at -= 2) remove(world, kind, at);
      for (let at = 0; at < count * 2; at++) add(world, kind, at, 'new');
      for (let at = 0; at < count * 2; at++) remove(world, kind, at);
      t.is(times, 1);
      t.deepEqual(preserved, before);
      t.is(copy !== null, count > 6);
      if (copy !== null) {
        const { length } = copy as Buffer;
        const handle = handleOf(readers, kind).openCopy(database, copy, 0, length);
        const shown: string[] = [];
        for (let more = handle.first(); more; more = handle.next()) shown.push(show(handle));
        t.deepEqual(shown, before, 'the roots copied read as before, too');
      }
      keyspace.endSnapshot();
      while (!keyspace.reclaim(1000));
    });
  }

  test(`${kind}: a pack that was written is adopted, its parts are not`, (t) => {
    const from = new World();
    for (let at = 0; at < 6; at++) add(from, kind, at);
    const handle = open(from.collections, from, kind, from.entry);
    const bytes = Buffer.from(handle.packBuffer.subarray(handle.packStart, handle.packEnd));
    const before = contents(handle);
    const world = new World();
    const adopt = (pack: Buffer): boolean => {
      const empty = open(world.collections, world, kind, world.entry);
      if (kind === 'integers') return world.set().adoptIntSet(pack, 0, pack.length);
      return kind === 'hash'
        ? world.hash().adoptPackWithDeadlines(pack, 0, pack.length)
        : empty.adoptPack(pack, 0, pack.length);
    };
    for (let end = 0; end < bytes.length; end++) {
      t.false(adopt(bytes.subarray(0, end)));
      t.is(world.entry, 0);
    }
    t.true(adopt(bytes));
    t.deepEqual(contents(open(world.collections, world, kind, world.entry)), before);
    t.is(world.collections.length(world.database, world.entry), 6);
    t.is(world.database.fieldDeadlineCount, kind === 'hash' ? 1 : 0);
  });
}

test('packs beyond the limits, with duplicates or out of order are not adopted', (t) => {
  const packOf = (...elements: string[]): Buffer => {
    const list = new World();
    for (const element of elements) list.list().push(false, ...argument(element));
    const handle = list.list();
    return Buffer.from(handle.packBuffer.subarray(handle.packStart, handle.packEnd));
  };
  const fresh = (): World => new World().tiny();
  const hash = (...elements: string[]): boolean => {
    const pack = packOf(...elements);
    return fresh().hash().adoptPack(pack, 0, pack.length);
  };
  const sortedSet = (...elements: string[]): boolean => {
    const pack = packOf(...elements);
    return fresh().sortedSet().adoptPack(pack, 0, pack.length);
  };
  const set = (...elements: string[]): boolean => {
    const pack = packOf(...elements);
    return fresh().set().adoptPack(pack, 0, pack.length);
  };
  t.true(hash('a', '1', 'b', '1'));
  t.false(hash('a', '1', 'a', '2'));
  t.false(hash('a', '1', 'b'));
  t.false(hash(...Array.from({ length: 18 }, (_, at) => String(at))));
  t.false(hash('a', 'a value that is too long'));
  t.true(sortedSet('a', '1', 'b', '1', 'a2', '1.5', 'c', 'inf'));
  t.false(sortedSet('b', '1', 'a', '1'));
  t.false(sortedSet('a', '2', 'b', '1'));
  t.false(sortedSet('a', '1', 'a', '2'));
  t.false(sortedSet('a', 'nan'));
  t.false(sortedSet('a', 'b'));
  t.false(sortedSet('a', ''));
  t.true(set('a', 'b', '12'));
  t.false(set('a', 'a'));
  t.false(set(...Array.from({ length: 9 }, (_, at) => `m${at}`)));
});

test('triples are adopted in order of their deadlines only', (t) => {
  const adopted = (...deadlines: string[]): boolean => {
    const world = new World();
    for (const [at, deadline] of deadlines.entries()) {
      for (const element of [`f${at}`, 'v', deadline]) {
        world.list().push(false, ...argument(element));
      }
    }
    const list = world.list();
    const pack = Buffer.from(list.packBuffer.subarray(list.packStart, list.packEnd));
    return new World().hash().adoptPackWithDeadlines(pack, 0, pack.length);
  };
  t.true(adopted('5', '7', '7', '0', '0'));
  t.false(adopted('7', '5'));
  t.false(adopted('0', '5'));
  t.false(adopted('-5', '5'));
  t.false(adopted('x'));
  t.false(adopted('0'), 'without deadlines it would be a pack of pairs');
});

test('limits belong to the keyspace; the names are those of 7.0.15', (t) => {
  const world = new World();
  world.collections.limits.hashEntries = 3;
  t.is(new Collections(world.keyspace).limits.hashEntries, 3);
  t.is(new World().collections.limits.hashEntries, 512);
  t.is(encodingName(typeHash, encodingPack), 'listpack');
  t.is(encodingName(typeHash, encodingTree), 'hashtable');
  t.is(encodingName(typeList, encodingPack), 'quicklist');
  t.is(encodingName(typeSet, encodingIntPack), 'intset');
  t.is(encodingName(typeSet, encodingPack), 'hashtable');
  t.is(encodingName(typeSortedSet, encodingTree), 'skiplist');
  t.deepEqual([-1, -2, -5, 100].map(listPackBytes), [4096, 8192, 65536, 8192]);
});

test('an element popped, or removed, stays readable while it is pushed to the same key', (t) => {
  const world = new World();
  for (let at = 0; at < 5; at++) add(world, 'list', at);
  const list = world.list();
  t.true(list.pop(true));
  list.push(false, list.elementBuffer, list.elementStart, list.elementEnd);
  t.deepEqual(contents(world.list()), ['e1', 'e2', 'e3', 'e4', 'e0']);
});

test('scratch buffers that grew for a huge element make way for small ones', (t) => {
  const world = new World({ capacityBytes: 16 * 1024 * 1024 });
  const most = 64 * 1024;
  const huge = argument('x'.repeat(1_000_000));
  const small = argument('small');
  for (const bytes of [huge, huge, small]) world.list().push(false, ...bytes);
  const list = world.list();
  list.pop(true);
  const { elementBuffer } = list;
  t.true(elementBuffer.length > 1_000_000);
  list.pop(true);
  t.is(list.elementBuffer, elementBuffer, 'the same for two huge ones');
  list.pop(true);
  t.true(list.elementBuffer.length <= most, 'list');
  const writer = new ElementWriter();
  writer.addString(...huge);
  writer.length = 0;
  writer.addString(...small);
  t.true(writer.bytes.length <= most, 'writer of packs');
});
