// `plugpull backup` and `restore` on folders: every form of data, live and stopped, every refusal,
// and that nothing half is ever taken for a whole.

import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { takeBackup } from '../backup/backup.ts';
import { formatRecord, parseRecord } from '../backup/record.ts';
import { usualNames } from '../backup/source.ts';
import { folderStore } from '../backup/stores/folder-store.ts';
import { RespClient } from '../drivers/resp/client.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { freePort } from '../targets/ports.ts';
import { command, filesIn, logOf, writeFiles } from './backup-test-support.ts';
import { cli, temporaryFolder } from './test-support.ts';
import type { Outcome } from './test-support.ts';

const engineData = join(import.meta.dirname, '..', '..', 'engine', 'rdb', 'testdata');
const digestIn = (outcome: Outcome): string | undefined => (
  /digest ([0-9a-f]{40})/.exec(outcome.stdout)?.[1]);

test('of a running server: a snapshot and the log, both with its digest', async (t) => {
  const cwd = temporaryFolder(t);
  const data = join(cwd, 'data');
  mkdirSync(data);
  const port = await freePort();
  const server = await bundledTarget().start({
    directory: data, port, record: null, logPath: join(cwd, 'log'),
    directives: [['appendonly', 'yes'], ['auto-aof-rewrite-percentage', '77'], ['save', ''],
      ['enable-debug-command', 'local']],
  });
  t.teardown(() => server.stop());
  await server.waitListening(60_000);
  const client = await RespClient.connect({ port, timeoutMs: 30_000 });
  t.teardown(() => client.close());
  for (let at = 0; at < 500; at++) await client.call('SET', `k${at}`, `value ${at}`);
  await client.call('ZADD', 'z', '1.5', 'one', '2', 'two');
  const digest = String(await client.call('DEBUG', 'DIGEST'));
  for (const form of ['auto', 'aof'] as const) {
    const argv = ['backup', '--port', String(port), '--form', form, '--to', 'store'];
    const now = new Date(form === 'aof' ? '2026-11-30T07:00:01Z' : '2026-11-30T07:00:00Z');
    const outcome = await cli(argv, { cwd, now });
    t.is(outcome.code, 0, outcome.stderr);
    t.is(digestIn(outcome), digest);
    t.regex(outcome.stdout, form === 'aof' ? /Z-\w{12} {2}aof {2}/ : /Z-\w{12} {2}rdb {2}1 file/);
    t.true(outcome.stdout.startsWith(`2026-11-30T07-00-0${form === 'aof' ? 1 : 0}Z-${
      digest.slice(0, 12)}`));
    t.regex(outcome.stderr, form === 'aof' ? /percentage 0 until the copy is made \(it is 77\)/
      : /BGSAVE/);
  }
  t.is(String(await client.call('CONFIG', 'GET', 'auto-aof-rewrite-percentage')),
    'auto-aof-rewrite-percentage,77');
  const refused = await cli(['backup', '--port', String(port), '--to', 's', data], {
    cwd, env: { REDISCLI_AUTH: 'a-wrong-password' },
  });
  t.is(refused.code, 69);
  t.false((refused.stderr + refused.stdout).includes('a-wrong-password'));
  const lost = await cli(['backup', '--port', '1', '--to', 's'], { cwd });
  t.is(lost.code, 69);
  t.regex(lost.stderr, /cannot connect to 127.0.0.1:1/);
  t.false(existsSync(join(cwd, 's')) && readdirSync(join(cwd, 's')).length > 0);
});

test('every form of data comes back as it was', async (t) => {
  const cwd = temporaryFolder(t);
  writeFiles(join(cwd, 'aof'), logOf(50));
  writeFiles(join(cwd, 'single-aof'), { 'appendonly.aof': command('SET', 'k', 'v') });
  mkdirSync(join(cwd, 'rdb'));
  copyFileSync(join(engineData, 'redis-7.0-strings-lfu.rdb'), join(cwd, 'rdb', 'dump.rdb'));
  for (const form of ['aof', 'single-aof', 'rdb']) {
    const before = filesIn(join(cwd, form));
    const backup = await cli(['backup', form, '--to', `store-${form}`], { cwd });
    t.is(backup.code, 0, backup.stderr);
    t.deepEqual(filesIn(join(cwd, form)), before, 'the source is as it was');
    const restore = await cli(['restore', `back-${form}`, '--from', `store-${form}`], { cwd });
    t.is(restore.code, 0, restore.stderr);
    t.deepEqual(filesIn(join(cwd, `back-${form}`)), before);
    t.is(digestIn(restore), digestIn(backup));
    t.regex(restore.stdout, form === 'rdb' ? /--appendonly no/ : /--appendonly yes/);
  }
});

