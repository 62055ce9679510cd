// Operations on names: lookup, create, directories, links, renames, listings.

import * as fs from 'node:fs';
import { opFlags } from '../../engine/io/op-log.ts';
import { backingFlags, opened } from './files.ts';
import type { MountState, Operation } from './files.ts';
import type { FileNode, NodeName } from './nodes.ts';
import { Errno, opcodes, replyBodyAt } from './protocol.ts';
import type { Request } from './protocol.ts';

export const lookup: Operation = (state, request) => {
  const directory = state.nodes.get(request.nodeId);
  const node = state.nodes.find(directory, request.name(40));
  return node === null ? state.reply.putNoEntry() : entry(state, node);
};

function entry({ nodes, reply }: MountState, node: FileNode): number {
  node.lookups += 1;
  return reply.putEntry(node.id, nodes.stat(node));
}

export const forget: Operation = ({ nodes }, request) => {
  nodes.forget(request.nodeId, request.number(10));
  return 0;
};

export const forgetMany: Operation = ({ nodes }, request) => {
  const count = request.word(10);
  for (let index = 0; index < count; index += 1) {
    const at = 12 + 4 * index;
    nodes.forget(request.number(at), request.number(at + 2));
  }
  return 0;
};

/** CREATE: makes and opens, or just opens what is there. */
export const create: Operation = (state, request) => {
  const flags = request.word(10);
  const made = makeFile(state, request, { name: request.name(56), mode: request.word(11), flags });
  const bytes = entry(state, made.node);
  return bytes + opened(state, made.node, { descriptor: made.descriptor, word: 36 });
};

/** MKNOD of a regular file; sockets, pipes and devices have no place in a crash image. */
export const makeNode: Operation = (state, request) => {
  const mode = request.word(10);
  const { S_IFMT, S_IFREG, O_WRONLY, O_EXCL } = fs.constants;
  if ((mode & S_IFMT) !== S_IFREG) throw new Errno('EOPNOTSUPP');
  const flags = O_WRONLY | O_EXCL;
  const made = makeFile(state, request, { name: request.name(56), mode: mode & 0o7777, flags });
  state.recorder.run({ call: 'close', node: made.node }, () => fs.closeSync(made.descriptor));
  return entry(state, made.node);
};

interface NewFile {
  readonly name: string;
  readonly mode: number;
  readonly flags: number;
}

function makeFile(
  state: MountState,
  request: Request,
  { name, mode, flags }: NewFile,
): { node: FileNode; descriptor: number } {
  const { nodes, recorder } = state;
  const { O_CREAT, O_EXCL } = fs.constants;
  const directory = nodes.get(request.nodeId);
  const existing = nodes.find(directory, name);
  const path = nodes.backingChild(directory, name);
  const recorded = {
    call: 'open',
    node: existing,
    path: nodes.childPath(directory, name),
    flags: opFlags.create | (existing === null ? opFlags.created : 0),
  } as const;
  const openFlags = backingFlags(flags) | O_CREAT | (flags & O_EXCL);
  return recorder.run(
    recorded,
    () => {
      const descriptor = fs.openSync(path, openFlags, mode);
      if (existing === null) own(state, request, path);
      return { node: nodes.mustFind(directory, name), descriptor };
    },
    ({ node }) => node,
  );
}

// What we make on behalf of someone else is theirs.
function own({ isRoot }: MountState, request: Request, path: string): void {
  if (isRoot && request.uid !== 0) fs.lchownSync(path, request.uid, request.gid);
}

export const makeDirectory: Operation = (state, request) => {
  const { nodes, recorder } = state;
  const directory = nodes.get(request.nodeId);
  const name = request.name(48);
  const path = nodes.backingChild(directory, name);
  const recorded = {
    call: 'mkdir',
    node: null,
    path: nodes.childPath(directory, name),
    flags: opFlags.created,
  } as const;
  const make = (): FileNode => {
    fs.mkdirSync(path, request.word(10));
    own(state, request, path);
    return nodes.mustFind(directory, name);
  };
  return entry(state, recorder.run(recorded, make, (node) => node));
};

export const makeSymbolicLink: Operation = (state, request) => {
  const directory = state.nodes.get(request.nodeId);
  const name = request.name(40);
  const path = state.nodes.backingChild(directory, name);
  fs.symlinkSync(request.secondName(40), path);
  own(state, request, path);
  return entry(state, state.nodes.mustFind(directory, name));
};

export const readSymbolicLink: Operation = ({ nodes, reply }, request) =>
  reply.bytes.write(fs.readlinkSync(nodes.backingPath(nodes.get(request.nodeId))), replyBodyAt);

/** LINK: the header names the new directory. */
export const makeHardLink: Operation = (state, request) => {
  const { nodes, recorder } = state;
  const directory = nodes.get(request.nodeId);
  const node = nodes.get(request.number(10));
  const name = request.name(48);
  const newPath = nodes.childPath(directory, name);
  recorder.run({ call: 'link', node, newPath }, () =>
    fs.linkSync(nodes.backingPath(node), nodes.backingChild(directory, name)),
  );
  nodes.addName(node, { directory, name });
  return entry(state, node);
};

