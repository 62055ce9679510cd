// What a start makes of each state of the directory.
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { LogBuffer } from '../aof/log-buffer.ts';
import type { EngineError, EngineErrorCode } from '../errors.ts';
import { record, string } from '../rdb/test-support/records.ts';
import { encode, fileOf, fill, newKeyspace } from '../rdb/test-support/rdb-files.ts';
import type { PersistenceSettings } from './settings.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const directory = '/data/appendonlydir';
const manifestPath = `${directory}/appendonly.aof.manifest`;
const [base, baseInCommands, incr1, incr2] = [
  '1.base.rdb', '1.base.aof', '1.incr.aof', '2.incr.aof',
].map((name) => `${directory}/appendonly.aof.${name}`) as [string, string, string, string];

function log(...commands: readonly string[]): Buffer {
  const buffer = new LogBuffer();
  for (const command of commands) buffer.command(command.split(' '));
  return Buffer.from(buffer.bytes.subarray(0, buffer.length));
}

/** A snapshot with these keys, each with the value 1. */
function snapshot(...keys: readonly string[]): Buffer {
  const keyspace = newKeyspace();
  fill(keyspace, keys.map((key) => ({
    database: 0, key: Buffer.from(key), value: Buffer.from('1'), deadlineMs: 0,
  })));
  return encode(keyspace);
}

function manifest(...files: readonly string[]): Buffer {
  return Buffer.from(files.map((file) => {
    const type = file.includes('.incr.') ? 'i' : 'b';
    return `file ${file} seq ${/\d+/.exec(file)?.[0] ?? 1} type ${type}\n`;
  }).join(''));
}

/** With the length of the file in one of its lines. */
function noted(text: Buffer, line: number, bytes: number): Buffer {
  const lines = text.toString().split('\n');
  return Buffer.from(lines.with(line, `${lines[line]} bytes ${bytes}`).join('\n'));
}

/** The last increment was begun in blocks. */
function inBlocks(text: Buffer): Buffer {
  return Buffer.from(text.toString().replace(/\n$/, ' blocks yes\n'));
}

const listed = manifest('appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof',
  'appendonly.aof.2.incr.aof');

/** Two increments of which the first is whole. */
function withLog(last: Buffer, middle: Buffer = log('SET b 1')): [string, Buffer][] {
  return [[base, snapshot('a')], [incr1, middle], [incr2, last], [manifestPath, listed]];
}

/** A log of blocks, one for each list of commands. */
function blocks(...lists: readonly (readonly string[])[]): Buffer {
  const buffer = new LogBuffer();
  for (const [index, commands] of lists.entries()) {
    buffer.beginBlock();
    for (const command of commands) buffer.command(command.split(' '));
    buffer.seal(0, { continues: index > 0, syncedBytes: 0 });
  }
  return Buffer.from(buffer.bytes.subarray(0, buffer.length));
}

function flipped(bytes: Buffer): Buffer {
  bytes[70] = (bytes[70] as number) ^ 1;
  return bytes;
}

/**
 * Blocks of two kilobytes, the first of them sets c; a sector of block number `hole` is lost. Each
 * says that all before it is synced, or that nothing is.
 */
function torn(
  { blocks: count, hole, synced = false }: { blocks: number; hole: number; synced?: boolean },
): Buffer {
  const buffer = new LogBuffer();
  let holeAt = 0;
  for (let number = 1; number <= count; number++) {
    buffer.beginBlock();
    const { blockStart } = buffer;
    if (number === hole) holeAt = Math.ceil((blockStart + 200) / 512) * 512;
    buffer.command(number === 1 ? ['SET', 'c', '1'] : ['SET', `d${number}`, 'x'.repeat(2000)]);
    buffer.seal(0, { continues: number > 1, syncedBytes: synced ? blockStart : 0 });
  }
  const bytes = Buffer.from(buffer.bytes.subarray(0, buffer.length));
  bytes.fill(0, holeAt, holeAt + 512);
  return bytes;
}

/** So many blocks of two kilobytes; the first has lost its first sector, or the one at `hole`. */
function headless(count: number, synced: boolean = false, hole: number = 0): Buffer {
  const buffer = new LogBuffer();
  for (let number = 1; number <= count; number++) {
    buffer.beginBlock();
    const { blockStart } = buffer;
    buffer.command(['SET', `d${number}`, 'x'.repeat(2000)]);
    buffer.seal(0, { continues: number > 1, syncedBytes: synced ? blockStart : 0 });
  }
  return Buffer.from(buffer.bytes.subarray(0, buffer.length)).fill(0, hole, hole + 512);
}

