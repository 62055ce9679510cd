// check-aof and check-rdb on logs made here: every cut of a small log, times, what the machine or
// the server refuses.
import test from 'ava';
import { LogBuffer } from '../aof/log-buffer.ts';
import { EngineError } from '../errors.ts';
import { TestEngine } from '../persistence/test-support/test-engine.ts';
import { encode, newKeyspace } from '../rdb/test-support/rdb-files.ts';
import { checkRdb } from './check-rdb.ts';
import {
  base, check, diskWith, edit, first, folder, inBlocks,
  logDisk, manifest, parts, request, second, textOf,
} from './test-support/logs.ts';

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

test('a data directory of Redis 6: its one file is named, and taken when it is', async (t) => {
  const path = '/data/appendonly.aof';
  const preamble = encode(newKeyspace()).toString('latin1');
  for (const start of ['', preamble]) {
    const disk = diskWith({ [path]: start + second.slice(0, -3) });
    const refused = `/data holds no manifest, but appendonly.aof: a log in one file, as Redis up`
      + ` to 6 keeps it. Name the file itself: ${path}`;
    t.deepEqual(await check(disk, { path: '/data' }), { code: 1, lines: [refused] });
    t.throws(() => edit(disk, {}, null, '/data'), { message: refused });
    t.is((await check(disk, { path })).code, 1);
    t.is((await check(disk, { path, fix: true })).code, 0);
    t.is(textOf(disk, path), start + parts.slice(0, -1).join(''));
    t.is(edit(disk, { names: new Set(['flushall']) }, '/data/edited', path).count, 1);
    const removed = textOf(disk, '/data/edited/appendonly.aof');
    t.is(removed, textOf(disk, path).replace(request('FLUSHALL'), ''));
  }
});

test('parts of a log without their manifest are told', async (t) => {
  const disk = diskWith({ [`${folder}/a.aof.1.base.aof`]: base });
  for (const path of ['/data', folder]) {
    const { lines } = await check(disk, { path });
    t.regex(lines[0] ?? '', /appendonlydir holds no manifest, but parts of a log \(a\.aof\.1\./);
  }
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
