// Reads an op log once and tells, for every change, when it became durable (crash model `power`).
//
// A change is what a successful call did to a file's data or to a name. It is durable
//   - when a sync that covers it ended well, having begun after the change's call had ended:
//     data by a sync of that inode; a name by a sync of its directory, or by a sync of the file
//     that bears it, together with the directories above;
//   - or when the load started, if its call had ended by then.
// A rename is one change (the new name and the loss of the old one together), covered by a sync of
// the new name's directory or of the file. A change of a name never becomes durable before earlier
// changes of the same names: no journal orders them otherwise.
// Failed calls, and calls that had not ended, change nothing; but a sync that fails with the flag
// `dropped` leaves changes behind that no later sync makes durable (see dropped-content.ts).

import { EngineError } from '../../engine/errors.ts';
import { opFlags } from '../../engine/io/op-log.ts';
import type { OpLog, OpRecord } from '../../engine/io/op-log.ts';
import { CrashDirectory, CrashFile } from './crash-tree.ts';
import type { CrashNode, FileTree, NameChange, Place, TimelineOptions } from './crash-tree.ts';

interface Coverage {
  node: CrashNode;
  dataCount: number;
  names: readonly NameChange[];
}

const noNames: readonly NameChange[] = [];

/** An op log, read once: every change with the moment from which a power cut cannot undo it. */
export class Timeline {
  readonly root: CrashDirectory = new CrashDirectory();
  /** Names that were there when the log began, parents first. */
  readonly initialNames: (Place & { readonly node: CrashNode })[] = [];
  /** In the order in which the calls ended. */
  readonly nameChanges: NameChange[] = [];
  /** In the order in which they became durable. */
  readonly durableNames: NameChange[] = [];
  readonly files: CrashFile[] = [];
  readonly #byInode = new Map<number, CrashFile>();
  readonly #running = new Map<OpRecord, Coverage>();

  /** @throws {EngineError} OP_LOG_BAD when the log names what neither it nor `initial` made. */
  constructor(log: OpLog, options: TimelineOptions) {
    if (options.initial !== undefined) this.#plant(options.initial);
    this.#replay(log, options.loadStartNs);
  }