interface Row {
  readonly name: string;
  readonly files: [string, Buffer][];
  readonly settings?: Partial<PersistenceSettings>;
  /** The keys loaded … */
  readonly keys?: readonly string[];
  /** … or the refusal: its code and words. */
  readonly code?: EngineErrorCode;
  readonly says?: RegExp;
  /** A line of the log. */
  readonly logs?: RegExp;
}

const on = { appendOnly: true };
const tail = log('SET c 1');

const rows: readonly Row[] = [
  { name: 'nothing, log off', files: [], keys: [] },
  { name: 'nothing, log on', files: [], settings: on, keys: [], logs: /Creating AOF base file/ },
  { name: 'a snapshot', files: [['/data/dump.rdb', snapshot('a')]], keys: ['a'] },
  {
    name: 'an empty snapshot file', files: [['/data/dump.rdb', Buffer.alloc(0)]],
    code: 'RDB_BAD', says: /dump.rdb is damaged at offset 0/,
  },
  {
    name: 'log on, only a snapshot: it is loaded', files: [['/data/dump.rdb', snapshot('a')]],
    settings: on, keys: ['a'], logs: /warning: AOF is on and there is no log yet/,
  },
  {
    name: 'log and snapshot: the log wins', settings: on, keys: ['a', 'b', 'c'],
    files: [...withLog(tail), ['/data/dump.rdb', snapshot('old')]],
  },
  {
    name: 'log off: the log is left aside', keys: ['old'],
    files: [...withLog(tail), ['/data/dump.rdb', snapshot('old')]],
  },
  {
    name: 'a torn tail', settings: on, keys: ['a', 'b'], logs: /!!! Truncating the AOF .* 0 !!!/,
    files: withLog(tail.subarray(0, -1)),
  },
  {
    name: 'a torn tail, aof-load-truncated no', settings: { ...on, loadTruncated: false },
    files: withLog(tail.subarray(0, -1)), code: 'AOF_TRUNCATED',
    says: /Unexpected end of file reading the append only file .*2\.incr\.aof: .* offset 0 of 26/,
  },
  {
    name: 'half a transaction', settings: on, keys: ['a', 'b', 'c'], logs: /Revert incomplete/,
    files: withLog(Buffer.concat([tail, log('MULTI', 'SET d 1')])),
  },
  {
    name: 'a torn file before the last', settings: on, code: 'AOF_BAD',
    files: withLog(tail, log('SET b 1').subarray(0, -3)),
    says: /truncated file is not the last file: .*1\.incr\.aof: .*offset 0 of 24/,
  },
  {
    name: 'a file before the last that was cut between two commands', settings: on, code: 'AOF_BAD',
    files: [...withLog(tail).slice(0, -1), [manifestPath, noted(listed, 1, 50)]],
    says: /1\.incr\.aof is damaged at offset 27: expected 50 bytes, as the manifest says/,
  },
  {
    name: 'a cut file of noted length, nothing but empty ones after it', settings: on,
    keys: ['a', 'b'], logs: /1\.incr\.aof has 27 of the 50 bytes that the manifest says/,
    files: [...withLog(Buffer.alloc(0)).slice(0, -1), [manifestPath, noted(listed, 1, 50)]],
  },
  {
    name: 'the same, aof-load-truncated no', settings: { ...on, loadTruncated: false },
    files: [...withLog(Buffer.alloc(0)).slice(0, -1), [manifestPath, noted(listed, 1, 50)]],
    code: 'AOF_BAD', says: /expected 50 bytes, as the manifest says/,
  },
  {
    name: 'a torn file of noted length, nothing but empty ones after it', settings: on,
    keys: ['a', 'b'], logs: /!!! Truncating the AOF/,
    files: [
      ...withLog(Buffer.alloc(0), Buffer.concat([log('SET b 1'), tail.subarray(0, 9)])),
      [manifestPath, noted(listed, 1, 50)],
    ],
  },
  {
    name: 'a file before the last that is as long as noted', settings: on, keys: ['a', 'b', 'c'],
    files: [...withLog(tail).slice(0, -1), [manifestPath, noted(listed, 1, 27)]],
  },
  {
    name: 'a base in commands that was cut between two', settings: on, code: 'AOF_BAD',
    files: [[baseInCommands, log('SET a 1')], [incr1, Buffer.alloc(0)],
      [manifestPath, noted(manifest('appendonly.aof.1.base.aof', 'appendonly.aof.1.incr.aof'), 0,
        54)]],
    says: /1\.base\.aof is damaged at offset 27: expected 54 bytes/,
  },
  {
    name: 'a torn file with nothing but empty ones after it', settings: on, keys: ['a', 'b'],
    files: withLog(Buffer.alloc(0), Buffer.concat([log('SET b 1'), tail.subarray(0, 9)])),
  },
  {
    name: 'zeros at the end', settings: on, keys: ['a', 'b', 'c'],
    files: withLog(Buffer.concat([tail, Buffer.alloc(512)])),
    logs: /ends with 512 zeros.*\n.*!!! Truncating the AOF .* at offset 27 !!!/,
  },
  {
    name: 'zeros after half a command', settings: on, keys: ['a', 'b'],
    files: withLog(Buffer.concat([tail.subarray(0, -5), Buffer.alloc(5000)])),
  },
  {
    name: 'zeros at the end, aof-load-truncated no', settings: { ...on, loadTruncated: false },
    files: withLog(Buffer.concat([tail, Buffer.alloc(512)])), code: 'AOF_TRUNCATED',
    says: /the last whole command ends at offset 27 of 539, and the last 512 bytes are zeros/,
  },
  {
    name: 'zeros at the end, compat-strict', settings: { ...on, compatStrict: true },
    files: withLog(Buffer.concat([tail, Buffer.alloc(512)])), code: 'AOF_BAD',
    says: /Bad file format/,
  },
  {
    name: 'zeros at the end of a file before the last', settings: on, code: 'AOF_BAD',
    files: withLog(tail, Buffer.concat([log('SET b 1'), Buffer.alloc(9)])),
    says: /truncated file is not the last file: .*offset 27 of 36/,
  },
  {
    name: 'garbage at the end', settings: on, code: 'AOF_BAD', says: /Bad file format.*offset 27/,
    files: withLog(Buffer.concat([tail, Buffer.from('garbage')])),
  },
  {
    name: 'garbage at the end, aof-load-corrupt-tail-max-size allows it', keys: ['a', 'b', 'c'],
    settings: { ...on, loadCorruptTailMaxBytes: 7 }, logs: /The 7 bytes from there on are cut off/,
    files: withLog(Buffer.concat([tail, Buffer.from('garbage')])),
  },
  {
    name: 'a byte more garbage than aof-load-corrupt-tail-max-size', code: 'AOF_BAD',
    settings: { ...on, loadCorruptTailMaxBytes: 6 },
    files: withLog(Buffer.concat([tail, Buffer.from('garbage')])),
  },
  {
    name: 'garbage at the end of a file before the last', code: 'AOF_BAD',
    settings: { ...on, loadCorruptTailMaxBytes: 1000 },
    files: withLog(tail, Buffer.concat([log('SET b 1'), Buffer.from('garbage')])),
  },
  {
    name: 'a block whose checksum is wrong', settings: on, code: 'AOF_BAD',
    files: withLog(Buffer.concat([blocks(['SET c 1']), flipped(blocks(['SET d 1']))])),
    says: /at offset 84 expected a block of 27 bytes with CRC-32 .*, found: bytes with/,
  },
  {
    name: 'a block whose checksum is wrong, as much as aof-load-corrupt-tail-max-size',
    settings: { ...on, loadCorruptTailMaxBytes: 84 }, keys: ['a', 'b', 'c'],
    files: withLog(Buffer.concat([blocks(['SET c 1']), flipped(blocks(['SET d 1']))])),
  },
  {
    name: 'a torn last block', settings: on, keys: ['a', 'b', 'c'], logs: /sectors are missing/,
    files: withLog(torn({ blocks: 2, hole: 2 })),
  },
  {
    name: 'torn blocks of which the last is whole', settings: on, keys: ['a', 'b', 'c'],
    logs: /were not synced when the power went/, files: withLog(torn({ blocks: 4, hole: 2 })),
  },
  {
    name: 'torn blocks that a later one calls synced', settings: on, code: 'AOF_BAD',
    files: withLog(torn({ blocks: 4, hole: 2, synced: true })), says: /expected a block of/,
  },
  {
    name: 'torn blocks, compat-strict', settings: { ...on, compatStrict: true }, code: 'AOF_BAD',
    files: withLog(torn({ blocks: 4, hole: 2 })),
  },
  {
    name: 'torn blocks, aof-load-truncated no', settings: { ...on, loadTruncated: false },
    code: 'AOF_BAD', files: withLog(torn({ blocks: 4, hole: 2 })),
  },
  {
    name: 'a first block without its header that nothing follows, in an increment of blocks',
    settings: on, keys: ['a', 'b'], logs: /sectors are missing/,
    files: [...withLog(headless(1)).slice(0, 3), [manifestPath, inBlocks(listed)]],
  },
  {
    name: 'a first block without its header, in an increment that is not known to be blocks',
    settings: on, code: 'AOF_BAD', files: withLog(headless(1)),
  },
  {
    name: 'a first block without its header that a later one calls synced', settings: on,
    code: 'AOF_BAD', says: /expected a command that starts with '\*'/,
    files: [...withLog(headless(2, true)).slice(0, 3), [manifestPath, inBlocks(listed)]],
  },
  {
    name: 'a first block without its header, all that follows unsynced', settings: on,
    keys: ['a', 'b'], logs: /!!! Truncating the AOF .* at offset 0 !!!/,
    files: [...withLog(headless(3)).slice(0, 3), [manifestPath, inBlocks(listed)]],
  },
  {
    name: 'a first block whose header is whole and which is not', settings: on, keys: ['a', 'b'],
    logs: /sectors are missing/,
    files: withLog(headless(1, false, 1024)),
  },
  {
    name: 'a first block without its header before the last file', settings: on, code: 'AOF_BAD',
    files: [[base, snapshot('a')], [incr1, headless(1)], [incr2, tail],
      [manifestPath, Buffer.from(listed.toString().replace('incr.aof seq 1 type i',
        'incr.aof seq 1 type i blocks yes'))]],
  },
  {
    name: 'a hole in a log without blocks', settings: on, code: 'AOF_BAD',
    files: withLog(Buffer.concat([tail, Buffer.alloc(1024), tail])),
  },
  {
    name: 'a command that is not part of the engine', settings: on, code: 'AOF_BAD',
    files: withLog(Buffer.concat([tail, log('XADD stream * f v')])),
    says: /offset 27 .*Unknown command 'XADD' on key 'stream' in database 0/,
  },
  {
    name: 'a command that fails', settings: on, code: 'AOF_BAD',
    files: withLog(log('SET c x', 'INCR c')), says: /'INCR', which fails: ERR value is not an int/,
  },
  {
    name: 'too few arguments', settings: on, code: 'AOF_BAD', files: withLog(log('SET c')),
    says: /'SET' with the wrong number of arguments \(1\)/,
  },
  {
    name: 'a database that is not there', settings: on, code: 'AOF_BAD',
    files: withLog(log('SELECT 77', 'SET c 1')), says: /'SELECT', which fails: ERR DB index/,
  },
  {
    name: 'a damaged base', settings: on, code: 'RDB_BAD', says: /1\.base\.rdb is damaged/,
    files: [[base, snapshot('a').subarray(0, -9)], ...withLog(tail).slice(1)],
  },
  {
    name: 'a missing file', settings: on, code: 'MANIFEST_BAD', files: withLog(tail).slice(1),
    says: /names appendonly.aof.1.base.rdb, which does not exist/,
  },
  {
    name: 'a damaged manifest', settings: on, code: 'MANIFEST_BAD', says: /line 3: /,
    files: [...withLog(tail).slice(0, 3), [manifestPath, listed.subarray(0, -5)]],
  },
  {
    name: 'a manifest that lost its last line', settings: on, code: 'MANIFEST_BAD',
    files: [...withLog(tail).slice(0, 3),
      [manifestPath, manifest('appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof')]],
    says: /does not name appendonly.aof.2.incr.aof, which is later .* holds 27 bytes/,
  },
  {
    name: 'an empty increment that the manifest does not name', settings: on, keys: ['a', 'b'],
    files: [[base, snapshot('a')], [incr1, log('SET b 1')], [incr2, Buffer.alloc(0)],
      [manifestPath, manifest('appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof')]],
  },
  {
    name: 'no manifest, but commands', settings: on, code: 'MANIFEST_BAD',
    files: withLog(tail).slice(0, 3), says: /manifest is missing, and without it nobody knows/,
  },
  {
    name: 'no manifest, one base, nothing after it', settings: on, keys: ['a'],
    files: [[base, snapshot('a')], [incr1, Buffer.alloc(0)], ['/data/dump.rdb', snapshot('old')]],
    logs: /manifest is missing; the base beside it is whole/,
  },
  {
    name: 'a log of Redis 6', settings: on, keys: ['a', 'b'], logs: /Moved appendonly.aof/,
    files: [['/data/appendonly.aof', log('SET a 1', 'SET b 1')]],
  },
  {
    name: 'a log of Redis 6 that begins with a snapshot and ends torn', settings: on,
    keys: ['a', 'b'],
    files: [['/data/appendonly.aof',
      Buffer.concat([snapshot('a'), log('SET b 1'), tail.subarray(0, 4)])]],
  },
  {
    name: 'a log of Redis 6 whose move was interrupted', settings: on, keys: ['a', 'b'],
    files: [['/data/appendonly.aof', log('SET a 1', 'SET b 1')],
      [manifestPath, manifest('appendonly.aof')]],
  },
  {
    name: 'a base in commands', settings: on, keys: ['a', 'b'],
    files: [[baseInCommands, log('SET a 1')], [incr1, log('SET b 1')],
      [manifestPath, manifest('appendonly.aof.1.base.aof', 'appendonly.aof.1.incr.aof')]],
  },
  {
    name: 'increments without a base', settings: on, keys: ['b'],
    files: [[incr1, log('SET b 1')], [manifestPath, manifest('appendonly.aof.1.incr.aof')]],
  },
];

