// The node table: the kernel's node numbers, the names that lead to them, and their open files.
//
// A node is kept past FORGET while it has a name, and its number is never used again: one file is
// one number for the whole op log, whatever inode numbers the backing disk reuses.

import { fstatSync, lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { Errno } from './protocol.ts';

/** A name in a directory. */
export interface NodeName {
  readonly directory: FileNode;
  readonly name: string;
}

/** What the op log has to say about a node; a symbolic link or a socket is not in it. */
export type NodeKind = 'file' | 'directory' | 'other';

/** A file or directory. */
export interface FileNode {
  readonly id: number;
  /** Inode number on the backing disk. */
  readonly inode: number;
  readonly kind: NodeKind;
  names: NodeName[];
  /** Backing descriptors that are open on it. */
  readonly descriptors: Set<number>;
  /** How many entries the kernel holds. */
  lookups: number;
  // The path as of `pathEpoch`; of an unlinked file the last one that it had.
  path: string;
  pathBytes: Uint8Array;
  pathEpoch: number;
}

const rootId = 1;

/** All nodes of one mount. */
export class NodeTable {
  readonly backing: string;
  readonly #byId = new Map<number, FileNode>();
  readonly #byInode = new Map<number, FileNode>();
  #nextId = rootId;
  // Changes whenever paths may have.
  #epoch = 1;

  /** @param backing the absolute path of the directory that is passed through */
  constructor(backing: string) {
    this.backing = backing;
    this.#add(lstatSync(backing, { bigint: true }));
  }

  /** @throws {Errno} ENOENT when there is no such node. */
  get(id: number): FileNode {
    const node = this.#byId.get(id);
    if (node === undefined) throw new Errno('ENOENT');
    return node;
  }

  /** The path relative to the mount; '' is the mount itself. */
  path(node: FileNode): string {
    if (node.pathEpoch !== this.#epoch) this.#renew(node);
    return node.path;
  }

  /** The same in UTF-8. */
  pathBytes(node: FileNode): Uint8Array {
    if (node.pathEpoch !== this.#epoch) this.#renew(node);
    return node.pathBytes;
  }

  /** The path of a name, relative to the mount. */
  childPath(directory: FileNode, name: string): string {
    const path = this.path(directory);
    return path === '' ? name : `${path}/${name}`;
  }

  /**
   * Where a call on this node goes: its path on the backing disk, or an open descriptor's.
   * @throws {Errno} ENOENT when it has neither.
   */
  backingPath(node: FileNode): string {
    if (node.id === rootId) return this.backing;
    if (node.names.length > 0) return `${this.backing}/${this.path(node)}`;
    for (const descriptor of node.descriptors) return `/proc/self/fd/${descriptor}`;
    throw new Errno('ENOENT');
  }

  /** A name's path on the backing disk. */
  backingChild(directory: FileNode, name: string): string {
    return `${this.backingPath(directory)}/${name}`;
  }

  /** The kernel asks for an unlinked file without its handle: any open descriptor will do. */
  stat(node: FileNode): BigIntStats {
    for (const descriptor of node.descriptors) return fstatSync(descriptor, { bigint: true });
    return lstatSync(this.backingPath(node), { bigint: true });
  }

  /** The node that a name leads to, or null. */
  find(directory: FileNode, name: string): FileNode | null {
    const path = this.backingChild(directory, name);
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return null;
    const node = this.#byInode.get(Number(stats.ino)) ?? this.#add(stats);
    if (!node.names.some((each) => each.directory === directory && each.name === name)) {
      this.addName(node, { directory, name });
    }
    return node;
  }

  /** @throws {Errno} ENOENT when the name leads nowhere. */
  mustFind(directory: FileNode, name: string): FileNode {
    const node = this.find(directory, name);
    if (node === null) throw new Errno('ENOENT');
    return node;
  }

  addName(node: FileNode, name: NodeName): void {
    node.names.push(name);
    this.#epoch += 1;
  }

  removeName(node: FileNode, { directory, name }: NodeName): void {
    this.path(node);
    node.names = node.names.filter((each) => each.directory !== directory || each.name !== name);
    this.#epoch += 1;
    if (node.names.length > 0) return;
    this.#byInode.delete(node.inode);
    this.#dropIfUnused(node);
  }

  /** The kernel has let go of so many entries. */
  forget(id: number, count: number): void {
    const node = this.#byId.get(id);
    if (node === undefined || id === rootId) return;
    node.lookups -= count;
    this.#dropIfUnused(node);
  }

  #dropIfUnused(node: FileNode): void {
    if (node.lookups <= 0 && node.names.length === 0) this.#byId.delete(node.id);
  }

  #add(stats: BigIntStats): FileNode {
    const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
    const node: FileNode = {
      id: this.#nextId++,
      inode: Number(stats.ino),
      kind,
      names: [],
      descriptors: new Set(),
      lookups: 0,
      path: '',
      pathBytes: new Uint8Array(0),
      pathEpoch: 0,
    };
    this.#byId.set(node.id, node);
    this.#byInode.set(node.inode, node);
    return node;
  }

  #renew(node: FileNode): void {
    const first = node.names[0];
    if (first !== undefined) {
      const path = this.childPath(first.directory, first.name);
      if (path !== node.path) {
        node.path = path;
        node.pathBytes = Buffer.from(path);
      }
    }
    node.pathEpoch = this.#epoch;
  }
}
