// Looks ahead in pipelined requests, so that the memory which they will need is on its way when
// they run. Each lookup of a random key waits two or three times for memory, one wait after the
// other; the lookups of several requests can wait at the same time.
//
// It is only a hint: it reads, takes the first argument for a key, and stops at whatever is not a
// plain multibulk request. Nothing that it sees or misses changes what the requests do.
import type { Database } from '../keyspace/database.ts';

/** Requests looked at in one go: as many as the processor keeps loads in flight, and some. */
const mostRequests = 16;
/** A database with fewer keys lies in the processor's caches anyway. */
const defaultLeastKeys = 10_000;

const carriageReturn = 13;
const asterisk = 42;
const dollar = 36;
const zero = 48;

/** One per server. */
export class Prefetcher {
  private readonly hashes: Int32Array = new Int32Array(mostRequests);
  /** Where the header read last ended. */
  private next = 0;
  private readonly leastKeys: number;

  /** Databases with fewer keys than `leastKeys` are left alone. */
  constructor(leastKeys: number = defaultLeastKeys) {
    this.leastKeys = leastKeys;
  }

  /** Fetches for the requests from `start` on; returns where those that it looked at end. */
  hint(database: Database, buffer: Buffer, start: number, end: number): number {
    if (database.size < this.leastKeys) return end;
    const { hashes } = this;
    const { keyHash } = database.keyspace;
    let count = 0;
    let at = start;
    while (count < mostRequests && at < end) {
      let left = this.header(buffer, at, end, asterisk);
      if (left < 2) return this.fetch(database, count, end);
      const name = this.header(buffer, this.next, end, dollar);
      const key = this.header(buffer, this.next + name + 2, end, dollar);
      const keyStart = this.next;
      at = keyStart + key + 2;
      if (name < 0 || key < 0 || at > end) return this.fetch(database, count, end);
      hashes[count++] = keyHash.of(buffer, keyStart, keyStart + key);
      for (left -= 2; left > 0; left--) {
        const length = this.header(buffer, at, end, dollar);
        if (length < 0) return this.fetch(database, count, end);
        at = this.next + length + 2;
      }
    }
    return this.fetch(database, count, Math.min(at, end));
  }

  private fetch(database: Database, count: number, end: number): number {
    // One alone would wait as long here as later.
    if (count > 1) database.prefetch(this.hashes, count);
    return end;
  }

  /** The number behind `mark`, up to six digits; -1 when it is not there. */
  private header(buffer: Buffer, at: number, end: number, mark: number): number {
    if (at + 3 >= end || buffer[at] !== mark) return -1;
    let value = (buffer[at + 1] as number) - zero;
    if (value < 0 || value > 9) return -1;
    let place = at + 2;
    const limit = Math.min(end, at + 7);
    while (place < limit && buffer[place] !== carriageReturn) {
      const digit = (buffer[place] as number) - zero;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
      place++;
    }
    if (place === limit) return -1;
    this.next = place + 2;
    return value;
  }
}
