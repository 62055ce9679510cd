// What a request is to the fault rules: which call, on which path.

import type { Subject } from './faults.ts';
import type { NodeTable } from './nodes.ts';
import { attributeBits, opcodes } from './protocol.ts';
import type { Request } from './protocol.ts';
import type { FaultCall } from './rules.ts';

const ofNode = new Map<number, FaultCall>([
  [opcodes.read, 'read'],
  [opcodes.write, 'write'],
  [opcodes.fsync, 'sync'],
  [opcodes.fsyncdir, 'sync-directory'],
  [opcodes.open, 'open'],
  [opcodes.setattr, 'truncate'],
  [opcodes.fallocate, 'truncate'],
]);

// With the byte where the name starts.
const ofName = new Map<number, readonly [FaultCall, number]>([
  [opcodes.create, ['create', 56]],
  [opcodes.mknod, ['create', 56]],
  [opcodes.mkdir, ['mkdir', 48]],
  [opcodes.unlink, ['unlink', 40]],
  [opcodes.rmdir, ['unlink', 40]],
  [opcodes.symlink, ['link', 40]],
]);

/** The request as the rules see it; null when none can befall it. */
export function subjectOf(nodes: NodeTable, request: Request): Subject | null {
  const { opcode } = request;
  const named = ofName.get(opcode);
  if (named !== undefined) {
    const [call, at] = named;
    const path = nodes.childPath(nodes.get(request.nodeId), request.name(at));
    return { call, path, newPath: '', changes: true };
  }
  const call = ofNode.get(opcode);
  if (call !== undefined) return nodeSubject(nodes, request, call);
  if (opcode === opcodes.rename || opcode === opcodes.rename2) {
    const at = opcode === opcodes.rename ? 48 : 56;
    const path = nodes.childPath(nodes.get(request.nodeId), request.name(at));
    const newPath = nodes.childPath(nodes.get(request.number(10)), request.secondName(at));
    return { call: 'rename', path, newPath, changes: true };
  }
  if (opcode === opcodes.link) {
    const path = nodes.path(nodes.get(request.number(10)));
    const newPath = nodes.childPath(nodes.get(request.nodeId), request.name(48));
    return { call: 'link', path, newPath, changes: true };
  }
  return null;
}

function nodeSubject(nodes: NodeTable, request: Request, call: FaultCall): Subject | null {
  if (request.opcode === opcodes.setattr && (request.word(10) & attributeBits.size) === 0) {
    return null;
  }
  const path = nodes.path(nodes.get(request.nodeId));
  return { call, path, newPath: '', changes: changes(request, call) };
}

function changes(request: Request, call: FaultCall): boolean {
  if (call === 'open') return (request.word(10) & 3) !== 0;
  return call === 'write' || call === 'truncate';
}
