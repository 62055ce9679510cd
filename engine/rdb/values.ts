// RDB bytes of one value → a collection of the keyspace, in every encoding.
//
//   list        1   count { element }                     10  ziplist of elements
//               14  nodes { ziplist }                     18  nodes { kind, element or listpack }
//   set         2   count { member }                      11  intset      20  listpack
//   sorted set  3   count { member, text of the score }   12  ziplist     17  listpack
//               5   count { member, 8 bytes LE }
//   hash        4   count { field, value }                 9  zipmap  13  ziplist  16  listpack
//               22  count { deadline, field, value }      23  listpack of triples
//               24  earliest { count { deadline − earliest + 1 or 0, field, value } }
//               25  earliest or 0, listpack of triples (field, value, deadline or 0)
//   Valkey      22  count { field, value, deadline or −1 in 8 bytes LE }
//
// Packs (ziplist, zipmap, intset, listpack) are strings; earliest is 8 bytes LE. The text of a
// score has one byte of length, 253 for nan, 254 and 255 for inf and -inf. Deadlines are Unix ms.
import type { Collections } from '../collections/collections.ts';
import type { EngineError } from '../errors.ts';
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { parseDouble } from '../resp/doubles.ts';
import type { ByteWindow } from './byte-window.ts';
import { nodePacked, nodePlain, valkeyHash, valueType } from './format.ts';
import { IntsetReader, ZiplistReader, ZipmapReader } from './old-packs.ts';
import { ListpackReader } from './packs.ts';
import type { PackReader } from './packs.ts';
import type { RdbStrings } from './strings.ts';

/** Redis and Valkey keep field deadlines in 48 bits. */
const latestDeadlineMs = 2 ** 48 - 2;
const scoreNan = 253;
const scoreInfinity = 254;
const scoreMinusInfinity = 255;

/** Reads values from a window, element by element unless they can be taken as they are. */
export class ValueDecoder {
  private readonly window: ByteWindow;
  private readonly strings: RdbStrings;
  private readonly collections: Collections;
  private readonly listpack = new ListpackReader();
  private readonly ziplist = new ZiplistReader();
  private readonly zipmap = new ZipmapReader();
  private readonly intset = new IntsetReader();
  // Where the pack that is read stands in the file, and whether it stood there as it is.
  private packOffset = 0;
  private packRaw = false;
  // The string before the one read last: `keep` and `kept…`.
  private firstBuffer: Buffer;
  private firstStart = 0;
  private firstEnd = 0;

  constructor(window: ByteWindow, strings: RdbStrings, collections: Collections) {
    this.window = window;
    this.strings = strings;
    this.collections = collections;
    this.firstBuffer = strings.keyScratch;
  }

  /**
   * Reads a value of this type, a collection, for the key last given to `database.find`, whose
   * bytes stay in place. Returns its entry, 0 when it had no elements and nothing was made, -1
   * when the type is none of those above.
   * @throws {EngineError} RDB_BAD when it is damaged, ARENA_FULL
   */
  load(type: number, database: Database, valkey: boolean): EntryAddress {
    switch (type) {
      case valueType.list:
      case valueType.listZiplist:
      case valueType.listQuicklist:
      case valueType.listQuicklist2:
        return this.list(type, database);
      case valueType.set:
      case valueType.setIntset:
      case valueType.setListpack:
        return this.set(type, database);
      case valueType.sortedSetText:
      case valueType.sortedSet:
      case valueType.sortedSetZiplist:
      case valueType.sortedSetListpack:
        return this.sortedSet(type, database);
      case valueType.hash:
      case valueType.hashZipmap:
      case valueType.hashZiplist:
      case valueType.hashListpack:
        return this.hash(type, database);
      case valueType.hashDeadlinesEarly:
      case valueType.hashDeadlines:
        if (valkey) return type === valkeyHash ? this.valkeyHash(database) : -1;
        return this.hashWithDeadlines(type, database);
      case valueType.hashListpackDeadlinesEarly:
      case valueType.hashListpackDeadlines:
        return valkey ? -1 : this.hashPackWithDeadlines(type, database);
      default:
        return -1;
    }
  }

  // ---- lists -----------------------------------------------------------------------------------

