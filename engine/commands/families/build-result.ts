// Results of SUNIONSTORE, ZRANGESTORE and their kin: built under a key that no client has, then
// renamed over the destination. The sources may be the destination, and a full arena in the middle
// loses nothing.
import type { Database } from '../../keyspace/database.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import type { CommandContext } from '../context.ts';
import { changed, lookup } from '../lookup.ts';

/** Long and odd: should a client have a key of this name, the last byte changes. */
const scratchKey: Buffer = Buffer.from('\0plugpull: a result that is being built\0', 'latin1');

/**
 * Inputs with more members than this together are combined in the arena, as for a result to store:
 * objects on the heap are faster for a few, and would fill it with many.
 */
export const heapMembersMost = 16_384;

/** Handles of this slot build results; sources use the slots before it. */
export const resultSlot = 3;

/**
 * Runs `work` with the database pointed at a key that no client has. It builds something there and
 * renames or removes it; what is there still when it throws is removed.
 */
export function aside(database: Database, work: () => void): void {
  const last = scratchKey.length - 1;
  scratchKey[last] = 0;
  while (database.find(scratchKey, 0, scratchKey.length) !== 0) {
    scratchKey[last] = (scratchKey[last] as number) + 1;
  }
  try {
    work();
  } catch (error) {
    const half = database.find(scratchKey, 0, scratchKey.length);
    if (half !== 0) database.remove(half);
    throw error;
  }
}

/**
 * Runs `build`, which creates a collection under the key last found (`handle.create(ctx.database)`
 * first thing) and returns its entry, 0 when it is empty. The result takes the place of the key in
 * argument `index`; nothing at all takes its place when it is empty.
 * @throws {EngineError} ARENA_FULL when there is no room; the destination is as it was.
 */
export function storeResult(ctx: CommandContext, index: number, build: () => EntryAddress): void {
  const { database } = ctx;
  let stored = true;
  aside(database, () => {
    const result = build();
    const previous = lookup(ctx, index);
    if (result !== 0) {
      const start = ctx.argStart[index] as number;
      database.rename(result, ctx.buffer, start, ctx.argEnd[index] as number);
    } else if (previous !== 0) database.remove(previous);
    else stored = false;
  });
  if (!stored) return;
  changed(ctx, index);
  ctx.effects.request(database.index, ctx);
}
