// What the handles of all four types have in common: a key's value, a place in it, and the element
// seen last.
//
// A handle is a reused object: `open` or `create` points it to a key, and it stays valid until
// anything but itself changes that key. Nothing here allocates on the heap in common cases: an
// element is (buffer, start, end), its bytes lie in the arena, or in a scratch of the handle when
// they are an integer's digits.
//
// A value is a pack or a tree. A tree's value is its roots, which change in place: the entry is
// made ready first (`touch`), and that never moves it.

import type { Database } from '../keyspace/database.ts';
import { encodingTree } from '../keyspace/entry.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { rootBytes } from '../tree/reader.ts';
import { Tree } from '../tree/tree.ts';
import type { PackLimits } from './limits.ts';
import { PackCursor } from './pack/cursor.ts';
import { ElementReader, ElementWriter } from './pack/listpack.ts';

const nothing = Buffer.alloc(0);
/** Encoding of a key that does not exist. */
export const encodingNone = -1;

/** A collection of any type. */
export abstract class CollectionHandle {
  readonly limits: PackLimits;
  /** Bytes of the element, field or member seen last; valid until the next call on the handle. */
  elementBuffer: Buffer = nothing;
  elementStart: number = 0;
  elementEnd: number = 0;
  protected readonly keyspace: Keyspace;
  /** typeList, … */
  protected abstract readonly type: number;
  protected encoding: number = encodingNone;
  /** Where the value is, pack or tree, and the place in it when it is a pack. */
  protected readonly pack: PackCursor;
  /** The tree and the place in it when it is one. */
  protected readonly tree: Tree;
  /** The place in the tree is just before an element: what was there is removed. */
  protected treeGap: boolean = false;
  protected readonly reader: ElementReader = new ElementReader();
  /** Arguments, encoded as elements of a pack. */
  protected readonly writer: ElementWriter = new ElementWriter();

  constructor(keyspace: Keyspace, limits: PackLimits) {
    this.keyspace = keyspace;
    this.limits = limits;
    this.pack = new PackCursor(keyspace.databases[0] as Database);
    this.tree = new Tree(keyspace.treeHost);
  }

  /** The key's entry; 0: no key yet, or the last element went and the key with it. */
  get entry(): EntryAddress {
    return this.pack.entry;
  }

  /** Elements: of a hash fields, of a sorted set members. */
  get length(): number {
    return this.encoding === encodingTree ? this.tree.count : this.pack.count;
  }

  /** Points the handle to an existing entry of its type. */
  open(database: Database, entry: EntryAddress): this {
    this.encoding = database.encoding(entry);
    if (this.encoding === encodingTree) {
      this.pack.openOther(database, entry);
      this.openTree();
    } else {
      this.openPack(database, entry);
    }
    return this;
  }

  /**
   * Opens a copy of a tree's value, for reading only: what a Preserver has copied of an entry that
   * is `encodingTree` reads as it was until the snapshot ends, whatever becomes of the key. `entry`
   * is 0 then.
   */
  openCopy(database: Database, buffer: Buffer, start: number, end: number): this {
    this.encoding = encodingTree;
    this.pack.openCopy(database, buffer, start, end - start);
    this.openTree();
    return this;
  }

  /**
   * Points the handle to the key last given to `database.find`, which has no value: it comes into
   * being with the first element, without a deadline. Nothing else may happen in between.
   */
  create(database: Database): this {
    this.encoding = encodingNone;
    this.pack.closePack(database);
    return this;
  }

  /** Whether the value is one pack, whose raw bytes are `packBuffer`, `packStart`, `packEnd`. */
  get isPack(): boolean {
    return this.encoding !== encodingTree && this.encoding !== encodingNone;
  }

  /** The window that holds the pack: a listpack, for a set of integers an intset. */
  get packBuffer(): Buffer {
    return this.pack.buffer;
  }

  get packStart(): number {
    return this.pack.base;
  }

  get packEnd(): number {
    return this.pack.base + this.pack.bytes;
  }

  /**
   * After `create`: takes these bytes, a pack of this type, as they are. False, and nothing done,
   * when they are malformed, hold duplicates, are out of order, are not written as Redis writes
   * them, or exceed the limits: then load the elements one by one.
   * @throws {EngineError} ARENA_FULL when there is no room.
   */
  abstract adoptPack(buffer: Buffer, start: number, end: number): boolean;

  // ---- iterate ---------------------------------------------------------------------------------
  // The collection must not change in between, but for `removeSeen` and `remove`.

  /** Goes to the first element and shows it; false when there is none. */
  first(): boolean {
    this.treeGap = false;
    return this.encoding === encodingTree
      ? this.tree.seekRank(0) && this.showTree()
      : this.pack.first() && this.showPack();
  }

