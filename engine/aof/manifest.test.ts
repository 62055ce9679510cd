// The grammar of the manifest, and what is refused.
import { crc32 } from 'node:zlib';
import test from 'ava';
import type { EngineError } from '../errors.ts';
import { formatManifest, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';

const path = '/data/appendonlydir/appendonly.aof.manifest';

const full: Manifest = {
  base: { name: 'appendonly.aof.2.base.rdb', sequence: 2 },
  history: [{ name: 'appendonly.aof.1.base.rdb', sequence: 1 }],
  increments: [
    { name: 'appendonly.aof.4.incr.aof', sequence: 4 },
    { name: 'appendonly.aof.7.incr.aof', sequence: 7 },
  ],
};

const text = `file appendonly.aof.2.base.rdb seq 2 type b
file appendonly.aof.1.base.rdb seq 1 type h
file appendonly.aof.4.incr.aof seq 4 type i
file appendonly.aof.7.incr.aof seq 7 type i
`;

/** Without the line of the checksum. */
function textOf(manifest: Buffer): string {
  return manifest.toString('latin1', manifest.indexOf('\n') + 1);
}

test('is written as Redis writes it, and read again', (t) => {
  const written = formatManifest(full);
  t.is(written.toString(), `# crc32 ${crc32(text).toString(16).padStart(8, '0')}\n${text}`);
  t.deepEqual(parseManifest(written, path), full);
  t.deepEqual(parseManifest(Buffer.from(text), path), full);
});

test('an increment that was begun in blocks says so, in a key that Redis ignores', (t) => {
  const name = 'appendonly.aof.1.incr.aof';
  const manifest: Manifest = {
    base: null, history: [], increments: [{ name, sequence: 1, inBlocks: true }],
  };
  const written = formatManifest(manifest);
  t.is(textOf(written), `file ${name} seq 1 type i blocks yes\n`);
  t.deepEqual(parseManifest(written, path), manifest);
  const other = Buffer.from(`file ${name} seq 1 type i blocks no\n`);
  t.deepEqual(parseManifest(other, path).increments, [{ name, sequence: 1 }]);
});

test('a file that is complete says how long it is, in a key that Redis ignores', (t) => {
  const manifest: Manifest = {
    base: { name: 'a.1.base.aof', sequence: 1, bytes: 0 }, history: [],
    increments: [{ name: 'a.1.incr.aof', sequence: 1, inBlocks: true, bytes: 981 }],
  };
  const written = formatManifest(manifest);
  t.is(textOf(written), 'file a.1.base.aof seq 1 type b bytes 0\n'
    + 'file a.1.incr.aof seq 1 type i blocks yes bytes 981\n');
  t.deepEqual(parseManifest(written, path), manifest);
  for (const bytes of ['-1', '1e3', 'all']) {
    const other = Buffer.from(`file a.1.incr.aof seq 1 type i bytes ${bytes}\n`);
    t.throws(() => parseManifest(other, path), { message: /line 1: expected bytes as a number/ });
  }
});

test('names that are not one word are quoted', (t) => {
  for (const name of ['my log.aof.1.base.rdb', 'tab\there', 'q"uote', "'", 'back\\slash', 'ü']) {
    const manifest = { base: { name, sequence: 1 }, history: [], increments: [] };
    const written = formatManifest(manifest);
    t.regex(textOf(written), /^file "[\x20-\x7e]+" seq 1 type b\n$/);
    t.deepEqual(parseManifest(written, path), manifest);
  }
  const spaced = { base: { name: 'a b', sequence: 1 }, history: [], increments: [] };
  t.is(textOf(formatManifest(spaced)), 'file "a b" seq 1 type b\n');
});

test('comments, unknown keys, odd order and letter case are accepted', (t) => {
  const odd = `# written by somebody
SEQ 2 type b FILE appendonly.aof.2.base.rdb crc deadbeef
file appendonly.aof.1.base.rdb seq 1 type h
file appendonly.aof.4.incr.aof seq 4 type i startoffset 0 endoffset 50
  file   appendonly.aof.7.incr.aof   seq 7   type i\r
`;
  t.deepEqual(parseManifest(Buffer.from(odd), path), full);
});

test('no flipped bit and no cut makes another manifest of it', (t) => {
  const whole = formatManifest(full);
  let refused = 0;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    try {
      t.deepEqual(parseManifest(damaged, path), full, `bit ${bit}`);
    } catch (error) {
      t.is((error as EngineError).code, 'MANIFEST_BAD');
      refused++;
    }
  }
  for (let length = 0; length < whole.length; length++) {
    t.throws(() => parseManifest(whole.subarray(0, length), path), { code: 'MANIFEST_BAD' });
  }
  t.log(`${whole.length * 8} flips, ${refused} refused, the others in the mark of the checksum;`
    + ` ${whole.length} lengths`);
  t.true(refused >= (whole.length - '# crc32 '.length) * 8);
});

