// LCS: the longest common subsequence of two strings, by dynamic programming over a table of
// (length + 1) × (length + 1) words.
import { argumentIs, indexArgument, syntaxError, word } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { lookupRead } from '../../lookup.ts';
import type { CommandRow } from '../../spec.ts';
import { typeString } from '../../../keyspace/entry.ts';

interface Options {
  indexes: boolean;
  lengthOnly: boolean;
  withLengths: boolean;
  minLength: number;
}

/** One stretch that both strings share: offsets of its first byte, and its length. */
interface Match {
  readonly first: number;
  readonly second: number;
  readonly length: number;
}

const words = {
  idx: word('idx'), len: word('len'), withmatchlen: word('withmatchlen'),
  minmatchlen: word('minmatchlen'),
};
const tooLong = 'ERR String too long for LCS';
const tooMuchMemory =
  'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len';

/** A copy of the string in argument `index`, empty when there is none; null: not a string. */
function stringOf(ctx: CommandContext, index: number): Buffer | null {
  const { database } = ctx;
  const entry = lookupRead(ctx, index);
  if (entry === 0) return Buffer.alloc(0);
  if (database.type(entry) !== typeString) return null;
  const start = database.valueStart(entry);
  return Buffer.from(ctx.keyspace.arena.u8.subarray(start, start + database.valueLength(entry)));
}

function parseOptions(ctx: CommandContext): Options | null {
  const options = { indexes: false, lengthOnly: false, withLengths: false, minLength: 0 };
  for (let i = 3; i < ctx.argc; i++) {
    if (argumentIs(ctx, i, words.idx)) options.indexes = true;
    else if (argumentIs(ctx, i, words.len)) options.lengthOnly = true;
    else if (argumentIs(ctx, i, words.withmatchlen)) options.withLengths = true;
    else if (argumentIs(ctx, i, words.minmatchlen) && i + 1 < ctx.argc) {
      const minimum = indexArgument(ctx, ++i);
      if (Number.isNaN(minimum)) return null;
      options.minLength = Math.max(0, minimum);
    } else {
      ctx.reply.error(syntaxError);
      return null;
    }
  }
  if (!options.indexes || !options.lengthOnly) return options;
  ctx.reply.error('ERR If you want both the length and indexes, please just use IDX.');
  return null;
}

/** Length of the longest common subsequence of the first i and j bytes at i × width + j. */
function lengthTable(a: Buffer, b: Buffer): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * width;
    for (let j = 1; j <= b.length; j++) {
      table[row + j] = byte === b[j - 1]
        ? (table[row - width + j - 1] as number) + 1
        : Math.max(table[row - width + j] as number, table[row + j - 1] as number);
    }
  }
  return table;
}

/** Walks back through the table: the subsequence, and the stretches it consists of, last first. */
class Backtrack {
  readonly matches: Match[] = [];
  readonly common: Buffer;
  private readonly none: number;
  private first: number;
  private second = 0;
  private last = 0;

  constructor(a: Buffer, b: Buffer, table: Uint32Array) {
    const width = b.length + 1;
    let [i, j] = [a.length, b.length];
    this.none = a.length;
    this.first = this.none;
    this.common = Buffer.alloc(table[table.length - 1] as number);
    let at = this.common.length;
    while (i > 0 && j > 0) {
      if (a[i - 1] === b[j - 1]) {
        this.common[--at] = a[i - 1] as number;
        this.extend(--i, --j);
      } else {
        const up = table[(i - 1) * width + j] as number;
        if (up > (table[i * width + j - 1] as number)) i--;
        else j--;
        if (this.first !== this.none) this.emit();
      }
    }
  }

  /** A common byte; as in Redis one that touches no stretch ends the present one and is lost. */
  private extend(i: number, j: number): void {
    let ends = false;
    if (this.first === this.none) {
      this.first = this.last = i;
      this.second = j;
    } else if (this.first === i + 1 && this.second === j + 1) {
      this.first--;
      this.second--;
    } else {
      ends = true;
    }
    if (ends || this.first === 0 || this.second === 0) this.emit();
  }

  private emit(): void {
    const length = this.last - this.first + 1;
    this.matches.push({ first: this.first, second: this.second, length });
    this.first = this.none;
  }
}

function lcs(ctx: CommandContext): void {
  const a = stringOf(ctx, 1);
  const b = a === null ? null : stringOf(ctx, 2);
  if (a === null || b === null) {
    ctx.reply.error('ERR The specified keys must contain string values');
    return;
  }
  const options = parseOptions(ctx);
  if (options === null) return;
  const tableBytes = (a.length + 1) * (b.length + 1) * 4;
  if (a.length >= 2 ** 32 - 1 || b.length >= 2 ** 32 - 1) {
    ctx.reply.error(tooLong);
    return;
  }
  if (tableBytes > ctx.maxBulkBytes) {
    ctx.reply.error(tooMuchMemory);
    return;
  }
  const table = lengthTable(a, b);
  const length = table[table.length - 1] as number;
  if (options.lengthOnly) {
    ctx.reply.integer(length);
    return;
  }
  const { common, matches } = new Backtrack(a, b, table);
  if (options.indexes) replyIndexes(ctx, length, { matches, options });
  else ctx.reply.bulk(common, 0, common.length);
}

function replyIndexes(
  ctx: CommandContext, length: number, found: { matches: readonly Match[]; options: Options },
): void {
  const { reply } = ctx;
  const { options } = found;
  const shown = found.matches.filter((match) => match.length >= options.minLength);
  reply.map(2);
  reply.bulkText('matches');
  reply.array(shown.length);
  for (const match of shown) {
    reply.array(options.withLengths ? 3 : 2);
    for (const from of [match.first, match.second]) {
      reply.array(2);
      reply.integer(from);
      reply.integer(from + match.length - 1);
    }
    if (options.withLengths) reply.integer(match.length);
  }
  reply.bulkText('len');
  reply.integer(length);
}

export const lcsRows: readonly CommandRow[] = [
  {
    name: 'lcs', arity: -3, flags: 'readonly', group: 'string', since: '7.0.0',
    summary: 'The longest common subsequence of two strings.',
    complexity: 'O(N*M) for strings of N and M bytes',
    syntax: 'key key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]',
    keys: [{ first: 1, last: 2, step: 1, access: ['RO', 'access'] }], handler: lcs,
  },
];
