// edit-aof: lists the commands of a log with offset and time, and writes a copy of the log without
// some of them: the rescue from a FLUSHALL that nobody meant. The log itself is never touched.
import { blockHeaderBytes, emptyHeader, sealBlock } from '../aof/block-header.ts';
import { manifestName } from '../aof/format.ts';
import { formatManifest } from '../aof/manifest.ts';
import type { LogFile, Manifest } from '../aof/manifest.ts';
import { AofReader } from '../aof/reader.ts';
import { EngineError } from '../errors.ts';
import { writeFully } from '../io/disk.ts';
import type { Disk, ReadAt } from '../io/disk.ts';
import type { RequestDecoder } from '../resp/decoder.ts';
import { readSnapshot } from './check-rdb.ts';
import { findLog, isSnapshot, onPath } from './log-files.ts';
import type { ToolFile, ToolLog, ToolPorts } from './log-files.ts';

/** Which commands are meant; all conditions hold together. */
export interface CommandFilter {
  /** Lower-case names; empty: any. */
  readonly names: ReadonlySet<string>;
  /** Bytes that one of the arguments must be, as latin1 text; null: any. */
  readonly key: string | null;
  /** Offsets within the file, `to` excluded. */
  readonly fromOffset: number;
  readonly toOffset: number;
  /** Unix seconds of the annotation before the command, both included. */
  readonly sinceSec: number;
  readonly untilSec: number;
  /** Name of the only file to look at; null: all. */
  readonly file: string | null;
}

/** A filter that lets everything pass. */
export const everyCommand: CommandFilter = {
  names: new Set(), key: null, fromOffset: 0, toOffset: Infinity, sinceSec: -Infinity,
  untilSec: Infinity, file: null,
};

/** What to do. */
export interface EditAofOptions {
  readonly path: string;
  readonly filter: CommandFilter;
  /** Folder for the log without the commands that match; null: only list them. */
  readonly outputFolder: string | null;
}

/** Bytes of a file. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** What was found in a file: the commands that match, and the blocks it is written in. */
interface Found {
  readonly matches: readonly Range[];
  readonly blocks: readonly Range[];
  /** Lines with the checksum of what stands before them. */
  readonly sums: readonly Range[];
}

const stepBytes = 8 * 1024 * 1024;
const chunkBytes = 1024 * 1024;
const shownBytes = 60;
const shownArguments = 8;
/** They say where the other commands belong: never removed by themselves. */
const structure: ReadonlySet<string> = new Set(['select', 'multi', 'exec']);
const timestamp = /^#TS:(\d+)/;

/**
 * Runs the tool; returns the number of commands that matched.
 * @throws {EngineError} AOF_BAD, RDB_BAD, RDB_UNSUPPORTED, MANIFEST_BAD, DIRECTORY_UNUSABLE,
 * AOF_TRUNCATED; nothing is written then but an unfinished output folder.
 */
export function editAof(ports: ToolPorts, options: EditAofOptions): number {
  const log = findLog(ports.disk, options.path);
  const found = new Map<string, Found>();
  let matched = 0;
  for (const file of log.files) {
    const inFile = onPath(file.path, () => matchesOf(ports, file, options));
    found.set(file.name, inFile);
    matched += inFile.matches.length;
  }
  const { outputFolder: to } = options;
  if (to !== null) onPath(to, () => writeCopy(ports, log, { found, to }));
  return matched;
}

/** Lists the commands of one file that match; returns where they stand. */
function matchesOf(ports: ToolPorts, file: ToolFile, options: EditAofOptions): Found {
  const { filter } = options;
  const found: Range[] = [];
  const blocks = new Map<number, Range>();
  const sums: Range[] = [];
  const none = { matches: [], blocks: [], sums: [] };
  if (file.sizeBytes === 0 || (filter.file !== null && filter.file !== file.name)) return none;
  // A snapshot holds no commands, but they may follow it: before Redis 7 a log was one file.
  const startOffset = isSnapshot(ports.disk, file)
    ? readSnapshot(ports, file.path, 0).endOffset : 0;
  let [seconds, database] = [NaN, 0];
  const reader: AofReader = new AofReader({
    disk: ports.disk, path: file.path, startOffset,
    target: {
      apply: (decoder, buffer) => {
        const start = reader.offset;
        const name = argument(decoder, buffer, 0).toLowerCase();
        if (name === 'select') database = Number(argument(decoder, buffer, 1));
        const command = { decoder, buffer, name, start, seconds };
        if (!structure.has(name) && isMeant(filter, command)) {
          const end = start + decoder.requestEnd - decoder.requestStart;
          found.push({ start, end });
          ports.print(lineOf(file, { ...command, database }));
        }
        return null;
      },
      annotate: (text, offset) => {
        if (text.startsWith('#SUM:')) sums.push({ start: offset, end: offset + text.length + 2 });
        seconds = Number(timestamp.exec(text)?.[1] ?? seconds);
      },
      block: (start, end) => blocks.set(start, { start, end }),
    },
  });
  try {
    while (!reader.step(stepBytes)) continue;
  } finally {
    reader.close();
  }
  if (reader.damage !== null) throw reader.damage;
  if (reader.end !== 'whole') {
    throw new EngineError('AOF_TRUNCATED', `${file.path} is whole only up to offset`
      + ` ${reader.validBytes} of ${file.sizeBytes}; run check-aof --fix on a copy first`);
  }
  return { matches: found, blocks: [...blocks.values()], sums };
}

