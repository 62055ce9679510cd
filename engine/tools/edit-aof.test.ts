// edit-aof: lists, filters, and copies of a log without some of its commands, loaded again.
import { crc32 } from 'node:zlib';
import test from 'ava';
import { sumLine } from '../aof/block-header.ts';
import type { MemoryDisk } from '../io/memory-disk.ts';
import type { PersistenceSettings } from '../persistence/settings.ts';
import { TestEngine } from '../persistence/test-support/test-engine.ts';
import { encode, newKeyspace } from '../rdb/test-support/rdb-files.ts';
import { editAof, everyCommand } from './edit-aof.ts';
import type { CommandFilter } from './edit-aof.ts';
import {
  base, check, diskWith, edit, first, folder, inBlocks, logDisk, manifest, request, second, textOf,
} from './test-support/logs.ts';

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

test('a broken log is not edited', (t) => {
  t.throws(() => edit(logDisk(second.slice(0, -1)), {}), { message: /check-aof --fix/ });
});