test('a log that ends inside a command is cut in the copy, damage refused', async (t) => {
  const cwd = temporaryFolder(t);
  const torn = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\nhalf';
  writeFiles(join(cwd, 'torn'), logOf(3, torn));
  const backup = await cli(['backup', 'torn', '--to', 'store'], { cwd });
  t.is(backup.code, 0, backup.stderr);
  t.regex(backup.stderr, new RegExp(`its last ${torn.length} bytes are not in the backup`));
  t.deepEqual(filesIn(join(cwd, 'torn')), logOf(3, torn), 'the source is as it was');
  await cli(['restore', 'back', '--from', 'store'], { cwd });
  t.deepEqual(filesIn(join(cwd, 'back')), logOf(3));
  writeFiles(join(cwd, 'bad'), logOf(3, `garbage\r\n${command('SET', 'a', 'b')}`));
  const bad = await cli(['backup', 'bad', '--to', 'none'], { cwd });
  t.is(bad.code, 1);
  t.regex(bad.stderr, /data is damaged, so no backup of it was made/);
  t.deepEqual(readdirSync(join(cwd, 'none')), []);
});

test('files that change while they are copied are not those of a stopped server', async (t) => {
  const cwd = temporaryFolder(t);
  const directory = join(cwd, 'data');
  writeFiles(directory, logOf(3));
  await t.throwsAsync(takeBackup({
    source: { kind: 'stopped', directory, names: usualNames }, wanted: 'auto',
    store: folderStore(join(cwd, 'store')), takenAt: new Date(), onStep: () => {}, say: () => {},
  }, {
    signal: new AbortController().signal,
    onBytes: () => writeFiles(directory, logOf(4)),
  }), { code: 'ENVIRONMENT', message: /changed while it was copied.*--port/ });
  t.deepEqual(readdirSync(join(cwd, 'store')), []);
});

test('what is damaged is found, whichever bit of which file', async (t) => {
  const cwd = temporaryFolder(t);
  writeFiles(join(cwd, 'data'), logOf(20));
  await cli(['backup', 'data', '--to', 'store'], { cwd });
  const [name = ''] = readdirSync(join(cwd, 'store'));
  const whole = filesIn(join(cwd, 'store', name));
  t.is(Object.keys(whole).length, 4);
  for (const [path, content] of Object.entries(whole)) {
    for (const at of [0, content.length >> 1, content.length - 3]) {
      const flipped = content.slice(0, at) + String.fromCharCode(content.charCodeAt(at) ^ 1)
        + content.slice(at + 1);
      writeFiles(join(cwd, 'store', name), { ...whole, [path]: flipped });
      const restore = await cli(['restore', 'back', '--from', 'store'], { cwd });
      t.is(restore.code, 1, `${path} at ${at}: ${restore.stdout}`);
      t.regex(restore.stderr, /is damaged/);
      t.false(existsSync(join(cwd, 'back')), 'nothing is there that was not before');
    }
    writeFiles(join(cwd, 'store', name), whole);
    rmSync(join(cwd, 'store', name, path));
    const restore = await cli(['restore', 'back', '--from', 'store'], { cwd });
    t.is(restore.code, path === 'backup.json' ? 64 : 1, restore.stderr);
    t.false(existsSync(join(cwd, 'back')));
    writeFiles(join(cwd, 'store', name), whole);
  }
  const verify = await cli(['backup', 'verify', 'store', 'all'], { cwd });
  t.is(verify.code, 0, verify.stderr);
  t.regex(verify.stdout, /whole, 23 keys/);
});

test('another digest, a newer format, a name that is not its own', async (t) => {
  const cwd = temporaryFolder(t);
  writeFiles(join(cwd, 'data'), logOf(2));
  await cli(['backup', 'data', '--to', 'store'], { cwd });
  const [name = ''] = readdirSync(join(cwd, 'store'));
  const file = join(cwd, 'store', name, 'backup.json');
  const record = parseRecord(filesIn(join(cwd, 'store'))[`${name}/backup.json`] ?? '', 'here');
  const rows = [
    [1, /has the digest \w{40}, expected 0{40}/, {
      ...record, data: { kind: 'digest', digest: '0'.repeat(40), keys: 5 } }],
    [69, /made by Plugpull 9.0.0 in format 2, this one reads up to 1: update/, {
      ...record, format: 2, plugpull: '9.0.0' }],
    [1, /its record is of 2026-01-01T00-00-00Z-0123456789ab/, {
      ...record, name: '2026-01-01T00-00-00Z-0123456789ab' }],
    [1, /files.0.path: leads out of the backup/, {
      ...record, files: [{ ...record.files[0], path: '../../x' }] }],
  ] as const;
  for (const [code, text, changed] of rows) {
    writeFileSync(file, formatRecord(changed as unknown as typeof record));
    const restore = await cli(['restore', 'back', '--from', 'store'], { cwd });
    t.is(restore.code, code, restore.stderr);
    t.regex(restore.stderr, text);
    t.false(existsSync(join(cwd, 'back')));
  }
});

