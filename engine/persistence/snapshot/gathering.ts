// How SAVE reads entries: a few at a time, so that the waits for their memory overlap. The walk is
// in the order of hashes, so each entry lies somewhere else.
import { endPosition } from '../../keyspace/database.ts';
import type { Database } from '../../keyspace/database.ts';
import type { EntryAddress } from '../../keyspace/entry.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { windowMask, windowShift } from '../../memory/arena.ts';
import type { SnapshotEncoder } from './writer.ts';

const entriesTogether = 32;
const keysPerWalk = 1 << 20;
const cacheLineWords = 16;

/** Encodes whole databases. */
export class Gathering {
  /** Means nothing: as long as it is stored, the loads ahead cannot be left out. */
  looked = 0;
  private readonly words: readonly Int32Array[];
  private readonly encoder: SnapshotEncoder;
  private readonly entries: Int32Array = new Int32Array(entriesTogether);
  private count = 0;

  constructor(keyspace: Keyspace, encoder: SnapshotEncoder) {
    this.words = keyspace.arena.words;
    this.encoder = encoder;
  }

  encode(database: Database): void {
    const visit = (entry: EntryAddress): void => {
      this.entries[this.count++] = entry;
      if (this.count === entriesTogether) this.write(database);
    };
    let position = 0;
    while (position < endPosition) position = database.walk(position, keysPerWalk, visit);
    this.write(database);
  }

  private write(database: Database): void {
    const { entries, count, encoder } = this;
    this.lookAhead();
    for (let at = 0; at < count; at++) {
      encoder.entry(database.index, database, entries[at] as number);
    }
    this.count = 0;
  }

  private lookAhead(): void {
    const { words, entries, count } = this;
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const entry = entries[index] as number;
      const window = words[entry >>> windowShift] as Int32Array;
      const at = (entry & windowMask) * 2;
      sum ^= (window[at] as number) ^ (window[at + cacheLineWords] as number);
    }
    this.looked = sum;
  }
}
