// Large values that change in place while a snapshot reads them.
import test from 'ava';
import { windowMask, windowShift } from '../memory/arena.ts';
import { pieceBytes } from './pins.ts';
import { oneString } from './test-support/one-string.ts';

const valueBytes = 5 * pieceBytes + 100;

function setUp(capacityBytes: number = 2 ** 24) {
  const { arena, keyspace, database, entry, bytes } = oneString(valueBytes, { capacityBytes });
  const { kept } = keyspace;
  /** The addresses of the pieces that were kept. */
  const pieces = (table: number): number[] =>
    Array.from({ length: 6 }, (_, piece) => (arena.words[table >>> windowShift] as Int32Array)[
      (table & windowMask) * 2 + piece] as number);
  const textOf = (piece: number, length: number): string => {
    const start = (piece & windowMask) * 8;
    return (arena.windows[piece >>> windowShift] as Buffer)
      .toString('latin1', start, start + length);
  };
  return { arena, keyspace, database, entry, kept, pieces, textOf, bytes };
}

const fresh = Buffer.from('new');

test('what changes is kept once, piece by piece, and nothing else', (t) => {
  const { database, entry, kept, pieces, textOf, bytes } = setUp();
  kept.pin(0, entry);
  const { table } = kept;
  t.is(kept.bytes, 0, 'a value that is only read costs nothing');
  t.is(database.overwrite(entry, 2 * pieceBytes - 1, fresh, 0, 3), entry, 'it stays where it is');
  t.deepEqual(pieces(table).map((piece) => piece !== 0), [false, true, true, false, false, false]);
  t.is(kept.bytes, 2 * pieceBytes);
  database.overwrite(entry, 2 * pieceBytes + 50, fresh, 0, 3);
  t.is(kept.bytes, 2 * pieceBytes, 'the second change of a piece costs nothing');
  database.overwrite(entry, valueBytes - 3, fresh, 0, 3);
  t.is(kept.bytes, 2 * pieceBytes + 100, 'the last piece is a short one');
  const old = bytes.toString('latin1', 1);
  for (const [number, piece] of pieces(table).entries()) {
    if (piece === 0) continue;
    const expected = old.slice(number * pieceBytes, (number + 1) * pieceBytes);
    t.is(textOf(piece, expected.length), expected);
  }
  const start = database.valueOffset(entry);
  t.is(database.valueBuffer(entry).toString('latin1', start + valueBytes - 3, start + valueBytes),
    'new');
});

test('what is appended was not there, and costs nothing', (t) => {
  const { database, entry, kept } = setUp();
  const grown = database.append(entry, fresh, 0, 3);
  kept.pin(0, grown);
  t.is(database.append(grown, fresh, 0, 3), grown);
  t.is(kept.bytes, 100 + 3, 'only the piece that it ends in');
});

test('pieces are given back a few at a time, and the value with them when its key is gone', (t) => {
  const { arena, database, entry, kept } = setUp();
  const before = arena.usedBytes;
  kept.pin(0, entry);
  database.overwrite(entry, 0, Buffer.alloc(valueBytes, 'x'), 0, valueBytes);
  t.is(kept.bytes, valueBytes);
  database.remove(entry);
  t.true(kept.bytes > 2 * valueBytes, 'the value itself is kept now');
  kept.release(10);
  t.true(kept.bytes > 2 * valueBytes, 'it is not read yet');
  kept.acknowledge(1);
  t.is(kept.count, 1);
  t.false(kept.release(4));
  t.true(kept.bytes > valueBytes && kept.count === 1);
  t.true(kept.release(4));
  t.is(kept.bytes, 0);
  t.is(kept.count, 0);
  t.true(arena.usedBytes < before);
});

test('the next snapshot does not find the pieces of the last one', (t) => {
  const { keyspace, database, entry, kept, pieces, textOf } = setUp();
  kept.pin(0, entry);
  database.overwrite(entry, 0, fresh, 0, 3);
  keyspace.endSnapshot();
  const bytes = kept.bytes;
  database.overwrite(entry, pieceBytes, fresh, 0, 3);
  t.is(kept.bytes, bytes, 'nobody reads it');
  keyspace.beginSnapshot({ preserve: () => {}, flushed: () => {} });
  kept.pin(0, entry);
  t.deepEqual(pieces(kept.table), [0, 0, 0, 0, 0, 0]);
  database.overwrite(entry, 0, Buffer.from('NEW'), 0, 3);
  t.is(textOf(pieces(kept.table)[0] as number, 4), 'newl');
  keyspace.endSnapshot();
  t.true(kept.release(Infinity));
  t.is(kept.bytes, 0);
});

test('a copy that is discarded leaves the table to the pin that came first', (t) => {
  const { database, entry, kept, pieces } = setUp();
  const copy = kept.copy(entry);
  const { table } = kept;
  kept.pin(0, entry);
  t.is(kept.table, table);
  kept.discard(copy);
  database.overwrite(entry, 0, fresh, 0, 3);
  t.not(pieces(table)[0], 0);
});

test('no room for a piece: nothing has changed', (t) => {
  const { arena, database, entry, kept } = setUp(2 ** 20);
  kept.pin(0, entry);
  const filler: number[] = [];
  t.throws(() => {
    for (;;) filler.push(arena.allocate(30_000));
  }, { code: 'ARENA_FULL' });
  t.throws(() => database.overwrite(entry, 0, fresh, 0, 3), { code: 'ARENA_FULL' });
  const start = database.valueOffset(entry);
  t.is(database.valueBuffer(entry).toString('latin1', start, start + 3), 'ldo');
  t.is(kept.bytes, 0);
});
