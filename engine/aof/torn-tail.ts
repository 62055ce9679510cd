// Tells what a power cut leaves of a log's last writes from damage to what was safe.
//
// A file system may keep any of the sectors that were written and not synced; the others read as
// zeros. So an end is torn when
//   1. it holds a sector, or the part of one that lies in it, of zeros only;
//   2. it is in blocks: it follows one, begins with the header of one, holds whole ones, or the
//      manifest says so of the file that it is; else nobody knows what had been synced;
//   3. no whole block in it says that what is damaged had been synced.
// Everything else is damage, and to be cut only by somebody who has seen it.
import { readFully } from '../io/disk.ts';
import type { Disk } from '../io/disk.ts';
import { blockHeaderBytes, checksumOf, parseHeader } from './block-header.ts';

/** The end of a file that is to be judged. */
export interface TailToJudge {
  readonly disk: Disk;
  readonly path: string;
  /** Up to here the file is whole. */
  readonly fromOffset: number;
  readonly sizeBytes: number;
  /** The damage is known to be in blocks: one ends where it begins, or the manifest says so. */
  readonly inBlocks: boolean;
}

const sectorBytes = 512;
const pieceBytes = 1024 * 1024;
const headerMark = Buffer.from('#HDR:p1;crc:', 'latin1');

/** Whether the end of the file is what a power cut leaves of writes that nobody had synced. */
export function isTornTail(tail: TailToJudge): boolean {
  const fd = tail.disk.open(tail.path, 'read');
  try {
    const file = new FileBytes(tail, fd);
    if (!hasHole(tail, file)) return false;
    const synced = syncedByLaterBlock(tail, file);
    if (synced !== null) return synced <= tail.fromOffset;
    return tail.inBlocks || beginsWithHeader(tail, file);
  } finally {
    tail.disk.close(fd);
  }
}

class FileBytes {
  private readonly tail: TailToJudge;
  private readonly fd: number;

  constructor(tail: TailToJudge, fd: number) {
    this.tail = tail;
    this.fd = fd;
  }

  /** The bytes from `start` to `end`, fewer at the end of the file. */
  read(start: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.min(end, this.tail.sizeBytes) - start);
    const at = { offset: 0, length: bytes.length, position: start };
    return bytes.subarray(0, readFully(this.tail.disk, this.fd, bytes, at));
  }
}

function hasHole({ fromOffset, sizeBytes }: TailToJudge, file: FileBytes): boolean {
  for (let start = fromOffset; start < sizeBytes;) {
    const bytes = file.read(start, start - (start % sectorBytes) + pieceBytes);
    if (bytes.length === 0) return false;
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + sectorBytes - ((start + at) % sectorBytes));
      if (bytes.subarray(at, end).every((byte) => byte === 0)) return true;
      at = end;
    }
    start += bytes.length;
  }
  return false;
}

function beginsWithHeader({ fromOffset }: TailToJudge, file: FileBytes): boolean {
  const line = file.read(fromOffset, fromOffset + blockHeaderBytes);
  return parseHeader(line, 0, line.length) !== null;
}

/** The most that a whole block of the tail calls synced; null when there is none. */
function syncedByLaterBlock(tail: TailToJudge, file: FileBytes): number | null {
  let most: number | null = null;
  for (const offset of headerOffsets(tail, file)) {
    const line = file.read(offset, offset + blockHeaderBytes);
    const header = parseHeader(line, 0, line.length);
    if (header === null) continue;
    const end = offset + blockHeaderBytes + header.lengthBytes;
    if (end > tail.sizeBytes) continue;
    const block = file.read(offset, end);
    if (checksumOf(block, { start: 0, end: block.length, offset }) !== header.checksum) continue;
    most = Math.max(most ?? 0, header.syncedBytes);
    if (most > tail.fromOffset) break;
  }
  return most;
}

function* headerOffsets(
  { fromOffset, sizeBytes }: TailToJudge, file: FileBytes,
): Generator<number> {
  for (let start = fromOffset; start < sizeBytes; start += pieceBytes) {
    // A mark may stand across two pieces.
    const piece = file.read(start, start + pieceBytes + headerMark.length - 1);
    for (let at = piece.indexOf(headerMark); at >= 0; at = piece.indexOf(headerMark, at + 1)) {
      yield start + at;
    }
  }
}
