// check-aof, check-rdb and edit-aof on logs made here: every cut of a small log, times, rescues.
import { crc32 } from 'node:zlib';
import test from 'ava';
import { sumLine } from '../aof/block-header.ts';
import { LogBuffer } from '../aof/log-buffer.ts';
import { EngineError } from '../errors.ts';
import { MemoryDisk } from '../io/memory-disk.ts';
import type { PersistenceSettings } from '../persistence/settings.ts';
import { TestEngine } from '../persistence/test-support/test-engine.ts';
import { encode, newKeyspace } from '../rdb/test-support/rdb-files.ts';
import { checkAof } from './check-aof.ts';
import { checkRdb } from './check-rdb.ts';
import { editAof, everyCommand } from './edit-aof.ts';
import type { CommandFilter } from './edit-aof.ts';

const folder = '/data/appendonlydir';
const manifest = 'file a.aof.1.base.aof seq 1 type b\n'
  + 'file a.aof.1.incr.aof seq 1 type i\nfile a.aof.2.incr.aof seq 2 type i\n';

function request(...parts: readonly string[]): string {
  const bulks = parts.map((part) => `$${part.length}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${bulks.join('')}`;
}

const base = request('SELECT', '0') + request('SET', 'a', '1');
const first = request('SELECT', '0') + request('SET', 'b', '2');
const parts = [
  '#TS:1000\r\n', request('SELECT', '3'), request('SET', 'c', '3'), '#TS:2000\r\n',
  request('MULTI'), request('FLUSHALL'), request('SET', 'd', '4'), request('EXEC'), '#TS:3000\r\n',
  request('DEL', 'c', 'x'),
];
const second = parts.join('');

function diskWith(files: Readonly<Record<string, string>>): MemoryDisk {
  const disk = new MemoryDisk();
  for (const path of ['/data', folder, ...new Set(Object.keys(files).map(folderOf))]) {
    disk.makeDirectory(path);
  }
  for (const [path, text] of Object.entries(files)) {
    const bytes = Buffer.from(text, 'latin1');
    const fd = disk.open(path, 'truncate');
    if (bytes.length > 0) disk.write(fd, bytes, 0, bytes.length);
    disk.close(fd);
  }
  return disk;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function logDisk(last: string = second): MemoryDisk {
  return diskWith({
    [`${folder}/a.aof.manifest`]: manifest, [`${folder}/a.aof.1.base.aof`]: base,
    [`${folder}/a.aof.1.incr.aof`]: first, [`${folder}/a.aof.2.incr.aof`]: last,
  });
}

function textOf(disk: MemoryDisk, path: string): string {
  const size = disk.stat(path)?.sizeBytes ?? 0;
  const bytes = Buffer.alloc(size);
  const fd = disk.open(path, 'read');
  disk.read(fd, bytes, { offset: 0, length: size, position: 0 });
  disk.close(fd);
  return bytes.toString('latin1');
}

interface Checked {
  readonly code: number;
  readonly lines: readonly string[];
}

async function check(
  disk: MemoryDisk, more: { fix?: boolean; truncateToSec?: number; yes?: boolean; path?: string },
): Promise<Checked> {
  const lines: string[] = [];
  const code = await checkAof({ disk, print: (line) => lines.push(line) }, {
    path: more.path ?? folder, fix: more.fix ?? false, truncateToSec: more.truncateToSec ?? null,
    nowMs: 0, confirm: async () => more.yes ?? true,
  });
  return { code, lines };
}

test('a whole log, by its folder, its data directory, its manifest', async (t) => {
  for (const path of [folder, '/data', `${folder}/a.aof.manifest`]) {
    const { code, lines } = await check(logDisk(), { path });
    t.is(code, 0);
    t.is(lines.length, 4);
    t.is(lines[2], `AOF analyzed: filename=a.aof.2.incr.aof, size=${second.length},`
      + ` ok_up_to=${second.length}, commands=5, blocks=0, diff=0`);
  }
  const { code, lines } = await check(logDisk(), { path: `${folder}/a.aof.1.incr.aof` });
  t.is(code, 0);
  t.is(lines.length, 2);
});

/** Offsets of the last file at which a cut leaves it whole: annotations and outer commands. */
const wholeAt = ((): number[] => {
  const ends = [0];
  let at = 0;
  let inside = false;
  for (const part of parts) {
    at += part.length;
    if (part === request('MULTI')) inside = true;
    if (part === request('EXEC')) inside = false;
    if (!inside) ends.push(at);
  }
  return ends;
})();

test(`cut at each of ${second.length} places: found, fixed, and then whole`, async (t) => {
  for (let length = 0; length < second.length; length++) {
    const disk = logDisk(second.slice(0, length));
    const valid = Math.max(...wholeAt.filter((end) => end <= length));
    const found = await check(disk, {});
    t.is(found.code, valid === length ? 0 : 1, `${length}`);
    if (valid === length) continue;
    t.regex(found.lines[2] ?? '', new RegExp(`ok_up_to=${valid},`));
    t.is((await check(disk, { fix: true })).code, 0, `${length}`);
    t.is(textOf(disk, `${folder}/a.aof.2.incr.aof`), second.slice(0, valid));
    t.is((await check(disk, {})).code, 0);
  }
});

test('cut inside a transaction that spans two blocks: the first ends before it', async (t) => {
  const log = new LogBuffer();
  log.beginBlock();
  log.command(['SET', 'a', '1']);
  log.multi();
  log.seal(0, { continues: false, syncedBytes: 0 });
  const from = log.length;
  log.beginBlock();
  log.command(['SET', 'b', '1']);
  log.exec();
  log.seal(0, { continues: true, syncedBytes: 0 });
  for (let length = from; length < log.length; length++) {
    const disk = logDisk(log.bytes.toString('latin1', 0, length));
    t.is((await check(disk, { fix: true })).code, 0, `${length}`);
    const again = await check(disk, {});
    t.is(again.code, 0, `${length}`);
    t.regex(again.lines[2] ?? '', /commands=1, blocks=1, diff=0/);
  }
});

test('nothing is cut without a yes', async (t) => {
  const disk = logDisk(second.slice(0, -3));
  const { code, lines } = await check(disk, { fix: true, yes: false });
  t.is(code, 1);
  t.is(lines.at(-1), 'Nothing was changed.');
  t.is(textOf(disk, `${folder}/a.aof.2.incr.aof`), second.slice(0, -3));
});

test('a file that is not the last is never cut', async (t) => {
  const disk = diskWith({
    [`${folder}/a.aof.manifest`]: manifest, [`${folder}/a.aof.1.base.aof`]: base,
    [`${folder}/a.aof.1.incr.aof`]: first.slice(0, -1), [`${folder}/a.aof.2.incr.aof`]: second,
  });
  const { code, lines } = await check(disk, { fix: true });
  t.is(code, 1);
  t.regex(lines.at(-1) ?? '', /is not the last file/);
  t.is(textOf(disk, `${folder}/a.aof.1.incr.aof`), first.slice(0, -1));
});

test('garbage: the reason names offset, expected and found', async (t) => {
  const { code, lines } = await check(logDisk(`${first}garbage`), {});
  t.is(code, 1);
  t.regex(lines.join('\n'), new RegExp(`at offset ${first.length} expected a command`));
  const disk = logDisk(`${first}garbage`);
  t.is((await check(disk, { fix: true })).code, 0);
  t.is(textOf(disk, `${folder}/a.aof.2.incr.aof`), first);
});

test('truncating to a time', async (t) => {
  const times = [[3000, second.length], [2999, second.indexOf('#TS:3000')],
    [1500, second.indexOf('#TS:2000')], [999, 0]] as const;
  for (const [truncateToSec, length] of times) {
    const disk = logDisk();
    t.is((await check(disk, { truncateToSec })).code, 0);
    t.is(textOf(disk, `${folder}/a.aof.2.incr.aof`), second.slice(0, length), `${truncateToSec}`);
  }
});

test('what does not exist or is ambiguous', async (t) => {
  const rows = [
    [logDisk(), '/nowhere', /does not exist/],
    [diskWith({ '/data/x': '' }), '/data', /holds no manifest/],
    [diskWith({ '/data/a.manifest': manifest, '/data/b.manifest': manifest }), '/data', /several/],
    [diskWith({ [`${folder}/a.aof.manifest`]: manifest }), folder, /names a\.aof\.1\.base\.aof/],
    [diskWith({ [`${folder}/a.aof.manifest`]: 'nonsense\n' }), folder, /line 1/],
  ] as const;
  for (const [disk, path, expected] of rows) {
    const { code, lines } = await check(disk, { path });
    t.is(code, 1);
    t.regex(lines.join('\n'), expected);
  }
});

function edit(
  disk: MemoryDisk, filter: Partial<CommandFilter>, outputFolder: string | null = null,
): { count: number; lines: string[] } {
  const lines: string[] = [];
  const count = editAof({ disk, print: (line) => lines.push(line) },
    { path: folder, filter: { ...everyCommand, ...filter }, outputFolder });
  return { count, lines };
}

test('commands are listed with file, offset, time and database', (t) => {
  const { count, lines } = edit(logDisk(), {});
  t.is(count, 6);
  t.deepEqual(lines, [
    'a.aof.1.base.aof 23 - db0 SET a 1',
    'a.aof.1.incr.aof 23 - db0 SET b 2',
    `a.aof.2.incr.aof ${second.indexOf('*3')} 1970-01-01T00:16:40 db3 SET c 3`,
    `a.aof.2.incr.aof ${second.indexOf('*1\r\n$8')} 1970-01-01T00:33:20 db3 FLUSHALL`,
    `a.aof.2.incr.aof ${second.indexOf(request('SET', 'd', '4'))} 1970-01-01T00:33:20 db3 SET d 4`,
    `a.aof.2.incr.aof ${second.indexOf('*3\r\n$3\r\nDEL')} 1970-01-01T00:50:00 db3 DEL c x`,
  ]);
});

test('filters', (t) => {
  const rows: readonly (readonly [Partial<CommandFilter>, number])[] = [
    [{ names: new Set(['set']) }, 4], [{ names: new Set(['flushall', 'del']) }, 2],
    [{ key: 'c' }, 2], [{ key: 'x' }, 1], [{ key: 'none' }, 0], [{ file: 'a.aof.1.incr.aof' }, 1],
    [{ sinceSec: 2000 }, 3], [{ untilSec: 2000 }, 3], [{ sinceSec: 1500, untilSec: 2500 }, 2],
    [{ fromOffset: 24, file: 'a.aof.2.incr.aof' }, 4], [{ toOffset: 24 }, 2],
    [{ names: new Set(['select', 'multi', 'exec']) }, 0],
  ];
  for (const [filter, count] of rows) t.is(edit(logDisk(), filter).count, count);
});

test('the rescue: a copy without the FLUSHALL, the log itself untouched', async (t) => {
  const disk = logDisk();
  const { count } = edit(disk, { names: new Set(['flushall']) }, '/data/rescued');
  t.is(count, 1);
  t.is(textOf(disk, '/data/rescued/a.aof.2.incr.aof'), second.replace(request('FLUSHALL'), ''));
  t.is(textOf(disk, '/data/rescued/a.aof.1.base.aof'), base);
  t.true(textOf(disk, '/data/rescued/a.aof.manifest').endsWith(`\n${manifest}`));
  t.is(textOf(disk, `${folder}/a.aof.2.incr.aof`), second);
  t.is((await check(disk, { path: '/data/rescued' })).code, 0);
  const again = (): unknown => edit(disk, { names: new Set(['del']) }, '/data/rescued');
  t.throws(again, { message: /not empty/ });
});

test('a snapshot with commands behind it: listed, removed, and what is left loads', async (t) => {
  const snapshot = encode(newKeyspace()).toString('latin1');
  const text = snapshot + base + request('FLUSHALL') + request('SET', 'e', '5');
  const path = '/data/appendonly.aof';
  const disk = diskWith({ [path]: text });
  const lines: string[] = [];
  const ports = { disk, print: (line: string): number => lines.push(line) };
  const offset = snapshot.length + base.length;
  t.is(editAof(ports, { path, filter: everyCommand, outputFolder: null }), 3);
  t.is(lines[1], `appendonly.aof ${offset} - db0 FLUSHALL`);
  const filter = { ...everyCommand, names: new Set(['flushall']) };
  t.is(editAof(ports, { path, filter, outputFolder: '/data/rescued' }), 1);
  t.is(textOf(disk, '/data/rescued/appendonly.aof'), text.replace(request('FLUSHALL'), ''));
  const { code, lines: checked } = await check(disk, { path: '/data/rescued/appendonly.aof' });
  t.is(code, 0, checked.join('\n'));
  const settings = { appendOnly: true };
  const engine = await TestEngine.start({ disk, directory: '/data/rescued', settings });
  t.is(engine.run('GET', 'a'), '$1\r\n1\r\n');
  t.is(engine.run('GET', 'e'), '$1\r\n5\r\n');
});

test('lengths and checksums of what is complete: checked, right in an edited copy', async (t) => {
  const summed = base + sumLine(crc32(base)).toString('latin1');
  const noted = manifest.replace('type b', `type b bytes ${summed.length}`)
    .replace('1 type i', `1 type i bytes ${first.length}`);
  const files = (changes: Readonly<Record<string, string>>): MemoryDisk => diskWith({
    [`${folder}/a.aof.manifest`]: noted, [`${folder}/a.aof.1.base.aof`]: summed,
    [`${folder}/a.aof.1.incr.aof`]: first, [`${folder}/a.aof.2.incr.aof`]: second, ...changes,
  });
  t.is((await check(files({}), {})).code, 0);
  for (const [name, text, says] of [
    ['1.base.aof', summed.replace('\n1\r', '\n2\r'), /50 bytes before it with CRC-32/],
    ['1.base.aof', base, /ends at 50; the manifest says that it had 73 bytes/],
    ['1.incr.aof', request('SELECT', '0'), /ends at 23; the manifest says that it had 50 bytes/],
  ] as const) {
    const { code, lines } = await check(files({ [`${folder}/a.aof.${name}`]: text }), {});
    t.is(code, 1, name);
    t.regex(lines.join('\n'), says);
  }
  const disk = files({});
  t.is(edit(disk, { names: new Set(['set']) }, '/data/rescued').count, 4);
  t.is(textOf(disk, '/data/rescued/a.aof.1.base.aof'), request('SELECT', '0'));
  t.regex(textOf(disk, '/data/rescued/a.aof.manifest'), /type b bytes 23\n.*type i bytes 23\n/);
  t.is((await check(disk, { path: '/data/rescued' })).code, 0);
});

/** As the engine writes it: blocks with checksums; `stray` commands of another writer between. */
function inBlocks(stray: string): string {
  const log = new LogBuffer();
  const lists = [['SELECT', '3'], ['SET', 'a', '1']];
  const others = [['FLUSHALL'], ['SET', 'b', '2']];
  log.beginBlock();
  for (const command of lists) log.command(command);
  log.seal(0, { continues: false, syncedBytes: 0 });
  const first = log.bytes.toString('latin1', 0, log.length);
  const rest = new LogBuffer();
  rest.beginBlock();
  for (const command of others) rest.command(command);
  const offset = first.length + stray.length;
  rest.seal(offset, { continues: stray === '', syncedBytes: 0 });
  return first + stray + rest.bytes.toString('latin1', 0, rest.length);
}

test('blocks with checksums: checked, and an edited copy has its own', async (t) => {
  for (const stray of ['', request('SET', 'q', '1')]) {
    const text = inBlocks(stray);
    const disk = logDisk(text);
    const whole = await check(disk, {});
    t.is(whole.code, 0);
    t.true(whole.lines.some((line) => line.includes(`size=${text.length}, ok_up_to=${text.length},`)
      && line.includes('blocks=2')));
    t.is(edit(disk, { names: new Set(['flushall']) }, '/data/rescued').count, 1);
    const rescued = await check(disk, { path: '/data/rescued' });
    t.is(rescued.code, 0);
    t.true(rescued.lines.some((line) => line.includes('blocks=2, diff=0')));
    t.is(textOf(disk, '/data/rescued/a.aof.2.incr.aof').replace(/#HDR.*\r\n/g, ''),
      text.replace(request('FLUSHALL'), '').replace(/#HDR.*\r\n/g, ''));
  }
});

/** A log of the engine: a base in commands with its checksum; blocks, one a transaction. */
async function engineLog(): Promise<{ disk: MemoryDisk; settings: Partial<PersistenceSettings> }> {
  const disk = diskWith({});
  const settings = { appendOnly: true, appendFileName: 'a.aof', useRdbPreamble: false };
  const engine = await TestEngine.start({ disk, settings });
  const tick = (...commands: readonly string[][]): void => {
    for (const command of commands) engine.run(...command);
    engine.persistence.journal.commit();
  };
  tick(['SET', 'a', '1'], ['SET', 'b', '1']);
  engine.run('BGREWRITEAOF');
  await engine.settle();
  tick(['SET', 'c', '1']);
  tick(['MULTI'], ['SET', 'd', '1'], ['FLUSHALL'], ['SET', 'e', '1'], ['DEL', 'a'], ['EXEC']);
  tick(['SET', 'f', '1'], ['DEL', 'b'], ['SET', 'g', '1']);
  return { disk, settings };
}

const removals: readonly (readonly [string, Partial<CommandFilter>, string, number])[] = [
  ['a command inside MULTI', { names: new Set(['flushall']) }, 'a b c d e f g', 3],
  ['from inside MULTI to the end', { fromOffset: 200, toOffset: 370, file: 'a.aof.2.incr.aof' },
    'a b c d', 2],
  ['all but one command', { names: new Set(['set']) }, '', 2],
  ['commands of the base', { key: 'a', names: new Set(['set']) }, 'e f g', 3],
];

for (const [title, filter, keys, blocks] of removals) {
  test(`removed from a log of the engine: ${title}`, async (t) => {
    const { disk, settings } = await engineLog();
    t.true(edit(disk, filter, '/data/rescued').count > 0);
    const { code, lines: checked } = await check(disk, { path: '/data/rescued' });
    t.is(code, 0, checked.join('\n'));
    t.regex(checked.at(-2) ?? '', new RegExp(`blocks=${blocks},`));
    disk.rename(folder, '/data/before');
    disk.rename('/data/rescued', folder);
    const engine = await TestEngine.start({ disk, settings });
    t.is([...engine.contents().keys()].map((key) => key.slice(2)).sort().join(' '), keys);
  });
}

test('a flipped bit in a block is found, and the block cut with --fix', async (t) => {
  const text = inBlocks('');
  const at = text.lastIndexOf('b');
  const disk = logDisk(`${text.slice(0, at)}c${text.slice(at + 1)}`);
  const { code, lines } = await check(disk, {});
  t.is(code, 1);
  t.regex(lines.join('\n'), /expected a block of 45 bytes with CRC-32 [0-9a-f]+, found: bytes/);
  t.is((await check(disk, { fix: true })).code, 0);
  const left = textOf(disk, `${folder}/a.aof.2.incr.aof`);
  t.is(left, text.slice(0, text.lastIndexOf('#HDR')));
});

test('a broken log is not edited', (t) => {
  t.throws(() => edit(logDisk(second.slice(0, -1)), {}), { message: /check-aof --fix/ });
});

test('what the system refuses is told with the name of the file', async (t) => {
  for (const [call, nth, code] of [
    ['open', 1, 'EACCES'], ['open', 2, 'EACCES'], ['open', 3, 'EACCES'], ['read', 1, 'EIO'],
    ['read', 2, 'EIO'], ['read', 3, 'EIO'],
  ] as const) {
    const disk = logDisk();
    disk.inject({ call, nth, code });
    const { code: exit, lines } = await check(disk, {});
    t.is(exit, 1);
    t.regex(lines.at(-1) ?? '', new RegExp(`^/data/.*${code}`), `${call} ${nth}`);
  }
  for (const [call, code] of [['truncate', 'EROFS'], ['sync', 'EIO']] as const) {
    const disk = logDisk(second.slice(0, -1));
    disk.inject({ call, code });
    const { code: exit, lines } = await check(disk, { fix: true });
    t.is(exit, 1);
    t.regex(lines.at(-1) ?? '', new RegExp(`^${folder}/a.aof.2.incr.aof: ${code}`));
  }
  for (const [call, nth] of [['open', 2], ['read', 2], ['mkdir', 1], ['open', 5],
    ['write', 1], ['sync', 1], ['sync-directory', 1]] as const) {
    const disk = logDisk();
    disk.inject({ call, nth, code: 'EACCES' });
    const error = t.throws(() => edit(disk, { names: new Set(['del']) }, '/data/out'));
    t.true(error instanceof EngineError, `${call} ${nth}: ${error?.message}`);
    t.regex(error?.message ?? '', /\/data\/.*EACCES/);
  }
  for (const call of ['open', 'read'] as const) {
    const disk = diskWith({ '/data/dump.rdb': 'REDIS0011' });
    disk.inject({ call, code: 'EACCES' });
    const lines: string[] = [];
    t.is(checkRdb({ disk, print: (line) => lines.push(line) }, '/data/dump.rdb', 0), 1);
    t.regex(lines.at(-1) ?? '', /\/data\/dump\.rdb cannot be read: EACCES/);
  }
});

test('what the server refuses at start is not called valid', async (t) => {
  const unlisted = logDisk();
  unlisted.seed(`${folder}/a.aof.3.incr.aof`, Buffer.from(first));
  const inSnapshotsPlace = diskWith({
    [`${folder}/a.aof.manifest`]: 'file a.aof.1.base.rdb seq 1 type b\n'
      + 'file a.aof.1.incr.aof seq 1 type i\n',
    [`${folder}/a.aof.1.base.rdb`]: '', [`${folder}/a.aof.1.incr.aof`]: first,
  });
  const notABase = logDisk(encode(newKeyspace()).toString('latin1'));
  for (const [disk, says] of [
    [unlisted, /does not name a\.aof\.3\.incr\.aof/],
    [inSnapshotsPlace, /expected the magic 'REDIS'/],
    [notABase, /offset 0 expected a command that starts with '\*'/],
  ] as const) {
    const { code, lines } = await check(disk, {});
    t.is(code, 1);
    t.regex(lines.join('\n'), says);
    const settings = { appendOnly: true, appendFileName: 'a.aof' };
    await t.throwsAsync(TestEngine.start({ disk, settings }), { message: says });
  }
});

test('a torn file that only empty ones follow is cut, and its length forgotten', async (t) => {
  const noted = manifest.replace('1 type i', `1 type i bytes ${first.length}`)
    .replace('type b', `type b bytes ${base.length}`);
  const torn = `${folder}/a.aof.1.incr.aof`;
  const disk = diskWith({
    [`${folder}/a.aof.manifest`]: noted, [`${folder}/a.aof.1.base.aof`]: base,
    [torn]: first.slice(0, -1), [`${folder}/a.aof.2.incr.aof`]: '',
  });
  t.is((await check(disk, {})).code, 1);
  t.is((await check(disk, { fix: true })).code, 0);
  t.is(textOf(disk, torn), request('SELECT', '0'));
  t.regex(textOf(disk, `${folder}/a.aof.manifest`), /1 type i\n/);
  t.is((await check(disk, {})).code, 0);
  const settings = { appendOnly: true, appendFileName: 'a.aof', loadTruncated: false };
  await t.notThrowsAsync(TestEngine.start({ disk, settings }));
});

test('a snapshot without a checksum is called unchecked', async (t) => {
  for (const [checksum, count] of [[true, 0], [false, 1]] as const) {
    const text = encode(newKeyspace(), { checksum }).toString('latin1');
    const disk = diskWith({ '/data/dump.rdb': text, '/data/appendonly.aof': text + base });
    const lines: string[] = [];
    t.is(checkRdb({ disk, print: (line) => lines.push(line) }, '/data/dump.rdb', 0), 0);
    t.is(lines.filter((line) => line.includes('no checksum')).length, count);
    const checked = await check(disk, { path: '/data/appendonly.aof' });
    t.is(checked.lines.filter((line) => line.includes('no checksum')).length, count);
  }
});

test('check-rdb: an empty snapshot, cut at each place', (t) => {
  const whole = Buffer.from('524544495330303130fe00ff', 'hex');
  const bytes = Buffer.concat([whole, Buffer.alloc(8)]);
  for (let length = 0; length <= bytes.length; length++) {
    const text = bytes.subarray(0, length).toString('latin1');
    const lines: string[] = [];
    const disk = diskWith({ '/data/dump.rdb': text });
    const code = checkRdb({ disk, print: (line) => lines.push(line) }, '/data/dump.rdb', 0);
    t.is(code, length === bytes.length ? 0 : 1, `${length}`);
    t.regex(lines.at(-1) ?? '', length === bytes.length ? /looks OK/ : /offset|cannot be/);
  }
});