const rows = [
  { name: 'a file twice', text: 'file a seq 1 type b\nfile a seq 1 type i\n', says: /a again/ },
  { name: 'a key twice', text: 'file a seq 1 type b file b\n', says: /expected one file/ },
  {
    name: 'a wrong checksum', text: '# crc32 00000000\nfile a seq 1 type b\n',
    says: /line 1: .*CRC-32 "00000000".*remove line 1/,
  },
  { name: 'an empty file', text: '', says: /line 1: expected at least one file/ },
  { name: 'a blank line', text: 'file a seq 1 type b\n\n', says: /line 2: .*a blank line/ },
  { name: 'no end of line', text: 'file a seq 1 type b', says: /line 1: .*the end of the file/ },
  { name: 'two words', text: 'file a\n', says: /line 1: .*found 2 words/ },
  { name: 'an odd number of words', text: 'file a seq 1 type b x\n', says: /found 7 words/ },
  { name: 'open quotes', text: 'file "a seq 1 type b\n', says: /expected closed quotes/ },
  { name: 'no name', text: 'fil a seq 1 type b\n', says: /expected the name of a file.*found ""/ },
  { name: 'a path', text: 'file ../a seq 1 type b\n', says: /without a path, found "..\/a"/ },
  { name: 'a directory', text: 'file .. seq 1 type b\n', says: /without a path, found ".."/ },
  { name: 'seq 0', text: 'file a seq 0 type b\n', says: /expected a seq of at least 1, found "0"/ },
  { name: 'seq 1x', text: 'file a seq 1x type b\n', says: /found "1x"/ },
  { name: 'another type', text: 'file a seq 1 type z\n', says: /type b, h or i, found "z"/ },
  {
    name: 'two bases', text: 'file a seq 1 type b\nfile c seq 2 type b\n',
    says: /line 2: expected one base, found a second one/,
  },
  {
    name: 'increments out of order', text: 'file a seq 2 type i\nfile c seq 2 type i\n',
    says: /line 2: expected an increment after seq 2, found seq 2/,
  },
  {
    name: 'a line that is too long', text: `file ${'a'.repeat(1010)} seq 1 type b\n`,
    says: /expected at most 1024 bytes, found 1029/,
  },
];

for (const row of rows) {
  test(`refuses ${row.name}`, (t) => {
    const error = t.throws(() => parseManifest(Buffer.from(row.text), path)) as EngineError;
    t.is(error.code, 'MANIFEST_BAD');
    t.regex(error.message, row.says);
    t.true(error.message.startsWith(path));
  });
}

test("Redis' own, cut at any byte, is refused, or says less where a line ends", (t) => {
  const whole = Buffer.from(text);
  for (let length = 0; length < whole.length; length++) {
    const part = whole.subarray(0, length);
    if (part.at(-1) === 10) {
      t.is(textOf(formatManifest(parseManifest(part, path))), part.toString());
    } else {
      const error = t.throws(() => parseManifest(part, path)) as EngineError;
      t.is(error.code, 'MANIFEST_BAD');
    }
  }
});
