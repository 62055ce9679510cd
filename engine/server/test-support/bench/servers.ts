// Servers under comparison, each a process of its own on a directory of its own, and what the
// system says about them: CPU time and memory.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../commands/test-support/redis-process.ts';
import type { LoadOptions, LoadResult } from './load.ts';

const run = promisify(execFile);
const loadEntry = path.join(import.meta.dirname, 'load.ts');
const nullEntry = path.join(import.meta.dirname, 'null-server.ts');
// The sources, unless whoever runs the benches has made the bundle that the package ships.
const engineEntry = (): string => process.env['PLUGPULL_ENGINE_ENTRY']
  ?? path.join(import.meta.dirname, '../../../main.ts');

export type ServerKind = 'engine' | 'redis';
/** What the engine is measured beside. */
export type PeerKind = 'redis' | 'valkey';
/** `null`: the one that does nothing. */
type AnyKind = ServerKind | PeerKind | 'null';
export const policies = ['none', 'no', 'everysec', 'always'] as const;
export type Policy = (typeof policies)[number];

/** valkey-server only where VALKEY_SERVER_BIN names one. */
const binaryOf: Readonly<Record<PeerKind, string | undefined>> = {
  redis: process.env['REDIS_SERVER_BIN'] ?? 'redis-server',
  valkey: process.env['VALKEY_SERVER_BIN'],
};

function commandOf(kind: ServerKind | PeerKind): readonly string[] {
  return kind === 'engine' ? [process.execPath, engineEntry()] : [binaryOf[kind] ?? ''];
}

/** As the harness starts the engine: the arena on huge pages where the kernel offers them. */
const engineEnvironment = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

function persistence(policy: Policy): string[] {
  return policy === 'none'
    ? ['--appendonly', 'no'] : ['--appendonly', 'yes', '--appendfsync', policy];
}

export interface BenchServer {
  readonly kind: AnyKind;
  readonly port: number;
  /** From spawn to the first answered read. */
  readonly startSec: number;
  /** CPU time of all its threads so far, µs. */
  cpuUs(): number;
  /** How long its main thread could have run and had no CPU so far, µs. */
  waitedUs(): number;
  rssBytes(): number;
  load(options: Omit<LoadOptions, 'port'>): Promise<LoadResult>;
  /** Sends inline commands and waits for as many replies of one line. */
  command(...lines: readonly string[]): Promise<string>;
  /** A section of INFO. */
  info(section: string): Promise<string>;
  stop(): Promise<void>;
}

/** How a server is started; without a directory on an empty one, which goes with it. */
export interface StartOptions {
  readonly extra?: readonly string[];
  readonly directory?: string;
}

/** Starts a server and resolves when it answers. */
export async function startServer(
  kind: ServerKind | PeerKind, policy: Policy, options: StartOptions = {},
): Promise<BenchServer> {
  const { extra = [] } = options;
  const directory = options.directory
    ?? fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bench-'));
  const port = await freePort();
  const [binary = '', ...before] = commandOf(kind);
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
  const env = kind === 'engine' ? { ...process.env, ...engineEnvironment } : process.env;
  const beganMs = performance.now();
  const child = spawn(binary, [...before, ...flags, ...persistence(policy), ...extra], {
    stdio: 'ignore', env,
  });
  // A read that must be answered with data; nil is data, -LOADING is not.
  const answers = async (): Promise<boolean> => (await ask(port, ['GET none'])).startsWith('$');
  const removed = options.directory === undefined ? directory : null;
  return whenReady(child, { kind, port, beganMs, removed, answers });
}

/** Starts the server that does nothing, for requests of one length and replies all alike. */
export async function startNull(requestBytes: number, reply: string): Promise<BenchServer> {
  const port = await freePort();
  const child = spawn(process.execPath, [nullEntry, String(port), String(requestBytes), reply], {
    stdio: 'ignore',
  });
  const answers = (): Promise<boolean> => connects(port);
  const beganMs = performance.now();
  return whenReady(child, { kind: 'null', port, beganMs, removed: null, answers });
}

interface Starting {
  readonly kind: AnyKind;
  readonly port: number;
  readonly beganMs: number;
  /** The directory that goes with the server. */
  readonly removed: string | null;
  readonly answers: () => Promise<boolean>;
}

async function whenReady(child: ChildProcess, starting: Starting): Promise<BenchServer> {
  const { kind, port, beganMs, removed, answers } = starting;
  const { pid } = child;
  if (pid === undefined) throw new Error(`${kind} cannot be started`);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  for (let attempt = 0; !await answers().catch(() => false); attempt++) {
    const { exitCode, signalCode } = child;
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`${kind} ended by itself (${signalCode ?? `exit code ${exitCode}`})`);
    }
    if (attempt > 20_000) throw new Error(`${kind} does not answer on port ${port}`);
    await sleep(5);
  }
  const startSec = (performance.now() - beganMs) / 1000;
  return {
    kind, port, startSec,
    command: (...lines) => ask(port, lines),
    info: (section) => askBulk(port, `INFO ${section}`),
    cpuUs: () => cpuUs(pid),
    waitedUs: () => waitedUs(pid),
    rssBytes: () => rssBytes(pid),
    async load(options) {
      const argument = JSON.stringify({ ...options, port });
      const { stdout } = await run(process.execPath, [loadEntry, argument]);
      return JSON.parse(stdout) as LoadResult;
    },
    async stop() {
      child.kill('SIGKILL');
      await gone;
      if (removed !== null) fs.rmSync(removed, { recursive: true, force: true });
    },
  };
}

async function connects(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.on('connect', () => resolve(true));
  socket.on('error', () => resolve(false));
  const connected = await promise;
  socket.destroy();
  return connected;
}

/** Whether redis-server can be compared with. */
export function hasRedis(): Promise<boolean> {
  return hasPeer('redis');
}

/** Whether a peer can be compared with. */
export async function hasPeer(kind: PeerKind): Promise<boolean> {
  const binary = binaryOf[kind];
  if (binary === undefined) return false;
  return run(binary, ['--version']).then(() => true, () => false);
}

async function ask(port: number, lines: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    if (received.split('\r\n').length > lines.length) socket.destroy();
  });
  socket.on('error', reject);
  socket.on('close', () => resolve(received));
  socket.write(`${lines.join('\r\n')}\r\n`);
  return promise;
}

/** Sends one inline command and waits for a bulk reply. */
async function askBulk(port: number, line: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    const head = /^\$(\d+)\r\n/.exec(received);
    if (head !== null && received.length >= head[0].length + Number(head[1])) socket.destroy();
  });
  socket.on('error', reject);
  socket.on('close', () => resolve(received));
  socket.write(`${line}\r\n`);
  return promise;
}

/** From the scheduler's figures of each thread, in ns; the ticks of `stat` are 10 ms. */
function cpuUs(pid: number): number {
  let ns = 0;
  for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
    const text = fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    ns += Number(text.split(' ')[0]);
  }
  return ns / 1000;
}

/** How long the main thread of a process could have run and had no CPU so far, µs. */
export function waitedUs(pid: number): number {
  return Number(fs.readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1000;
}

function rssBytes(pid: number): number {
  const text = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024;
}
