// Looks ahead in a snapshot, so that the places which keys will take in the index are on their way
// before the first of them is put there. A snapshot has its keys in an order that means nothing
// here, so each key waits for memory; those of several keys can wait at the same time.
//
// It is only a hint: it stops at whatever is not a plain record, and nothing that it sees or misses
// changes what is loaded.
import type { Database } from '../keyspace/database.ts';
import {
  length32, opcode, stringInt16, stringInt32, stringInt8, stringLzf, valueType,
} from './format.ts';

/** Records looked at in one go: as many as the processor keeps loads in flight, and some. */
const mostRecords = 16;
/** The index of a database with fewer keys lies in the processor's caches anyway. */
const defaultLeastKeys = 10_000;

/** Types whose values are one string: where the record ends can be told without decoding it. */
const oneString: ReadonlySet<number> = new Set([
  valueType.hashZipmap, valueType.listZiplist, valueType.setIntset, valueType.sortedSetZiplist,
  valueType.hashZiplist, valueType.hashListpack, valueType.sortedSetListpack, valueType.setListpack,
]);

/** One for each file that is loaded. */
export class RecordsAhead {
  private readonly hashes: Int32Array = new Int32Array(mostRecords);
  // The length read last, and where what it measures begins.
  private bytes = 0;
  private next = 0;
  private readonly leastKeys: number;

  /** Databases with fewer keys than `leastKeys` are left alone. */
  constructor(leastKeys: number = defaultLeastKeys) {
    this.leastKeys = leastKeys;
  }

  /** Fetches for the records in `buffer[at … end)`; returns where those that it looked at end. */
  hint(database: Database, buffer: Buffer, at: number, end: number): number {
    if (database.size < this.leastKeys) return end;
    const { hashes } = this;
    const { keyHash } = database.keyspace;
    let count = 0;
    let record = at;
    while (count < mostRecords && record < end) {
      let from = record;
      if (buffer[from] === opcode.deadlineMs) from += 9;
      const type = buffer[from] as number;
      if (type >= opcode.valkeyUpdate) break;
      if (!this.length(buffer, from + 1, end) || this.next + this.bytes > end) break;
      hashes[count++] = keyHash.of(buffer, this.next, this.next + this.bytes);
      // Where other collections end only their decoder can tell.
      if (type !== valueType.string && !oneString.has(type)) break;
      if (!this.string(buffer, this.next + this.bytes, end)) break;
      record = this.next + this.bytes;
    }
    if (count > 1) database.prefetch(hashes, count);
    return Math.max(record, at + 1);
  }

  /** Reads the length of a string that stands in the file as it is; false when it is no such. */
  private length(buffer: Buffer, at: number, end: number): boolean {
    if (at + 5 > end) return false;
    const first = buffer[at] as number;
    if (first < 0x40) {
      this.bytes = first;
      this.next = at + 1;
    } else if (first < 0x80) {
      this.bytes = ((first & 0x3f) << 8) | (buffer[at + 1] as number);
      this.next = at + 2;
    } else if (first === length32) {
      this.bytes = buffer.readUInt32BE(at + 1);
      this.next = at + 5;
    } else {
      return false;
    }
    return true;
  }

  /** Reads the length of a string in any encoding: of the bytes that it takes here. */
  private string(buffer: Buffer, at: number, end: number): boolean {
    if (this.length(buffer, at, end)) return true;
    if (at + 5 > end) return false;
    const first = buffer[at] as number;
    this.next = at + 1;
    if (first === stringInt8) this.bytes = 1;
    else if (first === stringInt16) this.bytes = 2;
    else if (first === stringInt32) this.bytes = 4;
    else return first === stringLzf && this.compressed(buffer, end);
    return true;
  }

  private compressed(buffer: Buffer, end: number): boolean {
    if (!this.length(buffer, this.next, end)) return false;
    const { bytes } = this;
    if (!this.length(buffer, this.next, end)) return false;
    this.bytes = bytes;
    return true;
  }
}
