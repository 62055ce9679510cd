// One value → RDB bytes: which encoding it is written as, and its bytes, element after element.
//
// Collections that are packs go out as they are. Version 10 has no set of strings as a listpack and
// no field deadlines; those need versions 11 and 12.
import type { Collections } from '../collections/collections.ts';
import type { ListHandle } from '../collections/list.ts';
import type { PackBytes } from '../collections/sorted-set-pack.ts';
import { EngineError } from '../errors.ts';
import type { Database } from '../keyspace/database.ts';
import {
  typeHash, typeList, typeSet, typeSortedSet, typeString,
} from '../keyspace/entry.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import { pieceBytes } from '../keyspace/pins.ts';
import type { LargeValues } from '../keyspace/entry-view.ts';
import { nodePacked, nodePlain, valueType } from './format.ts';
import type { WrittenVersion } from './format.ts';
import { elementBytes, frameBytes, PackBuilder } from './pack-builder.ts';
import { quote } from './quote.ts';
import type { RdbWriter } from './writer.ts';

/** Bytes of a packed node of a list; longer elements get a plain node each. */
const nodeBytes = 8192;
const roomBytes = nodeBytes - frameBytes;

/** What a writer of values needs to know. */
export interface ValueSources {
  readonly version: WrittenVersion;
  readonly collections: Collections;
  /** How large values are read that may change meanwhile; null: nothing changes. */
  readonly largeValues: LargeValues | null;
}

/** Writes values; the handles of slot 0 are used. */
export class ValueEncoder {
  private readonly writer: RdbWriter;
  private readonly version: WrittenVersion;
  private readonly collections: Collections;
  private readonly largeValues: LargeValues | null;
  private node: PackBuilder | null = null;
  private gathered: Buffer = Buffer.alloc(0);

  constructor(writer: RdbWriter, { version, collections, largeValues }: ValueSources) {
    this.writer = writer;
    this.version = version;
    this.collections = collections;
    this.largeValues = largeValues;
  }

  /**
   * The type that the value is written with; `value` must follow.
   * @throws {EngineError} RDB_UNSUPPORTED when it has field deadlines and the version has not.
   */
  type(database: Database, entry: EntryAddress): number {
    const { collections } = this;
    switch (database.type(entry)) {
      case typeString:
        return valueType.string;
      case typeList:
        collections.list().open(database, entry);
        return valueType.listQuicklist2;
      case typeSet: {
        const set = collections.set().open(database, entry);
        if (!set.isPack) return valueType.set;
        if (set.isIntSet) return valueType.setIntset;
        return this.version < 11 ? valueType.set : valueType.setListpack;
      }
      case typeSortedSet:
        return collections.sortedSet().open(database, entry).isPack
          ? valueType.sortedSetListpack
          : valueType.sortedSet;
      case typeHash:
        return this.hashType(database, entry);
      default:
        throw new Error(`rdb: no value has type ${database.type(entry)}`);
    }
  }

  private hashType(database: Database, entry: EntryAddress): number {
    const hash = this.collections.hash().open(database, entry);
    const triples = hash.isPack && hash.packHasDeadlines;
    if (hash.fieldsWithDeadline === 0) {
      return hash.isPack && !triples ? valueType.hashListpack : valueType.hash;
    }
    if (this.version < 12) throw deadlinesUnsupported(database, entry, this.version);
    return triples ? valueType.hashListpackDeadlines : valueType.hashDeadlines;
  }

  /** Writes the value after `type` was asked for it, which is given again. */
  value(database: Database, entry: EntryAddress, type: number): void {
    switch (type) {
      case valueType.string:
        this.stringValue(database, entry);
        return;
      case valueType.listQuicklist2:
        this.list();
        return;
      case valueType.set:
        this.set();
        return;
      case valueType.sortedSet:
        this.sortedSet();
        return;
      case valueType.hash:
        this.hash();
        return;
      case valueType.hashDeadlines:
        this.hashWithDeadlines();
        return;
      default:
        this.pack(type);
    }
  }

  private stringValue(database: Database, entry: EntryAddress): void {
    const { largeValues, writer } = this;
    const bytes = database.valueLength(entry);
    if (largeValues === null || !database.isLarge(entry)) {
      const start = database.valueOffset(entry);
      writer.string(database.valueBuffer(entry), start, start + bytes);
      return;
    }
    const compresses = writer.compresses(bytes);
    if (!compresses) writer.lengthField(bytes);
    else if (this.gathered.length < bytes) this.gathered = Buffer.allocUnsafeSlow(bytes);
    for (let number = 0; number * pieceBytes < bytes; number++) {
      const piece = largeValues.piece(database, entry, number);
      if (compresses) piece.copy(this.gathered, number * pieceBytes);
      else writer.bytes(piece, 0, piece.length);
    }
    if (compresses) writer.string(this.gathered, 0, bytes);
  }

