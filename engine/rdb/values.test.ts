// Every encoding of every type: read, cut at every byte, and with every bit flipped.
import test from 'ava';
import { Collections } from '../collections/collections.ts';
import { EngineError } from '../errors.ts';
import { LzfCompressor } from './lzf.ts';
import { length, record, samples, string } from './test-support/records.ts';
import type { Sample } from './test-support/records.ts';
import { contentsOf, encode, fileOf, load, newKeyspace } from './test-support/rdb-files.ts';

const versions = ['REDIS0009', 'REDIS0010', 'REDIS0011', 'REDIS0012'];

function fileWith(sample: Sample, magic?: string): Buffer {
  const written = magic ?? (sample.valkey === true ? 'VALKEY080' : 'REDIS0012');
  return fileOf(written, record(sample.type, 'key', sample.body));
}

for (const sample of samples) {
  test(`reads a ${sample.name}`, (t) => {
    const magics = sample.valkey === true ? ['VALKEY080', 'VALKEY081'] : versions;
    for (const magic of magics) {
      for (const windowBytes of [64, 4096]) {
        const { keyspace, decoder } = load(fileWith(sample, magic), { windowBytes });
        t.is(contentsOf(keyspace).get('0:key'), `${sample.holds}@0`);
        t.is(decoder.keysLoaded, 1);
      }
    }
  });

  test(`reads a ${sample.name} in Valkey's file, too`, (t) => {
    if (sample.type >= 22 && sample.valkey !== true) {
      const error = t.throws(() => load(fileWith(sample, 'VALKEY080'))) as EngineError;
      t.regex(error.code, /^RDB_(BAD|UNSUPPORTED)$/);
      return;
    }
    const { keyspace } = load(fileWith(sample, 'VALKEY080'));
    t.is(contentsOf(keyspace).get('0:key'), `${sample.holds}@0`);
  });
}

test('what was read is written and read again, in every version that can hold it', (t) => {
  for (const sample of samples) {
    const { keyspace } = load(fileWith(sample));
    for (const version of [10, 11, 12] as const) {
      const deadlines = /,\d{13}\]/.test(sample.holds);
      if (deadlines && version < 12) {
        t.throws(() => encode(keyspace, { version }), { message: /^key "key" in database 0 has/ });
        continue;
      }
      for (const chunkBytes of [64, 4096]) {
        const again = load(encode(keyspace, { version, chunkBytes }));
        t.is(contentsOf(again.keyspace).get('0:key'), `${sample.holds}@0`, sample.name);
        t.is(again.decoder.version, version);
      }
    }
  }
});

test('packs that are compressed', (t) => {
  const compressor = new LzfCompressor();
  for (const name of ['list, ziplist', 'set, listpack', 'hash, zipmap']) {
    const sample = samples.find((one) => one.name === name) as Sample;
    // The pack without its length of two bytes.
    const pack = sample.body.subarray(2);
    const packed = Buffer.alloc(pack.length);
    const bytes = compressor.compress(pack, 0, pack.length, packed, 0);
    t.true(bytes > 0);
    const body = Buffer.concat([Buffer.from([0xc3]), length(bytes), length(pack.length),
      packed.subarray(0, bytes)]);
    const { keyspace } = load(fileOf('REDIS0012', record(sample.type, 'key', body)));
    t.is(contentsOf(keyspace).get('0:key'), `${sample.holds}@0`);
  }
});

// One for all that is damaged: to make one takes longer than to load a small file.
const scratch = newKeyspace();
const collections = new Collections(scratch);

/** Loads, by default without looking at the checksum; the code of the refusal, or ''. */
function outcome(bytes: Buffer, checksum = false): string {
  scratch.flushAll();
  try {
    load(bytes, { checksum, collections, keyspace: scratch });
    return '';
  } catch (error) {
    if (error instanceof EngineError) {
      if (!/offset \d+/.test(error.message)) throw new Error('no offset', { cause: error });
      return error.code;
    }
    throw error;
  }
}

const wholes = samples.map((sample) => ({ sample, whole: fileWith(sample) }));
const bytesTried = wholes.reduce((sum, { whole }) => sum + whole.length, 0);

test(`cut at any byte: ${bytesTried} files, ${samples.length} encodings`, (t) => {
  const wrong: string[] = [];
  for (const { sample, whole } of wholes) {
    for (let end = 0; end < whole.length; end++) {
      const code = outcome(whole.subarray(0, end));
      if (code !== 'RDB_BAD') wrong.push(`${sample.name} cut at ${end}: ${code}`);
    }
  }
  t.deepEqual(wrong, []);
});

/** Runs `each` with every damaged version of every file; returns how many there were. */
function withEachBit(step: number, each: (bytes: Buffer, where: string) => void): number {
  let tried = 0;
  for (const { sample, whole } of wholes) {
    const bytes = Buffer.from(whole);
    for (let bit = 0; bit < whole.length * 8; bit += step) {
      const at = bit >> 3;
      bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
      each(bytes, `${sample.name}, bit ${bit}`);
      bytes[at] = whole[at] as number;
      tried++;
    }
  }
  return tried;
}

