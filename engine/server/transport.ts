// The bytes of one connection: how they come in and go out. The only file that knows more of Node's
// sockets than is documented, and does without where it is not there.
//
// A socket's streams cost more than our work on a small request: a slab and a Buffer for each read,
// state machines for each write. So there are three ways, the first that this system has:
// - `ring`: reads and small writes of all connections go through one io_uring (`ring/`);
// - `direct`: the accepted handle is put into a socket with `onread`, which reads into one buffer
//   that all connections share; what is in it is valid only during `receive`. Replies are written
//   to the descriptor at once;
// - `streams` (another system, another Node): 'data' and `write`.
// On the first two, what the kernel does not take goes through the socket's stream, which then
// keeps the order: while it holds bytes, nothing passes.

import { writeSync } from 'node:fs';
import net from 'node:net';
import type { Socket, SocketConstructorOpts } from 'node:net';
import { mostSentBytes, ringSockets } from './ring/ring-sockets.ts';
import type { ByteReceiver, RingSocket, RingSockets } from './ring/ring-sockets.ts';

export type { ByteReceiver } from './ring/ring-sockets.ts';

/** From the fastest to the plainest. */
export type TransportWay = 'ring' | 'direct' | 'streams';

/** Where connections may begin in that order; tests show that each way serves as well. */
export const transportSettings: { first: TransportWay } = {
  first: process.platform === 'win32' ? 'streams' : 'ring',
};

/** How the sockets of this process are served, for INFO. */
export function multiplexer(): 'io_uring' | 'libuv' {
  return transportSettings.first === 'ring' && ringSockets() !== null ? 'io_uring' : 'libuv';
}

/** As much as one read takes at most; more would drive replies and data out of the cache. */
const readBytes = 64 * 1024;
const shared: Buffer = Buffer.allocUnsafeSlow(readBytes);

/** What lies below a socket, as far as we use it. */
interface Handle {
  readonly fd?: number;
  readonly useUserBuffer?: unknown;
  reading?: boolean;
  readonly readStop?: () => void;
}

/** Undocumented fields of a socket: its handle, and the server that counts its connections. */
const handleField = '_handle';
const serverFields = ['server', '_server'];

/** Reads and writes one connection; `socket` is there for its events and its end. */
export class Transport {
  readonly socket: Socket;
  /** Written to directly; -1: through the socket only. */
  private readonly descriptor: number;
  private readonly ring: RingSockets | null;
  private readonly ringSocket: RingSocket | null;

  /** `accepted` is used up: `socket` may be another one. */
  constructor(accepted: Socket, receiver: ByteReceiver) {
    const handle = Reflect.get(accepted, handleField) as Handle | null | undefined;
    const descriptor = handle?.fd ?? -1;
    const known = descriptor >= 0 && typeof handle?.useUserBuffer === 'function';
    const direct = known && transportSettings.first !== 'streams';
    this.descriptor = direct ? descriptor : -1;
    this.ring = direct && transportSettings.first === 'ring' ? ringSockets() : null;
    if (this.ring !== null && handle && stopReading(accepted, handle)) {
      this.socket = accepted;
      this.ringSocket = this.ring.add(accepted, descriptor, receiver);
      return;
    }
    this.ringSocket = null;
    this.socket = direct ? takeOver(accepted, receiver) : accepted;
    // A Node that ignores `onread` comes here as well.
    this.socket.on('data', (chunk: Buffer) => receiver.receive(chunk, chunk.length));
  }

  /** Bytes handed over that the kernel has not taken. */
  get waitingBytes(): number {
    return this.socket.writableLength;
  }

  /**
   * Sends `bytes[0 … length)`. Returns whether the caller may use the buffer again; otherwise the
   * socket goes on reading from it.
   */
  send(bytes: Buffer, length: number): boolean {
    const { socket, ringSocket } = this;
    let sent = 0;
    // What the ring still has of an earlier call may have to go through the stream.
    this.flush();
    if (this.descriptor >= 0 && socket.writableLength === 0) {
      // Ended or destroyed: the descriptor may be another connection's by now.
      if (!socket.writable) return true;
      if (ringSocket !== null && length <= mostSentBytes) {
        this.ring?.send(ringSocket, bytes, length);
        return true;
      }
      sent = this.sendNow(bytes, length);
      if (sent === length) return true;
    }
    socket.write(bytes.subarray(sent, length));
    return socket.writableLength === 0;
  }

  /** Reads no more for now. */
  pause(): void {
    if (this.ringSocket !== null) this.ring?.pause(this.ringSocket);
    else this.socket.pause();
  }

  resume(): void {
    if (this.ringSocket !== null) this.ring?.resume(this.ringSocket);
    else this.socket.resume();
  }

  get isPaused(): boolean {
    return this.ringSocket === null ? this.socket.isPaused() : !this.ringSocket.wanted;
  }

  /** Nothing more is sent; what the client sends is still read. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  /** Ends when what was sent has left. */
  destroySoon(): void {
    this.flush();
    this.socket.destroySoon();
  }

  private flush(): void {
    if (this.ringSocket !== null) this.ring?.flush(this.ringSocket);
  }

  /** Returns how many bytes the kernel took. */
  private sendNow(bytes: Buffer, length: number): number {
    try {
      return writeSync(this.descriptor, bytes, 0, length);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN' || code === 'EINTR') return 0;
      // The client is gone: what else it should have got is nobody's.
      this.socket.destroy(error as Error);
      return length;
    }
  }
}

/**
 * The event loop reads from an accepted socket already, and from a connected one right after its
 * listeners have run unless it is paused: it would take bytes from the ring. False: it cannot be
 * told.
 */
function stopReading(socket: Socket, handle: Handle): boolean {
  if (typeof handle.readStop !== 'function') return false;
  handle.readStop();
  handle.reading = false;
  socket.pause();
  return true;
}

/** A socket around the handle of the accepted one, which is left as an empty shell. */
function takeOver(accepted: Socket, receiver: ByteReceiver): Socket {
  const options = {
    handle: Reflect.get(accepted, handleField) as unknown,
    allowHalfOpen: accepted.allowHalfOpen,
    onread: {
      buffer: shared,
      callback: (length: number): boolean => {
        receiver.receive(shared, length);
        return true;
      },
    },
  };
  const socket = new net.Socket(options as unknown as SocketConstructorOpts);
  for (const field of serverFields) {
    Reflect.set(socket, field, Reflect.get(accepted, field));
    Reflect.set(accepted, field, null);
  }
  Reflect.set(accepted, handleField, null);
  return socket;
}