  private list(type: number, database: Database): EntryAddress {
    const list = this.collections.list().create(database);
    if (type === valueType.listZiplist) {
      this.pushPack(this.ziplist);
      return list.entry;
    }
    const { strings } = this;
    const count = strings.plainLength('a count of elements');
    for (let i = 0; i < count; i++) {
      if (type === valueType.list) {
        strings.read('an element', strings.valueScratch);
        list.push(false, strings.buffer, strings.start, strings.end);
      } else if (type === valueType.listQuicklist) {
        this.pushPack(this.ziplist);
      } else {
        this.node(count === 1);
      }
    }
    return list.entry;
  }

  private node(only: boolean): void {
    const { strings } = this;
    const list = this.collections.list();
    const { offset } = this.window;
    const kind = strings.plainLength('the kind of a node');
    if (kind === nodePlain) {
      strings.read('an element', strings.valueScratch);
      list.push(false, strings.buffer, strings.start, strings.end);
      return;
    }
    if (kind !== nodePacked) {
      throw strings.bad(offset, 'a plain (1) or packed (2) node', `the kind ${kind}`);
    }
    this.readPack();
    if (only && list.adoptPack(strings.buffer, strings.start, strings.end)) return;
    this.pushElements(this.listpack);
  }

  private pushPack(reader: PackReader): void {
    this.readPack();
    this.pushElements(reader);
  }

  private pushElements(reader: PackReader): void {
    const list = this.collections.list();
    this.openPack(reader);
    while (reader.next()) list.push(false, reader.buffer, reader.start, reader.end);
    this.endPack(reader);
  }

  // ---- sets ------------------------------------------------------------------------------------

  private set(type: number, database: Database): EntryAddress {
    const { strings } = this;
    const set = this.collections.set().create(database);
    if (type === valueType.set) {
      const count = strings.plainLength('a count of members');
      for (let i = 0; i < count; i++) {
        const { offset } = this.window;
        strings.read('a member', strings.valueScratch);
        const isNew = set.add(strings.buffer, strings.start, strings.end);
        if (!isNew) throw this.twice(offset, 'member');
      }
      return set.entry;
    }
    this.readPack();
    const isIntset = type === valueType.setIntset;
    const adopted = isIntset
      ? set.adoptIntSet(strings.buffer, strings.start, strings.end)
      : set.adoptPack(strings.buffer, strings.start, strings.end);
    if (adopted) return set.entry;
    const reader = isIntset ? this.intset : this.listpack;
    this.openPack(reader);
    while (reader.next()) {
      if (!set.add(reader.buffer, reader.start, reader.end)) throw this.twiceIn(reader, 'member');
    }
    this.endPack(reader);
    return set.entry;
  }

  // ---- sorted sets -----------------------------------------------------------------------------

  private sortedSet(type: number, database: Database): EntryAddress {
    const sortedSet = this.collections.sortedSet().create(database);
    if (type === valueType.sortedSetText || type === valueType.sortedSet) {
      this.scoredMembers(type);
      return sortedSet.entry;
    }
    const { strings } = this;
    this.readPack();
    const isListpack = type === valueType.sortedSetListpack;
    if (isListpack && sortedSet.adoptPack(strings.buffer, strings.start, strings.end)) {
      return sortedSet.entry;
    }
    const reader = isListpack ? this.listpack : this.ziplist;
    this.openPack(reader);
    while (this.nextPair(reader, 'score')) {
      const score = parseDouble(reader.buffer, reader.start, reader.end);
      if (Number.isNaN(score)) throw this.badIn(reader, 'a score', 'something else');
      if (sortedSet.find(this.firstBuffer, this.firstStart, this.firstEnd)) {
        throw this.twiceIn(reader, 'member');
      }
      sortedSet.put(score);
    }
    this.endPack(reader);
    return sortedSet.entry;
  }

  private scoredMembers(type: number): void {
    const { strings, window } = this;
    const sortedSet = this.collections.sortedSet();
    const count = strings.plainLength('a count of members');
    for (let i = 0; i < count; i++) {
      const { offset } = window;
      this.readFirst('a member');
      const score = type === valueType.sortedSet ? this.binaryScore() : this.textScore();
      this.settleFirst();
      if (Number.isNaN(score)) throw strings.bad(offset, 'a score', 'nan');
      if (sortedSet.find(this.firstBuffer, this.firstStart, this.firstEnd)) {
        throw this.twice(offset, 'member');
      }
      sortedSet.put(score);
    }
  }

