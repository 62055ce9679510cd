// The target `command`: its file, and a server that a shell starts, kills and wipes.
import test from 'ava';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RespClient } from '../drivers/resp/client.ts';
import { ReplyError } from '../drivers/resp/codec.ts';
import { commandTarget } from './command.ts';
import { readCommandFile, startCommand } from './command-file.ts';
import { freePort } from './ports.ts';
import { redisTarget } from './redis.ts';
import { startListening } from './targets.ts';
import type { StartOptions } from './target.ts';

interface Teardown {
  teardown(undo: () => void): void;
}

// Before the first test: AVA wants them declared in one go.
const located = await redisTarget().locate();

const whole = {
  name: 'mine', address: 'db1:6400', start: 'run {directives}', kill: 'k', wipe: 'w',
};

function folderOf(t: Teardown): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull command ü-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function fileIn(folder: string, content: unknown): string {
  const file = path.join(folder, 'target.json');
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const mistakes: [what: string, content: unknown, message: RegExp][] = [
  ['no JSON', '{ "name": ', /target\.json: not the file of a target command:\n {2}.*JSON/],
  ['a number', 7, /the file: expected an object, found 7/],
  ['a missing field', { ...whole, kill: undefined }, /kill: expected a text, found nothing/],
  ['an empty command', { ...whole, wipe: ' ' }, /wipe: expected a command, found ""/],
  ['a foreign field', { ...whole, pause: 'p' }, /pause: expected only the fields name, address, /],
  ['no directives', { ...whole, start: 'go' }, /start: expected a command with \{directives\}/],
  ['no port', { ...whole, address: 'db1' }, /address: expected host:port .* found "db1"/],
  ['port 0', { ...whole, address: 'db1:0' }, /address: expected host:port/],
  ['a long name', { ...whole, name: 'a b' }, /name: expected letters, .* found "a b"/],
];

for (const [what, content, message] of mistakes) {
  test(`a file with ${what} is refused`, (t) => {
    const file = fileIn(folderOf(t), content);
    t.throws(() => readCommandFile(file), { code: 'USAGE', message });
  });
}

test('a whole file, its address, and directives quoted for a shell', (t) => {
  const file = readCommandFile(fileIn(folderOf(t), { ...whole, address: '[::1]:6400' }));
  t.deepEqual(file.address, { host: '::1', port: 6400 });
  t.is(startCommand(file, [['save', ''], ['appendonly', 'yes'], ['requirepass', 'it\'s']]),
    'run --save \'\' --appendonly yes --requirepass \'it\'\\\'\'s\'');
});

const page = fs.readFileSync(
  path.join(import.meta.dirname, '../../docs/command-targets.md'), 'utf8');
const filesOfThePage = [...page.matchAll(/^```json\n([^]*?)^```/gm)].map(([, text = '']) => text);

test('the files of the page are whole, and a shell can read their commands', (t) => {
  t.is(filesOfThePage.length, 3);
  for (const text of filesOfThePage) {
    const { start, kill, wipe, stop, logs } = readCommandFile(fileIn(folderOf(t), text));
    for (const command of [start, kill, wipe, stop, logs]) {
      const args = ['-n', '-c', command ?? '('];
      const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
      t.is(status, 0, `${command}: ${stderr}`);
    }
  }
});

const redisTest = located.kind === 'found' ? test.serial : test.serial.skip;
const skipped = located.kind === 'found' ? '' : ' (skipped: redis-server is not on the PATH)';

/** A value, once the server has loaded its data. */
async function whenLoaded(client: RespClient, key: string): Promise<string> {
  for (;;) {
    try {
      return String(await client.call('GET', key));
    } catch (error) {
      if (!(error instanceof ReplyError) || error.prefix !== 'LOADING') throw error;
      await sleep(20);
    }
  }
}

for (const tool of ['docker', 'ssh', 'kubectl']) {
  redisTest(`the file for ${tool} does its work with a stand-in of it${skipped}`, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-stand-in-'));
    t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
    const port = await freePort();
    const text = filesOfThePage.find((each) => each.includes(`${tool} `)) ?? '';
    const here = text.replace(/"address": ".*"/, `"address": "127.0.0.1:${port}"`)
      .replaceAll('6400', String(port)).replaceAll('/var/tmp/plugpull', `${folder}/data`)
      .replaceAll('/data', `${folder}/data`).replaceAll(`${folder}${folder}`, folder);
    const { PATH } = process.env;
    t.teardown(() => Object.assign(process.env, { PATH }));
    Object.assign(process.env, {
      PATH: `${path.join(import.meta.dirname, 'testdata/stand-ins')}:${PATH}`, STAND_IN: folder,
      STAND_IN_PORT: String(port), STAND_IN_REDIS: located.kind === 'found' ? located.binary : '',
    });
    if (tool === 'kubectl') fs.mkdirSync(path.join(folder, 'data'));
    const target = commandTarget({ environment: { PLUGPULL_TARGET_FILE: fileIn(folder, here) } });
    const options: StartOptions = {
      directory: folder, port: 1, directives: [['save', ''], ['appendonly', 'yes']],
      logPath: path.join(folder, 'words'), record: null, isFresh: true,
    };
    const first = await startListening(target, options, 60_000);
    // Also when it fails: what only a command of the user's ends would stay.
    t.teardown(() => target.tidy?.(options.logPath));
    const client = await RespClient.connect({ port });
    t.teardown(() => client.close());
    t.is(await client.call('SET', 'k', 'v'), 'OK');
    t.true(first.running.kill().applied);
    t.is((await first.running.exited).killFailure, undefined);
    const second = await startListening(target, { ...options, isFresh: false }, 60_000);
    const again = await RespClient.connect({ port });
    t.teardown(() => again.close());
    t.is(await whenLoaded(again, 'k'), 'v', 'the kill left its data');
    t.deepEqual(String(await again.call('CONFIG', 'GET', 'save')), 'save,');
    await second.running.stop();
    t.is((await second.running.exited).cause, 'stopped');
    await target.tidy?.(options.logPath);
    t.deepEqual(fs.existsSync(path.join(folder, 'data/appendonlydir')), false, 'wiped');
  });
}