const keysOf = (engine: TestEngine): string[] =>
  [...engine.contents().keys()].map((key) => key.slice(2));

for (const { name, files, settings = {}, keys, code, says, logs } of rows) {
  test(`start with ${name}`, async (t) => {
    const disk = memoryDisk(files);
    if (code === undefined) {
      const engine = await TestEngine.start({ disk, settings });
      t.deepEqual(keysOf(engine), keys);
      if (logs !== undefined) t.regex(engine.logLines.join('\n'), logs);
      if (settings.appendOnly !== true) return;
      // What was decided holds: another write and another start find the same and the new.
      t.true(engine.acknowledge('SET', 'zz', '1'));
      const again = await TestEngine.start({ disk, settings });
      t.deepEqual(keysOf(again), [...keys ?? [], 'zz']);
      return;
    }
    const before = disk.tree();
    for (let attempt = 1; attempt <= 2; attempt++) {
      const error = await t.throwsAsync(TestEngine.start({ disk, settings }));
      t.is((error as EngineError).code, code);
      if (says !== undefined) t.regex(error?.message ?? '', says);
      t.deepEqual(disk.tree(), before, 'a start that refuses changes nothing');
    }
  });
}

test('a log cut at any byte starts with its longest valid prefix, and goes on', async (t) => {
  const whole = log('SELECT 1', 'SET b 2', 'INCR b', 'MULTI', 'INCR b', 'INCR b', 'EXEC');
  for (let length = 0; length <= whole.length; length++) {
    const disk = memoryDisk(withLog(whole.subarray(0, length)));
    const engine = await TestEngine.start({ disk, settings: on });
    const counted = engine.contents().get('1:b') ?? '0@0';
    t.true(['0@0', '2@0', '3@0', '5@0'].includes(counted), `${length}: ${counted}`);
    engine.run('SELECT', '1');
    engine.acknowledge('INCR', 'b');
    const again = await TestEngine.start({ disk, settings: on });
    t.is(again.contents().get('1:b'), `${Number.parseInt(counted, 10) + 1}@0`);
  }
});

