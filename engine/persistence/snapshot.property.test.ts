// A snapshot equals the state at its start, whatever is changed meanwhile.
import test from 'ava';
import * as fc from 'fast-check';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const arenaBytes = 16 * 2 ** 20;
const key = fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`);
const value = fc.oneof(
  fc.integer({ min: -5, max: 500 }).map(String), fc.string({ maxLength: 30 }),
  fc.integer({ min: 0, max: 600 }).map((n) => 'z'.repeat(n)),
);
const database = fc.constantFrom('0', '0', '1', '3');

const collection = fc.integer({ min: 0, max: 7 }).map((n) => `c${n}`);
const member = fc.integer({ min: 0, max: 400 }).map((n) => `m${n}`);
const score = fc.integer({ min: -50, max: 50 }).map(String);
/** Many at once: what they are added to is a tree afterwards. */
const members = fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 700 })).map(([from, count]) =>
  Array.from({ length: count }, (_, i) => `m${from + i}`));
const flat = (commands: fc.Arbitrary<(string | string[])[]>): fc.Arbitrary<string[]> =>
  commands.map((words) => words.flat());

/** Commands on collections; of another type than the key's they fail. */
const collectionChange = fc.oneof(
  fc.tuple(fc.constantFrom('LPUSH', 'RPUSH', 'SADD', 'SREM', 'ZREM', 'HDEL'), collection, member),
  fc.tuple(fc.constantFrom('LPOP', 'RPOP', 'ZPOPMIN', 'SPOP', 'DEL'), collection),
  fc.tuple(fc.constant('ZADD'), collection, score, member),
  fc.tuple(fc.constantFrom('HSET', 'HSETNX'), collection, member, value),
  fc.tuple(fc.constant('LSET'), collection, fc.nat(200).map(String), value),
  fc.tuple(fc.constant('PEXPIRE'), collection, fc.constantFrom('5', '90000')),
  fc.tuple(fc.constant('RENAME'), collection, collection),
  flat(fc.tuple(fc.constantFrom('RPUSH', 'SADD'), collection, members)),
  flat(fc.tuple(fc.constant('HSET'), collection, members.map((all) =>
    all.flatMap((one) => [one, one])))),
  flat(fc.tuple(fc.constant('ZADD'), collection, members.map((all) =>
    all.flatMap((one, i) => [String(i % 37), one])))),
  fc.tuple(fc.constant('LTRIM'), collection, fc.constant('3'), fc.constant('-5')),
  fc.tuple(fc.constant('ZREMRANGEBYRANK'), collection, fc.constant('10'), fc.constant('200')),
) as fc.Arbitrary<string[]>;

const change = fc.oneof(
  { weight: 16, arbitrary: collectionChange },
  { weight: 8, arbitrary: fc.tuple(fc.constant('SET'), key, value) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('MSET'), key, value, key, value) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('DEL'), key) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('APPEND'), key, value) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('SETRANGE'), key, fc.nat(40).map(String), value) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('INCR'), key) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('PEXPIRE'), key, fc.constantFrom('5', '90000')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('PERSIST'), key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('RENAME'), key, key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('GET'), key) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('SELECT'), database) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('SWAPDB'), database, database) },
  { weight: 1, arbitrary: fc.constant(['FLUSHDB']) },
) as fc.Arbitrary<string[]>;

const history = fc.record({
  before: fc.array(change, { minLength: 20, maxLength: 120 }),
  during: fc.array(change, { maxLength: 80 }),
  stepEvery: fc.integer({ min: 1, max: 9 }),
  sliceKeys: fc.constantFrom(1, 3, 10),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

/** Runs the changes, and between them slices of whatever snapshot runs. */
async function runDuring(engine: TestEngine, { during, stepEvery }: History): Promise<void> {
  for (const [index, command] of during.entries()) {
    engine.run(...command);
    engine.persistence.journal.commit();
    // Some deadlines pass meanwhile: expired keys are removed when they are met.
    engine.clock.advanceMs(1);
    if (index % stepEvery === 0) engine.runSteps(1);
  }
  await engine.settle();
}

test('BGSAVE saves exactly what was there when it began', async (t) => {
  await fc.assert(fc.asyncProperty(history, async (drawn) => {
    const disk = memoryDisk();
    const engine = await TestEngine.start({ disk, arenaBytes, sliceKeys: drawn.sliceKeys });
    for (const command of drawn.before) engine.run(...command);
    const expected = engine.contents();
    t.is(engine.run('BGSAVE'), '+Background saving started\r\n');
    await runDuring(engine, drawn);
    t.is(engine.info('rdb_saves'), 1);
    // The clock stands at 0, so that nothing that had a deadline is left out.
    const again = new TestEngine({ disk, arenaBytes });
    again.clock.wallMs = (): number => 0;
    await again.recover();
    t.deepEqual(again.contents(), expected);
  }), { numRuns: 80 });
});

test('a rewritten log holds what is there when it ends, in both formats of the base', async (t) => {
  await fc.assert(fc.asyncProperty(history, fc.boolean(), async (drawn, useRdbPreamble) => {
    const disk = memoryDisk();
    const settings = { appendOnly: true, useRdbPreamble };
    const { sliceKeys } = drawn;
    const engine = await TestEngine.start({ disk, arenaBytes, sliceKeys, settings });
    for (const command of [...drawn.before, ['SELECT', '1']]) engine.run(...command);
    if (drawn.during.length % 2 === 0) await engine.beginRewrite();
    else t.regex(engine.run('BGREWRITEAOF'), /started/);
    await runDuring(engine, drawn);
    if (drawn.during.length > 0) engine.run('FLUSHALL');
    engine.run('SET', 'last', '1');
    engine.persistence.journal.commit();
    t.is(engine.info('aof_rewrites'), 1);
    const again = await TestEngine.start({ disk, arenaBytes, settings, clock: engine.clock });
    t.deepEqual(again.contents(), engine.contents());
  }), { numRuns: 50 });
});

test('FLUSHALL ends a save, as in Redis, and lets a rewrite go on', async (t) => {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, sliceKeys: 4, settings: { appendOnly: true } });
  for (let i = 0; i < 100; i++) engine.run('SET', `k${i}`, 'v');
  engine.run('BGSAVE');
  engine.runSteps(1);
  engine.run('FLUSHALL');
  await engine.settle();
  t.is(disk.stat('/data/dump.rdb'), null);
  t.is(engine.info('rdb_last_bgsave_status'), 'ok');
  t.is(engine.info('rdb_bgsave_in_progress'), 0);
  t.deepEqual(disk.list('/data'), ['appendonlydir']);
  for (let i = 0; i < 100; i++) engine.run('SET', `k${i}`, 'v');
  engine.run('BGREWRITEAOF');
  await engine.settle();
  engine.run('BGREWRITEAOF');
  engine.runSteps(1);
  engine.run('FLUSHALL');
  await engine.settle();
  engine.persistence.journal.commit();
  t.is(engine.info('aof_rewrites'), 2);
  const again = await TestEngine.start({ disk, settings: { appendOnly: true } });
  t.is(again.contents().size, 0);
});

test('with save points FLUSHALL replaces the snapshot by an empty one at once', async (t) => {
  const disk = memoryDisk();
  const settings = { savePoints: [{ seconds: 60, changes: 1000 }] };
  const engine = await TestEngine.start({ disk, sliceKeys: 4, settings });
  for (let i = 0; i < 100; i++) engine.run('SET', `k${i}`, 'v');
  t.is(engine.run('SAVE'), '+OK\r\n');
  engine.run('BGSAVE');
  engine.runSteps(1);
  engine.run('FLUSHALL');
  t.is((await TestEngine.start({ disk })).contents().size, 0);
  await engine.settle();
  t.is((await TestEngine.start({ disk })).contents().size, 0);
});
