// What commands over collections share: the check of the type, and how many changes Redis would
// count.
import type { EntryAddress } from '../../keyspace/entry.ts';
import type { CommandContext } from '../context.ts';
import { changed, wrongType } from '../lookup.ts';

/** Whether the entry, if there is one, has this type; otherwise the WRONGTYPE error is written. */
export function isTypeOrMissing(ctx: CommandContext, entry: EntryAddress, type: number): boolean {
  if (entry === 0 || ctx.database.type(entry) === type) return true;
  ctx.reply.error(wrongType);
  return false;
}

/** The key in argument `index` changed in `count` places (at least one), each of which counts. */
export function changedTimes(ctx: CommandContext, index: number, count: number): void {
  ctx.keyspace.changes += count - 1;
  changed(ctx, index);
}

/** The bytes of argument `index`, not copied: for the log. */
export function part(ctx: CommandContext, index: number): Buffer {
  return ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
}

/** How far a command over many elements came. */
interface Partly {
  readonly name: string;
  /** Elements that changed the key. */
  readonly done: number;
  /** The argument that found no room. */
  readonly end: number;
}

/**
 * The arena got full in the middle of a command: what was done so far is in memory, so it belongs
 * in the log: the command with its arguments before `end`.
 */
export function logPartly(ctx: CommandContext, { name, done, end }: Partly): void {
  if (done === 0) return;
  changedTimes(ctx, 1, done);
  const parts = Array.from({ length: end - 1 }, (_, i) => part(ctx, i + 1));
  ctx.effects.command(ctx.database.index, [name, ...parts]);
}
