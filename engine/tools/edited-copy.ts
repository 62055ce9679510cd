// The copy of a log without some of its commands, in a new folder. What was in a block is in one
// again, with a checksum of its own; lines with the checksum of what stands before them are left
// out where something is missing, and the manifest says how long the copies are.
import { blockHeaderBytes, emptyHeader, sealBlock } from '../aof/block-header.ts';
import { manifestName } from '../aof/format.ts';
import { formatManifest } from '../aof/manifest.ts';
import type { LogFile, Manifest } from '../aof/manifest.ts';
import { EngineError } from '../errors.ts';
import { readFully, writeFully } from '../io/disk.ts';
import type { Disk, ReadAt } from '../io/disk.ts';
import { onPath } from './log-files.ts';
import type { ToolFile, ToolLog, ToolPorts } from './log-files.ts';

/** Bytes of a file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What was found in a file: the commands that match, and the blocks it is written in. */
export interface Found {
  readonly matches: readonly Range[];
  readonly blocks: readonly Range[];
  /** Lines with the checksum of what stands before them. */
  readonly sums: readonly Range[];
}

const chunkBytes = 1024 * 1024;

/**
 * Writes the log without the ranges into a new folder; the manifest comes last.
 * @throws {EngineError} DIRECTORY_UNUSABLE, AOF_BAD
 */
export function writeCopy(
  ports: ToolPorts,
  log: ToolLog,
  { found, to }: { found: ReadonlyMap<string, Found>; to: string },
): void {
  const { disk } = ports;
  if (disk.stat(to) !== null && disk.list(to).length > 0) {
    throw new EngineError('DIRECTORY_UNUSABLE', `${to} exists and is not empty; name another folder`
      + ' for the edited log');
  }
  disk.makeDirectory(to);
  for (const file of log.files) {
    const { matches, blocks, sums } = found.get(file.name)
      ?? { matches: [], blocks: [], sums: [] };
    const removed = [...matches, ...sums].sort((left, right) => left.start - right.start);
    const pieces = matches.length === 0 ? piecesOf(file.sizeBytes, [], [])
      : piecesOf(file.sizeBytes, removed, blocks);
    copyFile(ports, file, { to: `${to}/${file.name}`, pieces });
  }
  const { directory } = log;
  if (directory !== null) {
    const name = manifestName(directory.prefix);
    const text = formatManifest(withLengths(disk, directory.manifest, to));
    writeSynced(ports, `${to}/${name}`, (fd) => writeFully(disk, fd, text, 0, text.length));
  }
  disk.syncDirectory(to);
  ports.print(`Wrote ${to}. Start the server on it only after a look: check-aof ${to}`);
}

/** The manifest of the copy: where it notes a length, that of the copied file. */
function withLengths(disk: Disk, { base, increments }: Manifest, folder: string): Manifest {
  const measured = (file: LogFile): LogFile => (file.bytes === undefined ? file
    : { ...file, bytes: disk.stat(`${folder}/${file.name}`)?.sizeBytes ?? 0 });
  return {
    base: base === null ? null : measured(base), history: [], increments: increments.map(measured),
  };
}

/** Bytes that are copied together: what is left of a block, which is one again, or of a gap. */
interface Piece {
  readonly ranges: readonly Range[];
  readonly inBlock: boolean;
}

/** What is left of a file without the ranges that are removed; both lists are in order. */
function piecesOf(
  sizeBytes: number, removed: readonly Range[], blocks: readonly Range[],
): readonly Piece[] {
  const pieces: Piece[] = [];
  let next = 0;
  const keep = (from: number, to: number, inBlock: boolean): void => {
    const ranges: Range[] = [];
    let at = from;
    for (; next < removed.length; next++) {
      const { start, end } = removed[next] as Range;
      if (start >= to) break;
      if (at < start) ranges.push({ start: at, end: start });
      at = end;
    }
    if (at < to) ranges.push({ start: at, end: to });
    if (ranges.length > 0) pieces.push({ ranges, inBlock });
  };
  let at = 0;
  for (const { start, end } of blocks) {
    // Between two blocks commands without one may stand.
    keep(at, start, false);
    keep(start + blockHeaderBytes, end, true);
    at = end;
  }
  keep(at, sizeBytes, false);
  return pieces;
}

function copyFile(
  ports: ToolPorts, file: ToolFile, { to, pieces }: { to: string; pieces: readonly Piece[] },
): void {
  const { disk } = ports;
  const source = disk.open(file.path, 'read');
  try {
    writeSynced(ports, to, (fd) => {
      let offset = 0;
      for (const piece of pieces) {
        offset += piece.inBlock
          ? copyBlock(disk, { file, source, fd, piece, offset })
          : copyBytes(disk, { file, source, fd, piece });
      }
    });
  } finally {
    disk.close(source);
  }
}

interface Copying {
  readonly file: ToolFile;
  readonly source: number;
  readonly fd: number;
  readonly piece: Piece;
}

/** Returns how many bytes were written. */
function copyBytes(disk: Disk, copying: Copying): number {
  const { fd, piece: { ranges } } = copying;
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, lengthOf(ranges)));
  for (const { start, end } of ranges) {
    for (let position = start; position < end;) {
      const length = Math.min(chunk.length, end - position);
      readAll(disk, copying, { target: chunk, offset: 0, length, position });
      writeFully(disk, fd, chunk, 0, length);
      position += length;
    }
  }
  return lengthOf(ranges);
}

function copyBlock(disk: Disk, copying: Copying & { readonly offset: number }): number {
  const { fd, piece: { ranges }, offset } = copying;
  const block = Buffer.allocUnsafe(blockHeaderBytes + lengthOf(ranges));
  emptyHeader.copy(block);
  let filled = blockHeaderBytes;
  for (const { start, end } of ranges) {
    readAll(disk, copying, {
      target: block, offset: filled, length: end - start, position: start,
    });
    filled += end - start;
  }
  sealBlock(block, { start: 0, end: block.length, offset }, { continues: false, syncedBytes: 0 });
  writeFully(disk, fd, block, 0, block.length);
  return block.length;
}

function lengthOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

function readAll(
  disk: Disk, { file, source }: Copying, { target, ...at }: ReadAt & { readonly target: Buffer },
): void {
  const count = onPath(file.path, () => readFully(disk, source, target, at));
  if (count === at.length) return;
  throw new EngineError('AOF_BAD', `${file.path} shrank while it was read`);
}

function writeSynced(ports: ToolPorts, path: string, write: (fd: number) => void): void {
  const fd = ports.disk.open(path, 'truncate');
  try {
    write(fd);
    ports.disk.sync(fd);
  } finally {
    ports.disk.close(fd);
  }
}
