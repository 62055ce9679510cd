// Trees while a snapshot runs: removing may have to copy pages first, and so may meet a full arena.
// What takes several trees is made ready in all of them before any is changed.

import type { Tree } from '../tree/tree.ts';

/**
 * Makes the element at the place ready for changes in place, and so for being removed.
 * @throws {EngineError} ARENA_FULL only while a snapshot runs.
 */
export function makeReady(tree: Tree): void {
  tree.replace(tree.elementEnd - tree.elementStart);
}
