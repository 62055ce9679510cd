// What a start makes of damaged snapshots, files that cannot be read, and compat-strict; one that
// refuses does so each time and changes nothing. The other states: recovery.test.ts.
import test from 'ava';
import type { EngineError, EngineErrorCode } from '../errors.ts';
import { LogBuffer } from '../aof/log-buffer.ts';
import { formatManifest } from '../aof/manifest.ts';
import type { Disk } from '../io/disk.ts';
import { encode, fill, newKeyspace } from '../rdb/test-support/rdb-files.ts';
import type { PersistenceSettings } from './settings.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';

const directory = '/data/appendonlydir';
const paths = {
  snapshot: '/data/dump.rdb',
  base: `${directory}/appendonly.aof.1.base.rdb`,
  increment: `${directory}/appendonly.aof.1.incr.aof`,
  manifest: `${directory}/appendonly.aof.manifest`,
};
const value = 'a value that is long enough to be changed';

function saved(): Buffer {
  const keyspace = newKeyspace();
  const key = { database: 0, key: Buffer.from('a'), value: Buffer.from(value), deadlineMs: 0 };
  fill(keyspace, [key]);
  return encode(keyspace);
}

function increment(): Buffer {
  const buffer = new LogBuffer();
  buffer.command(['SET', 'b', '1']);
  return Buffer.from(buffer.bytes.subarray(0, buffer.length));
}

function log(base: Buffer): [string, Buffer][] {
  const manifest = formatManifest({
    base: { name: 'appendonly.aof.1.base.rdb', sequence: 1 }, history: [],
    increments: [{ name: 'appendonly.aof.1.incr.aof', sequence: 1 }],
  });
  return [[paths.base, base], [paths.increment, increment()], [paths.manifest, manifest]];
}

/** The snapshot with other bytes. */
const versioned = (magic: string): Buffer => {
  const bytes = saved();
  bytes.write(magic, 0, 'latin1');
  return bytes;
};
const changed = (): Buffer => {
  const bytes = saved();
  bytes.write('A', bytes.indexOf(value), 'latin1');
  return bytes;
};
const unchecked = (bytes: Buffer): Buffer => bytes.fill(0, bytes.length - 8);

interface Damage {
  readonly name: string;
  readonly bytes: () => Buffer;
  /** Refused so … */
  readonly code?: EngineErrorCode;
  readonly says?: RegExp;
  /** … or loaded with this value. */
  readonly value?: string;
  readonly logs?: RegExp;
}

const damages: readonly Damage[] = [
  {
    name: 'of a newer Redis', bytes: () => versioned('REDIS0013'), code: 'RDB_UNSUPPORTED',
    says: /offset 5: can't handle RDB format version 13/,
  },
  {
    name: 'of a Redis to come', bytes: () => versioned('REDIS9999'), code: 'RDB_UNSUPPORTED',
    says: /version 9999/,
  },
  {
    name: 'of a newer Valkey', bytes: () => versioned('VALKEY082'), code: 'RDB_UNSUPPORTED',
    says: /can't handle RDB format version 82/,
  },
  {
    name: 'with a changed byte', bytes: changed, code: 'RDB_BAD', says: /bytes before it have chan/,
  },
  {
    name: 'with another checksum', code: 'RDB_BAD', says: /the checksum/,
    bytes: () => {
      const bytes = saved();
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      return bytes;
    },
  },
  {
    name: 'saved without a checksum', bytes: () => unchecked(saved()), value,
    logs: /warning: .* was saved without a checksum: damage/,
  },
  {
    // Eight zeros are what a save without a checksum leaves: nobody can tell the two apart.
    name: 'with a changed byte and eight zeros', bytes: () => unchecked(changed()),
    value: value.replace('a', 'A'), logs: /warning: .* was saved without a checksum: damage/,
  },
  {
    name: 'with a broken structure and eight zeros', code: 'RDB_BAD', says: /is damaged at offset/,
    bytes: () => {
      const bytes = unchecked(saved());
      bytes[bytes.length - 9] = 0;
      return bytes;
    },
  },
  {
    name: 'whose end is zeros', code: 'RDB_BAD',
    bytes: () => {
      const bytes = saved();
      return bytes.fill(0, bytes.length - 20);
    },
  },
  { name: 'cut short', bytes: () => saved().subarray(0, -1), code: 'RDB_BAD' },
  { name: 'that is empty', bytes: () => Buffer.alloc(0), code: 'RDB_BAD', says: /offset 0/ },
];

for (const { name, bytes, code, says, value: found, logs } of damages) {
  for (const base of [false, true]) {
    test(`start with a ${base ? 'base' : 'snapshot'} ${name}`, async (t) => {
      const files = base ? log(bytes()) : [[paths.snapshot, bytes()]] as [string, Buffer][];
      const disk = memoryDisk(files);
      const settings = { appendOnly: base };
      if (code !== undefined) {
        const message = await refusedTwice(disk, settings, code);
        if (says !== undefined) t.regex(message, says);
        t.true(message.includes(base ? paths.base : paths.snapshot), message);
        t.deepEqual(disk.tree(), memoryDisk(files).tree());
        return;
      }
      const engine = await TestEngine.start({ disk, settings });
      t.is(engine.contents().get('0:a'), `${found}@0`);
      t.regex(engine.logLines.join('\n'), logs ?? /./);
    });
  }
}

/** Starts twice; both must be refused alike. Returns the words. */
async function refusedTwice(
  disk: Disk, settings: Partial<PersistenceSettings>, code: EngineErrorCode,
): Promise<string> {
  const messages: string[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await TestEngine.start({ disk, settings });
      throw new Error('it started');
    } catch (error) {
      if ((error as EngineError).code !== code) throw error;
      messages.push((error as EngineError).message);
    }
  }
  if (messages[0] !== messages[1]) throw new Error(messages.join(' | '));
  return messages[0] ?? '';
}

