// The FUSE wire format (kernel protocol 7.38, little-endian): requests decoded, replies coded.
//
// Words are 32 bits, counted from the start of the message. One read(2) is one request.
//
//   request   0 length   1 opcode   2–3 unique   4–5 node   6 uid   7 gid   8 pid   9 extensions
//             10 … body: numbers as below, then names, each ended by a NUL
//   reply     0 length   1 -errno   2–3 unique   4 … body; an error has no body
//
//   body of   lookup, unlink, rmdir: name from byte 40       symlink: name, target from byte 40
//             getattr   10 flags (1: fh is set)  12–13 fh
//             setattr   10 valid  12–13 fh  14–15 size  18–19 atime  20–21 mtime
//                       24 atime ns  25 mtime ns  27 mode  29 uid  30 gid
//             mknod     10 mode  name from byte 56           mkdir   10 mode  name from byte 48
//             rename    10–11 new directory  names from 48   rename2 … 12 flags  names from 56
//             link      10–11 old node  name from 48         open    10 flags
//             create    10 flags  11 mode  name from 56      release 10–11 fh
//             read, readdir   10–11 fh  12–13 offset  14 size
//             write     10–11 fh  12–13 offset  14 size  18 open flags  data from byte 80
//             fsync     10–11 fh  12 flags (1: data only)
//             fallocate 10–11 fh  12–13 offset  14–15 length  16 mode
//             forget    10–11 count          batch forget  10 count  12 … node, count (2 each)
//             init      10 major  11 minor  12 max readahead  13 flags  14 flags 2
//
//   fuse_attr  22 words: 0–1 inode  2–3 size  4–5 blocks  6–11 atime, mtime, ctime (s)
//              12–14 the same (ns)  15 mode  16 links  17 uid  18 gid  19 device  20 block size
//   entry      4–5 node  6–7 generation  8–9 entry valid (s)  10–11 attr valid (s)  14 … fuse_attr
//   attr reply 4–5 attr valid (s)  6 ns  8 … fuse_attr
//   open reply fh (2)  open flags (1)  0 (1): at word 4, after an entry (create) at word 36
//   dirent     inode (2)  next offset (2)  name length  type  name, padded to 8 bytes

import type { BigIntStats } from 'node:fs';

/** The operations that are served; the kernel gets ENOSYS for the rest and does without. */
export const opcodes = {
  lookup: 1, forget: 2, getattr: 3, setattr: 4, readlink: 5, symlink: 6, mknod: 8, mkdir: 9,
  unlink: 10, rmdir: 11, rename: 12, link: 13, open: 14, read: 15, write: 16, statfs: 17,
  release: 18, fsync: 20, init: 26, opendir: 27, readdir: 28, releasedir: 29, fsyncdir: 30,
  create: 35, interrupt: 36, destroy: 38, batchForget: 42, fallocate: 43, rename2: 45,
} as const;

/** Errors by number, as the kernel wants them. */
export const errnos = {
  EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, EAGAIN: 11, EEXIST: 17, ENODEV: 19, EINVAL: 22, ENOSPC: 28,
  EROFS: 30, ENOSYS: 38, EOPNOTSUPP: 95, EDQUOT: 122,
} as const;

/** An error that is answered to the kernel. */
export class Errno extends Error {
  readonly errno: number;

  constructor(name: keyof typeof errnos) {
    super(name);
    this.errno = errnos[name];
  }
}

/** The positive errno of whatever a call threw; EIO when it has none. */
export function errnoOf(error: unknown): number {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    return Math.abs(error.errno);
  }
  return errnos.EIO;
}

export const maxWriteBytes: number = 1 << 20;
export const writeDataAt = 80;
export const replyBodyAt = 16;
const bufferBytes = maxWriteBytes + 4096;
const twoTo32 = 2 ** 32;
const foreverSeconds = 86_400;

/** One request; the buffer is reused for the next one, so keep a `copy`. */
export class Request {
  readonly bytes: Buffer;
  readonly words: Uint32Array;

  constructor(bytes: Buffer = Buffer.from(new ArrayBuffer(bufferBytes))) {
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  }

  get lengthBytes(): number {
    return this.words[0] as number;
  }

  get opcode(): number {
    return this.words[1] as number;
  }

  get nodeId(): number {
    return this.number(4);
  }

  get uid(): number {
    return this.words[6] as number;
  }

  get gid(): number {
    return this.words[7] as number;
  }

  get pid(): number {
    return this.words[8] as number;
  }

  /** The 32-bit number at a word. */
  word(at: number): number {
    return this.words[at] as number;
  }

  /** The 64-bit number at a word; exact to 2^53. */
  number(at: number): number {
    return (this.words[at] as number) + (this.words[at + 1] as number) * twoTo32;
  }

  /** The name that starts at a byte. */
  name(at: number): string {
    return this.bytes.toString('utf8', at, this.bytes.indexOf(0, at));
  }

  /** The name after the one that starts at a byte. */
  secondName(at: number): string {
    return this.name(this.bytes.indexOf(0, at) + 1);
  }

  copy(): Request {
    const bytes = Buffer.from(new ArrayBuffer((this.lengthBytes + 3) & ~3));
    this.bytes.copy(bytes, 0, 0, this.lengthBytes);
    return new Request(bytes);
  }
}

