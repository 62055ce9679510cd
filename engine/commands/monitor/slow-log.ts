// SLOWLOG: the last commands that took long, newest first, their arguments cut to a bounded size.
import type { CommandContext } from '../context.ts';

/** As in Redis: so many arguments, so many bytes of each. */
const maxArguments = 32;
const maxArgumentBytes = 128;

/** One slow command. */
export interface SlowEntry {
  readonly id: number;
  readonly atSec: number;
  readonly durationUs: number;
  readonly parts: readonly Buffer[];
  readonly address: string;
  readonly clientName: string;
}

export class SlowLog {
  /** `slowlog-log-slower-than` in µs; negative = off. */
  thresholdUs = 10000;
  entries: SlowEntry[] = [];
  private maxLength = 128;
  private nextId = 0;

  /** `slowlog-max-len`. */
  setMaxLength(length: number): void {
    this.maxLength = length;
    this.trim();
  }

  /** Keeps the request in the context when it took that long. */
  add(ctx: CommandContext, durationUs: number): void {
    if (this.thresholdUs < 0 || durationUs < this.thresholdUs) return;
    this.entries.unshift({
      id: this.nextId++,
      atSec: Math.floor(ctx.nowMs / 1000),
      durationUs: Math.floor(durationUs),
      parts: partsOf(ctx),
      address: ctx.session.address,
      clientName: ctx.session.name,
    });
    this.trim();
  }

  reset(): void {
    this.entries = [];
  }

  private trim(): void {
    if (this.entries.length > this.maxLength) this.entries.length = this.maxLength;
  }
}

function partsOf(ctx: CommandContext): Buffer[] {
  const kept = Math.min(ctx.argc, maxArguments);
  const secret = secretArguments(ctx);
  return Array.from({ length: kept }, (_, i) => {
    if (i === maxArguments - 1 && ctx.argc > maxArguments) {
      return Buffer.from(`... (${ctx.argc - maxArguments + 1} more arguments)`);
    }
    if (secret.has(i)) return Buffer.from('(redacted)');
    const start = ctx.argStart[i] as number;
    const end = ctx.argEnd[i] as number;
    if (end - start <= maxArgumentBytes) return Buffer.from(ctx.buffer.subarray(start, end));
    const head = ctx.buffer.subarray(start, start + maxArgumentBytes);
    const more = Buffer.from(`... (${end - start - maxArgumentBytes} more bytes)`);
    return Buffer.concat([head, more]);
  });
}

/** Positions of passwords. */
export function secretArguments(ctx: CommandContext): ReadonlySet<number> {
  const word = (index: number): string =>
    ctx.buffer.toString('latin1', ctx.argStart[index], ctx.argEnd[index]).toLowerCase();
  const secret = new Set<number>();
  const name = ctx.session.lastCommand?.fullName ?? word(0);
  if (name === 'auth') {
    for (let i = 1; i < ctx.argc; i++) secret.add(i);
  } else if (name === 'hello') {
    for (let i = 2; i < ctx.argc; i++) if (word(i) === 'auth') secret.add(i + 1).add(i + 2);
  } else if (name === 'config|set') {
    for (let i = 2; i + 1 < ctx.argc; i += 2) {
      if (secretDirectives.has(word(i))) secret.add(i + 1);
    }
  }
  return secret;
}

const secretDirectives = new Set(['requirepass', 'rest-token', 'masterauth']);
