// Sends damaged requests to a server in this process and looks after each: nothing is thrown, what
// comes back are whole replies, what is kept is bounded, and somebody else is still served.
import type { FakeSocket } from './fuzzed-server.ts';
import { FuzzedServer } from './fuzzed-server.ts';
import { fuzzInput, Random } from './inputs.ts';
import { wholeReplies } from './replies.ts';

export interface FuzzReport {
  readonly inputs: number;
  readonly bytes: number;
  /** Connections that the server closed. */
  readonly closed: number;
  readonly replies: number;
  readonly errors: number;
  /** The first thing that went wrong, with the bytes that did it, or null. */
  readonly failure: string | null;
}

/** Kept for one client that never finishes its request: its bytes and as much again. */
const inputBytesMax = 4 * 1024 * 1024;
const heapGrowthMax = 400 * 1024 * 1024;
const flushEvery = 5000;
const yieldEvery = 500;
const ping = Buffer.from('*2\r\n$4\r\nECHO\r\n$7\r\nwitness\r\n');
const pong = '$7\r\nwitness\r\n';

class Fuzzer {
  bytes = 0;
  closed = 0;
  replies = 0;
  errors = 0;
  private readonly random: Random;
  private readonly target = new FuzzedServer();
  private readonly witness: FakeSocket;
  private socket: FakeSocket;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.witness = this.target.connect();
    this.socket = this.target.connect();
  }

  /** One input; what went wrong, or null. */
  step(index: number): string | null {
    const input = fuzzInput(this.random);
    try {
      const failure = this.sendInPieces(input) ?? this.look(index);
      return failure === null ? null : `input ${index}: ${failure}: ${shown(input)}`;
    } catch (error) {
      const text = error instanceof Error ? error.stack : String(error);
      return `input ${index} throws ${text}: ${shown(input)}`;
    }
  }

  private sendInPieces(input: Buffer): string | null {
    const { random } = this;
    this.bytes += input.length;
    for (let at = 0; at < input.length && this.socket.writable;) {
      const to = random.below(4) === 0 ? at + 1 + random.below(40) : input.length;
      this.target.send(this.socket, input.subarray(at, to));
      at = to;
    }
    const replies = wholeReplies(this.socket.take());
    if (typeof replies === 'string') return replies;
    this.replies += replies.count;
    this.errors += replies.errors;
    return null;
  }

  private look(index: number): string | null {
    const { target, witness, random } = this;
    target.send(witness, ping);
    const answer = witness.take().toString('latin1');
    if (answer !== pong) return `another client is answered ${JSON.stringify(answer)}`;
    if (!this.socket.writable) this.closed++;
    // A new connection after an end, and now and then because the old one waits for bytes.
    if (!this.socket.writable || random.below(4) === 0) {
      const kept = this.keptBytes();
      if (kept > inputBytesMax) return `${kept} bytes are kept for one client`;
      this.socket.destroy();
      this.socket = target.connect();
    }
    if (index % flushEvery === flushEvery - 1) target.send(witness, Buffer.from('FLUSHALL\r\n'));
    witness.take();
    return null;
  }

  private keptBytes(): number {
    let kept = 0;
    for (const { input, output } of this.target.server.networkSessions()) {
      kept = Math.max(kept, input.bytes.length, output.reply.buffer.length / 8);
    }
    return kept;
  }
}

/** Runs `count` inputs of a seed. */
export async function fuzz(seed: number, count: number): Promise<FuzzReport> {
  const fuzzer = new Fuzzer(seed);
  const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().external;
  let failure: string | null = null;
  let index = 0;
  for (; index < count && failure === null; index++) {
    failure = fuzzer.step(index);
    if (index % yieldEvery !== 0) continue;
    await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed, external } = process.memoryUsage();
    const growth = heapUsed + external - heapBefore;
    if (growth > heapGrowthMax) failure = `input ${index}: memory grew by ${growth} bytes`;
  }
  const { bytes, closed, replies, errors } = fuzzer;
  return { inputs: index, bytes, closed, replies, errors, failure };
}

function shown(input: Buffer): string {
  return JSON.stringify(input.subarray(0, 2000).toString('latin1'));
}
