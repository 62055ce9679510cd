// A disk in memory for tests and simulation: it can be cut off at any moment and says what a power
// cut leaves (rules: memory-tree.ts), and it fails on demand.

import { constants } from 'node:os';
import { resolve } from 'node:path';

import { asError } from '../errors.ts';
import type { InspectableDisk, OpenMode, PathStat, ReadAt, SyncDone } from './disk.ts';
import { MemoryDirectory, MemoryFile, NameTree } from './memory-tree.ts';
import type { MemoryNode, NameChange, Place } from './memory-tree.ts';
import type { OpCall } from './op-log-format.ts';

/** The calls that can be made to fail. */
export type FaultCall = OpCall | 'read';

/** A failure to come. Either the call fails with `code`, or a write takes only `shortBytes`. */
export interface Fault {
  /** Which call; any when absent. */
  call?: FaultCall;
  /** The n-th matching call from now on, counted from 1 (default 1). */
  nth?: number;
  /** `EIO`, `ENOSPC` … */
  code?: string;
  shortBytes?: number;
  /** Every later matching call fails too. */
  sticky?: boolean;
}

/** Everything on a disk. */
export interface DiskTree {
  /** Absolute path → content. */
  files: Map<string, Uint8Array>;
  /** Absolute paths, parents first; without '/'. */
  directories: string[];
}

interface Descriptor {
  file: MemoryFile;
  writable: boolean;
}

interface RunningSync {
  /** Null: of a directory. */
  file: MemoryFile | null;
  order: number;
  names: NameChange[];
  error: Error | null;
  done: SyncDone;
}

function systemError(code: string, syscall: string, path?: string): Error {
  const errno = -(constants.errno[code as keyof typeof constants.errno] ?? constants.errno.EIO);
  const place = path === undefined ? '' : ` '${path}'`;
  const message = `${code}: memory disk, ${syscall}${place}`;
  return Object.assign(new Error(message), { code, errno, syscall, path });
}

function failureOf(call: () => void): Error | null {
  try {
    call();
    return null;
  } catch (error) {
    return asError(error);
  }
}

/** Files in memory; starts with an empty '/'. */
export class MemoryDisk implements InspectableDisk {
  readonly #tree = new NameTree(1);
  readonly #descriptors = new Map<number, Descriptor>();
  readonly #freeInodes: number[] = [];
  readonly #faults: (Fault & { left: number })[] = [];
  readonly #running: RunningSync[] = [];
  readonly #manualSyncs: boolean;
  #nextInode = 2;
  #nextFd = 3;
  #order = 0;
  /** How many calls (those that can be made to fail) were made so far. */
  calls = 0;

  /** With `manualSyncs`, an asynchronous sync stays in flight until `finishSyncs()`. */
  constructor(options: { manualSyncs?: boolean } = {}) {
    this.#manualSyncs = options.manualSyncs ?? false;
  }

  /** A disk with this content, all of it durable. */
  static from(tree: DiskTree, options: { manualSyncs?: boolean } = {}): MemoryDisk {
    const disk = new MemoryDisk(options);
    for (const path of tree.directories) disk.#makeDirectories(path);
    for (const [path, bytes] of tree.files) disk.seed(path, bytes);
    disk.#tree.settleAll();
    return disk;
  }

