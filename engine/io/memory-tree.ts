// Files and directories in memory that know what a power cut would leave of them.
//
// Each file has two contents and each directory two sets of names: live (what callers see) and
// durable (what survives). A change is applied to the live side at once and waits, in order, to be
// applied to the durable side when a sync covers it:
//
//   data   of a file: when the file is synced, changes made before that sync began
//          when that sync fails Linux calls the pages clean: they never become durable, unless a
//          later change touches a page again. Lengths come with the next good sync, with zeros
//   names  when their directory is synced; or when the file that bears the name is synced, and then
//          the directories above it too
//
// A rename is one change: the new name and the loss of the old one become durable together, by a
// sync of the new name's directory or of the file. A change never overtakes an earlier one that
// touches the same name.

const pageBytes = 4096;

/** A byte array that grows. */
export class GrowingBytes {
  #bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  /** Overwrites from `offset`, zero-filling any gap before it. */
  write(offset: number, source: Uint8Array): void {
    const end = offset + source.length;
    this.#reserve(end);
    this.#bytes.set(source, offset);
    this.length = Math.max(this.length, end);
  }

  /** Cuts, or extends with zeros. */
  truncate(length: number): void {
    this.#reserve(length);
    if (length < this.length) this.#bytes.fill(0, length, this.length);
    this.length = length;
  }

  /** A view of the content; valid until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(capacity, 2 * this.#bytes.length, 64));
    grown.set(this.view());
    this.#bytes = grown;
  }
}

/** A name in a directory. */
export interface Place {
  directory: MemoryDirectory;
  name: string;
}

interface DataChange {
  order: number;
  offset: number;
  /** null: the file is cut or extended to `offset`. */
  bytes: Uint8Array | null;
}

/** A change of names that may not be durable yet. */
export interface NameChange {
  order: number;
  node: MemoryNode;
  removed: Place | null;
  added: Place | null;
  durable: boolean;
}

/** A regular file. */
export class MemoryFile {
  readonly kind = 'file';
  readonly inode: number;
  readonly live: GrowingBytes = new GrowingBytes();
  readonly durable: GrowingBytes = new GrowingBytes();
  place: Place | null = null;
  openCount = 0;
  #pending: DataChange[] = [];
  /** After a failed sync: what the last sync has seen, whether it made it durable or not. */
  #reached: GrowingBytes | null = null;
  /** The last change that a failed sync has dropped. */
  #droppedOrder = 0;
  /** How short the file was in between, by what was dropped. */
  #shortest = Infinity;

  constructor(inode: number) {
    this.inode = inode;
  }

  append(order: number, bytes: Uint8Array): void {
    const offset = this.live.length;
    this.live.write(offset, bytes);
    // slice() of a Buffer is a view: the caller may use its bytes again.
    this.#pending.push({ order, offset, bytes: Uint8Array.from(bytes) });
  }

  truncate(order: number, lengthBytes: number): void {
    this.live.truncate(lengthBytes);
    this.#pending.push({ order, offset: lengthBytes, bytes: null });
  }