  #plant(initial: FileTree): void {
    for (const path of initial.directories) this.#plantNode(path, new CrashDirectory());
    for (const [path, bytes] of initial.files) {
      const file = new CrashFile(bytes);
      this.files.push(file);
      this.#plantNode(path, file);
    }
  }

  #plantNode(path: string, node: CrashNode): void {
    const place = this.#place(path);
    place.directory.live.set(place.name, node);
    node.place = place;
    this.initialNames.push({ ...place, node });
  }

  #replay(log: OpLog, loadStartNs: number): void {
    const ends = log.records.filter((record) => record.endNs !== Infinity);
    ends.sort((a, b) => a.endNs - b.endNs || a.endPosition - b.endPosition);
    const syncs = ends.filter((record) => isGoodSync(record) || isDrop(record));
    syncs.sort((a, b) => a.beginNs - b.beginNs || a.beginPosition - b.beginPosition);
    let nextSync = 0;
    let loading = true;
    for (const record of ends) {
      for (let sync = syncs[nextSync]; sync !== undefined; sync = syncs[nextSync]) {
        if (!beginsBefore(sync, record)) break;
        if (loading && sync.beginNs > loadStartNs) loading = this.#settleAll(loadStartNs);
        this.#beginSync(sync);
        nextSync += 1;
      }
      if (loading && record.endNs > loadStartNs) loading = this.#settleAll(loadStartNs);
      if (record.result >= 0) this.#end(record);
      else if (isDrop(record)) this.#drop(record);
    }
    if (loading) this.#settleAll(loadStartNs);
  }

  #end(record: OpRecord): void {
    switch (record.call) {
      case 'open':
        return this.#open(record);
      case 'write':
        return this.#write(record);
      case 'truncate':
        return this.#change(this.#file(record), record, null);
      case 'sync':
      case 'sync-directory':
        return this.#endSync(record);
      case 'rename':
        return this.#rename(record);
      case 'link':
        return this.#link(record);
      case 'unlink':
        return this.#unlink(record);
      case 'mkdir':
        return this.#makeDirectory(record);
      case 'close':
        return;
    }
  }

  #open(record: OpRecord): void {
    let file = this.#find(record.path);
    if (file === null && (record.flags & opFlags.created) !== 0) {
      file = new CrashFile();
      this.files.push(file);
      this.#name(record, file, { removed: null, added: this.#place(record.path) });
    }
    if (file?.kind !== 'file') throw unknownPath(record, record.path);
    if ((record.flags & opFlags.read) === 0) file.openedNs = record.beginNs;
    if ((record.flags & opFlags.truncate) !== 0) this.#change(file, record, null);
    this.#byInode.set(record.inode, file);
  }

  #write(record: OpRecord): void {
    const whole = record.result === record.data.length;
    const bytes = whole ? record.data : record.data.subarray(0, record.result);
    this.#change(this.#file(record), record, bytes);
  }

  #change(file: CrashFile, record: OpRecord, bytes: Uint8Array | null): void {
    file.changes.push({ beginNs: record.beginNs, offsetBytes: record.offsetBytes, bytes });
    file.endedNs.push(record.endNs);
  }

  #rename(record: OpRecord): void {
    if (record.path === record.newPath) return;
    const node = this.#find(record.path);
    if (node === null) throw unknownPath(record, record.path);
    const [removed, added] = [this.#place(record.path), this.#place(record.newPath)];
    this.#name(record, node, { removed, added });
  }

  #link(record: OpRecord): void {
    const node = this.#find(record.path) ?? this.#file(record);
    this.#name(record, node, { removed: null, added: this.#place(record.newPath) });
  }

  #unlink(record: OpRecord): void {
    const node = this.#find(record.path);
    if (node === null) throw unknownPath(record, record.path);
    this.#name(record, node, { removed: this.#place(record.path), added: null });
  }

  #makeDirectory(record: OpRecord): void {
    if (record.path === '' || this.#find(record.path)?.kind === 'directory') return;
    if ((record.flags & opFlags.created) === 0) throw unknownPath(record, record.path);
    const added = this.#place(record.path);
    this.#name(record, new CrashDirectory(), { removed: null, added });
  }

  #name(
    record: OpRecord,
    node: CrashNode,
    places: { removed: Place | null; added: Place | null },
  ): void {
    const { removed, added } = places;
    const earlier: NameChange[] = [];
    for (const place of [removed, added]) {
      const last = place?.directory.lastChange.get(place.name);
      if (last !== undefined) earlier.push(last);
    }
    const change: NameChange = {
      order: this.nameChanges.length,
      endNs: record.endNs,
      node,
      removed,
      added,
      path: record.newPath === '' ? record.path : record.newPath,
      earlier,
      openedNs: node.kind === 'file' ? node.openedNs : 0,
      durableNs: Infinity,
    };
    removed?.directory.live.delete(removed.name);
    removed?.directory.lastChange.set(removed.name, change);
    const replaced = added?.directory.live.get(added.name);
    if (replaced !== undefined) setPlace(replaced, null, null);
    added?.directory.live.set(added.name, node);
    added?.directory.lastChange.set(added.name, change);
    // Of a file with several names the latest one counts as the name that a sync of it covers.
    if (added !== null) setPlace(node, added, change);
    else if (isPlace(node.place, removed)) setPlace(node, null, null);
    (added ?? removed)?.directory.waiting.push(change);
    this.nameChanges.push(change);
  }

  #beginSync(record: OpRecord): void {
    const isDirectory = record.call === 'sync-directory';
    const node = isDirectory ? this.#find(record.path) : this.#file(record);
    if (node === null) throw unknownPath(record, record.path);
    const names = coveredNames(node);
    const dataCount = node.kind === 'file' ? node.changes.length : 0;
    this.#running.set(record, { node, dataCount, names });
  }

  #endSync(record: OpRecord): void {
    const coverage = this.#running.get(record);
    if (coverage === undefined) return;
    this.#running.delete(record);
    if (coverage.names.length > 0) this.#settleNames(coverage.names, record.endNs);
    if (coverage.node.kind === 'file') coverage.node.settle(coverage.dataCount, record.endNs);
  }

  #drop(record: OpRecord): void {
    const coverage = this.#running.get(record);
    this.#running.delete(record);
    if (coverage?.node.kind === 'file') coverage.node.drop(coverage.dataCount, record.endNs);
  }

  // With whatever has to be durable before.
  #settleNames(changes: readonly NameChange[], atNs: number): void {
    const settled: NameChange[] = [];
    const stack = [...changes];
    for (let change = stack.pop(); change !== undefined; change = stack.pop()) {
      if (change.durableNs !== Infinity) continue;
      change.durableNs = atNs;
      settled.push(change);
      stack.push(...change.earlier);
    }
    settled.sort((a, b) => a.order - b.order);
    this.durableNames.push(...settled);
  }

  #settleAll(atNs: number): false {
    for (const change of this.nameChanges) this.#settleNames([change], atNs);
    for (const file of this.files) file.settle(file.changes.length, atNs);
    return false;
  }

  #file(record: OpRecord): CrashFile {
    const file = this.#byInode.get(record.inode) ?? this.#find(record.path);
    if (file?.kind !== 'file') throw unknownPath(record, record.path);
    return file;
  }

  #find(path: string): CrashNode | null {
    let node: CrashNode = this.root;
    if (path === '') return node;
    for (const name of path.split('/')) {
      const next: CrashNode | undefined = node.kind === 'file' ? undefined : node.live.get(name);
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  #place(path: string): Place {
    const cut = path.lastIndexOf('/');
    const directory = this.#find(cut < 0 ? '' : path.slice(0, cut));
    if (directory?.kind !== 'directory') throw unknownPath(null, path);
    return { directory, name: path.slice(cut + 1) };
  }
}

