// RDB files of real servers, by hand, cut and damaged.
import test from 'ava';
import type { EngineError, EngineErrorCode } from '../errors.ts';
import { MemoryDisk } from '../io/memory-disk.ts';
import { RdbDecoder } from './decoder.ts';
import {
  checksumOf, contentsOf, encode, fill, fixture, handMade, load, newKeyspace,
} from './test-support/rdb-files.ts';

const a1 = '00 01 61 01 62'; // "a" → "b"

test('loads what redis-server 7.0.15 wrote: every encoding, FREQ, two databases', (t) => {
  for (const windowBytes of [64, 4096]) {
    const { keyspace, decoder } = load(fixture('redis-7.0-strings-lfu.rdb'), { windowBytes });
    const found = contentsOf(keyspace);
    t.is(decoder.version, 10);
    t.is(decoder.aux.get('redis-ver'), '7.0.15');
    t.is(decoder.keysLoaded, 26);
    t.is(found.size, 26);
    t.is(found.get('0:int:-2147483648'), '-2147483648@0');
    t.is(found.get('0:int:9223372036854775807'), '9223372036854775807@0');
    t.is(found.get('0:12345'), 'integer-key@0');
    t.is(found.get('0:-7'), 'negative-integer-key@0');
    t.is(found.get('0:minus'), '-0@0');
    t.is(found.get('0:bin\0\xff\r\n'), '\0\x01\x02\xfe\xff\r\n$3\r\n@0');
    t.is(found.get('0:compress'), `${'a'.repeat(100)}@0`);
    t.is(found.get('0:deadline'), 'v@4102444800123');
    t.is(found.get('0:far'), '17@9007199254740991');
    t.is(found.get('0:long')?.length, 20004 + 76 + '@0'.length);
    t.is(found.get('3:counter'), '2@0');
  }
});

test('saves it again, and loads that', (t) => {
  const { keyspace } = load(fixture('redis-7.0-strings-lfu.rdb'));
  t.deepEqual(contentsOf(load(encode(keyspace)).keyspace), contentsOf(keyspace));
});

const heads = [
  { file: 'redis-7.0-head.rdb', code: 'RDB_BAD', says: /expected .*, found the end of the file/ },
  {
    file: 'redis-7.4-head.rdb', code: 'RDB_UNSUPPORTED',
    says: /key "x" in database 0 is a stream/,
  },
  {
    file: 'redis-7.4-field-ttl-head.rdb', code: 'RDB_BAD', says: /found the end of the file/,
  },
  { file: 'valkey-8.0-head.rdb', code: 'RDB_BAD', says: /expected .*, found the end of the file/ },
] as const;

for (const { file, code, says } of heads) {
  test(`refuses ${file}, which is cut short, at the first that it cannot load`, (t) => {
    const error = t.throws(() => load(fixture(file)), { message: says }) as EngineError;
    t.is(error.code, code);
    t.regex(error.message, /offset \d+/);
  });
}

test('refuses a library of functions, and says where', (t) => {
  const error = t.throws(() => load(fixture('redis-7.0-function.rdb')), {
    message: /offset 80: it holds a library of functions/,
  }) as EngineError;
  t.is(error.code, 'RDB_UNSUPPORTED');
});

const rows: readonly {
  readonly name: string;
  readonly bytes: Buffer;
  readonly code: EngineErrorCode;
  readonly says: RegExp;
}[] = [
  { name: 'nothing', bytes: Buffer.alloc(0), code: 'RDB_BAD', says: /offset 0.*end of the file/ },
  {
    name: 'another file', bytes: Buffer.from('PNG something'), code: 'RDB_BAD',
    says: /offset 0: expected the magic 'REDIS'.*found "PNG somet"/,
  },
  {
    name: 'an older version', bytes: handMade(a1, '0008'), code: 'RDB_UNSUPPORTED',
    says: /offset 5: can't handle RDB format version 8, only 9 to 12/,
  },
  {
    name: 'a newer version', bytes: handMade(a1, '0013'), code: 'RDB_UNSUPPORTED',
    says: /can't handle RDB format version 13/,
  },
  {
    name: 'a newer Valkey', bytes: Buffer.from('VALKEY082more'), code: 'RDB_UNSUPPORTED',
    says: /can't handle RDB format version 82, only 80 to 81 of Valkey/,
  },
  {
    name: 'module data', bytes: handMade('f7 01 01'), code: 'RDB_UNSUPPORTED',
    says: /offset 9: it holds data of a module/,
  },
  {
    name: 'a database too many', bytes: handMade(`fe 10 ${a1}`), code: 'RDB_UNSUPPORTED',
    says: /offset 9: it holds database 16, but only 16 are configured/,
  },
  {
    name: 'the same key twice', bytes: handMade(`${a1} ${a1}`), code: 'RDB_BAD',
    says: /offset 14: expected a key that did not occur before, found "a" again in database 0/,
  },
  {
    name: 'an unknown record', bytes: handMade('64 01 61 01 62'), code: 'RDB_BAD',
    says: /offset 9: expected a record, a key or the end mark, found the byte 100/,
  },
  {
    name: 'a stream', bytes: handMade('0f 02 6b00 00'), code: 'RDB_UNSUPPORTED',
    says: /key "k\\u0000" in database 0 is a stream, type 15, which this engine lacks/,
  },
  {
    name: 'a length that is no length', bytes: handMade('00 c4 61'), code: 'RDB_BAD',
    says: /offset 10: expected the length of a key, found the byte 196/,
  },
  {
    name: 'a special string where a length belongs', bytes: handMade('fe c0 01'), code: 'RDB_BAD',
    says: /offset 10: expected a database number, found the byte 192/,
  },
  {
    name: 'a string longer than the file', bytes: handMade('00 81 00000000 ffffffff 61'),
    code: 'RDB_BAD', says: /offset 19: expected a key, found the end of the file after 10 of/,
  },
  {
    name: 'an expansion that cannot be', bytes: handMade('00 01 61 c3 02 80 7fffffff 00 61'),
    code: 'RDB_BAD', says: /offset 12: expected a value, found 2 compressed bytes that claim/,
  },
  {
    name: 'LZF that leads outside', bytes: handMade('00 01 61 c3 04 06 00 61 20 09'),
    code: 'RDB_BAD', says: /offset 17: expected 6 bytes of a value in LZF/,
  },
];