test(`any bit flipped: ${bytesTried * 8} files, never more than a refusal`, (t) => {
  let refused = 0;
  const tried = withEachBit(1, (bytes) => {
    if (outcome(bytes) !== '') refused++;
  });
  t.log(`${refused} of ${tried} refused by their structure, without the checksum`);
  t.true(refused > 0);
});

test('with its checksum any flipped bit is refused', (t) => {
  const accepted: string[] = [];
  const tried = withEachBit(3, (bytes, where) => {
    if (outcome(bytes, true) === '') accepted.push(where);
  });
  t.log(`${tried} tried`);
  t.deepEqual(accepted, []);
});

const rows: readonly (readonly [name: string, record: Buffer, says: RegExp])[] = [
  ['a member twice', record(2, 'k', length(2), string('a'), string('a')),
    /offset 15: expected a member that did not occur before/],
  ['a field twice', record(4, 'k', length(2), ...['a', '1', 'a', '2'].map(string)),
    /offset 17: expected a field that did not occur before/],
  ['a score that is nan', record(3, 'k', length(1), string('a'), Buffer.from([253])),
    /offset 13: expected a score, found nan/],
  ['a score that is none', record(3, 'k', length(1), string('a'), Buffer.from('\x031.x')),
    /offset 15: expected a score, found "1\.x"/],
  ['a node of another kind', record(18, 'k', length(1), length(3), string('a')),
    /offset 13: expected a plain \(1\) or packed \(2\) node, found the kind 3/],
  ['a count without an end', record(1, 'k', Buffer.from('81ffffffffffffffff', 'hex')),
    /expected .* found/],
  ['a pack that is none', record(16, 'k', string('nonsense')),
    /offset 13: expected a sound pack, found a listpack of 8 bytes that says/],
  ['a deadline too far away', record(24, 'k', Buffer.alloc(8, 0x7f), length(0)),
    /offset 12: expected the deadline of a field, found/],
];

for (const [name, bytes, says] of rows) {
  test(`refuses ${name}`, (t) => {
    const error = t.throws(() => load(fileOf('REDIS0012', bytes)), { message: says });
    t.is((error as EngineError).code, 'RDB_BAD');
  });
}

const lacking: readonly (readonly [name: string, magic: string, record: Buffer, says: RegExp])[] = [
  ['a stream', 'REDIS0011', record(21, 'my stream', string('x')),
    /offset 9: key "my stream" in database 0 is a stream \(3\), type 21/],
  ['a module value', 'REDIS0010', record(7, 'm', string('x')),
    /offset 9: key "m" in database 0 is a module value, type 7/],
  ['a hash of paths', 'VALKEY081', record(23, 'p', string('x')),
    /offset 9: key "p" in database 0 is a hash of paths, type 23/],
  ['commands of a save without fork', 'VALKEY081', Buffer.from([242]), /offset 9: it holds comm/],
  ['the import of a slot', 'VALKEY080', Buffer.from([243]), /offset 9: it holds the import/],
  ['Valkey 80 as Redis', 'REDIS0080', Buffer.alloc(0), /offset 5: can't handle RDB format ver/],
  ['Redis 12 as Valkey', 'VALKEY012', Buffer.alloc(0), /offset 6: .* only 80 to 81 of Valkey/],
];

for (const [name, magic, bytes, says] of lacking) {
  test(`does not know ${name}`, (t) => {
    const error = t.throws(() => load(fileOf(magic, bytes)), { message: says });
    t.is((error as EngineError).code, 'RDB_UNSUPPORTED');
  });
}

test('242 and 243 are no records of Redis', (t) => {
  for (const kind of [242, 243, 26, 200]) {
    const error = t.throws(() => load(fileOf('REDIS0012', Buffer.from([kind])))) as EngineError;
    t.is(error.code, 'RDB_BAD');
  }
});

test('empty collections are passed over, as in Redis', (t) => {
  const empty = record(2, 'none', length(0));
  const { keyspace, decoder } = load(fileOf('REDIS0012', empty, record(0, 'k', string('v'))));
  t.deepEqual([...contentsOf(keyspace)], [['0:k', 'v@0']]);
  t.is(decoder.keysEmpty, 1);
});

test('collections past their deadline are left out', (t) => {
  const deadline = Buffer.from([252, 1, 0, 0, 0, 0, 0, 0, 0]);
  const file = fileOf('REDIS0012', deadline, record(2, 'old', length(1), string('a')),
    record(2, 'new', length(1), string('a')));
  const { keyspace, decoder } = load(file);
  t.deepEqual([...contentsOf(keyspace).keys()], ['0:new']);
  t.is(decoder.keysExpired, 1);
  t.is(load(file, { keepExpired: true }).decoder.keysLoaded, 2);
});
