// The table at the start of the arena: eight words for every unit (a fixed stretch of 512 to 4096
// bytes). It lies in the arena itself, so that the OS commits only the part that is in use.
//
//   word        first unit of a slab      first unit of a free run   any other unit
//   state       class + 1                 -length (last unit too)    0
//   slab        first unit of the slab (in every unit of it)         stale
//   freeHead    first free block          next free run              stale
//   used        blocks handed out         previous free run          stale
//   carve       first block never used    stale                      stale
//   next, previous   slabs of the class with room                    stale
//
// Invariant: state < 0 exactly at the first and last unit of a free run.

export const unitWords = 8;
export const unitState = 0;
export const unitSlab = 1;
export const unitFreeHead = 2;
export const unitUsed = 3;
export const unitCarve = 4;
export const unitNext = 5;
export const unitPrevious = 6;

/** In the first unit of a free run: its neighbours in the list of runs of like length. */
export const runNext = 2;
export const runPrevious = 3;
