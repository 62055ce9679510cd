// The wire format against bytes as the kernel's header lays them out (linux/fuse.h, 7.38).

import test from 'ava';
import type { BigIntStats } from 'node:fs';
import { Errno, Reply, Request, errnoOf, maxWriteBytes, opcodes } from './protocol.ts';

function requestOf(opcode: number, body: Buffer): Request {
  const request = new Request();
  request.bytes.writeUInt32LE(40 + body.length, 0);
  request.bytes.writeUInt32LE(opcode, 4);
  request.bytes.writeBigUInt64LE(0x1_0000_0002n, 8); // unique
  request.bytes.writeBigUInt64LE(2n ** 52n + 5n, 16); // node
  for (const [index, value] of [1000, 1001, 4242].entries()) {
    request.bytes.writeUInt32LE(value, 24 + 4 * index); // uid, gid, pid
  }
  body.copy(request.bytes, 40);
  return request;
}

const stats = {
  ino: 77n, size: 2n ** 40n, blocks: 9n, mode: 0o100644n, nlink: 2n, uid: 3n, gid: 4n, rdev: 0n,
  atimeNs: 5_000_000_006n, mtimeNs: 7_000_000_008n, ctimeNs: 9_000_000_010n,
} as BigIntStats;

test('a request: header, names, and a copy that outlives the buffer', (t) => {
  const request = requestOf(opcodes.rename2, Buffer.from('\0'.repeat(16) + 'alt ü\0neu 🔌\0'));
  const copy = request.copy();
  request.bytes.fill(0);
  t.is(copy.opcode, 45);
  t.is(copy.nodeId, 2 ** 52 + 5);
  t.deepEqual([copy.uid, copy.gid, copy.pid], [1000, 1001, 4242]);
  t.deepEqual([copy.name(56), copy.secondName(56)], ['alt ü', 'neu 🔌']);
});

test('a reply: length, error, unique', (t) => {
  const reply = new Reply();
  const request = requestOf(opcodes.write, Buffer.alloc(40));
  t.is(reply.finish(request, 0, reply.putWritten(123)), 24);
  t.is(reply.bytes.readUInt32LE(0), 24);
  t.is(reply.bytes.readBigUInt64LE(8), 0x1_0000_0002n);
  t.is(reply.bytes.readUInt32LE(16), 123);
  t.is(reply.finish(request, 28, 8), 16, 'an error has no body');
  t.is(reply.bytes.readInt32LE(4), -28);
});

test('entry and attributes: sizes and offsets of fuse_entry_out, fuse_attr_out', (t) => {
  const reply = new Reply();
  const { bytes } = reply;
  t.is(reply.putEntry(2 ** 33 + 1, stats), 128);
  t.is(bytes.readBigUInt64LE(16), 2n ** 33n + 1n);
  t.is(bytes.readBigUInt64LE(16 + 40), 77n);
  t.is(bytes.readBigUInt64LE(16 + 48), 2n ** 40n);
  t.is(bytes.readUInt32LE(16 + 40 + 60), 0o100644);
  t.is(reply.putAttributeReply(stats), 104);
  t.is(bytes.readBigUInt64LE(32), 77n);
  t.deepEqual([24, 32, 40].map((at) => bytes.readBigUInt64LE(32 + at)), [5n, 7n, 9n]);
  t.deepEqual([48, 52, 56].map((at) => bytes.readUInt32LE(32 + at)), [6, 8, 10]);
  const rest = [60, 64, 68, 72, 80].map((at) => bytes.readUInt32LE(32 + at));
  t.deepEqual(rest, [0o100644, 2, 3, 4, 4096]);
});

test('directory entries are padded to 8, and what does not fit waits', (t) => {
  const reply = new Reply();
  const entry = { name: 'ü', inode: 5, nextOffset: 3, type: 8 };
  t.is(reply.putDirent(16, 48, entry), 32);
  t.is(reply.putDirent(16, 47, entry), 0);
  t.is(reply.bytes.readUInt32LE(32), 2, 'the length of a name is in bytes');
  t.is(reply.bytes.toString('utf8', 40, 42), 'ü');
  t.is(reply.putDirent(16, 4096, { ...entry, name: '12345678' }), 32);
  t.is(reply.putDirent(16, 4096, { ...entry, name: '123456789' }), 40);
});

test('INIT takes only what is wanted of what is offered', (t) => {
  const body = Buffer.alloc(64);
  for (const [index, value] of [7, 99, 131_072, 0xffff_ffff, 0xffff_ffff].entries()) {
    body.writeUInt32LE(value, 4 * index);
  }
  const reply = new Reply();
  t.is(reply.putInit(requestOf(opcodes.init, body)), 64);
  t.deepEqual([reply.words[4], reply.words[5], reply.words[9]], [7, 38, maxWriteBytes]);
  const flags = reply.words[7] as number;
  t.is(flags & (1 << 16), 0, 'no writeback cache');
  t.is(flags & (1 << 3), 0, 'no atomic O_TRUNC: a truncation is a call of its own');
  t.is(reply.words[12], 1 << 4, 'direct I/O may be mapped');
});

test('errors have their numbers', (t) => {
  t.is(errnoOf(new Errno('EROFS')), 30);
  t.is(errnoOf(Object.assign(new Error('x'), { errno: -17 })), 17);
  t.is(errnoOf('what'), 5);
});
