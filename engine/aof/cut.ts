// Cuts a file of a log, durably. A block that the cut goes through ends there afterwards: its
// header is written anew, since a block that is shorter than its header says would be damage.
//
//   before   … | #HDR, n bytes | SET a … | MULTI …      the file ends before EXEC
//   after    … | #HDR, m bytes | SET a … |
//
// No header can be changed in place, so such a file is copied: a crash finds the old one or the new
// one. It is rare: no transaction spans two blocks, but for large ones that older builds wrote.
import assert from 'node:assert/strict';
import { readFully, writeFully } from '../io/disk.ts';
import type { Disk } from '../io/disk.ts';
import { blockHeaderBytes, parseHeader, sealBlock } from './block-header.ts';

/** Where a file of a log is to end. */
export interface Cut {
  readonly path: string;
  /** Its length afterwards. */
  readonly lengthBytes: number;
  /** Where the block begins that the cut goes through; -1: it goes through none. */
  readonly blockStart: number;
}

const pieceBytes = 1024 * 1024;

/** Cuts the file. When it throws, the file is as it was. */
export function cutDurably(disk: Disk, cut: Cut): void {
  if (cut.blockStart >= 0) {
    copyUpTo(disk, cut);
    return;
  }
  disk.truncate(cut.path, cut.lengthBytes);
  const fd = disk.open(cut.path, 'append');
  try {
    disk.sync(fd);
  } finally {
    disk.close(fd);
  }
}

function copyUpTo(disk: Disk, cut: Cut): void {
  const { path } = cut;
  const folder = path.slice(0, path.lastIndexOf('/'));
  // A crash leaves it behind; the next start has the same cut to make, and takes this name again.
  const temporary = `${folder}/temp-cut.aof`;
  const source = disk.open(path, 'read');
  let copied = false;
  try {
    const fd = disk.open(temporary, 'truncate');
    try {
      copy(disk, source, fd, cut);
      disk.sync(fd);
    } finally {
      disk.close(fd);
    }
    disk.rename(temporary, path);
    copied = true;
  } finally {
    disk.close(source);
    if (!copied && disk.stat(temporary) !== null) disk.unlink(temporary);
  }
  disk.syncDirectory(folder);
}

function copy(disk: Disk, source: number, fd: number, { lengthBytes, blockStart }: Cut): void {
  for (let at = 0; at < blockStart;) {
    const piece = read(disk, source, { start: at, end: Math.min(at + pieceBytes, blockStart) });
    writeFully(disk, fd, piece, 0, piece.length);
    at += piece.length;
  }
  const block = read(disk, source, { start: blockStart, end: lengthBytes });
  const header = parseHeader(block, 0, blockHeaderBytes);
  assert(header !== null, `a block begins at ${blockStart}`);
  sealBlock(block, { start: 0, end: block.length, offset: blockStart }, header);
  writeFully(disk, fd, block, 0, block.length);
}

function read(disk: Disk, fd: number, { start, end }: { start: number; end: number }): Buffer {
  const bytes = Buffer.allocUnsafe(end - start);
  const filled = readFully(disk, fd, bytes, { offset: 0, length: bytes.length, position: start });
  if (filled === bytes.length) return bytes;
  throw new Error(`the file ends at ${start + filled} while it is copied`);
}
