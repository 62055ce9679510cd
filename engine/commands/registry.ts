// All commands, found by the bytes of their names.
//
// A table of 2^k slots, open addressing with linear probing. The hash takes length, first, middle
// and last byte of the name, letters folded to lower case; then the bytes are compared. Nothing is
// made on the way: a lookup is a handful of loads.
import { equalsFolded } from './arguments.ts';
import { clientRows } from './families/connection/client.ts';
import { commandRows } from './families/server/command.ts';
import { configRows } from './families/server/config.ts';
import { connectionRows } from './families/connection/connection.ts';
import { counterRows } from './families/strings/counters.ts';
import { debugRows } from './families/server/debug.ts';
import { expiryRows } from './families/keys/expiry.ts';
import { hashRows } from './families/hashes/hashes.ts';
import { copyRows } from './families/keys/copy.ts';
import { keyRows } from './families/keys/keys.ts';
import { sortRows } from './families/keys/sort.ts';
import { objectRows } from './families/keys/object.ts';
import { persistenceRows } from './families/server/persistence.ts';
import { listMoveRows } from './families/lists/moving.ts';
import { listRows } from './families/lists/lists.ts';
import { listSearchRows } from './families/lists/searching.ts';
import { pubsubRows } from './families/pubsub/pubsub.ts';
import { serializationRows } from './families/serialization/serialization.ts';
import { serverRows } from './families/server/server.ts';
import { curiosityRows } from './families/server/curiosities.ts';
import { latencyRows } from './families/server/latency.ts';
import { memoryRows } from './families/server/memory.ts';
import { slowlogRows } from './families/server/slowlog.ts';

import { setRows } from './families/sets/sets.ts';
import { sortedSetRows } from './families/sorted-sets/sorted-sets.ts';
import { stringWriteRows } from './families/strings/strings-write.ts';
import { bitRows } from './families/bitmaps/bits.ts';
import { bitfieldRows } from './families/bitmaps/bitfield.ts';
import { bitopRows } from './families/bitmaps/bitop.ts';
import { hyperloglogRows } from './families/hyperloglog/hyperloglog.ts';
import { lcsRows } from './families/strings/lcs.ts';
import { stringRows } from './families/strings/strings.ts';
import { transactionRows } from './families/connection/transactions.ts';
import { CommandSpec } from './spec.ts';
import type { CommandRow, SpecTable } from './spec.ts';

/** An open-addressing table over the names of commands. */
export class NameTable implements SpecTable {
  readonly specs: readonly CommandSpec[];
  private readonly slots: (CommandSpec | null)[];
  private readonly mask: number;

  constructor(specs: readonly CommandSpec[]) {
    this.specs = specs;
    let size = 16;
    while (size < specs.length * 4) size *= 2;
    this.mask = size - 1;
    this.slots = Array.from({ length: size }, () => null);
    for (const spec of specs) {
      let slot = hashOf(spec.nameBytes, 0, spec.nameBytes.length) & this.mask;
      while (this.slots[slot] !== null) slot = (slot + 1) & this.mask;
      this.slots[slot] = spec;
    }
  }

  /** The command whose name stands from `start` to `end`, in any case, or null. */
  find(buffer: Uint8Array, start: number, end: number): CommandSpec | null {
    if (end <= start) return null;
    let slot = hashOf(buffer, start, end) & this.mask;
    for (;;) {
      const spec = this.slots[slot] as CommandSpec | null;
      if (spec === null || equalsFolded(buffer, start, end, spec.nameBytes)) return spec;
      slot = (slot + 1) & this.mask;
    }
  }
}

/** Folding by one bit is enough for hashing: the comparison is exact. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = (bytes[start] as number) | 32;
  const middle = (bytes[start + (length >> 1)] as number) | 32;
  const last = (bytes[end - 1] as number) | 32;
  return Math.imul(first * 31 + middle * 7 + last * 131 + length * 17, 0x9e3779b1) >>> 16;
}

/** Rows → table, subcommands included. */
export function buildTable(rows: readonly CommandRow[], parent?: CommandSpec): NameTable {
  const specs = rows.map((row) => {
    const spec = new CommandSpec(row, parent ?? null);
    if (row.subcommands !== undefined) spec.subcommands = buildTable(row.subcommands, spec);
    return spec;
  });
  return new NameTable(specs);
}

/** Every command of the engine. */
export const registry: NameTable = buildTable([
  ...stringWriteRows,
  ...stringRows,
  ...counterRows,
  ...lcsRows,
  ...bitRows,
  ...bitopRows,
  ...bitfieldRows,
  ...hyperloglogRows,
  ...setRows,
  ...sortedSetRows,
  ...keyRows,
  ...copyRows,
  ...sortRows,
  ...hashRows,
  ...serializationRows,
  ...objectRows,
  ...expiryRows,
  ...transactionRows,
  ...connectionRows,
  ...clientRows,
  ...commandRows(() => registry),
  ...configRows,
  ...serverRows,
  ...slowlogRows,
  ...curiosityRows,
  ...latencyRows(() => registry),
  ...memoryRows,
  ...persistenceRows,
  ...debugRows,
  ...pubsubRows,
  ...listRows,
  ...listSearchRows,
  ...listMoveRows,
]);