  /** Makes the changes up to `order` durable: a sync has covered them. */
  settle(order: number): void {
    // One that began before what was dropped says nothing of it, not even of its length.
    if (order < this.#droppedOrder) return;
    const changes = this.#covered(order);
    if (this.#reached === null) {
      for (const change of changes) apply(change, this.durable);
      return;
    }
    const { durable } = this;
    durable.truncate(Math.min(durable.length, this.#shortest));
    this.#shortest = Infinity;
    for (const change of changes) {
      apply(change, this.#reached);
      if (change.bytes === null) durable.truncate(Math.min(durable.length, change.offset));
    }
    const now = this.#reached.view();
    durable.truncate(now.length);
    for (const page of pagesOf(changes)) {
      if (page < now.length) durable.write(page, now.subarray(page, page + pageBytes));
    }
  }

  /** A sync that covered the changes up to `order` has failed. */
  drop(order: number): void {
    const changes = this.#covered(order);
    if (this.#reached === null) {
      this.#reached = new GrowingBytes();
      this.#reached.write(0, this.durable.view());
    }
    for (const change of changes) {
      apply(change, this.#reached);
      if (change.bytes === null) this.#shortest = Math.min(this.#shortest, change.offset);
    }
    this.#droppedOrder = changes.at(-1)?.order ?? this.#droppedOrder;
  }

  /** Takes the changes up to `order`. */
  #covered(order: number): DataChange[] {
    const next = this.#pending.findIndex((change) => change.order > order);
    return this.#pending.splice(0, next < 0 ? this.#pending.length : next);
  }
}

function apply({ offset, bytes }: DataChange, content: GrowingBytes): void {
  if (bytes === null) content.truncate(offset);
  else content.write(offset, bytes);
}

/** Where the pages begin that the changes have touched. */
function pagesOf(changes: readonly DataChange[]): Set<number> {
  const pages = new Set<number>();
  for (const { offset, bytes } of changes) {
    const end = offset + Math.max(bytes?.length ?? 0, 1);
    for (let page = offset - (offset % pageBytes); page < end; page += pageBytes) pages.add(page);
  }
  return pages;
}

/** A directory. */
export class MemoryDirectory {
  readonly kind = 'directory';
  readonly inode: number;
  readonly live: Map<string, MemoryNode> = new Map();
  readonly durable: Map<string, MemoryNode> = new Map();
  place: Place | null = null;

  constructor(inode: number) {
    this.inode = inode;
  }
}

export type MemoryNode = MemoryFile | MemoryDirectory;

function samePlace(left: Place | null, right: Place | null): boolean {
  return (
    left !== null &&
    right !== null &&
    left.directory === right.directory &&
    left.name === right.name
  );
}

/** The names of a disk: one tree, live and durable. */
export class NameTree {
  readonly root: MemoryDirectory;
  #pending: NameChange[] = [];

  constructor(rootInode: number) {
    this.root = new MemoryDirectory(rootInode);
  }

  /** Gives `node` a new name, takes one away, or both at once. */
  change(order: number, node: MemoryNode, places: { removed?: Place; added?: Place }): void {
    const removed = places.removed ?? null;
    const added = places.added ?? null;
    removed?.directory.live.delete(removed.name);
    const replaced = added?.directory.live.get(added.name);
    if (replaced !== undefined) replaced.place = null;
    added?.directory.live.set(added.name, node);
    node.place = added;
    this.#pending.push({ order, node, removed, added, durable: false });
  }

  /**
   * The waiting changes that a sync of `node` which begins now will make durable, in order: its
   * name with the directories above it, and the names in it when it is a directory.
   */
  coveredBy(node: MemoryNode): NameChange[] {
    if (this.#pending.length === 0) return [];
    const bearers = new Set<MemoryNode>();
    for (let at: MemoryNode | undefined = node; at !== undefined; at = at.place?.directory) {
      bearers.add(at);
    }
    const covered: NameChange[] = [];
    for (const change of this.#pending.toReversed()) {
      const namesBearer = bearers.has(change.node) && samePlace(change.added, change.node.place);
      const inDirectory = (change.added ?? change.removed)?.directory === node;
      if (namesBearer || inDirectory || covered.some((later) => touches(later, change))) {
        covered.push(change);
      }
    }
    return covered.reverse();
  }

  /** Makes changes durable that `coveredBy` found. */
  settle(changes: readonly NameChange[]): void {
    for (const change of changes) {
      if (change.durable) continue;
      change.durable = true;
      change.removed?.directory.durable.delete(change.removed.name);
      change.added?.directory.durable.set(change.added.name, change.node);
    }
    if (changes.length > 0) this.#pending = this.#pending.filter((change) => !change.durable);
  }

  /** Makes everything durable. */
  settleAll(): void {
    this.settle(this.#pending);
  }
}

function touches(later: NameChange, earlier: NameChange): boolean {
  return (
    samePlace(later.added, earlier.added) ||
    samePlace(later.added, earlier.removed) ||
    samePlace(later.removed, earlier.added) ||
    samePlace(later.removed, earlier.removed)
  );
}