for (const { name, bytes, code, says } of rows) {
  test(`refuses ${name}`, (t) => {
    const error = t.throws(() => load(bytes), { message: says }) as EngineError;
    t.is(error.code, code);
    t.true(error.message.startsWith('/data/dump.rdb'));
  });
}

test('a file cut at any byte is refused', (t) => {
  const keyspace = newKeyspace();
  fill(keyspace, [
    { database: 0, key: Buffer.from('a'), value: Buffer.alloc(40, 'z'), deadlineMs: 2e12 },
    { database: 2, key: Buffer.from('b'), value: Buffer.from('-77'), deadlineMs: 0 },
  ]);
  const whole = encode(keyspace);
  for (let length = 0; length < whole.length; length++) {
    const error = t.throws(() => load(whole.subarray(0, length))) as EngineError;
    t.is(error.code, 'RDB_BAD');
  }
  t.is(load(Buffer.concat([whole, Buffer.from('more')])).decoder.offset, whole.length);
});

test('eight zero bytes mean that nobody computed a checksum', (t) => {
  const whole = handMade(a1);
  whole.fill(0, whole.length - 8);
  whole[13] = 0x63;
  t.is(contentsOf(load(whole).keyspace).get('0:a'), 'c@0');
  whole[whole.length - 1] = 1;
  t.throws(() => load(whole), { message: /expected the checksum [0-9a-f]{16}, found 01000000/ });
  t.is(load(whole, { checksum: false }).decoder.keysLoaded, 1);
});

test('records that say nothing about keys are passed over', (t) => {
  const records = 'fa 03 666f6f 03 626172 f4 01 02 03 fe 02 fb 01 01 f8 41 00 f9 05'
    + ` fd 00 94 35 77 ${a1}`;
  for (const version of ['0009', '0010', '0011', '0012']) {
    const { keyspace, decoder } = load(handMade(records, version));
    t.is(decoder.aux.get('foo'), 'bar');
    t.deepEqual([...contentsOf(keyspace)], [['2:a', 'b@2000000000000']]);
  }
});

test('keys past their deadline are left out, but not from the base of a log', (t) => {
  const deadline = Buffer.alloc(8);
  deadline.writeBigInt64LE(1_699_999_999_999n);
  const bytes = handMade(`fc ${deadline.toString('hex')} ${a1} 00 01 63 01 64`);
  const plain = load(bytes);
  t.deepEqual([...contentsOf(plain.keyspace).keys()], ['0:c']);
  t.is(plain.decoder.keysExpired, 1);
  const base = load(bytes, { keepExpired: true });
  t.is(contentsOf(base.keyspace).get('0:a'), 'b@1699999999999');
  t.is(base.decoder.keysLoaded, 2);
});

test('a deadline at or before 1970 has passed', (t) => {
  const bytes = handMade(`fc ffffffffffffffff ${a1} fc 0000000000000000 00 01 63 01 64`);
  t.is(load(bytes).decoder.keysExpired, 2);
});

test('a file that cannot be read is refused with the reason', (t) => {
  const disk = MemoryDisk.from({
    files: new Map([['/data/dump.rdb', handMade(a1)]]), directories: ['/data'],
  });
  disk.inject({ call: 'read', code: 'EIO' });
  const options = {
    disk, path: '/data/dump.rdb', keyspace: newKeyspace(), checksum: true, keepExpired: false,
    nowMs: 0,
  };
  const decoder = new RdbDecoder(options);
  const error = t.throws(() => decoder.step(1)) as EngineError;
  t.is(error.code, 'RDB_BAD');
  t.regex(error.message, /\/data\/dump.rdb cannot be read: EIO/);
  t.throws(() => new RdbDecoder({ ...options, path: '/data' }), { message: /is no file/ });
});

test('the checksum covers everything before it', (t) => {
  const whole = handMade(a1);
  t.deepEqual(whole.subarray(-8), checksumOf(whole.subarray(0, -8)));
});