test('without a file the target is missing and says what to set', async (t) => {
  const found = await commandTarget({ environment: {} }).locate();
  if (found.kind === 'found') return t.fail(found.binary);
  t.deepEqual(found.lookedFor, ['$PLUGPULL_TARGET_FILE (not set)']);
  const environment = { PLUGPULL_TARGET_FILE: '/no/file.json' };
  const other = await commandTarget({ environment }).locate();
  t.is(other.kind === 'missing' ? other.lookedFor[0] : '', '/no/file.json ($PLUGPULL_TARGET_FILE)');
});

/** The bundled engine as a server that only a shell knows. */
async function shellServer(t: Teardown, changes: object = {}): Promise<{
  environment: NodeJS.ProcessEnv; data: string; options: StartOptions;
}> {
  const folder = folderOf(t);
  const [port, data] = [await freePort(), path.join(folder, 'data')];
  const engine = path.join(import.meta.dirname, '../../engine/main.ts');
  const file = fileIn(folder, {
    name: 'shell', address: `127.0.0.1:${port}`,
    start: `mkdir -p '${data}' && '${process.execPath}' '${engine}' --port ${port} `
      + `--dir '${data}' {directives} & echo $! >'${folder}/pid'`,
    kill: `kill -9 $(cat '${folder}/pid')`, stop: `kill $(cat '${folder}/pid')`,
    wipe: `rm -rf '${data}'`, ...changes,
  });
  const environment = { PLUGPULL_TARGET_FILE: file };
  t.teardown(() => {
    try {
      process.kill(Number(fs.readFileSync(path.join(folder, 'pid'), 'utf8')), 'SIGKILL');
    } catch {
      // It is gone, as it should be.
    }
  });
  const options: StartOptions = {
    directory: folder, port: 1, directives: [['save', ''], ['appendonly', 'yes']],
    logPath: path.join(folder, 'log'), record: null, isFresh: true,
  };
  return { environment, data, options };
}

test('a server of a shell: started, killed, found again as it was, wiped', async (t) => {
  const { environment, data, options } = await shellServer(t);
  const target = commandTarget({ environment });
  const first = await startListening(target, options, 60_000);
  t.is(first.running.exitInfo(), null);
  t.true(first.running.kill().applied);
  const { cause, killFailure } = await first.running.exited;
  t.deepEqual([cause, killFailure], ['killed', undefined]);
  t.false(first.running.kill().applied, 'it was gone before the second kill');
  t.true(fs.existsSync(path.join(data, 'appendonlydir')));
  const second = await startListening(target, { ...options, isFresh: false }, 60_000);
  await second.running.stop();
  t.is((await second.running.exited).cause, 'stopped');
  await target.tidy?.(options.logPath);
  t.false(fs.existsSync(data));
});

test('a kill that does not end it is told, and so is whoever holds the address', async (t) => {
  const { environment, options } = await shellServer(t, { kill: 'echo will not; exit 3' });
  const target = commandTarget({ environment, dyingMs: 1 });
  const { running } = await startListening(target, options, 60_000);
  running.kill();
  const { killFailure } = await running.exited;
  t.regex(killFailure ?? '', /still answers 1 ms after its kill .*ended with 3: .*will not/);
  await t.throwsAsync(target.start(options), {
    code: 'TARGET_FAILED', message: /somebody still answers at 127\.0\.0\.1:\d+ after kill an/,
  });
});

test('a server that dies alone is seen to', async (t) => {
  const { environment, options } = await shellServer(t);
  const { running } = await startListening(commandTarget({ environment }), options, 60_000);
  // What watches a server keeps no process alive.
  const awake = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(awake));
  process.kill(Number(fs.readFileSync(path.join(options.directory, 'pid'), 'utf8')), 'SIGKILL');
  t.is((await running.exited).cause, 'alone');
});

test('a start that fails says why', async (t) => {
  const { environment, options } = await shellServer(t, {
    start: 'echo no room {directives}; exit 4', logs: 'echo the log of it',
  });
  await t.throwsAsync(startListening(commandTarget({ environment }), options, 60_000), {
    code: 'TARGET_FAILED',
    message: /shell: its start command ended with 4.*\n {2}no room --save {2}--a[^]*log of it/,
  });
});

test('a wipe that fails ends the trial', async (t) => {
  const { environment, options } = await shellServer(t, { wipe: 'exit 5' });
  await t.throwsAsync(startListening(commandTarget({ environment }), options, 60_000), {
    code: 'TARGET_FAILED', message: /its wipe command ended with 5/,
  });
});
