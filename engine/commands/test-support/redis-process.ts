// A real redis-server for comparisons, and a client that only sends bytes and reads one reply.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { encodeRequest, readReply } from './replies.ts';

const binary = 'redis-server';

/** Whether redis-server 7.0 is on the PATH. */
export const hasRedisServer: boolean = /v=7\.0\./.test(
  String(spawnSync(binary, ['--version']).stdout ?? ''),
);

/** What to append to the title of a test that needs it. */
export const skippedWithoutRedis = '(skipped: redis-server is not on the PATH)';

/** A running redis-server on a free loopback port. */
export class RedisProcess {
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly directory: string;

  private constructor(port: number, child: ChildProcess, directory: string) {
    this.port = port;
    this.child = child;
    this.directory = directory;
  }

  static async start(...extra: readonly string[]): Promise<RedisProcess> {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'plugpull-redis-'));
    const port = await freePort();
    const child = spawn(binary, [
      '--port', String(port), '--save', '', '--dir', directory, '--bind', '127.0.0.1',
      '--enable-debug-command', 'yes', ...extra,
    ], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes('Ready to accept connections')) resolve();
      });
      child.on('exit', () => reject(new Error(`redis-server ended:\n${log}`)));
    });
    child.stdout?.resume();
    return new RedisProcess(port, child, directory);
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port);
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await exited;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One connection; replies come as text, in order. */
export class RawClient {
  private readonly socket: net.Socket;
  private received: Buffer = Buffer.alloc(0);
  private waiting: { resolve: (text: string) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.waiting) reject(new Error('connection closed'));
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = net.connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  send(parts: readonly (string | Uint8Array)[]): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(encodeRequest(parts));
    });
  }

  /** Sends without expecting a reply. */
  sendOnly(parts: readonly (string | Uint8Array)[]): void {
    this.socket.write(encodeRequest(parts));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    let at = 0;
    for (let read = readReply(this.received, at); read !== null && at < this.received.length;) {
      at = read.end;
      this.waiting.shift()?.resolve(read.text);
      read = at < this.received.length ? readReply(this.received, at) : null;
    }
    this.received = this.received.subarray(at);
  }
}