/** UNLINK and RMDIR. */
export const remove: Operation = (state, request) => {
  const { nodes, recorder } = state;
  const directory = nodes.get(request.nodeId);
  const name = request.name(40);
  const node = nodes.mustFind(directory, name);
  const path = nodes.backingChild(directory, name);
  const freed = freedBytes(state, node);
  recorder.run({ call: 'unlink', node, path: nodes.childPath(directory, name) }, () => {
    if (request.opcode === opcodes.rmdir) fs.rmdirSync(path);
    else fs.unlinkSync(path);
  });
  dropped(state, node, { name: { directory, name }, freed });
  return 0;
};

// What a full disk gains when this name goes.
function freedBytes({ nodes, faults }: MountState, node: FileNode): number {
  if (!faults.active || node.kind !== 'file') return 0;
  const stats = nodes.stat(node);
  return stats.nlink === 1n ? Number(stats.size) : 0;
}

function dropped(
  { nodes, faults }: MountState,
  node: FileNode,
  { name, freed }: { name: NodeName; freed: number },
): void {
  const path = nodes.path(node);
  nodes.removeName(node, name);
  if (freed > 0) faults.release(path, freed);
}

const noReplace = 1;

/** RENAME and RENAME2; Node cannot exchange two names. */
export const rename: Operation = (state, request) => {
  const { nodes } = state;
  const isRename2 = request.opcode === opcodes.rename2;
  const flags = isRename2 ? request.word(12) : 0;
  if (flags > noReplace) throw new Errno('EINVAL');
  const namesAt = isRename2 ? 56 : 48;
  const from = { directory: nodes.get(request.nodeId), name: request.name(namesAt) };
  const to = { directory: nodes.get(request.number(10)), name: request.secondName(namesAt) };
  const node = nodes.mustFind(from.directory, from.name);
  const replaced = nodes.find(to.directory, to.name);
  if (flags === noReplace && replaced !== null) throw new Errno('EEXIST');
  if (node === replaced) return 0; // Two names of one file: POSIX wants nothing to happen.
  move(state, node, { from, to, replaced });
  return 0;
};

interface Move {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly replaced: FileNode | null;
}

function move(state: MountState, node: FileNode, { from, to, replaced }: Move): void {
  const { nodes, recorder } = state;
  const path = nodes.childPath(from.directory, from.name);
  const newPath = nodes.childPath(to.directory, to.name);
  const freed = replaced === null ? 0 : freedBytes(state, replaced);
  const call = (): void =>
    fs.renameSync(
      nodes.backingChild(from.directory, from.name),
      nodes.backingChild(to.directory, to.name),
    );
  // To the log, which knows no symbolic links, one that takes a file's name removes the file.
  if (node.kind === 'other' && replaced !== null) {
    recorder.run({ call: 'unlink', node: replaced, path: newPath }, call);
  } else recorder.run({ call: 'rename', node, path, newPath }, call);
  if (replaced !== null) dropped(state, replaced, { name: to, freed });
  nodes.addName(node, to);
  nodes.removeName(node, from);
}

export const readDirectory: Operation = (state, request) => {
  const { nodes, reply, listings } = state;
  const descriptor = request.number(10);
  const offset = request.number(12);
  const path = nodes.backingPath(nodes.get(request.nodeId));
  let listing = offset === 0 ? undefined : listings.get(descriptor);
  if (listing === undefined) {
    listing = fs.readdirSync(path, { withFileTypes: true });
    listings.set(descriptor, listing);
  }
  const end = replyBodyAt + request.word(14);
  let at = replyBodyAt;
  for (let index = offset; index < listing.length + 2; index += 1) {
    const found = index < 2 ? undefined : listing[index - 2];
    const name = found?.name ?? (index === 0 ? '.' : '..');
    const stats = found && fs.lstatSync(`${path}/${name}`, { throwIfNoEntry: false });
    const dirent = { name, inode: stats?.ino ?? 1, nextOffset: index + 1, type: typeOf(found) };
    const length = reply.putDirent(at, end, dirent);
    if (length === 0) break;
    at += length;
  }
  return at - replyBodyAt;
};

function typeOf(entryFound: fs.Dirent | undefined): number {
  if (entryFound === undefined || entryFound.isDirectory()) return 4;
  return entryFound.isSymbolicLink() ? 10 : 8;
}

export const fileSystemStats: Operation = ({ nodes, reply }) => {
  const stats = fs.statfsSync(nodes.backing);
  reply.words.fill(0, 4, 24);
  for (const [index, value] of [
    stats.blocks, stats.bfree, stats.bavail, stats.files, stats.ffree,
  ].entries()) {
    reply.putNumber(4 + 2 * index, value);
  }
  reply.words[14] = stats.bsize;
  reply.words[15] = 255;
  reply.words[16] = stats.bsize;
  return 80;
};
