// Large values that the main thread changes at the worst moment: between the copy of a piece and
// the question whether it has changed, and before and after that.
import test from 'ava';
import * as fc from 'fast-check';
import { pieceBytes } from '../../keyspace/pins.ts';
import { oneString } from '../../keyspace/test-support/one-string.ts';
import { memoryDisk, TestEngine } from '../test-support/test-engine.ts';
import { LargeValueReader } from './large-values.ts';
import { SnapshotRing } from './ring.ts';

const seed = 20261201;
const valueBytes = 3 * pieceBytes + 500;

/** Changes the value in the middle of its being read. */
class MeddledRing extends SnapshotRing {
  meddle: () => void = () => {};

  override tableAt(sequence: number): number {
    this.meddle();
    return super.tableAt(sequence);
  }
}

for (const moment of ['before', 'between copy and question', 'after'] as const) {
  test(`a piece that changes ${moment} is read as it was`, (t) => {
    const { arena, keyspace, database, entry, bytes } = oneString(valueBytes);
    const ring = new MeddledRing();
    ring.put(5, entry, 0);
    const change = (): void => {
      keyspace.kept.pin(5, entry);
      ring.setTable(5, keyspace.kept.table);
      database.overwrite(entry, 10, Buffer.alloc(valueBytes - 20, 'new'), 0, valueBytes - 20);
    };
    const reader = new LargeValueReader(arena, ring);
    reader.sequence = 5;
    if (moment === 'before') change();
    if (moment === 'between copy and question') {
      ring.meddle = (): void => {
        ring.meddle = (): void => {};
        change();
      };
    }
    const read: Buffer[] = [];
    for (let number = 0; number < 4; number++) {
      if (moment === 'after' && number === 2) change();
      read.push(Buffer.from(reader.piece(database, entry, number)));
    }
    t.deepEqual(Buffer.concat(read), bytes.subarray(1));
  });
}

const key = fc.constantFrom('a', 'b', 'c');
const offset = fc.integer({ min: 0, max: valueBytes + 4000 });
const text = fc.tuple(fc.integer({ min: 1, max: 80_000 }), fc.integer({ min: 0, max: 9 }))
  .map(([length, digit]) => String(digit).repeat(length));
const change = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('SETRANGE'), key, offset.map(String), text) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('SETBIT'), key,
    offset.map((at) => String(at * 8 + 3)), fc.constant('1')) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('APPEND'), key, text) },
  { weight: 2, arbitrary: offset.map((at) => ['BITFIELD', 'a', 'SET', 'u8', '#3', '200', 'INCRBY',
    'u16', `#${at >> 1}`, '77', 'GET', 'u8', '#9']) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('RENAME'), key, key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('COPY'), key, key, fc.constant('REPLACE')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('PEXPIRE'), key, fc.constant('90000')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('DEL'), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('SET'), key, text) },
  { weight: 1, arbitrary: fc.constant(['SWAPDB', '0', '1']) },
) as fc.Arbitrary<string[]>;
const history = fc.record({
  rounds: fc.array(fc.record({
    during: fc.array(change, { maxLength: 12 }), stepEvery: fc.integer({ min: 1, max: 4 }),
  }), { minLength: 1, maxLength: 3 }),
  format: fc.constantFrom('save', 'rewrite in commands'),
  rdbCompression: fc.boolean(),
});

test(`snapshots of large strings that change are exact (seed ${seed})`, async (t) => {
  let kept = 0;
  await fc.assert(fc.asyncProperty(history, async ({ rounds, format, rdbCompression }) => {
    const disk = memoryDisk();
    const settings = { appendOnly: format !== 'save', useRdbPreamble: false, rdbCompression };
    const engine = await TestEngine.start({ disk, settings, arenaBytes: 2 ** 25, sliceKeys: 1 });
    for (const name of ['a', 'b', 'c', 'd']) {
      engine.run('SET', name, `${name}text`.repeat(valueBytes / 5));
      // With room behind it: appending does not move it.
      engine.run('APPEND', name, 'x');
    }
    for (const { during, stepEvery } of rounds) {
      const expected = engine.contents();
      if (format === 'save') engine.run('BGSAVE');
      else await engine.beginRewrite();
      for (const [index, command] of during.entries()) {
        engine.run(...command);
        if (index % stepEvery === 0) engine.runSteps(1);
      }
      await engine.settle();
      kept += engine.keyspace.kept.totalBytes;
      const base = engine.persistence.appender.enabled ? basePath(engine) : '/data/dump.rdb';
      t.deepEqual(await loaded(engine, base), expected);
    }
    engine.run('FLUSHALL');
    while (!engine.keyspace.reclaim(1000));
    t.is(engine.keyspace.arena.usedBytes, 0);
  }), { seed, numRuns: 25 });
  t.true(kept > 10_000_000, `${kept} bytes kept`);
});

function basePath(engine: TestEngine): string {
  const name = engine.disk.list('/data/appendonlydir').find((one) => one.endsWith('.base.aof'));
  return `/data/appendonlydir/${name}`;
}

/** What one file holds. */
async function loaded(engine: TestEngine, file: string): Promise<Map<string, string>> {
  const size = engine.disk.stat(file)?.sizeBytes ?? 0;
  const bytes = Buffer.alloc(size);
  const fd = engine.disk.open(file, 'read');
  engine.disk.read(fd, bytes, { offset: 0, length: size, position: 0 });
  engine.disk.close(fd);
  const isSnapshot = file.endsWith('.rdb');
  const disk = memoryDisk([[isSnapshot ? '/data/dump.rdb' : '/data/appendonly.aof', bytes]]);
  const again = new TestEngine({
    disk, settings: { appendOnly: !isSnapshot }, arenaBytes: 2 ** 25, clock: engine.clock,
  });
  await again.recover();
  return again.contents();
}
