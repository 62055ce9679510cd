// An engine in this process on a disk in memory, and a client that shows the bytes on the wire.

import net from 'node:net';
import type { Socket } from 'node:net';
import { realClock } from '../../io/clock.ts';
import { seededEntropy } from '../../io/entropy.ts';
import { MemoryDisk } from '../../io/memory-disk.ts';
import { startEngine } from '../../start.ts';
import type { EngineOptions, RunningEngine } from '../../start.ts';

export interface TestEngine {
  readonly engine: RunningEngine;
  readonly port: number;
  readonly disk: MemoryDisk;
  readonly log: string[];
}

/** Long enough for a machine that does three other things; what passes never waits for it. */
const longestMs = 30_000;

type Directives = Readonly<Record<string, string>>;

/** Starts an engine on a free port that keeps nothing unless told to. */
export async function startTestEngine(
  directives: Directives = {},
  options: Partial<EngineOptions> & { readonly disk?: MemoryDisk } = {},
): Promise<TestEngine> {
  const disk = options.disk ?? emptyDisk();
  const log: string[] = [];
  const all: Directives = {
    port: '0', bind: '127.0.0.1', dir: '/data', save: '', 'arena-bytes': '64mb', ...directives,
  };
  const engine = await startEngine({
    ...options,
    directives: Object.entries(all),
    ports: {
      disk, clock: realClock(), entropy: seededEntropy(7), writeLog: (line) => log.push(line),
    },
  });
  return { engine, port: engine.port, disk, log };
}

export function emptyDisk(options?: { manualSyncs?: boolean }): MemoryDisk {
  return MemoryDisk.from({ files: new Map(), directories: ['/data'] }, options);
}

/** A socket with what came in on it. Bytes are shown as latin1. */
export class TestClient {
  readonly socket: Socket;
  received = '';
  closed = false;
  private wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  static async connect(where: number | string): Promise<TestClient> {
    const socket = typeof where === 'number'
      ? net.connect({ port: where, host: '127.0.0.1' })
      : net.connect({ path: where });
    const client = new TestClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Takes exactly what is expected first of what came in; fails by timeout or by a difference. */
  async expect(expected: string): Promise<string> {
    await this.until(() => this.received.length >= expected.length);
    const head = this.received.slice(0, expected.length);
    this.received = this.received.slice(expected.length);
    return head;
  }

  /** Sends a request and returns as many bytes as `expected` has. */
  async ask(bytes: string, expected: string): Promise<string> {
    this.send(bytes);
    return this.expect(expected);
  }

  /** Waits until the server has closed, and returns everything that came before. */
  async end(): Promise<string> {
    await this.until(() => this.closed);
    return this.received;
  }

  /** Waits until what came in satisfies `done`; gives up after half a minute or at a close. */
  async until(done: () => boolean): Promise<void> {
    const deadline = setTimeout(() => this.wake(), longestMs);
    const beganMs = Date.now();
    while (!done() && !this.closed && Date.now() - beganMs < longestMs) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    clearTimeout(deadline);
  }
}

/** One request as multibulk. */
export function request(...parts: readonly string[]): string {
  const bulks = parts.map((part) => `$${Buffer.byteLength(part, 'latin1')}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${bulks.join('')}`;
}

export function bulk(text: string): string {
  return `$${Buffer.byteLength(text, 'latin1')}\r\n${text}\r\n`;
}

/** Lets the loop turn so often. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until it is so, for half a minute at most; the caller asserts. */
export async function eventually(isSo: () => boolean): Promise<void> {
  const beganMs = Date.now();
  while (!isSo() && Date.now() - beganMs < longestMs) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
