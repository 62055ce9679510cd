// The line before a block of the log: its length and checksum. Drawn in format.ts.
//
// CRC-32 and not the CRC-64 of snapshots: zlib's is native code and runs at 2 GB/s, a call costs
// 0.4 µs, and a block is rarely longer than a megabyte.
import { crc32 } from 'node:zlib';

/** Length of a header. */
export const blockHeaderBytes = 57;

/** What a header says. */
export interface BlockHeader {
  readonly checksum: number;
  /** A block stands directly before this one. */
  readonly continues: boolean;
  /** Length of the block without its header. */
  readonly lengthBytes: number;
  /** How much of the file was durable when the block was written. */
  readonly syncedBytes: number;
}

/** A header before it is filled in. */
export const emptyHeader: Buffer = Buffer.from(
  '#HDR:p1;crc:00000000;add;len:00000000;syn:000000000000;\r\n', 'latin1',
);
const newTag = Buffer.from('new', 'latin1');
const crcAt = 12;
const crcDigits = 8;
const tagAt = 21;
const lengthAt = 29;
const lengthDigits = 8;
const syncedAt = 42;
const syncedDigits = 12;
const pattern =
  /^#HDR:p1;crc:([0-9a-f]{8});(add|new);len:([0-9a-f]{8});syn:([0-9a-f]{12});\r\n$/;
const markBytes = 8;

/** Where a block stands: its header at `start` in the buffer and `offset` in the file. */
export interface BlockPlace {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
}

/** Fills in the empty header in front of a finished block. */
export function sealBlock(
  buffer: Buffer,
  place: BlockPlace,
  { continues, syncedBytes }: Pick<BlockHeader, 'continues' | 'syncedBytes'>,
): void {
  const { start, end } = place;
  if (!continues) newTag.copy(buffer, start + tagAt);
  putHex(buffer, start + lengthAt + lengthDigits, lengthDigits, end - start - blockHeaderBytes);
  putHex(buffer, start + syncedAt + syncedDigits, syncedDigits, syncedBytes);
  putHex(buffer, start + crcAt + crcDigits, crcDigits, checksumOf(buffer, place));
}

/** The checksum of a block in its place. */
export function checksumOf(buffer: Buffer, { start, end, offset }: BlockPlace): number {
  return crc32(buffer.subarray(start + tagAt, end), offset >>> 0);
}

/** Whether a line that begins at `start` means to be a header. */
export function looksLikeHeader(buffer: Buffer, start: number): boolean {
  for (let i = 0; i < markBytes; i++) {
    if (buffer[start + i] !== emptyHeader[i]) return false;
  }
  return true;
}

/** Reads the header in `buffer[start … end)`, its line end included; null when it is none. */
export function parseHeader(buffer: Buffer, start: number, end: number): BlockHeader | null {
  if (end - start !== blockHeaderBytes) return null;
  const match = pattern.exec(buffer.toString('latin1', start, end));
  if (match === null) return null;
  const [, checksum = '', tag, length = '', synced = ''] = match;
  return {
    checksum: Number.parseInt(checksum, 16), continues: tag === 'add',
    lengthBytes: Number.parseInt(length, 16), syncedBytes: Number.parseInt(synced, 16),
  };
}

/** A CRC-32 as all files of a log spell it: eight hexadecimal digits. */
export function checksumText(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

const sumPattern = /^#SUM:p1;crc:([0-9a-f]{8});\r\n$/;

/** The line that ends a base in commands: the CRC-32 of all before it. */
export function sumLine(checksum: number): Buffer {
  return Buffer.from(`#SUM:p1;crc:${checksumText(checksum)};\r\n`, 'latin1');
}

/** Reads it in `buffer[start … end)`, its line end included; null when it is none. */
export function parseSum(buffer: Buffer, start: number, end: number): number | null {
  const match = sumPattern.exec(buffer.toString('latin1', start, Math.min(end, start + 64)));
  return match === null ? null : Number.parseInt(match[1] as string, 16);
}

/** Puts a number before `end`, right to left. */
function putHex(buffer: Buffer, end: number, digits: number, value: number): void {
  let rest = value;
  for (let at = end - 1; at >= end - digits; at--) {
    const digit = rest % 16;
    buffer[at] = digit < 10 ? 48 + digit : 87 + digit;
    rest = (rest - digit) / 16;
  }
}