interface SeenCommand {
  readonly decoder: RequestDecoder;
  readonly buffer: Buffer;
  readonly name: string;
  readonly start: number;
  readonly seconds: number;
}

function isMeant(filter: CommandFilter, command: SeenCommand): boolean {
  const { decoder, buffer, name, start, seconds } = command;
  if (start < filter.fromOffset || start >= filter.toOffset) return false;
  if (filter.names.size > 0 && !filter.names.has(name)) return false;
  // Without annotations no time is known: a filter by time then matches nothing.
  const timed = filter.sinceSec > -Infinity || filter.untilSec < Infinity;
  if (timed && !(seconds >= filter.sinceSec && seconds <= filter.untilSec)) return false;
  if (filter.key === null) return true;
  for (let i = 1; i < decoder.argc; i++) {
    if (argument(decoder, buffer, i) === filter.key) return true;
  }
  return false;
}

function argument(decoder: RequestDecoder, buffer: Buffer, index: number): string {
  return buffer.toString('latin1', decoder.argStart[index], decoder.argEnd[index]);
}

function lineOf(file: ToolFile, command: SeenCommand & { database: number }): string {
  const { decoder, buffer, start, seconds, database } = command;
  const words: string[] = [];
  for (let i = 0; i < Math.min(decoder.argc, shownArguments); i++) {
    const text = argument(decoder, buffer, i);
    const quoted = /^[\x21-\x7e]+$/.test(text) ? text : JSON.stringify(text);
    words.push(quoted.length > shownBytes ? `${quoted.slice(0, shownBytes)}…` : quoted);
  }
  if (decoder.argc > shownArguments) words.push(`… (${decoder.argc} words)`);
  const time = Number.isNaN(seconds) ? '-' : new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${file.name} ${start} ${time} db${database} ${words.join(' ')}`;
}

/** Writes the log without the ranges into a new folder; the manifest comes last. */
function writeCopy(
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
    const pieces = matches.length === 0 ? [{ start: 0, end: file.sizeBytes, inBlock: false }]
      : piecesOf(file.sizeBytes, [...matches, ...sums], blocks);
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

/** Bytes that are copied; those that stood in a block get a block of their own. */
interface Piece extends Range {
  readonly inBlock: boolean;
}

/** What is left of a file without the matches and the headers of its blocks. */
function piecesOf(
  sizeBytes: number, matches: readonly Range[], blocks: readonly Range[],
): readonly Piece[] {
  const headers = blocks.map(({ start }) => ({ start, end: start + blockHeaderBytes }));
  const without = [...matches, ...headers].sort((left, right) => left.start - right.start);
  const endByStart = new Map(blocks.map(({ start, end }) => [start, end]));
  const pieces: Piece[] = [];
  let from = 0;
  let blockEnd = 0;
  for (const range of [...without, { start: sizeBytes, end: sizeBytes }]) {
    // Between a block and the next header commands without a block may stand.
    for (const end of from < blockEnd && blockEnd < range.start ? [blockEnd, range.start]
      : [range.start]) {
      if (from < end) pieces.push({ start: from, end, inBlock: from < blockEnd });
      from = end;
    }
    from = range.end;
    blockEnd = endByStart.get(range.start) ?? blockEnd;
  }
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
  const { fd, piece } = copying;
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, piece.end - piece.start));
  for (let from = piece.start; from < piece.end;) {
    const length = Math.min(chunk.length, piece.end - from);
    const count = readSome(disk, copying, { target: chunk, offset: 0, length, position: from });
    writeFully(disk, fd, chunk, 0, count);
    from += count;
  }
  return piece.end - piece.start;
}

function copyBlock(disk: Disk, copying: Copying & { readonly offset: number }): number {
  const { fd, piece, offset } = copying;
  const block = Buffer.allocUnsafe(blockHeaderBytes + piece.end - piece.start);
  emptyHeader.copy(block);
  for (let at = blockHeaderBytes; at < block.length;) {
    const position = piece.start + at - blockHeaderBytes;
    const length = block.length - at;
    at += readSome(disk, copying, { target: block, offset: at, length, position });
  }
  sealBlock(block, { start: 0, end: block.length, offset }, { continues: false, syncedBytes: 0 });
  writeFully(disk, fd, block, 0, block.length);
  return block.length;
}

function readSome(
  disk: Disk, { file, source }: Copying, { target, ...at }: ReadAt & { readonly target: Buffer },
): number {
  const count = onPath(file.path, () => disk.read(source, target, at));
  if (count > 0) return count;
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