  private pack(type: number): void {
    const { collections, writer } = this;
    let handle: PackBytes;
    if (type === valueType.sortedSetListpack) handle = collections.sortedSet().plainPack();
    else if (type === valueType.setIntset || type === valueType.setListpack) {
      handle = collections.set();
    } else {
      const hash = collections.hash();
      if (type === valueType.hashListpackDeadlines) writer.int64(hash.earliestDeadlineMs);
      handle = hash;
    }
    writer.string(handle.packBuffer, handle.packStart, handle.packEnd);
  }

  private set(): void {
    const set = this.collections.set();
    this.writer.lengthField(set.length);
    for (let more = set.first(); more; more = set.next()) {
      this.writer.string(set.elementBuffer, set.elementStart, set.elementEnd);
    }
  }

  /** From the highest score down, as Redis: the reader then always inserts at the front. */
  private sortedSet(): void {
    const { writer } = this;
    const sortedSet = this.collections.sortedSet();
    writer.lengthField(sortedSet.length);
    for (let more = sortedSet.last(); more; more = sortedSet.previous()) {
      writer.string(sortedSet.elementBuffer, sortedSet.elementStart, sortedSet.elementEnd);
      writer.double(sortedSet.score);
    }
  }

  private hash(): void {
    const { writer } = this;
    const hash = this.collections.hash();
    writer.lengthField(hash.length);
    for (let more = hash.first(); more; more = hash.next()) {
      writer.string(hash.elementBuffer, hash.elementStart, hash.elementEnd);
      writer.string(hash.valueBuffer, hash.valueStart, hash.valueEnd);
    }
  }

  private hashWithDeadlines(): void {
    const { writer } = this;
    const hash = this.collections.hash();
    const earliestMs = hash.earliestDeadlineMs;
    writer.int64(earliestMs);
    writer.lengthField(hash.length);
    for (let more = hash.first(); more; more = hash.next()) {
      writer.lengthField(hash.deadlineMs === 0 ? 0 : hash.deadlineMs - earliestMs + 1);
      writer.string(hash.elementBuffer, hash.elementStart, hash.elementEnd);
      writer.string(hash.valueBuffer, hash.valueStart, hash.valueEnd);
    }
  }

  private list(): void {
    const { writer } = this;
    const list = this.collections.list();
    if (list.isPack) {
      writer.lengthField(1);
      writer.lengthField(nodePacked);
      writer.string(list.packBuffer, list.packStart, list.packEnd);
      return;
    }
    writer.lengthField(nodesOf(list));
    const node = this.node ??= new PackBuilder();
    node.clear();
    let used = 0;
    for (let more = list.first(); more; more = list.next()) {
      const bytes = elementBytes(list.elementEnd - list.elementStart);
      if (used > 0 && used + bytes > roomBytes) {
        this.endNode(node);
        used = 0;
      }
      if (bytes > roomBytes) {
        writer.lengthField(nodePlain);
        writer.string(list.elementBuffer, list.elementStart, list.elementEnd);
        continue;
      }
      node.append(list.elementBuffer, list.elementStart, list.elementEnd);
      used += bytes;
    }
    if (used > 0) this.endNode(node);
  }

  private endNode(node: PackBuilder): void {
    this.writer.lengthField(nodePacked);
    this.writer.string(node.buffer, 0, node.finish());
    node.clear();
  }
}

/** How many nodes the elements make: their number comes first, so they are looked at twice. */
function nodesOf(list: ListHandle): number {
  let nodes = 0;
  let used = 0;
  for (let more = list.first(); more; more = list.next()) {
    const bytes = elementBytes(list.elementEnd - list.elementStart);
    if (used > 0 && used + bytes > roomBytes) used = 0;
    if (used === 0) nodes++;
    if (bytes <= roomBytes) used += bytes;
  }
  return nodes;
}

/** The error for a hash with field deadlines that is to be written in too old a version. */
export function deadlinesUnsupported(
  database: Database, entry: EntryAddress, version: number,
): EngineError {
  const start = database.keyOffset(entry);
  const key = quote(database.keyBuffer(entry), start, start + database.keyLength(entry));
  return new EngineError('RDB_UNSUPPORTED', `key ${key} in database ${database.index} has fields`
    + ` with deadlines, which RDB version ${version} cannot hold: set rdb-target 12 (read by Redis`
    + ' 7.4 and later), or use the append only file');
}
