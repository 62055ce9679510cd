// Values that are not strings: packs that grow and shrink, trees that go with their entry, hashes
// noted for the deadlines of their fields.

import test from 'ava';
import { Arena } from '../memory/arena.ts';
import { orderHash, orderScore, rootBytes, Tree, TreeReader } from '../tree/tree.ts';
import { endPosition } from './database.ts';
import type { Database } from './database.ts';
import {
  encodingPack, encodingRaw, encodingTree, typeHash, typeList, typeSet, typeSortedSet, typeString,
} from './entry.ts';
import { Keyspace } from './keyspace.ts';
import { findKey, keyText, putText } from './test-support/model.ts';

const nobody = { preserve(): void {}, flushed(): void {} };

function fixture(): { keyspace: Keyspace; database: Database; other: Database } {
  const arena = new Arena({ capacityBytes: 2 ** 24 });
  const keyspace = new Keyspace({
    arena, databaseCount: 2, hashSeed: 42, segmentSlots: 16, treePageBytes: 256,
  });
  const [database, other] = keyspace.databases as [Database, Database];
  return { keyspace, database, other };
}

/** Sets a key to a set of `count` numbered members. */
function putSet(database: Database, key: string, count: number): number {
  findKey(database, key);
  const entry = database.reserveTyped(typeSet, encodingTree, rootBytes, 0);
  const tree = new Tree(database.keyspace.treeHost);
  tree.create(database.valueBuffer(entry), database.valueOffset(entry), orderHash);
  for (let member = 0; member < count; member++) {
    addMember(tree, member);
  }
  return entry;
}

function addMember(tree: Tree, member: number): void {
  const text = `member:${member}`;
  tree.seekHash(Math.imul(member, 0x9e3779b1) >>> 1);
  tree.insert(text.length);
  tree.elementBuffer.write(text, tree.elementStart);
}

function reader(database: Database, entry: number): TreeReader {
  const tree = new TreeReader(database.keyspace.treeHost);
  return tree.open(database.valueBuffer(entry), database.valueOffset(entry));
}

function membersOf(tree: TreeReader): string[] {
  const members: string[] = [];
  for (let more = tree.seekFirst(); more; more = tree.next()) {
    members.push(tree.elementBuffer.toString('latin1', tree.elementStart, tree.elementEnd));
  }
  return members.sort();
}

function members(count: number): string[] {
  return Array.from({ length: count }, (_, member) => `member:${member}`).sort();
}

/** Bytes in use beyond the entries, their trees and the index: 0 when nothing is lost. */
function lostBytes(keyspace: Keyspace): number {
  while (!keyspace.reclaim(3));
  let bytes = keyspace.segments.bytes;
  for (const database of keyspace.databases) {
    database.walk(0, Infinity, (entry) => {
      bytes += database.occupiedBytes(entry);
    });
  }
  return keyspace.arena.usedBytes - bytes;
}

test('a pack grows and shrinks, and keeps its beginning, type, encoding and deadline', (t) => {
  const { database, keyspace } = fixture();
  findKey(database, 'list');
  let entry = database.reserveTyped(typeList, encodingPack, 3, 1_700_000_000_000);
  database.valueBuffer(entry).write('abc', database.valueOffset(entry));
  const lengths = [4, 5, 50, 4095, 4096, 4097, 5000, 9000, 8999, 6000, 3000, 2100, 2000, 10, 3];
  for (const length of lengths) {
    entry = database.resizeValue(entry, length);
    t.is(findKey(database, 'list'), entry);
    t.is(database.valueLength(entry), length);
    t.is(database.type(entry), typeList);
    t.is(database.encoding(entry), encodingPack);
    t.is(database.deadlineMs(entry), 1_700_000_000_000);
    const start = database.valueOffset(entry);
    t.is(database.valueBuffer(entry).toString('latin1', start, start + 3), 'abc');
    t.is(lostBytes(keyspace), 0);
  }
  t.true(database.occupiedBytes(entry) < 64, 'the memory came back');
  database.setEncoding(entry, encodingTree);
  t.is(database.encoding(entry), encodingTree);
  t.is(database.type(entry), typeList);
  database.setEncoding(entry, encodingPack);
  entry = putText(database, 'list', 'xyz');
  t.is(database.type(entry), typeString);
  t.is(database.encoding(entry), encodingRaw);
  t.is(lostBytes(keyspace), 0);
});

test('touching a value tells the preserver once', (t) => {
  const { database, keyspace } = fixture();
  findKey(database, 'list');
  const entry = database.reserveTyped(typeList, encodingPack, 3, 0);
  const told: number[] = [];
  keyspace.beginSnapshot({ ...nobody, preserve: (_, at) => told.push(at) });
  t.is(database.resizeValue(entry, 3), entry);
  t.is(database.resizeValue(entry, 3), entry);
  t.deepEqual(told, [entry]);
  keyspace.endSnapshot();
});

test('a tree goes with its entry: deadline, rename, another database; and away with it', (t) => {
  const { database, other, keyspace } = fixture();
  let entry = putSet(database, 'set', 1000);
  t.true(database.occupiedBytes(entry) > 20_000);
  entry = database.setDeadline(entry, 1_700_000_000_000);
  const to = Buffer.from('a much longer name than before');
  putSet(database, to.toString(), 500);
  entry = database.rename(entry, to, 0, to.length);
  t.is(lostBytes(keyspace), 0);
  database.move(entry, other);
  t.is(database.size, 0);
  t.is(database.deadlineCount, 0);
  t.is(findKey(other, to.toString()), entry);
  t.is(other.deadlineMs(entry), 1_700_000_000_000);
  t.deepEqual(membersOf(reader(other, entry)), members(1000));
  t.is(lostBytes(keyspace), 0);
  putText(other, to.toString(), 'a string of 16 b');
  t.is(lostBytes(keyspace), 0);
  findKey(other, to.toString());
  t.is(other.type(findKey(other, to.toString())), typeString);
});