test('a manifest cut at any byte is refused, or says less at the end of a line', async (t) => {
  const files = withLog(tail).slice(0, 3);
  for (let length = 0; length < listed.length; length++) {
    const disk = memoryDisk([...files, [manifestPath, listed.subarray(0, length)]]);
    const error = await t.throwsAsync(TestEngine.start({ disk, settings: on }));
    t.is((error as EngineError).code, 'MANIFEST_BAD', `${length}`);
  }
});

test('every fact about the log is known after a start', async (t) => {
  const files = withLog(tail);
  const engine = await TestEngine.start({ disk: memoryDisk(files), settings: on });
  const [baseBytes, middle, last] = files.map(([, bytes]) => bytes.length) as
    [number, number, number];
  t.is(engine.info('aof_current_size'), baseBytes + middle + last);
  t.is(engine.info('aof_base_size'), baseBytes);
  t.is(engine.info('rdb_last_load_keys_loaded'), 1);
  t.is(engine.info('rdb_changes_since_last_save'), 0);
  t.regex(engine.logLines.join('\n'), /DB loaded from append only file: 0\.000 seconds/);
});

test('loads the log of redis-server 7.0.15', async (t) => {
  const source = new URL('testdata/redis-7.0-aof/appendonlydir/', import.meta.url);
  const files = readdirSync(source).map((name): [string, Buffer] =>
    [`${directory}/${name}`, readFileSync(new URL(name, source))]);
  const engine = await TestEngine.start({ disk: memoryDisk(files), settings: on });
  const found = engine.contents();
  t.is(found.size, 27);
  t.is(found.get('3:counter'), '3@0');
  t.is(found.get('3:tx:b'), '2@0');
  t.is(found.get('0:zeros'), undefined);
  t.is(found.get('0:plain'), 'hello@1895371620448');
});

