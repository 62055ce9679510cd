// A whole server without sockets for the fuzzer: sessions get bytes from connections that only
// remember what was written to them.
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Configuration } from '../../../config/configuration.ts';
import { persistenceSettings } from '../../../config/persistence-settings.ts';
import { entriesOf } from '../../../config/source.ts';
import { realClock } from '../../../io/clock.ts';
import { seededEntropy } from '../../../io/entropy.ts';
import { realScheduler } from '../../../io/scheduler.ts';
import { Keyspace } from '../../../keyspace/keyspace.ts';
import { Arena } from '../../../memory/arena.ts';
import { createPersistence } from '../../../persistence/persistence.ts';
import { Server } from '../../server.ts';
import { emptyDisk } from '../engine.ts';

/** What a session sees of a socket. */
export class FakeSocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 40_000;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 6379;
  readonly allowHalfOpen = true;
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  writableFinished = false;
  writable = true;
  destroyed = false;
  sent: Buffer[] = [];

  write(bytes: Buffer): boolean {
    if (this.writable) this.sent.push(Buffer.from(bytes));
    return true;
  }

  end(): this {
    this.writable = false;
    this.writableFinished = true;
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.writable = false;
    this.emit('close');
    return this;
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  isPaused(): boolean {
    return false;
  }

  /** Everything written since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.sent);
    this.sent = [];
    return bytes;
  }
}

const arenaBytes = 64 * 1024 * 1024;

/** A server that listens nowhere. */
export class FuzzedServer {
  readonly server: Server;
  readonly keyspace: Keyspace;

  constructor() {
    const directives: [string, string][] = [
      ['port', '0'], ['dir', '/data'], ['save', ''], ['appendonly', 'no'],
      ['client-query-buffer-limit', '1mb'], ['proto-max-bulk-len', '1mb'],
      ['enable-debug-command', 'yes'],
    ];
    const configuration = new Configuration(entriesOf(directives));
    const arena = new Arena({ capacityBytes: arenaBytes });
    this.keyspace = new Keyspace({ arena, databaseCount: 16, hashSeed: 42 });
    const clock = realClock();
    const persistence = createPersistence({
      disk: emptyDisk(), clock, keyspace: this.keyspace,
      settings: persistenceSettings(configuration), schedule: (step) => void setImmediate(step),
      log: () => {}, processId: 4711, isAlive: () => false,
    });
    this.server = new Server({
      configuration, keyspace: this.keyspace, persistence, journal: persistence.journal,
      log: () => {}, recorder: null, clock, entropy: seededEntropy(7),
      scheduler: realScheduler(),
    });
    persistence.loading = false;
  }

  connect(): FakeSocket {
    const socket = new FakeSocket();
    this.server.accept(socket as unknown as Socket);
    return socket;
  }

  /** Hands bytes to the connection and ends the turn. */
  send(socket: FakeSocket, bytes: Buffer): void {
    socket.emit('data', bytes);
    this.server.tick.end();
  }
}
