// kill -9 at random moments of an engine under load with `appendfsync always`, while it saves and
// rewrites all the time: nothing that was acknowledged may be missing, in the engine started again
// or in redis-server started on a copy of the directory.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededEntropy } from '../../../io/entropy.ts';
import { freePort } from '../../../commands/test-support/redis-process.ts';
import { InfoClient } from './info-client.ts';

const engineEntry = path.join(import.meta.dirname, '../../../main.ts');
const clients = 4;
const slots = 300;
const firstKeys = 20_000;

/** What came of it. */
export interface KillReport {
  kills: number;
  acknowledged: number;
  lost: number;
  /** Directories that redis-server loaded, and acknowledged writes it did not have. */
  redisLoads: number;
  redisLost: number;
  /** Saves and rewrites that ended, and kills in the midst of one. */
  savesSeen: number;
  rewritesSeen: number;
  killsInside: number;
  findings: string[];
}

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  /** Also start redis-server on each directory. */
  readonly redis: boolean;
}

/** Kills engines on one directory, one after the other. */
export async function killAgainAndAgain(options: KillOptions): Promise<KillReport> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-kills-'));
  const entropy = seededEntropy(options.seed);
  const writers = Array.from({ length: clients }, (_, id) => new Writer(id));
  const report: KillReport = {
    kills: 0, acknowledged: 0, lost: 0, redisLoads: 0, redisLost: 0, savesSeen: 0,
    rewritesSeen: 0, killsInside: 0, findings: [],
  };
  try {
    for (; report.kills < options.kills; report.kills++) {
      const engine = await Server.engine(directory);
      await check(engine, writers, (text) => {
        report.lost++;
        report.findings.push(`after kill ${report.kills}: ${text}`);
      });
      await load(engine, { writers, report, forMs: entropy.uint32() % 700 });
      await engine.kill();
      if (options.redis) await askRedis(directory, writers, report);
    }
    const last = await Server.engine(directory);
    await check(last, writers, (text) => {
      report.lost++;
      report.findings.push(`at the end: ${text}`);
    });
    await last.kill();
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
  report.acknowledged = writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  return report;
}

/**
 * Writes without a pause, and has snapshots and rewrites taken one after the other, until a
 * while after one of each has ended: then it is time for the kill.
 */
async function load(
  engine: Server, run: { writers: readonly Writer[]; report: KillReport; forMs: number },
): Promise<void> {
  const { client } = engine;
  const { report } = run;
  if (Number(await client.ask('DBSIZE')) < firstKeys) {
    await client.ask('DEBUG', 'POPULATE', String(firstKeys), 'first', '100');
  }
  for (const writer of run.writers) await writer.begin(engine.port);
  let killMs = Infinity;
  let seen = await background(client);
  for (let turn = 0; performance.now() < killMs; turn++) {
    if (!seen.inside) await client.ask(turn % 2 === 0 ? 'BGSAVE' : 'BGREWRITEAOF');
    seen = await background(client);
    if (killMs === Infinity && seen.saves > 0 && seen.rewrites > 0) {
      killMs = performance.now() + run.forMs;
    }
    await sleep(1);
  }
  report.savesSeen += seen.saves;
  report.rewritesSeen += seen.rewrites;
  if (seen.inside) report.killsInside++;
}

interface Background {
  readonly saves: number;
  readonly rewrites: number;
  /** One of them runs. */
  readonly inside: boolean;
}

async function background(client: InfoClient): Promise<Background> {
  const info = await client.ask('INFO', 'persistence');
  const field = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
  return {
    saves: field('rdb_saves'), rewrites: field('aof_rewrites'),
    inside: field('rdb_bgsave_in_progress') + field('aof_rewrite_in_progress') > 0,
  };
}

async function askRedis(
  directory: string, writers: readonly Writer[], report: KillReport,
): Promise<void> {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-kills-redis-'));
  try {
    fs.cpSync(directory, copy, { recursive: true });
    const redis = await Server.redis(copy);
    report.redisLoads++;
    await check(redis, writers, (text) => {
      report.redisLost++;
      report.findings.push(`redis-server after kill ${report.kills}: ${text}`);
    });
    await redis.kill();
  } finally {
    fs.rmSync(copy, { recursive: true, force: true });
  }
}

/** Compares what was acknowledged with what is there. */
async function check(
  server: Server, writers: readonly Writer[], missing: (text: string) => void,
): Promise<void> {
  for (const writer of writers) {
    for (const [slot, number] of writer.last) {
      const found = await server.client.ask('GET', writer.keyOf(slot));
      if (Number(found) < number || found === '') {
        missing(`${writer.keyOf(slot)} is ${found || 'missing'}, ${number} was acknowledged`);
      }
    }
  }
}

/** One connection that sets its keys to ascending numbers, one request at a time. */
class Writer {
  acknowledged = 0;
  /** By slot the last number that was acknowledged. */
  readonly last: Map<number, number> = new Map();
  private readonly id: number;
  private number = 0;

  constructor(id: number) {
    this.id = id;
  }

  keyOf(slot: number): string {
    return `writer:${this.id}:${slot}`;
  }

  async begin(port: number): Promise<void> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    let received = '';
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (!received.endsWith('\r\n')) return;
      if (received === '+OK\r\n') {
        this.acknowledged++;
        this.last.set(this.number % slots, this.number);
      }
      received = '';
      this.send(socket);
    });
    this.send(socket);
  }

  private send(socket: net.Socket): void {
    this.number++;
    socket.write(`SET ${this.keyOf(this.number % slots)} ${this.number}\r\n`);
  }
}

/** A server process with a client. */
class Server {
  readonly port: number;
  readonly client: InfoClient;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, port: number, client: InfoClient) {
    this.child = child;
    this.port = port;
    this.client = client;
  }

  static engine(directory: string): Promise<Server> {
    return Server.start(process.execPath, [engineEntry], directory);
  }

  static redis(directory: string): Promise<Server> {
    return Server.start('redis-server', [], directory);
  }

  private static async start(
    binary: string, before: readonly string[], directory: string,
  ): Promise<Server> {
    const port = await freePort();
    const child = spawn(binary, [
      ...before, '--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '',
      '--appendonly', 'yes', '--appendfsync', 'always', '--enable-debug-command', 'yes',
      '--auto-aof-rewrite-percentage', '0',
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => (output += bytes.toString()));
    }
    const died = once(child, 'close').then(() => {
      throw new Error(`${binary} ended instead of serving ${directory}:\n${output.slice(-2000)}`);
    });
    died.catch(() => {});
    const client = await Promise.race([InfoClient.whenReady(port), died]);
    return new Server(child, port, client as InfoClient);
  }

  async kill(): Promise<void> {
    const closed = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await closed;
    this.client.close();
  }
}
