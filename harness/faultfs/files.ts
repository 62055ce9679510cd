// Operations on open files: data, syncs, lengths, attributes.

import * as fs from 'node:fs';
import { opFlags } from '../../engine/io/op-log.ts';
import type { FileNode, NodeTable } from './nodes.ts';
import { unharmed } from './faults.ts';
import type { Faults, Outcome } from './faults.ts';
import { Errno, attributeBits, errnoOf, errnos, replyBodyAt, writeDataAt } from './protocol.ts';
import type { Reply, Request } from './protocol.ts';
import type { Recorder } from './recorder.ts';

/** What all operations of a mount share. */
export interface MountState {
  readonly nodes: NodeTable;
  readonly recorder: Recorder;
  readonly faults: Faults;
  readonly reply: Reply;
  /** Directory listings being read, by descriptor. */
  readonly listings: Map<number, readonly fs.Dirent[]>;
  /** Root can give new files to their makers. */
  readonly isRoot: boolean;
}

/** Does what a request asks; returns the bytes of the reply's body, or throws with an errno. */
export type Operation = (state: MountState, request: Request, outcome: Outcome) => number;

// O_APPEND would make pwrite ignore its offset; O_SYNC and O_DSYNC are done by us; O_DIRECT wants
// aligned buffers.
const { O_APPEND, O_SYNC, O_DSYNC, O_DIRECT, O_CREAT, O_EXCL, O_TRUNC } = fs.constants;
const stripped = O_APPEND | O_SYNC | (O_DIRECT ?? 0);
const accessMode = 3;
const dataOnly = 1;

/** The flags with which the backing file is opened. */
export function backingFlags(flags: number): number {
  return flags & ~(stripped | O_CREAT | O_EXCL | O_TRUNC);
}

/** Notes a descriptor and puts the open reply at a word. */
export function opened(state: MountState, node: FileNode, at: OpenedAt): number {
  node.descriptors.add(at.descriptor);
  return state.reply.putOpened(at.word, at.descriptor);
}

/** A new descriptor, and the word where its reply goes. */
export interface OpenedAt {
  readonly descriptor: number;
  readonly word: number;
}

export const read: Operation = ({ reply }, request) =>
  fs.readSync(request.number(10), reply.bytes, replyBodyAt, request.word(14), request.number(12));

export const write: Operation = (state, request, outcome) => {
  const node = state.nodes.get(request.nodeId);
  const { recorder, reply } = state;
  const beginNs = recorder.nowNs();
  const result = outcome.errno === 0 ? store(request, outcome.maxBytes) : -outcome.errno;
  recorder.wrote(node, request.number(12), {
    bytes: request.bytes, start: writeDataAt, end: writeDataAt + request.word(14),
    beginNs, endNs: recorder.nowNs(), result,
  });
  if (result < 0) throw errorOf(-result);
  // The kernel leaves the sync of an O_DSYNC write to us when I/O is direct.
  if ((request.word(18) & O_DSYNC) !== 0) syncWritten(state, request, node);
  return reply.putWritten(result);
};

// How many bytes were taken, or -errno.
function store(request: Request, maxBytes: number): number {
  const size = request.word(14);
  const length = maxBytes < size ? maxBytes : size;
  try {
    const offset = request.number(12);
    return fs.writeSync(request.number(10), request.bytes, writeDataAt, length, offset);
  } catch (error) {
    return -errnoOf(error);
  }
}

// Rules that hold a sync do not hold this one: it is part of a write.
function syncWritten(state: MountState, request: Request, node: FileNode): void {
  const { faults, nodes } = state;
  const subject = { call: 'sync', path: nodes.path(node), newPath: '', changes: false } as const;
  const outcome = faults.active ? faults.outcome(subject, 0, () => 0) : unharmed;
  syncNode(state, node, { descriptor: request.number(10), data: true, outcome });
}

/** FSYNC and FSYNCDIR. */
export const sync: Operation = (state, request, outcome) => {
  const node = state.nodes.get(request.nodeId);
  const data = (request.word(12) & dataOnly) !== 0;
  syncNode(state, node, { descriptor: request.number(10), data, outcome });
  return 0;
};

interface Sync {
  readonly descriptor: number;
  readonly data: boolean;
  readonly outcome: Outcome;
}

function syncNode(state: MountState, node: FileNode, { descriptor, data, outcome }: Sync): void {
  if (outcome.lie) return;
  const { recorder } = state;
  const id = recorder.beginSync(node, outcome.errno === errnos.EIO);
  try {
    if (outcome.errno !== 0) throw errorOf(outcome.errno);
    if (data) fs.fdatasyncSync(descriptor);
    else fs.fsyncSync(descriptor);
  } catch (error) {
    recorder.end(id, -errnoOf(error));
    throw error;
  }
  recorder.end(id, 0);
}

