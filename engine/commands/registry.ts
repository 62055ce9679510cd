// All commands, found by the bytes of their names.
//
// A table of 2^k slots, open addressing with linear probing. The first eight bytes of a name,
// folded to lower case, are two words, which are hashed and compared; few names are longer. Nothing
// is made on the way: a lookup is a handful of loads.
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

/** Bytes of a name that its two words hold. */
const wordsBytes = 8;

/** An open-addressing table over the names of commands. */
export class NameTable implements SpecTable {
  readonly specs: readonly CommandSpec[];
  private readonly slots: (CommandSpec | null)[];
  /** The two words of the name in each slot. */
  private readonly words: Int32Array;
  /** Whether its words are all of the name, so that nothing else need be compared. */
  private readonly whole: Uint8Array;
  private readonly mask: number;

  constructor(specs: readonly CommandSpec[]) {
    this.specs = specs;
    let size = 16;
    while (size < specs.length * 4) size *= 2;
    this.mask = size - 1;
    this.slots = Array.from({ length: size }, () => null);
    this.words = new Int32Array(size * 2);
    this.whole = new Uint8Array(size);
    for (const spec of specs) this.add(spec);
  }

  /** The command whose name stands from `start` to `end`, in any case, or null. */
  find(buffer: Uint8Array, start: number, end: number): CommandSpec | null {
    const { words } = this;
    const first = foldedWord(buffer, start, end);
    const second = foldedWord(buffer, start + 4, end);
    let slot = hashOf(first, second) & this.mask;
    for (;;) {
      const spec = this.slots[slot] as CommandSpec | null;
      if (spec === null) return null;
      if (words[slot * 2] === first && words[slot * 2 + 1] === second) {
        if (this.whole[slot] === 1 && end - start <= wordsBytes) return spec;
        if (equalsFolded(buffer, start, end, spec.nameBytes)) return spec;
      }
      slot = (slot + 1) & this.mask;
    }
  }

  private add(spec: CommandSpec): void {
    const { nameBytes } = spec;
    const first = foldedWord(nameBytes, 0, nameBytes.length);
    const second = foldedWord(nameBytes, 4, nameBytes.length);
    let slot = hashOf(first, second) & this.mask;
    while (this.slots[slot] !== null) slot = (slot + 1) & this.mask;
    this.slots[slot] = spec;
    this.words[slot * 2] = first;
    this.words[slot * 2 + 1] = second;
    // Folding by one bit is exact for letters only.
    const isWord = nameBytes.every((byte) => byte >= 97 && byte <= 122);
    this.whole[slot] = isWord && nameBytes.length <= wordsBytes ? 1 : 0;
  }
}

/** Up to four bytes from `start` on, letters folded to lower case by their bit; 0: none. */
function foldedWord(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = Math.min(end, start + 4) - 1; at >= start; at--) {
    word = (word << 8) | (bytes[at] as number) | 32;
  }
  return word;
}

function hashOf(first: number, second: number): number {
  return Math.imul(first ^ Math.imul(second, 31), 0x9e3779b1) >>> 16;
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
