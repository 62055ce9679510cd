// What the codecs and recovery cost: CRC-64, LZF, replay of a log of SETs, SAVE, and loading the
// snapshot. CPU time of this process, so that a busy machine does not matter so much.
// node engine/persistence/persistence.bench.ts [commands] [keys]
import {
  closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CommandRunner } from '../commands/apply.ts';
import { CommandContext, noEffects } from '../commands/context.ts';
import type { ServerPort } from '../commands/context.ts';
import { Session } from '../commands/session.ts';
import { realClock } from '../io/clock.ts';
import { realDisk } from '../io/real-disk.ts';
import { Keyspace } from '../keyspace/keyspace.ts';
import { Arena } from '../memory/arena.ts';
import { Crc64 } from '../rdb/crc64.ts';
import { LzfCompressor } from '../rdb/lzf.ts';
import { ReplyWriter } from '../resp/reply-writer.ts';
import { createPersistence } from './persistence.ts';
import type { Persistence } from './persistence.ts';
import { defaultSettings } from './settings.ts';

const commandCount = Number(process.argv[2] ?? 4_000_000);
const keyCount = Number(process.argv[3] ?? 1_000_000);
const directory = mkdtempSync(path.join(tmpdir(), 'plugpull-bench-'));

async function cpuSeconds(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function print(name: string, seconds: number, note: string): void {
  console.log(`${name.padEnd(34)} ${seconds.toFixed(2).padStart(6)} s CPU   ${note}`);
}

/** Values that half repeat and half do not. */
function valueOf(number: number): string {
  const noise = (Math.imul(number, 0x9e3779b1) >>> 0).toString(36) + number.toString(16);
  return noise.padEnd(100, `${noise}abcdefghijklmnopqrstuvwxyz`);
}

function writeLog(): number {
  const logDirectory = `${directory}/appendonlydir`;
  mkdirSync(logDirectory);
  const fd = openSync(`${logDirectory}/appendonly.aof.1.incr.aof`, 'w');
  let state = 12345;
  let text = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';
  let bytes = 0;
  for (let i = 0; i < commandCount; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const key = String(Math.floor((state / 2 ** 32) * keyCount)).padStart(12, '0');
    text += `*3\r\n$3\r\nSET\r\n$16\r\nkey:${key}\r\n$100\r\n${valueOf(i)}\r\n`;
    if (text.length > 1 << 20 || i === commandCount - 1) {
      bytes += writeSync(fd, text);
      text = '';
    }
  }
  closeSync(fd);
  const manifest = 'file appendonly.aof.1.incr.aof seq 1 type i\n';
  writeFileSync(`${logDirectory}/appendonly.aof.manifest`, manifest);
  return bytes;
}

async function start(appendOnly: boolean): Promise<Persistence> {
  const keyspace = new Keyspace({ arena: new Arena(), databaseCount: 16, hashSeed: 99 });
  const persistence = createPersistence({
    disk: realDisk(),
    clock: realClock(),
    keyspace,
    settings: { ...defaultSettings(directory), appendOnly, savePoints: [] },
    schedule: setImmediate,
    log: () => {},
    processId: process.pid,
    isAlive: () => false,
  });
  const context = new CommandContext({
    keyspace,
    reply: new ReplyWriter(),
    session: new Session({ id: 0 }),
    effects: noEffects,
    server: { persistence, monotonicUs: () => 0 } as unknown as ServerPort,
  });
  await persistence.recover({ context, runner: new CommandRunner() });
  return persistence;
}

const block = Buffer.alloc(1 << 20).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 13);
const crc = new Crc64();
for (let round = 0; round < 3; round++) {
  const seconds = await cpuSeconds(() => {
    for (let i = 0; i < 500; i++) crc.update(block, 0, block.length);
  });
  print('CRC-64 of 500 MiB', seconds, `${((500 * block.length) / seconds / 1e9).toFixed(2)} GB/s`);
}
const compressor = new LzfCompressor();
const target = Buffer.alloc(block.length);
const repeated = Buffer.alloc(1 << 20, 'abcdefg');
for (const [name, source] of [['noise', block], ['repeated', repeated]] as const) {
  const seconds = await cpuSeconds(() => {
    for (let i = 0; i < 1e6; i++) {
      const start = i % 1000;
      compressor.compress(source, start, start + 100, target, 0);
    }
  });
  print(`LZF of 1 M values of 100 B (${name})`, seconds, '');
}
try {
  const bytes = writeLog();
  let persistence: Persistence | null = null;
  const replay = await cpuSeconds(async () => {
    persistence = await start(true);
  });
  print(`replay of ${commandCount} SETs`, replay, `${(bytes / 1e6).toFixed(0)} MB`);
  for (let round = 0; round < 2; round++) {
    print('SAVE', await cpuSeconds(() => (persistence as Persistence | null)?.save()), '');
  }
  print('load of that snapshot', await cpuSeconds(() => start(false)), '');
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);