function isGoodSync(record: OpRecord): boolean {
  return record.result >= 0 && (record.call === 'sync' || record.call === 'sync-directory');
}

function isDrop(record: OpRecord): boolean {
  return record.result < 0 && record.call === 'sync' && (record.flags & opFlags.dropped) !== 0;
}

function isPlace(place: Place | null, other: Place | null): boolean {
  return place?.directory === other?.directory && place?.name === other?.name;
}

function beginsBefore(sync: OpRecord, other: OpRecord): boolean {
  if (sync.beginNs !== other.endNs) return sync.beginNs < other.endNs;
  return sync.beginPosition < other.endPosition;
}

function setPlace(node: CrashNode, place: Place | null, naming: NameChange | null): void {
  node.place = place;
  node.naming = naming;
}

function coveredNames(node: CrashNode): readonly NameChange[] {
  const names: NameChange[] = [];
  if (node.kind === 'directory') {
    node.waiting = node.waiting.filter((change) => change.durableNs === Infinity);
    names.push(...node.waiting);
  }
  for (let at: CrashNode | undefined = node; at !== undefined; at = at.place?.directory) {
    if (at.naming !== null && at.naming.durableNs === Infinity) names.push(at.naming);
  }
  return names.length === 0 ? noNames : names;
}

function unknownPath(record: OpRecord | null, path: string): EngineError {
  const where = record === null ? '' : `, byte ${record.beginPosition}: ${record.call}`;
  const message =
    `op log${where} of '${path}', which the log never made. If it existed before the ` +
    'recording, pass the directory as it was then (`initial`).';
  return new EngineError('OP_LOG_BAD', message);
}