/** A disk on which one file can be listed and not be opened, or opened and not be read. */
function unreadable(inner: Disk, path: string, call: 'open' | 'read'): Disk {
  const opened = new Set<unknown>();
  return new Proxy(inner, {
    get: (target, name): unknown => {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const fails = name === call && (call === 'open' ? args[0] === path : opened.has(args[0]));
        if (fails) {
          const reason = call === 'open' ? 'EACCES: permission denied' : 'EIO: i/o error';
          throw Object.assign(new Error(`${reason}, ${path}`), { code: reason.split(':')[0] });
        }
        const result: unknown = Reflect.apply(member, target, args);
        if (name === 'open' && args[0] === path) opened.add(result);
        if (name === 'close') opened.delete(args[0]);
        return result;
      };
    },
  });
}

for (const [role, path] of Object.entries(paths)) {
  for (const call of ['open', 'read'] as const) {
    const failing = call === 'open' ? 'opened' : 'read';
    test(`start with a ${role} that cannot be ${failing}`, async (t) => {
      const files = role === 'snapshot' ? [[path, saved()]] as [string, Buffer][] : log(saved());
      const inner = memoryDisk(files);
      const settings = { appendOnly: role !== 'snapshot' };
      const error = await t.throwsAsync(
        TestEngine.start({ disk: unreadable(inner, path, call), settings }));
      const { code, message } = error as EngineError;
      t.true(['RDB_BAD', 'AOF_BAD', 'MANIFEST_BAD', 'DIRECTORY_UNUSABLE'].includes(code), code);
      t.true(message.includes(path), message);
      t.regex(message, call === 'open' ? /EACCES/ : /EIO/);
      t.deepEqual(inner.tree(), memoryDisk(files).tree());
      // What could not be read is not damaged: the next start finds all of it.
      const again = await TestEngine.start({ disk: inner, settings });
      t.is(again.contents().get('0:a'), `${value}@0`);
    });
  }
}

test('compat-strict: a snapshot and no log is an empty start; the snapshot stays', async (t) => {
  const disk = memoryDisk([[paths.snapshot, saved()]]);
  const settings = { appendOnly: true, compatStrict: true };
  const engine = await TestEngine.start({ disk, settings });
  t.is(engine.contents().size, 0);
  t.true(engine.acknowledge('SET', 'b', '1'));
  t.deepEqual(disk.tree().files.get(paths.snapshot), new Uint8Array(saved()));
  const again = await TestEngine.start({ disk, settings });
  t.deepEqual([...again.contents().keys()], ['0:b']);
});

test('no flipped bit of a manifest starts with other data', async (t) => {
  const files = log(saved());
  const manifest = files[2]?.[1] ?? Buffer.alloc(0);
  let refused = 0;
  for (let bit = 0; bit < manifest.length * 8; bit++) {
    const damaged = Buffer.from(manifest);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    const disk = memoryDisk([...files.slice(0, 2), [paths.manifest, damaged]]);
    const engine = new TestEngine({ disk, settings: { appendOnly: true }, arenaBytes: 2 ** 20 });
    try {
      await engine.recover();
      t.deepEqual([...engine.contents().keys()], ['0:a', '0:b'], `bit ${bit}`);
    } catch (error) {
      t.is((error as EngineError).code, 'MANIFEST_BAD', `bit ${bit}: ${String(error)}`);
      refused++;
    }
  }
  t.log(`${manifest.length * 8} flips, ${refused} refused`);
  t.true(refused > 600);
});

test('a base in commands is refused, cut at any byte, whether or not it is the last', async (t) => {
  const first = memoryDisk();
  const settings = { appendOnly: true, appendFsync: 'always', useRdbPreamble: false } as const;
  const engine = await TestEngine.start({ disk: first, settings });
  engine.run('MULTI');
  for (const key of ['a', 'b']) engine.run('SET', key, '1');
  engine.run('EXEC');
  engine.persistence.journal.commit();
  engine.run('BGREWRITEAOF');
  await engine.settle();
  const base = '/data/appendonlydir/appendonly.aof.2.base.aof';
  const { files } = first.tree();
  const whole = files.get(base) ?? new Uint8Array();
  for (let length = 0; length < whole.length; length++) {
    const disk = memoryDisk([...files, [base, whole.subarray(0, length)]]);
    const message = await refusedTwice(disk, settings, 'AOF_BAD');
    t.regex(message, new RegExp(`2.base.aof is damaged .* ${whole.length} bytes, as the man`));
  }
});

test('a file where a directory belongs, and the other way round', async (t) => {
  const [on, off] = [{ appendOnly: true }, { appendOnly: false }];
  const rows = [
    [directory, 'file', on, 'DIRECTORY_UNUSABLE', /appendonlydir is a file.*'appenddirname'/],
    [paths.manifest, 'directory', on, 'MANIFEST_BAD', /\.manifest is a directory.*Move it away/],
    [paths.snapshot, 'directory', off, 'RDB_BAD', /is no file: move away/],
  ] as const;
  for (const [path, kind, settings, code, says] of rows) {
    const disk = memoryDisk([['/data/other', Buffer.from('x')]]);
    if (path === paths.manifest) disk.makeDirectory(directory);
    if (kind === 'file') disk.seed(path, Buffer.from('x'));
    else disk.makeDirectory(path);
    const error = await t.throwsAsync(TestEngine.start({ disk, settings }), { message: says });
    t.is((error as EngineError).code, code);
  }
});
