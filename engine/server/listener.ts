// Where clients come in: TCP addresses and, if wanted, a Unix socket.

import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { dirname } from 'node:path';
import type { ListenOptions, Server, Socket } from 'node:net';
import { EngineError, reasonOf } from '../errors.ts';

export interface ListenerOptions {
  /** 0: the system chooses; all addresses then share what the first was given. */
  readonly port: number;
  /** IP addresses or host names; `*` is every IPv4 address, a leading `-` makes one optional. */
  readonly addresses: readonly string[];
  /** '' = none. */
  readonly socketPath: string;
  /** Permissions of the Unix socket; 0 = as the system makes it. */
  readonly socketMode: number;
  readonly backlog: number;
  readonly accept: (socket: Socket) => void;
  readonly keepAliveSeconds: () => number;
}

/** How often another port is tried when that of the first address is taken on the next one. */
const portAttempts = 5;

/** All sockets that accept clients. */
export class Listener {
  /** The port listened on. */
  port = 0;
  private readonly options: ListenerOptions;
  private servers: Server[] = [];

  constructor(options: ListenerOptions) {
    this.options = options;
  }

  /** @throws {EngineError} PORT_UNAVAILABLE when an address cannot be had. */
  async open(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.openAll();
        return;
      } catch (error) {
        this.close();
        if (this.options.port !== 0 || attempt === portAttempts) throw error;
      }
    }
  }

  /** No new clients; those connected stay. */
  close(): void {
    for (const server of this.servers) server.close();
    this.servers = [];
  }

  private async openAll(): Promise<void> {
    this.port = this.options.port;
    const path = this.options.socketPath;
    const onlySocket = path !== '' && this.port === 0;
    for (const written of onlySocket ? [] : this.options.addresses) {
      const optional = written.startsWith('-');
      const host = hostOf(optional ? written.slice(1) : written);
      const shown = `${host.includes(':') ? `[${host}]` : host}:${this.port}`;
      const where = { port: this.port, host, ipv6Only: host.includes(':') };
      await this.openOne(where, { shown, optional, change: 'another port with --port' });
    }
    if (path === '') return;
    await removeStale(path);
    const words = { shown: path, optional: false, change: 'another path with --unixsocket', path };
    await this.openOne({ path }, words);
    if (this.options.socketMode !== 0) chmodSync(path, this.options.socketMode);
  }

  private async openOne(where: ListenOptions, words: Words): Promise<void> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const seconds = this.options.keepAliveSeconds();
      if (seconds > 0) socket.setKeepAlive(true, seconds * 1000);
      this.options.accept(socket);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ ...where, backlog: this.options.backlog, exclusive: true }, resolve);
    try {
      await promise;
    } catch (error) {
      if (words.optional && isAbsent(error)) return;
      throw unavailable(error, words);
    }
    // Later errors (no file descriptors left) refuse one client and harm no other.
    server.on('error', () => {});
    this.servers.push(server);
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }
}

interface Words {
  readonly shown: string;
  readonly optional: boolean;
  readonly change: string;
  /** Of a Unix socket. */
  readonly path?: string;
}

function hostOf(written: string): string {
  if (written === '*') return '0.0.0.0';
  return written === '::*' ? '::' : written;
}

/** A socket file that a dead server left behind would keep us from listening. */
async function removeStale(path: string): Promise<void> {
  try {
    if (lstatSync(path).isSocket() && !(await answers(path))) unlinkSync(path);
  } catch {
    // Not there, or not ours to remove: listening will say so.
  }
}

/** Does anybody listen at this socket? */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL';
}

function unavailable(cause: unknown, words: Words): EngineError {
  const { code } = cause as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another process listens there',
    EACCES: 'permission denied (ports below 1024 need privileges)',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'no such host',
  };
  const reason = words.path === undefined ? reasons[code ?? ''] : pathReason(words.path, code);
  const isAddress = code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND';
  const change = isAddress ? 'another address with --bind' : words.change;
  const shown = reason ?? reasonOf(cause);
  const message = `cannot listen on ${words.shown}: ${shown}; choose ${change}`;
  return new EngineError('PORT_UNAVAILABLE', message, { cause });
}

/** Node says EACCES for whatever keeps a Unix socket from being made. */
function pathReason(path: string, code: string | undefined): string | undefined {
  if (code === 'EADDRINUSE') return 'another process listens there';
  const folder = dirname(path);
  return existsSync(folder) ? `it cannot be made in ${folder}` : `there is no folder ${folder}`;
}
