// What a start makes of files that were cut at every byte, and of files in which any one bit was
// flipped: node engine/persistence/damage.bench.ts [--only 'increment'] [--flips-each N].
//
// For each kind of file a table row: how many starts, how many of them were refused, loaded whole,
// loaded what a prefix of the history makes and said so in the log, or did so without a word. A
// silent loss, a crash or a start that does not end is a finding, and the exit code is 1. Where the
// format has no checksum (`aof-checksum no`), what no reader can see, as in Redis, is counted by
// itself.
import { parseArgs } from 'node:util';
import { EngineError } from '../errors.ts';
import type { DiskTree } from '../io/memory-disk.ts';
import { MemoryDisk } from '../io/memory-disk.ts';
import type { PersistenceSettings } from './settings.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' }, 'flips-each': { type: 'string', default: '1' },
  },
});
const directory = '/data/appendonlydir/appendonly.aof';
const history = [
  'SET a 1', 'SET text a-value-that-is-long-enough-to-be-changed', 'RPUSH list a b 17 c',
  'SADD set x y z', 'SADD numbers 1 2 3', 'HSET hash f v g w', 'ZADD zset 1 a 2.5 b', 'INCR a',
  'SET mortal v PX 90000000', 'DEL text', 'APPEND a 00', 'HSET hash f v2',
];
const half = history.length / 2;

interface Kind {
  readonly name: string;
  readonly settings: Partial<PersistenceSettings>;
  /** Which file of those that `prepare` leaves. */
  readonly file: string;
  /** Commands, of which those from the middle on come after a rewrite or a restart. */
  readonly middle: 'none' | 'rewrite' | 'save' | 'two-increments';
  /** Nothing guards values, or the end of a last file between two commands: as in Redis. */
  readonly unguarded?: true;
}

const on = { appendOnly: true, appendFsync: 'always' } as const;
const kinds: readonly Kind[] = [
  { name: 'snapshot', settings: {}, file: '/data/dump.rdb', middle: 'save' },
  { name: 'base of a log (RDB)', settings: on, file: `${directory}.2.base.rdb`, middle: 'rewrite' },
  {
    name: 'base of a log (commands)', settings: { ...on, useRdbPreamble: false },
    file: `${directory}.2.base.aof`, middle: 'rewrite',
  },
  {
    name: 'last increment, in blocks', settings: on, file: `${directory}.2.incr.aof`,
    middle: 'rewrite',
  },
  {
    name: 'last increment, aof-checksum no', settings: { ...on, logChecksum: false },
    file: `${directory}.2.incr.aof`, middle: 'rewrite', unguarded: true,
  },
  {
    name: 'increment that another follows', settings: on, file: `${directory}.1.incr.aof`,
    middle: 'two-increments',
  },
  { name: 'manifest', settings: on, file: `${directory}.manifest`, middle: 'rewrite' },
];

interface Prepared {
  readonly tree: DiskTree;
  /** Contents after each number of commands. */
  readonly states: readonly string[];
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const textOf = (engine: TestEngine): string => JSON.stringify([...engine.contents()]);

async function prepare({ settings, middle }: Kind): Promise<Prepared> {
  const disk = memoryDisk();
  const engine = await TestEngine.start({ disk, settings });
  const states = [textOf(engine)];
  for (const [index, command] of history.entries()) {
    if (index === half && middle === 'rewrite') engine.run('BGREWRITEAOF');
    if (index === half && middle === 'two-increments') {
      // A crash before the base is there: both increments count.
      await engine.beginRewrite();
      const isNoted = (): boolean => (
        engine.file('appendonly.aof.manifest').includes('blocks yes bytes '));
      while (!isNoted()) await nextTurn();
    }
    if (index === half && middle === 'rewrite') await engine.settle();
    engine.acknowledge(...command.split(' '));
    states.push(textOf(engine));
  }
  if (middle === 'save') engine.run('SAVE');
  return { tree: disk.tree(), states };
}

type Outcome = 'refused' | 'whole' | 'prefix, said so' | 'prefix, silent' | 'other data';

interface Row {
  readonly kind: Kind;
  readonly prepared: Prepared;
}

async function outcomeOf({ kind, prepared }: Row, bytes: Buffer): Promise<Outcome> {
  const { tree, states } = prepared;
  const files = new Map(tree.files).set(kind.file, bytes);
  const disk = MemoryDisk.from({ files, directories: [...tree.directories] });
  const engine = new TestEngine({ disk, settings: kind.settings, arenaBytes: 2 ** 20 });
  try {
    await engine.recover();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return 'refused';
  }
  const found = textOf(engine);
  if (found === states.at(-1)) return 'whole';
  if (!states.includes(found)) return 'other data';
  return engine.logLines.some((line) => line.startsWith('warning'))
    ? 'prefix, said so' : 'prefix, silent';
}

type Counts = Record<Outcome, number>;

async function count(row: Row, damaged: Iterable<Buffer>): Promise<Counts> {
  const counts: Counts = {
    refused: 0, whole: 0, 'prefix, said so': 0, 'prefix, silent': 0, 'other data': 0,
  };
  for (const bytes of damaged) counts[await outcomeOf(row, bytes)]++;
  return counts;
}

function* cuts(whole: Buffer): Generator<Buffer> {
  for (let length = 0; length < whole.length; length++) yield whole.subarray(0, length);
}

function* flips(whole: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < whole.length * 8; bit += Number(values['flips-each'])) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    yield damaged;
  }
}

function show(name: string, counts: Counts): number {
  const tried = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const cells = Object.entries(counts).filter(([, each]) => each > 0)
    .map(([outcome, each]) => `${outcome} ${each}`);
  process.stdout.write(`${name.padEnd(48)} ${String(tried).padStart(6)}  ${cells.join(' · ')}\n`);
  return tried;
}

let [tried, findings, unseen] = [0, 0, 0];
for (const kind of kinds.filter(({ name }) => name.includes(values.only))) {
  const row = { kind, prepared: await prepare(kind) };
  const whole = Buffer.from(row.prepared.tree.files.get(kind.file) ?? '');
  if (whole.length === 0) throw new Error(`${kind.name}: ${kind.file} was not written`);
  const cut = await count(row, cuts(whole));
  tried += show(`${kind.name}, cut at each byte`, cut);
  const flipped = await count(row, flips(whole));
  tried += show(`${kind.name}, each bit flipped`, flipped);
  // A last file may have been as short as that between two commands: nothing is missing then.
  const silent = kind.name.startsWith('last') ? 0 : cut['prefix, silent'];
  const seen = silent + cut['other data'] + flipped['prefix, silent'] + flipped['other data'];
  if (kind.unguarded === true) unseen += seen;
  else findings += seen;
}
process.stdout.write(`${tried} starts, no crash and no hang; silent losses: ${findings}; in files`
  + ` without checksums, where nothing can tell: ${unseen}\n`);
process.exitCode = findings === 0 ? 0 : 1;
