// Which keys hold what a crash could still take back, and what the replies to those who read them
// have to wait for.
//
// For each key that was written the position in the log that makes the write durable is kept: in
// one of a fixed number of slots, which keys share. So there is nothing to remove (a position that
// the log has passed means: clean), nothing grows, and the worst is that a reply waits needlessly.
// While the log is durable at the end of each turn nothing is marked, nothing asked (`active`).
import { KeyHash } from '../keyspace/hash.ts';
import { RequestDecoder } from '../resp/decoder.ts';
import { logMaxBulkBytes } from '../resp/limits.ts';
import type { CommandContext } from './context.ts';
import { registry } from './registry.ts';
import { flag } from './spec.ts';
import type { CommandSpec, KeySpec } from './spec.ts';

/** A request with the places of its arguments. */
interface Arguments {
  readonly argc: number;
  readonly argStart: Int32Array;
  readonly argEnd: Int32Array;
}

const slots = 1 << 17;
const zero = 48;

/** One per server. */
export class DirtyKeys {
  /** Writes outlive their turn undurable: they are marked, and readers ask. */
  active = false;
  /** All replies of the present turn wait for this: marking began in the middle of it. */
  floor = 0;
  /** What the commands since the last `take` depend on. */
  private waitFor = 0;
  /** The last position marked. */
  private latest = 0;
  /** The last write that may have changed any key. */
  private everyKey = 0;
  private positions: Float64Array = new Float64Array(0);
  private readonly hash = new KeyHash(0x2545f491, 0x4f6cdd1d);
  private readonly decoder = new RequestDecoder({
    inlineAllowed: false, maxBulkBytes: logMaxBulkBytes,
  });

  /** From now on writes are marked. */
  begin(): void {
    if (this.positions.length === 0) this.positions = new Float64Array(slots);
    this.active = true;
  }

  /** The commands in these bytes of the log are durable once it is so up to `position`. */
  mark(bytes: Buffer, from: number, end: number, position: number): void {
    const { decoder } = this;
    this.latest = position;
    decoder.reset();
    for (let at = from; at < end; at = decoder.requestEnd) {
      while (bytes[at] === 35 && at < end) at = bytes.indexOf(10, at) + 1;
      if (at >= end) return;
      if (decoder.decode(bytes, at, end) !== 1) {
        this.everyKey = position;
        return;
      }
      this.markCommand(bytes, position);
    }
  }

  /** Any key may have been written by what the log holds up to `position`. */
  markEverything(position: number): void {
    this.latest = position;
    this.everyKey = position;
  }

  /** A command is about to run whose reply depends on the keys that it names. */
  note(ctx: CommandContext, spec: CommandSpec): void {
    const { keys } = spec.row;
    if (keys !== undefined) this.visit(keys, ctx.buffer, ctx, 0);
    else if (dependsOnAll(ctx, spec)) this.wait(this.latest);
  }

  /** What the commands since the last call depend on: a position of the log, or 0. */
  take(): number {
    const { waitFor } = this;
    this.waitFor = 0;
    return waitFor;
  }

  private markCommand(bytes: Buffer, position: number): void {
    const { decoder } = this;
    const spec = registry.find(bytes, decoder.argStart[0] as number, decoder.argEnd[0] as number);
    const keys = spec?.row.keys;
    if (keys !== undefined) this.visit(keys, bytes, decoder, position);
    else if (spec === null || (spec.flags & flag.write) !== 0) this.everyKey = position;
  }

  /** Marks the keys of a request, or with `position` 0 waits for what they were marked with. */
  private visit(
    keys: readonly KeySpec[], buffer: Buffer, request: Arguments, position: number,
  ): void {
    for (const { first, last, step, counted, after } of keys) {
      // Where such keys are cannot be said; SORT without options has none.
      if (after !== undefined) {
        if (request.argc > 2) this.visitAll(position);
        continue;
      }
      const begin = counted === true ? first + 1 : first;
      const end = counted === true ? first + countIn(buffer, request, first)
        : last < 0 ? request.argc + last : last;
      for (let i = begin; i <= end && i < request.argc; i += Math.max(1, step)) {
        this.visitKey(buffer, request, { index: i, position });
      }
    }
  }

  private visitAll(position: number): void {
    if (position === 0) this.wait(this.latest);
    else this.everyKey = position;
  }

  private visitKey(
    buffer: Buffer, request: Arguments, { index, position }: { index: number; position: number },
  ): void {
    const start = request.argStart[index] as number;
    const slot = this.hash.of(buffer, start, request.argEnd[index] as number) & (slots - 1);
    if (position !== 0) {
      this.positions[slot] = position;
      return;
    }
    this.wait(this.everyKey);
    this.wait(this.positions[slot] as number);
  }

  private wait(position: number): void {
    if (position > this.waitFor) this.waitFor = position;
  }
}

/** KEYS, DBSIZE and their like, what DEBUG shows, and an EXEC that a write of others spoils. */
function dependsOnAll({ session }: CommandContext, { flags, row, parent }: CommandSpec): boolean {
  if ((flags & (flag.readonly | flag.write)) !== 0 || parent?.row.name === 'debug') return true;
  return row.name === 'exec' && session.watchBroken;
}

/** The number in an argument; what is none is refused by the command. */
function countIn(buffer: Buffer, { argc, argStart, argEnd }: Arguments, index: number): number {
  if (index >= argc) return 0;
  let count = 0;
  for (let at = argStart[index] as number; at < (argEnd[index] as number); at++) {
    count = count * 10 + (buffer[at] as number) - zero;
  }
  return Math.min(count, argc);
}