  private binaryScore(): number {
    this.strings.need(8, 'a score of 8 bytes');
    this.window.at += 8;
    return this.window.buffer.readDoubleLE(this.window.at - 8);
  }

  private textScore(): number {
    const { strings, window } = this;
    strings.need(1, 'a score');
    const { offset } = window;
    const length = window.buffer[window.at++] as number;
    if (length === scoreNan) return NaN;
    if (length === scoreInfinity) return Infinity;
    if (length === scoreMinusInfinity) return -Infinity;
    strings.need(length, 'a score');
    const score = parseDouble(window.buffer, window.at, window.at + length);
    if (Number.isNaN(score)) {
      const text = window.buffer.toString('latin1', window.at, window.at + length);
      throw strings.bad(offset, 'a score', JSON.stringify(text));
    }
    window.at += length;
    return score;
  }

  // ---- hashes ----------------------------------------------------------------------------------

  private hash(type: number, database: Database): EntryAddress {
    const { strings } = this;
    const hash = this.collections.hash().create(database);
    if (type === valueType.hash) {
      const count = strings.plainLength('a count of fields');
      for (let i = 0; i < count; i++) this.fieldAndValue();
      return hash.entry;
    }
    this.readPack();
    const isListpack = type === valueType.hashListpack;
    if (isListpack && hash.adoptPack(strings.buffer, strings.start, strings.end)) {
      return hash.entry;
    }
    const reader = type === valueType.hashZipmap ? this.zipmap
      : isListpack ? this.listpack : this.ziplist;
    this.openPack(reader);
    while (this.nextPair(reader, 'value')) {
      if (hash.find(this.firstBuffer, this.firstStart, this.firstEnd)) {
        throw this.twiceIn(reader, 'field');
      }
      hash.put(reader.buffer, reader.start, reader.end);
    }
    this.endPack(reader);
    return hash.entry;
  }

  /** Reads a field and its value and adds them to the hash that is being made. */
  private fieldAndValue(): void {
    const { strings, window } = this;
    const hash = this.collections.hash();
    const { offset } = window;
    this.readFirst('a field');
    strings.read('a value', strings.valueScratch);
    this.settleFirst();
    if (hash.find(this.firstBuffer, this.firstStart, this.firstEnd)) {
      throw this.twice(offset, 'field');
    }
    hash.put(strings.buffer, strings.start, strings.end);
  }

  private hashWithDeadlines(type: number, database: Database): EntryAddress {
    const { strings, window } = this;
    const hash = this.collections.hash().create(database);
    const earliestMs = type === valueType.hashDeadlines ? this.earliest() : 1;
    const count = strings.plainLength('a count of fields');
    for (let i = 0; i < count; i++) {
      const { offset } = window;
      const after = strings.plainLength('the deadline of a field');
      this.fieldAndValue();
      if (after > 0) hash.setDeadline(this.checked(earliestMs + after - 1, offset));
    }
    return hash.entry;
  }

  private valkeyHash(database: Database): EntryAddress {
    const hash = this.collections.hash().create(database);
    const count = this.strings.plainLength('a count of fields');
    for (let i = 0; i < count; i++) {
      this.fieldAndValue();
      const { offset } = this.window;
      const deadlineMs = this.int64('the deadline of a field of 8 bytes');
      if (deadlineMs !== -1) hash.setDeadline(this.checked(deadlineMs, offset));
    }
    return hash.entry;
  }

  private hashPackWithDeadlines(type: number, database: Database): EntryAddress {
    const { strings, listpack } = this;
    const hash = this.collections.hash().create(database);
    // Redis writes 0 when no field has a deadline any more; it is a hint that nobody needs.
    if (type === valueType.hashListpackDeadlines) this.int64('the earliest deadline of 8 bytes');
    this.readPack();
    if (hash.adoptPackWithDeadlines(strings.buffer, strings.start, strings.end)) {
      return hash.entry;
    }
    this.openPack(listpack);
    while (this.nextPair(listpack, 'value')) {
      if (hash.find(this.firstBuffer, this.firstStart, this.firstEnd)) {
        throw this.twiceIn(listpack, 'field');
      }
      hash.put(listpack.buffer, listpack.start, listpack.end);
      if (!listpack.next()) {
        this.endPack(listpack);
        throw this.badIn(listpack, 'the deadline of a field', 'the end of the pack');
      }
      const deadlineMs = Number(listpack.buffer.toString('latin1', listpack.start, listpack.end));
      if (deadlineMs !== 0) {
        hash.setDeadline(this.checked(deadlineMs, this.offsetIn(listpack.start)));
      }
    }
    this.endPack(listpack);
    return hash.entry;
  }