/** One reply in the making. */
export class Reply {
  readonly bytes: Buffer = Buffer.from(new ArrayBuffer(bufferBytes));
  readonly words: Uint32Array = new Uint32Array(this.bytes.buffer);

  putNumber(at: number, value: number): void {
    this.words[at] = value % twoTo32;
    this.words[at + 1] = value / twoTo32;
  }

  /** Fills in the header; returns the length of the whole reply. */
  finish(request: Request, errno: number, bodyBytes: number): number {
    const length = replyBodyAt + (errno === 0 ? bodyBytes : 0);
    this.words[0] = length;
    this.words[1] = -errno;
    this.words[2] = request.word(2);
    this.words[3] = request.word(3);
    return length;
  }

  /** An entry: the node that a name leads to. */
  putEntry(nodeId: number, stats: BigIntStats): number {
    this.words.fill(0, 4, 14);
    this.putNumber(4, nodeId);
    this.putNumber(8, foreverSeconds);
    this.putNumber(10, foreverSeconds);
    this.#putAttributes(14, stats);
    return 128;
  }

  /** `No such name`, which the kernel may remember: nothing changes names behind its back. */
  putNoEntry(): number {
    this.words.fill(0, 4, 36);
    this.putNumber(8, foreverSeconds);
    return 128;
  }

  putAttributeReply(stats: BigIntStats): number {
    this.words.fill(0, 4, 8);
    this.putNumber(4, foreverSeconds);
    this.#putAttributes(8, stats);
    return 104;
  }

  /** Direct I/O keeps one call one request; no FLUSH at close. */
  putOpened(at: number, descriptor: number): number {
    this.putNumber(at, descriptor);
    this.words[at + 2] = openFlags.directIo | openFlags.noFlush;
    this.words[at + 3] = 0;
    return 16;
  }

  putWritten(count: number): number {
    this.words[4] = count;
    this.words[5] = 0;
    return 8;
  }

  /** Adds a directory entry at a byte; returns its length, or 0 when it does not fit. */
  putDirent(at: number, end: number, entry: Dirent): number {
    const nameBytes = Buffer.byteLength(entry.name);
    const length = (24 + nameBytes + 7) & ~7;
    if (at + length > end) return 0;
    this.bytes.fill(0, at + 24, at + length);
    this.putNumber(at >>> 2, entry.inode);
    this.putNumber((at >>> 2) + 2, entry.nextOffset);
    this.words[(at >>> 2) + 4] = nameBytes;
    this.words[(at >>> 2) + 5] = entry.type;
    this.bytes.write(entry.name, at + 24);
    return length;
  }

  /** Answers INIT: what we want of what the kernel offers. */
  putInit(request: Request): number {
    this.words.fill(0, 4, 20);
    this.words[4] = 7;
    this.words[5] = Math.min(request.word(11), 38);
    this.words[6] = request.word(12);
    this.words[7] = request.word(13) & wantedFlags;
    this.words[8] = 64 | (48 << 16); // Requests in the background, and where congestion begins.
    this.words[9] = maxWriteBytes;
    this.words[10] = 1; // Granularity of times, ns.
    this.words[11] = maxWriteBytes / 4096;
    this.words[12] = request.word(14) & directIoAllowMmap;
    return 64;
  }

  #putAttributes(at: number, stats: BigIntStats): void {
    const words = this.words;
    this.putNumber(at, Number(stats.ino));
    this.putNumber(at + 2, Number(stats.size));
    this.putNumber(at + 4, Number(stats.blocks));
    this.#putTime(at + 6, at + 12, stats.atimeNs);
    this.#putTime(at + 8, at + 13, stats.mtimeNs);
    this.#putTime(at + 10, at + 14, stats.ctimeNs);
    words[at + 15] = Number(stats.mode);
    words[at + 16] = Number(stats.nlink);
    words[at + 17] = Number(stats.uid);
    words[at + 18] = Number(stats.gid);
    words[at + 19] = Number(stats.rdev);
    words[at + 20] = 4096;
    words[at + 21] = 0;
  }

  #putTime(secondsAt: number, nanosecondsAt: number, ns: bigint): void {
    this.putNumber(secondsAt, Number(ns / 1_000_000_000n));
    this.words[nanosecondsAt] = Number(ns % 1_000_000_000n);
  }
}

/** One name of a directory listing. */
export interface Dirent {
  readonly name: string;
  readonly inode: number;
  /** Where the listing goes on after it. */
  readonly nextOffset: number;
  /** 4 directory, 8 file, 10 symbolic link. */
  readonly type: number;
}

const openFlags = { directIo: 1, noFlush: 32 };
// ASYNC_READ, BIG_WRITES, ASYNC_DIO, PARALLEL_DIROPS, MAX_PAGES (else writes stop at 128 KiB),
// INIT_EXT (without it flags 2 do not count). No writeback cache.
const wantedFlags = (1 << 0) | (1 << 5) | (1 << 15) | (1 << 18) | (1 << 22) | (1 << 30);
const directIoAllowMmap = 1 << 4; // Of flags 2: mmap with direct I/O, else ENODEV.

/** Bits of `valid` of a setattr. */
export const attributeBits = {
  mode: 1, uid: 2, gid: 4, size: 8, atime: 16, mtime: 32, handle: 64, atimeNow: 128, mtimeNow: 256,
} as const;