test('a snapshot of a newer Redis: kept by its sums, and said so', async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, 'data'));
  copyFileSync(join(engineData, 'redis-7.0-function.rdb'), join(cwd, 'data', 'dump.rdb'));
  const backup = await cli(['backup', 'data', '--to', 'store'], { cwd });
  t.is(backup.code, 0, backup.stderr);
  t.regex(backup.stderr, /does not know all of this data.*sums of its files alone/);
  const restore = await cli(['restore', 'back', '--from', 'store'], { cwd });
  t.is(restore.code, 0, restore.stderr);
  t.deepEqual(filesIn(join(cwd, 'back')), filesIn(join(cwd, 'data')));
});

test('what a user gets wrong is refused with what to do, and nothing is changed', async (t) => {
  const cwd = temporaryFolder(t);
  writeFiles(join(cwd, 'data'), logOf(1));
  writeFiles(join(cwd, 'full'), { 'dump.rdb': 'REDIS', 'other': '' });
  writeFiles(join(cwd, 'text'), { 'notes.txt': 'x' });
  await cli(['backup', 'data', '--to', 'store'], { cwd });
  const before = filesIn(cwd);
  const rows = [
    [['backup', '--to', 'store'], /expected a data directory, or --port/],
    [['backup', 'nowhere', '--to', 'store'], /nowhere: expected the data directory.*found nothing/],
    [['backup', 'text', '--to', 'store'], /holds no Redis data: looked for/],
    [['backup', 'data', '--form', 'rdb', '--to', 'store'], /looked for dump.rdb/],
    [['backup', 'data', '--form', 'adb', '--to', 'store'], /did you mean/],
    [['backup', 'data'], /--to/],
    [['backup', 'data', '--to', 'store', '--keep-daily', '0'], /whole number from 1/],
    [['backup', 'data', '--to', 's3://b/p'], /expected s3:\/\/bucket/],
    [['backup', 'data', '--to', 's3://bucket/p'], /AWS_ACCESS_KEY_ID is not set/],
    [['backup', 'prune', 'store'], /expected --keep-last/],
    [['backup', 'push', 'data', '--to', 'store'], /found no backup.json/],
    [['backup', 'verify', 'store', 'x'], /no backup 'x'; it has 2026-11-22T17-34-05Z/],
    [['backup', 'data', '--to', 'store'], /is there already; nothing was overwritten/],
    [['restore', 'full', '--from', 'store'], /expected an empty folder, found dump.rdb, other/],
    [['restore', 'text/notes.txt', '--from', 'store'], /notes.txt/],
    [['restore', 'back', '--from', 'nowhere'], /no backup 'latest'; it has none/],
  ] as const;
  for (const [argv, text] of rows) {
    const outcome = await cli(argv, { cwd });
    t.is(outcome.code, 64, `${argv.join(' ')}: ${outcome.stderr}`);
    t.regex(outcome.stderr, text);
    t.deepEqual(filesIn(cwd), before);
  }
});

test('dry runs name what would be done, and retention lets go', async (t) => {
  const cwd = temporaryFolder(t);
  writeFiles(join(cwd, 'data'), logOf(1));
  for (const hour of ['05', '06', '07']) {
    const now = new Date(`2026-11-30T${hour}:00:00Z`);
    const outcome = await cli(['backup', 'data', '--to', 'store', '--keep-last', '2'], {
      cwd, now,
    });
    t.is(outcome.code, 0, outcome.stderr);
  }
  const names = readdirSync(join(cwd, 'store')).sort();
  t.deepEqual(names.map((name) => name.slice(0, 13)), ['2026-11-30T06', '2026-11-30T07']);
  const now = new Date('2026-11-30T08:00:00Z');
  const dry = await cli(['backup', 'data', '--to', 'store', '--keep-last', '2', '--dry-run'], {
    cwd, now,
  });
  t.regex(dry.stdout, /would copy 3 files/);
  t.regex(dry.stdout, /would let go 2026-11-30T06.*\n.*would keep 2026-11-30T07/);
  t.regex((await cli(['restore', 'b', '--from', 'store', '--dry-run'], { cwd })).stdout,
    /would restore 2026-11-30T07/);
  t.deepEqual(readdirSync(join(cwd, 'store')).sort(), names);
  const list = await cli(['backup', 'list', 'store'], { cwd });
  t.is(list.stdout.split('\n').length, 3);
  const json = JSON.parse((await cli(['backup', 'list', 'store', '--json'], { cwd })).stdout) as {
    name: string }[];
  t.deepEqual(json.map(({ name }) => name), names);
  const pushed = await cli(['backup', 'push', join('store', names[0] ?? ''), '--to', 'other'], {
    cwd,
  });
  t.is(pushed.code, 0, pushed.stderr);
  t.deepEqual(filesIn(join(cwd, 'other', names[0] ?? '')),
    filesIn(join(cwd, 'store', names[0] ?? '')));
});

test('a store that cannot be written says so', async (t) => {
  const cwd = temporaryFolder(t);
  writeFiles(cwd, { ...logOf(1), file: '' });
  chmodSync(join(cwd, 'file'), 0o400);
  const outcome = await cli(['backup', '.', '--to', 'file/store'], { cwd });
  t.is(outcome.code, 69);
  t.regex(outcome.stderr, /the store .*ENOTDIR/);
});
