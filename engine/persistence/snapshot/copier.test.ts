// The one moment that a test with two threads does not meet: the main thread changes an entry just
// while the writer copies it.
import test from 'ava';
import { Keyspace } from '../../keyspace/keyspace.ts';
import { oneString } from '../../keyspace/test-support/one-string.ts';
import { ArenaView } from '../../memory/view.ts';
import { ScratchCopier } from './copier.ts';
import { SnapshotRing } from './ring.ts';

/** Does something between the copy and the claim. */
class MeddledRing extends SnapshotRing {
  meddle: () => void = () => {};

  override claim(sequence: number, entry: number): boolean {
    this.meddle();
    return super.claim(sequence, entry);
  }
}

function setUp(valueBytes: number) {
  const { arena, keyspace, entry } = oneString(valueBytes, { keyBytes: 3, deadlineMs: 77 });
  const ring = new MeddledRing();
  ring.put(0, entry, 0);
  const view = new ArenaView(arena.buffer);
  const other = new Keyspace({ arena: view, databaseCount: 1, hashSeed: 0 }).databases[0];
  if (other === undefined) throw new Error('no database');
  const text = (at: number): string => {
    const start = other.valueOffset(at);
    return other.valueBuffer(at).toString('latin1', start, start + other.valueLength(at));
  };
  return { keyspace, entry, ring, view, text, other, copier: new ScratchCopier(view) };
}

for (const valueBytes of [30, 3000, 90_000]) {
  test(`a value of ${valueBytes} bytes is copied, and then it may change`, (t) => {
    const { keyspace, entry, ring, view, text, other, copier } = setUp(valueBytes);
    const copy = copier.copy(ring, 0);
    t.is(copy, view.scratch);
    keyspace.entries.clearValue(entry, 0, valueBytes);
    t.is(text(copy), Buffer.alloc(valueBytes, 'old').toString());
    t.is(other.deadlineMs(copy), 77);
    t.is(ring.entryAt(0), 0);
  });

  test(`a value of ${valueBytes} bytes replaced meanwhile is read from what replaced it`, (t) => {
    const { keyspace, entry, ring, text, copier } = setUp(valueBytes);
    ring.meddle = (): void => {
      const kept = keyspace.kept.copy(entry);
      t.true(ring.replace(0, entry, kept));
      keyspace.entries.clearValue(entry, 0, valueBytes);
    };
    const copy = copier.copy(ring, 0);
    t.not(copy, entry);
    t.is(text(copy), Buffer.alloc(valueBytes, 'old').toString());
  });
}

test('a record larger than the scratch pad finds room', (t) => {
  const { keyspace, view, ring, copier, other } = setUp(10);
  const database = keyspace.databases[0];
  if (database === undefined) throw new Error('no database');
  const key = Buffer.alloc(400_000, 'k');
  database.find(key, 0, key.length);
  ring.put(0, database.put(key, 0, 9, 0), 0);
  const copy = copier.copy(ring, 0);
  t.is(copy, view.scratch);
  t.is(other.keyLength(copy), key.length);
  t.is(other.keyBuffer(copy).compare(key, 0, 400_000, other.keyOffset(copy),
    other.keyOffset(copy) + 400_000), 0);
});

test('an entry that may not be read stops the writer', (t) => {
  const { ring, entry, copier } = setUp(10);
  t.true(ring.replace(0, entry, 0));
  t.is(copier.copy(ring, 0), 0);
});