test('both trees of a sorted set are released', (t) => {
  const { database, keyspace } = fixture();
  findKey(database, 'zset');
  const entry = database.reserveTyped(typeSortedSet, encodingTree, 2 * rootBytes + 5, 0);
  const tree = new Tree(keyspace.treeHost);
  const [buffer, offset] = [database.valueBuffer(entry), database.valueOffset(entry)];
  tree.create(buffer, offset, orderScore);
  const second = new Tree(keyspace.treeHost).create(buffer, offset + rootBytes, orderHash);
  for (let at = 0; at < 5000; at++) {
    tree.seekScore(at, Buffer.from('m'), 0, 1);
    tree.insert(1);
    addMember(second, at);
  }
  t.is(lostBytes(keyspace), 0);
  putText(database, 'stays', 'x');
  database.remove(entry);
  t.is(lostBytes(keyspace), 0);
  t.true(keyspace.arena.usedBytes < 1000);
});

test('a snapshot reads a tree as it was, whatever becomes of the key', (t) => {
  for (const fate of ['changed', 'removed', 'replaced', 'renamed', 'flushed', 'all flushed']) {
    const { database, keyspace } = fixture();
    const entry = putSet(database, 'set', 600);
    putText(database, 'stays', 'x');
    const root = Buffer.alloc(rootBytes);
    keyspace.beginSnapshot({
      ...nobody,
      preserve(_, at) {
        const start = database.valueStart(at);
        keyspace.arena.u8.copy(root, 0, start, start + rootBytes);
      },
    });
    const buffer = database.valueBuffer(entry);
    const offset = database.valueOffset(entry);
    if (fate === 'changed') {
      t.is(database.resizeValue(entry, rootBytes), entry);
      const tree = new Tree(keyspace.treeHost).open(buffer, offset);
      tree.removeRange(100, 300);
      addMember(tree, 5000);
      t.is(membersOf(tree).length, 301);
    } else if (fate === 'removed') {
      database.remove(entry);
    } else if (fate === 'replaced') {
      putSet(database, 'set', 2000);
    } else if (fate === 'renamed') {
      database.rename(entry, Buffer.from('other'), 0, 5);
    } else {
      buffer.copy(root, 0, offset, offset + rootBytes);
      if (fate === 'flushed') {
        database.flush();
      } else {
        keyspace.flushAll();
      }
    }
    keyspace.reclaim(Infinity);
    const frozen = new TreeReader(keyspace.treeHost).open(root, 0);
    t.deepEqual(membersOf(frozen), members(600), fate);
    keyspace.endSnapshot();
    t.is(lostBytes(keyspace), 0, fate);
    keyspace.flushAll();
    t.true(keyspace.reclaim(1));
    t.is(keyspace.arena.usedBytes, 0, fate);
  }
});

test('a full arena takes back the trees that were released', (t) => {
  const { database, keyspace } = fixture();
  putText(database, 'stays', 'x');
  for (let round = 0; round < 30; round++) {
    // 30 times some 3 MB do not fit into 16 MiB.
    database.remove(putSet(database, 'set', 60_000));
  }
  t.is(lostBytes(keyspace), 0);
});

test('hashes with mortal fields stay noted through moves, and only them', (t) => {
  const { database, other, keyspace } = fixture();
  const noted = (from: Database): string[] => {
    const keys: string[] = [];
    t.is(from.walkFieldDeadlines(0, Infinity, (entry) => keys.push(keyText(from, entry))),
      endPosition);
    t.is(from.fieldDeadlineCount, keys.length);
    return keys.sort();
  };
  const hash = (key: string): number => {
    findKey(database, key);
    return database.reserveTyped(typeHash, encodingPack, 10, 0);
  };
  for (let at = 0; at < 100; at++) {
    database.noteFieldDeadline(hash(`h${at}`), at < 50 ? 5 : 0);
  }
  t.is(noted(database).length, 50);
  for (let at = 9; at < 50; at++) {
    database.noteFieldDeadline(findKey(database, `h${at}`), 0);
  }
  const entryOf = (key: string): number => findKey(database, key);
  database.noteFieldDeadline(entryOf('h0'), 7);
  database.resizeValue(entryOf('h0'), 5000);
  database.setDeadline(entryOf('h1'), 99);
  database.rename(entryOf('h2'), Buffer.from('h99'), 0, 3);
  database.rename(entryOf('h98'), Buffer.from('h3'), 0, 2);
  database.remove(entryOf('h4'));
  putText(database, 'h5', '0123456789');
  hash('h6');
  database.move(entryOf('h7'), other);
  t.deepEqual(noted(database), ['h0', 'h1', 'h8', 'h99']);
  t.deepEqual(noted(other), ['h7']);
  keyspace.swap(0, 1);
  t.deepEqual(noted(database), ['h7']);
  other.flush();
  t.deepEqual(noted(other), []);
  t.is(lostBytes(keyspace), 0);
});