test('an unknown value type in the base names file, key and type', async (t) => {
  const stream = fileOf('REDIS0012', record(21, 'my stream', string('x')));
  const files: [string, Buffer][] = [[base, stream],
    [manifestPath, manifest('appendonly.aof.1.base.rdb')]];
  const start = TestEngine.start({ disk: memoryDisk(files), settings: on });
  const error = await t.throwsAsync(start, { message: /1\.base\.rdb: offset 9: key "my stream" / });
  t.is((error as EngineError).code, 'RDB_UNSUPPORTED');
});

test('what dead processes left is removed, what live ones are writing is not', async (t) => {
  const names = ['temp-1.rdb', 'temp-2.rdb', 'temp-rewriteaof-bg-1.aof', 'temp-rewriteaof-4711.aof',
    'temp-x.rdb'];
  const disk = memoryDisk(names.map((name) => [`/data/${name}`, Buffer.from('x')]));
  disk.seed(`${directory}/temp-appendonly.aof.incr`, Buffer.from('x'));
  disk.seed(`${directory}/temp-appendonly.aof.manifest`, Buffer.from('x'));
  const isAlive = (processId: number): boolean => processId === 2;
  await TestEngine.start({ disk, isAlive });
  t.deepEqual(disk.list('/data'), ['appendonlydir', 'temp-2.rdb', 'temp-x.rdb']);
  await TestEngine.start({ disk, isAlive, settings: on });
  t.deepEqual(disk.list('/data'), ['appendonlydir', 'temp-2.rdb', 'temp-x.rdb']);
  t.false(disk.list(directory).some((name) => name.startsWith('temp-')));
});

test('a directory that is not there', async (t) => {
  const error = await t.throwsAsync(TestEngine.start({ disk: memoryDisk(), directory: '/none' }));
  t.is((error as EngineError).code, 'DIRECTORY_UNUSABLE');
});

test('what was cut off does not come back with a power cut after later commands', async (t) => {
  const torn = Buffer.concat([log('SET a 1'), tail.subarray(0, 9)]);
  const disk = memoryDisk([['/data/appendonly.aof', torn]]);
  const settings = { appendOnly: true, appendFsync: 'always' } as const;
  const engine = await TestEngine.start({ disk, settings });
  t.true(engine.acknowledge('SET', 'b', '1'));
  const again = await TestEngine.start({ disk: disk.powerCut(), settings });
  t.deepEqual([...again.contents().keys()], ['0:a', '0:b']);
});

test('no limit on requests of clients refuses what the log holds', async (t) => {
  const disk = memoryDisk(withLog(log('SETRANGE k 600000000 x')));
  const error = await t.throwsAsync(TestEngine.start({ disk, settings: on }));
  t.is((error as EngineError).code, 'ARENA_FULL', 'it is only this arena that is too small');
});