  /** What the deadlines of fields count from; 0 where none has one. */
  private earliest(): number {
    const { offset } = this.window;
    const earliestMs = this.int64('the earliest deadline of 8 bytes');
    return earliestMs === 0 ? 0 : this.checked(earliestMs, offset);
  }

  private checked(deadlineMs: number, offset: number): number {
    if (deadlineMs > 0 && deadlineMs <= latestDeadlineMs) return deadlineMs;
    throw this.strings.bad(offset, 'the deadline of a field', String(deadlineMs));
  }

  private int64(what: string): number {
    this.strings.need(8, what);
    const { window } = this;
    window.at += 8;
    const high = window.buffer.readInt32LE(window.at - 4);
    return high * 0x100000000 + window.buffer.readUInt32LE(window.at - 8);
  }

  // ---- pairs of strings ------------------------------------------------------------------------

  /** Reads a string that has to outlive what is read after it, until settleFirst. */
  private readFirst(what: string): void {
    const { window, strings } = this;
    window.pin = window.at;
    strings.read(what, strings.keyScratch);
    const raw = strings.buffer === window.buffer;
    window.pin = raw ? strings.start : -1;
    this.firstBuffer = strings.buffer;
    this.firstStart = strings.start;
    this.firstEnd = strings.end;
  }

  /** Where that string is by now: the window may have moved along. */
  private settleFirst(): void {
    const { window } = this;
    if (window.pin < 0) return;
    this.firstEnd += window.pin - this.firstStart;
    this.firstStart = window.pin;
    this.firstBuffer = window.buffer;
    window.pin = -1;
  }

  // ---- packs -----------------------------------------------------------------------------------

  private readPack(): void {
    const { strings, window } = this;
    const { offset } = window;
    strings.read('a pack', strings.valueScratch);
    this.packRaw = strings.buffer === window.buffer;
    this.packOffset = this.packRaw ? window.offset - (strings.end - strings.start) : offset;
  }

  private openPack(reader: PackReader): void {
    const { strings } = this;
    if (!reader.open(strings.buffer, strings.start, strings.end)) this.endPack(reader);
  }

  /** @throws {EngineError} RDB_BAD when the reader stopped because of a problem. */
  private endPack(reader: PackReader): void {
    if (reader.problem === '') return;
    const { start } = this.strings;
    const { problem, problemAt } = reader;
    const where = this.packRaw ? '' : ` at byte ${problemAt - start} of what is compressed there`;
    throw this.strings.bad(this.offsetIn(problemAt), 'a sound pack', `${problem}${where}`);
  }

  /** Keeps the next element as the first of a pair and goes to the second; false at the end. */
  private nextPair(reader: PackReader, second: string): boolean {
    if (!reader.next()) return false;
    this.firstBuffer = reader.buffer;
    this.firstStart = reader.start;
    this.firstEnd = reader.end;
    if (reader.next()) return true;
    this.endPack(reader);
    throw this.badIn(reader, `a ${second}`, 'the end of the pack');
  }

  /** The offset in the file of a place in the pack; of the pack itself when it is compressed. */
  private offsetIn(at: number): number {
    return this.packRaw ? this.packOffset + at - this.strings.start : this.packOffset;
  }

  private badIn(reader: PackReader, expected: string, found: string): EngineError {
    const { firstBuffer, firstStart, firstEnd } = this;
    const shown = JSON.stringify(firstBuffer.toString('latin1', firstStart, firstEnd)).slice(0, 80);
    const inside = reader.buffer === this.strings.buffer;
    return this.strings.bad(inside ? this.offsetIn(reader.start) : this.packOffset, expected,
      `${found} after ${shown}`);
  }

  private twice(offset: number, what: string): EngineError {
    return this.strings.bad(offset, `a ${what} that did not occur before`, `a ${what} again`);
  }

  private twiceIn(reader: PackReader, what: string): EngineError {
    const inside = reader.buffer === this.strings.buffer;
    return this.twice(inside ? this.offsetIn(reader.start) : this.packOffset, what);
  }
}