  /** Goes to the last element and shows it; false when there is none. */
  last(): boolean {
    this.treeGap = false;
    return this.encoding === encodingTree
      ? this.tree.seekLast() && this.showTree()
      : this.encoding !== encodingNone && this.pack.last() && this.showPack();
  }

  /** Goes to the next element and shows it; false at the end. */
  next(): boolean {
    if (this.encoding !== encodingTree) {
      return this.encoding !== encodingNone && this.pack.next() && this.showPack();
    }
    const gap = this.treeGap;
    this.treeGap = false;
    return (gap ? this.tree.settle() : this.tree.next()) && this.showTree();
  }

  /** Goes to the element before and shows it; false at the start. */
  previous(): boolean {
    if (this.encoding !== encodingTree) {
      return this.encoding !== encodingNone && this.pack.previous() && this.showPack();
    }
    if (!this.tree.previous()) {
      return false;
    }
    this.treeGap = false;
    return this.showTree();
  }

  /** Goes to the element with this rank (0-based; a place in iteration order) and shows it. */
  seekRank(rank: number): boolean {
    this.treeGap = false;
    if (rank < 0 || rank >= this.length) {
      return false;
    }
    return this.encoding === encodingTree
      ? this.tree.seekRank(rank) && this.showTree()
      : this.pack.seekRank(rank) && this.showPack();
  }

  /**
   * SCAN: shows about `count` elements to `visit` and returns the next cursor, 0 at the end. A pack
   * is shown whole. Whatever is there throughout is shown, also when elements come and go between
   * calls. `visit` must not change the collection. Not for lists.
   */
  scan(cursor: number, count: number, visit: () => void): number {
    if (this.encoding === encodingTree) {
      return this.scanTree(cursor, count, visit);
    }
    for (let more = this.first(); more; more = this.next()) {
      visit();
    }
    return 0;
  }

  // ---- for the types ---------------------------------------------------------------------------

  /** Shows the entry at the place in the pack; true. */
  protected showPack(): boolean {
    const { pack, reader } = this;
    reader.read(pack.buffer, pack.base + pack.at);
    this.showReader();
    return true;
  }

  /** Shows the element at the place in the tree; true. */
  protected showTree(): boolean {
    this.elementBuffer = this.tree.elementBuffer;
    this.elementStart = this.tree.elementStart;
    this.elementEnd = this.tree.elementEnd;
    return true;
  }

  protected showReader(): void {
    this.elementBuffer = this.reader.buffer;
    this.elementStart = this.reader.start;
    this.elementEnd = this.reader.end;
  }

  /** Opens the entry as a pack; `encoding` is set. */
  protected openPack(database: Database, entry: EntryAddress): void {
    this.pack.openPack(database, entry, 1);
  }

  /** Opens the tree, or trees, whose roots are the value. */
  protected openTree(): void {
    this.tree.open(this.pack.buffer, this.pack.base);
    this.treeGap = true;
  }

  /** SCAN of a tree by hash: the cursor is the hash to go on with. */
  protected scanTree(cursor: number, count: number, visit: () => void): number {
    const { tree } = this;
    let more = tree.seekHash(cursor) || tree.settle();
    let last = -1;
    for (let left = count; more && (left > 0 || tree.hash === last); left--) {
      last = tree.hash;
      this.showTree();
      visit();
      more = tree.next();
    }
    return more ? last + 1 : 0;
  }

  /** Removes the key with all that is left. */
  protected removeKey(): void {
    const { database } = this.pack;
    database.remove(this.pack.entry);
    this.encoding = encodingNone;
    this.pack.closePack(database);
  }

  /**
   * Makes the value roots of `count` trees that lie in `roots`.
   * @throws {EngineError} ARENA_FULL when there is no room: the trees are released, and the value
   * is as it was.
   */
  protected installTrees(roots: Buffer, count: number): void {
    const { pack } = this;
    const { database } = pack;
    const bytes = count * rootBytes;
    try {
      pack.entry = this.encoding === encodingNone
        ? database.reserveTyped(this.type, encodingTree, bytes, 0)
        : database.resizeValue(pack.entry, bytes);
    } catch (error) {
      for (let root = 0; root < count; root++) {
        this.keyspace.treeHost.release(roots, root * rootBytes);
      }
      throw error;
    }
    database.setEncoding(pack.entry, encodingTree);
    this.encoding = encodingTree;
    pack.openOther(database, pack.entry);
    roots.copy(pack.buffer, pack.base, 0, bytes);
    this.openTree();
  }
}