export const open: Operation = (state, request) => {
  const node = state.nodes.get(request.nodeId);
  const flags = backingFlags(request.word(10));
  const readOnly = (flags & accessMode) === fs.constants.O_RDONLY;
  const path = state.nodes.backingPath(node);
  const recorded = { call: 'open', node, flags: readOnly ? opFlags.read : 0 } as const;
  const descriptor = state.recorder.run(recorded, () => fs.openSync(path, flags));
  return opened(state, node, { descriptor, word: 4 });
};

export const openDirectory: Operation = (state, request) => {
  const node = state.nodes.get(request.nodeId);
  // A real descriptor, for FSYNCDIR.
  const flags = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY;
  const descriptor = fs.openSync(state.nodes.backingPath(node), flags);
  return opened(state, node, { descriptor, word: 4 });
};

/** RELEASE and RELEASEDIR: the last close. */
export const release: Operation = (state, request) => {
  const descriptor = request.number(10);
  const node = state.nodes.get(request.nodeId);
  node.descriptors.delete(descriptor);
  const wasListing = state.listings.delete(descriptor);
  const close = (): void => fs.closeSync(descriptor);
  if (wasListing || node.kind === 'directory') close();
  else state.recorder.run({ call: 'close', node }, close);
  return 0;
};

/** Node has no fallocate: mode 0 extends the length; to keep the length is a hint that we drop. */
export const allocate: Operation = (state, request) => {
  const node = state.nodes.get(request.nodeId);
  const descriptor = request.number(10);
  const endBytes = request.number(12) + request.number(14);
  const mode = request.word(16);
  if (mode > 1) throw new Errno('EOPNOTSUPP');
  if (mode === 1 || fs.fstatSync(descriptor).size >= endBytes) return 0;
  const recorded = { call: 'truncate', node, offsetBytes: endBytes } as const;
  state.recorder.run(recorded, () => fs.ftruncateSync(descriptor, endBytes));
  return 0;
};

export const getAttributes: Operation = ({ nodes, reply }, request) =>
  reply.putAttributeReply(nodes.stat(nodes.get(request.nodeId)));

export const setAttributes: Operation = (state, request) => {
  const { nodes, reply } = state;
  const node = nodes.get(request.nodeId);
  const valid = request.word(10);
  if ((valid & attributeBits.mode) !== 0) {
    fs.chmodSync(nodes.backingPath(node), request.word(27) & 0o7777);
  }
  if ((valid & (attributeBits.uid | attributeBits.gid)) !== 0) {
    const uid = (valid & attributeBits.uid) !== 0 ? request.word(29) : -1;
    const gid = (valid & attributeBits.gid) !== 0 ? request.word(30) : -1;
    fs.lchownSync(nodes.backingPath(node), uid, gid);
  }
  if ((valid & attributeBits.size) !== 0) setLength(state, request, node);
  const times = attributeBits.atime | attributeBits.mtime;
  if ((valid & (times | attributeBits.atimeNow | attributeBits.mtimeNow)) !== 0) {
    setTimes(state, request, node);
  }
  return reply.putAttributeReply(nodes.stat(node));
};

function setLength(state: MountState, request: Request, node: FileNode): void {
  const { nodes, recorder, faults } = state;
  const length = request.number(14);
  const freed = faults.active ? Number(nodes.stat(node).size) - length : 0;
  const hasHandle = (request.word(10) & attributeBits.handle) !== 0;
  recorder.run({ call: 'truncate', node, offsetBytes: length }, () => {
    if (hasHandle) fs.ftruncateSync(request.number(12), length);
    else fs.truncateSync(nodes.backingPath(node), length);
  });
  if (freed > 0) faults.release(nodes.path(node), freed);
}

// Node takes times as doubles: about 200 ns of them are lost.
function setTimes({ nodes }: MountState, request: Request, node: FileNode): void {
  const valid = request.word(10);
  const stats = nodes.stat(node);
  const nowSeconds = Date.now() / 1000;
  const atime = attributeBits.atime & valid
    ? request.number(18) + request.word(24) / 1e9
    : Number(stats.atimeNs) / 1e9;
  const mtime = attributeBits.mtime & valid
    ? request.number(20) + request.word(25) / 1e9
    : Number(stats.mtimeNs) / 1e9;
  fs.lutimesSync(
    nodes.backingPath(node),
    (valid & attributeBits.atimeNow) !== 0 ? nowSeconds : atime,
    (valid & attributeBits.mtimeNow) !== 0 ? nowSeconds : mtime,
  );
}

function errorOf(errno: number): Error {
  return Object.assign(new Error('injected'), { errno });
}