  open(path: string, mode: OpenMode): number {
    this.#begin('open', path);
    const known = this.#find(path);
    if (known?.kind === 'directory') throw systemError('EISDIR', 'open', path);
    if (known !== null && mode === 'create-new') throw systemError('EEXIST', 'open', path);
    if (known === null && mode === 'read') throw systemError('ENOENT', 'open', path);
    const file = known ?? this.#create(path);
    if (known !== null && mode === 'truncate') file.truncate(++this.#order, 0);
    file.openCount += 1;
    const fd = this.#nextFd++;
    this.#descriptors.set(fd, { file, writable: mode !== 'read' });
    return fd;
  }

  read(fd: number, target: Uint8Array, at: ReadAt): number {
    this.#begin('read');
    const live = this.#descriptor(fd, 'read').file.live.view();
    const part = live.subarray(at.position, at.position + at.length);
    target.set(part, at.offset);
    return part.length;
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    const short = this.#begin('write');
    const { file, writable } = this.#descriptor(fd, 'write');
    if (!writable) throw systemError('EBADF', 'write');
    const count = Math.min(length, short);
    file.append(++this.#order, bytes.subarray(offset, offset + count));
    return count;
  }

  sync(fd: number): void {
    const { file } = this.#descriptor(fd, 'fdatasync');
    const error = failureOf(() => this.#begin('sync'));
    if (error !== null) {
      file.drop(this.#order);
      throw error;
    }
    file.settle(this.#order);
    this.#tree.settle(this.#tree.coveredBy(file));
  }

  syncAsync(fd: number, done: SyncDone): void {
    const { file } = this.#descriptor(fd, 'fdatasync');
    const error = failureOf(() => this.#begin('sync'));
    const names = this.#tree.coveredBy(file);
    this.#run({ file, order: this.#order, names, error, done });
  }

  #run(running: RunningSync): void {
    this.#running.push(running);
    if (!this.#manualSyncs) setImmediate(() => this.#finish(running));
  }

  /** Ends the syncs in flight, oldest first (at most `count`); returns how many. */
  finishSyncs(count: number = Infinity): number {
    const ending = this.#running.slice(0, count);
    for (const running of ending) this.#finish(running);
    return ending.length;
  }

  /** How many asynchronous syncs are in flight. */
  get syncsInFlight(): number {
    return this.#running.length;
  }

  truncate(path: string, lengthBytes: number): void {
    this.#begin('truncate', path);
    this.#fileAt(path, 'truncate').truncate(++this.#order, lengthBytes);
  }

  truncateOpen(fd: number, lengthBytes: number): void {
    this.#begin('truncate');
    const { file, writable } = this.#descriptor(fd, 'ftruncate');
    if (!writable) throw systemError('EINVAL', 'ftruncate');
    file.truncate(++this.#order, lengthBytes);
  }

  hasName(fd: number): boolean {
    return this.#descriptor(fd, 'fstat').file.place !== null;
  }

  close(fd: number): void {
    const { file } = this.#descriptor(fd, 'close');
    this.#descriptors.delete(fd);
    file.openCount -= 1;
    this.#release(file);
    this.#begin('close'); // Last: on Linux a descriptor is gone even when close(2) fails.
  }

  rename(from: string, to: string): void {
    this.#begin('rename', from);
    const node = this.#find(from);
    const removed = this.#place(from, 'rename');
    const added = this.#place(to, 'rename');
    if (node === null) throw systemError('ENOENT', 'rename', from);
    const replaced = added.directory.live.get(added.name);
    if (replaced === node) return;
    if (replaced?.kind === 'directory') {
      throw systemError(node.kind === 'file' ? 'EISDIR' : 'ENOTEMPTY', 'rename', to);
    }
    if (replaced !== undefined && node.kind === 'directory') {
      throw systemError('ENOTDIR', 'rename', to);
    }
    if (isInside(node, added.directory)) throw systemError('EINVAL', 'rename', to);
    this.#tree.change(++this.#order, node, { removed, added });
    if (replaced !== undefined) this.#release(replaced);
  }

  unlink(path: string): void {
    this.#begin('unlink', path);
    const file = this.#fileAt(path, 'unlink');
    this.#tree.change(++this.#order, file, { removed: this.#place(path, 'unlink') });
    this.#release(file);
  }

  makeDirectory(path: string): void {
    this.#begin('mkdir', path);
    const known = this.#find(path);
    if (known?.kind === 'directory') return;
    if (known !== null) throw systemError('EEXIST', 'mkdir', path);
    const added = this.#place(path, 'mkdir');
    this.#tree.change(++this.#order, new MemoryDirectory(this.#newInode()), { added });
  }

  syncDirectory(path: string): void {
    this.#begin('sync-directory', path);
    this.#tree.settle(this.#tree.coveredBy(this.#directoryAt(path, 'fsync')));
  }

  syncDirectoryAsync(path: string, done: SyncDone): void {
    let names: NameChange[] = [];
    const error = failureOf(() => {
      this.#begin('sync-directory', path);
      names = this.#tree.coveredBy(this.#directoryAt(path, 'fsync'));
    });
    this.#run({ file: null, order: this.#order, names, error, done });
  }

  list(path: string): string[] {
    return [...this.#directoryAt(path, 'scandir').live.keys()].sort();
  }

  stat(path: string): PathStat | null {
    const node = this.#find(path);
    if (node === null) return null;
    return { kind: node.kind, sizeBytes: node.kind === 'file' ? node.live.length : 4096 };
  }

  inodeOf(fd: number): number {
    return this.#descriptor(fd, 'fstat').file.inode;
  }

  inodeAt(path: string): number {
    return this.#find(path)?.inode ?? 0;
  }

  sizeOf(fd: number): number {
    return this.#descriptor(fd, 'fstat').file.live.length;
  }

  /** Makes a call fail, or come up short, later. */
  inject(fault: Fault): void {
    this.#faults.push({ ...fault, left: fault.nth ?? 1 });
  }

  /** Puts a durable file there, with the directories above it. */
  seed(path: string, bytes: Uint8Array): void {
    const full = resolve(path);
    this.#makeDirectories(full.slice(0, full.lastIndexOf('/')));
    const known = this.#find(full);
    if (known?.kind === 'directory') throw systemError('EISDIR', 'seed', path);
    const file = known ?? this.#create(full);
    file.truncate(++this.#order, 0);
    file.append(this.#order, bytes);
    file.settle(this.#order);
    this.#tree.settle(this.#tree.coveredBy(file));
  }

  /** Makes everything that is visible now durable: the start of a load. */
  settle(): void {
    for (const file of filesBelow(this.#tree.root)) file.settle(this.#order);
    this.#tree.settleAll();
  }

  /** What a power cut now would leave: a new disk. This one goes on as if nothing had happened. */
  powerCut(): MemoryDisk {
    return MemoryDisk.from(treeOf(this.#tree.root, 'durable'), {
      manualSyncs: this.#manualSyncs,
    });
  }

  /** Everything that callers see now. */
  tree(): DiskTree {
    return treeOf(this.#tree.root, 'live');
  }

  // Counts the call; returns how many bytes a write may take.
  #begin(call: FaultCall, path?: string): number {
    this.calls += 1;
    let allowedBytes = Infinity;
    let failure: Error | null = null;
    for (const fault of this.#faults) {
      if (fault.call !== undefined && fault.call !== call) continue;
      fault.left -= 1;
      if (fault.left > 0 || (fault.left < 0 && fault.sticky !== true)) continue;
      if (fault.code !== undefined) failure ??= systemError(fault.code, call, path);
      allowedBytes = Math.min(allowedBytes, fault.shortBytes ?? Infinity);
    }
    if (failure !== null) throw failure;
    return allowedBytes;
  }

  #finish(running: RunningSync): void {
    const index = this.#running.indexOf(running);
    if (index < 0) return;
    this.#running.splice(index, 1);
    if (running.error === null) {
      running.file?.settle(running.order);
      this.#tree.settle(running.names);
    } else {
      running.file?.drop(running.order);
    }
    running.done(running.error);
  }

  #create(path: string): MemoryFile {
    const added = this.#place(path, 'open');
    const file = new MemoryFile(this.#newInode());
    this.#tree.change(++this.#order, file, { added });
    return file;
  }

  // Like ext4, an inode number is used again as soon as nothing names or holds the file.
  #newInode(): number {
    return this.#freeInodes.pop() ?? this.#nextInode++;
  }

  #release(node: MemoryNode): void {
    if (node.kind !== 'file' || node.place !== null || node.openCount > 0) return;
    this.#freeInodes.push(node.inode);
  }

  #makeDirectories(path: string): void {
    let made = '';
    for (const name of path.split('/')) {
      if (name === '') continue;
      made += `/${name}`;
      if (this.#find(made) !== null) continue;
      const added = this.#place(made, 'mkdir');
      this.#tree.change(++this.#order, new MemoryDirectory(this.#newInode()), { added });
    }
  }

  #find(path: string): MemoryNode | null {
    let node: MemoryNode = this.#tree.root;
    for (const name of resolve(path).split('/')) {
      if (name === '') continue;
      if (node.kind === 'file') return null;
      const next: MemoryNode | undefined = node.live.get(name);
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  #place(path: string, syscall: string): Place {
    const full = resolve(path);
    const cut = full.lastIndexOf('/');
    const directory = this.#directoryAt(full.slice(0, cut) || '/', syscall);
    return { directory, name: full.slice(cut + 1) };
  }

  #directoryAt(path: string, syscall: string): MemoryDirectory {
    const node = this.#find(path);
    if (node === null) throw systemError('ENOENT', syscall, path);
    if (node.kind === 'file') throw systemError('ENOTDIR', syscall, path);
    return node;
  }

  #fileAt(path: string, syscall: string): MemoryFile {
    const node = this.#find(path);
    if (node === null) throw systemError('ENOENT', syscall, path);
    if (node.kind === 'directory') throw systemError('EISDIR', syscall, path);
    return node;
  }

  #descriptor(fd: number, syscall: string): Descriptor {
    const descriptor = this.#descriptors.get(fd);
    if (descriptor === undefined) throw systemError('EBADF', syscall);
    return descriptor;
  }
}

function isInside(node: MemoryNode, directory: MemoryDirectory): boolean {
  for (let at: MemoryDirectory | undefined = directory; at !== undefined; ) {
    if (at === node) return true;
    at = at.place?.directory;
  }
  return false;
}

function* filesBelow(directory: MemoryDirectory): Generator<MemoryFile> {
  for (const node of directory.live.values()) {
    if (node.kind === 'file') yield node;
    else yield* filesBelow(node);
  }
}

function treeOf(root: MemoryDirectory, side: 'live' | 'durable'): DiskTree {
  const tree: DiskTree = { files: new Map(), directories: [] };
  const visit = (directory: MemoryDirectory, path: string): void => {
    for (const [name, node] of directory[side]) {
      const childPath = `${path}/${name}`;
      if (node.kind === 'file') {
        tree.files.set(childPath, node[side].view().slice());
        continue;
      }
      tree.directories.push(childPath);
      visit(node, childPath);
    }
  };
  visit(root, '');
  return tree;
}
