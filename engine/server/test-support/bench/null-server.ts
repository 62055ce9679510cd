// A server that does nothing: it counts bytes and answers each request of a known length with the
// same ready-made bytes, through the engine's own transport. What it reaches is the most that the
// load's client, the kernel and Node allow: the ceiling beside which the engine's figures stand.
//
// node null-server.ts PORT REQUEST_BYTES REPLY
import net from 'node:net';
import { afterReceiving } from '../../ring/ring-sockets.ts';
import { Transport } from '../../transport.ts';

const [port = '', requestBytes = '1', reply = ''] = process.argv.slice(2);
const mostReplies = 1024;
const replyBytes = Buffer.byteLength(reply, 'latin1');
const replies = Buffer.from(reply.repeat(mostReplies), 'latin1');
const perRequest = Number(requestBytes);

/** One connection. Replies leave at the end of the turn, as the engine's do. */
class Connection {
  private readonly transport: Transport;
  private pendingBytes = 0;
  private queued = false;

  constructor(socket: net.Socket) {
    this.transport = new Transport(socket, this);
    this.transport.socket.on('error', () => {});
  }

  receive(_buffer: Buffer, length: number): void {
    this.pendingBytes += length;
    if (this.queued) return;
    this.queued = true;
    // As the engine's tick: right after the last input where all sockets share a ring.
    if (turn.push(this) === 1 && !afterReceiving(endTurn)) setImmediate(endTurn);
  }

  answer(): void {
    this.queued = false;
    const count = Math.min(Math.floor(this.pendingBytes / perRequest), mostReplies);
    this.pendingBytes -= count * perRequest;
    this.transport.send(replies, count * replyBytes);
  }
}

const turn: Connection[] = [];

function endTurn(): void {
  for (const connection of turn) connection.answer();
  turn.length = 0;
}

net.createServer({ noDelay: true }, (socket) => new Connection(socket))
  .listen(Number(port), '127.0.0.1');
