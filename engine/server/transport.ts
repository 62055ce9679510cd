// The bytes of one connection: how they come in and go out. The only file that knows more of Node's
// sockets than is documented, and does without where it is not there.
//
// A socket's streams cost more than our work on a small request: a slab and a Buffer for each read,
// state machines for each write. So where the system gives us the descriptor
// - the accepted handle is put into a socket with `onread`, which reads into one buffer that all
//   connections share; what is in it is valid only during `receive`;
// - replies are written to the descriptor at once, and only what the kernel does not take goes
//   through the socket's stream, which then keeps the order: while it holds bytes, nothing passes.
// Otherwise (`direct` false: another system, another Node) it is 'data' and `write`.

import { writeSync } from 'node:fs';
import net from 'node:net';
import type { Socket, SocketConstructorOpts } from 'node:net';

/** Who gets the bytes; `buffer[0 … length)` belongs to the caller again after the call. */
export interface ByteReceiver {
  receive(buffer: Buffer, length: number): void;
}

/** Tests switch off the direct way to show that the other serves as well. */
export const transportSettings: { direct: boolean } = { direct: process.platform !== 'win32' };

/** As much as one read takes at most; more would drive replies and data out of the cache. */
const readBytes = 64 * 1024;
const shared: Buffer = Buffer.allocUnsafeSlow(readBytes);

/** What lies below a socket, as far as we use it. */
interface Handle {
  readonly fd?: number;
  readonly useUserBuffer?: unknown;
}

/** Undocumented fields of a socket: its handle, and the server that counts its connections. */
const handleField = '_handle';
const serverFields = ['server', '_server'];

/** Reads and writes one connection; `socket` is there for its events and its end. */
export class Transport {
  readonly socket: Socket;
  /** Written to directly; -1: through the socket only. */
  private readonly descriptor: number;

  constructor(accepted: Socket, receiver: ByteReceiver) {
    const handle = Reflect.get(accepted, handleField) as Handle | null | undefined;
    const descriptor = handle?.fd ?? -1;
    const known = descriptor >= 0 && typeof handle?.useUserBuffer === 'function';
    const direct = known && transportSettings.direct;
    this.descriptor = direct ? descriptor : -1;
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
    const { socket } = this;
    let sent = 0;
    if (this.descriptor >= 0 && socket.writableLength === 0) {
      // Ended or destroyed: the descriptor may be another connection's by now.
      if (!socket.writable) return true;
      sent = this.sendNow(bytes, length);
      if (sent === length) return true;
    }
    socket.write(bytes.subarray(sent, length));
    return socket.writableLength === 0;
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
