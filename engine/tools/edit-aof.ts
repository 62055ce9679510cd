// edit-aof: lists the commands of a log with offset and time, and writes a copy of the log without
// some of them: the rescue from a FLUSHALL that nobody meant. The log itself is never touched.
import { formatManifest } from '../aof/manifest.ts';
import { AofReader } from '../aof/reader.ts';
import { EngineError } from '../errors.ts';
import { writeFully } from '../io/disk.ts';
import type { RequestDecoder } from '../resp/decoder.ts';
import { findLog, isSnapshot } from './log-files.ts';
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

/** Bytes of a file that stay out of the copy. */
interface Range {
  readonly start: number;
  readonly end: number;
}

const stepBytes = 8 * 1024 * 1024;
const copyBytes = 1024 * 1024;
const shownBytes = 60;
const shownArguments = 8;
/** They say where the other commands belong: never removed by themselves. */
const structure: ReadonlySet<string> = new Set(['select', 'multi', 'exec']);
const timestamp = /^#TS:(\d+)/;

/**
 * Runs the tool; returns the number of commands that matched.
 * @throws {EngineError} AOF_BAD, MANIFEST_BAD, DIRECTORY_UNUSABLE, AOF_TRUNCATED; nothing is
 * written then but an unfinished output folder.
 */
export function editAof(ports: ToolPorts, options: EditAofOptions): number {
  const log = findLog(ports.disk, options.path);
  const ranges = new Map<string, readonly Range[]>();
  let matched = 0;
  for (const file of log.files) {
    const found = matchesOf(ports, file, options);
    ranges.set(file.name, found);
    matched += found.length;
  }
  if (options.outputFolder !== null) writeCopy(ports, log, { ranges, to: options.outputFolder });
  return matched;
}

/** Lists the commands of one file that match; returns where they stand. */
function matchesOf(ports: ToolPorts, file: ToolFile, options: EditAofOptions): Range[] {
  const { filter } = options;
  const found: Range[] = [];
  // A snapshot holds no commands.
  const skipped = file.sizeBytes === 0 || isSnapshot(ports.disk, file);
  if (skipped || (filter.file !== null && filter.file !== file.name)) return found;
  let [seconds, database] = [NaN, 0];
  const reader: AofReader = new AofReader({
    disk: ports.disk, path: file.path,
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
      annotate: (text) => {
        seconds = Number(timestamp.exec(text)?.[1] ?? seconds);
      },
    },
  });
  try {
    while (!reader.step(stepBytes)) continue;
  } finally {
    reader.close();
  }
  if (reader.end !== 'whole') {
    throw new EngineError('AOF_TRUNCATED', `${file.path} is whole only up to offset`
      + ` ${reader.validBytes} of ${file.sizeBytes}; run check-aof --fix on a copy first`);
  }
  return found;
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
  { ranges, to }: { ranges: ReadonlyMap<string, readonly Range[]>; to: string },
): void {
  const { disk } = ports;
  if (disk.stat(to) !== null && disk.list(to).length > 0) {
    throw new EngineError('DIRECTORY_UNUSABLE', `${to} exists and is not empty; name another folder`
      + ' for the edited log');
  }
  disk.makeDirectory(to);
  for (const file of log.files) {
    copyFile(ports, file, { to: `${to}/${file.name}`, without: ranges.get(file.name) ?? [] });
  }
  if (log.manifest !== null && log.manifestPath !== null) {
    const name = log.manifestPath.slice(log.manifestPath.lastIndexOf('/') + 1);
    const text = formatManifest({ ...log.manifest, history: [] });
    writeSynced(ports, `${to}/${name}`, (fd) => writeFully(disk, fd, text, 0, text.length));
  }
  disk.syncDirectory(to);
  ports.print(`Wrote ${to}. Start the server on it only after a look: check-aof ${to}`);
}

function copyFile(
  ports: ToolPorts, file: ToolFile, { to, without }: { to: string; without: readonly Range[] },
): void {
  const { disk } = ports;
  const source = disk.open(file.path, 'read');
  const chunk = Buffer.allocUnsafe(copyBytes);
  try {
    writeSynced(ports, to, (fd) => {
      let from = 0;
      for (const range of [...without, { start: file.sizeBytes, end: file.sizeBytes }]) {
        while (from < range.start) {
          const length = Math.min(chunk.length, range.start - from);
          const count = disk.read(source, chunk, { offset: 0, length, position: from });
          if (count <= 0) throw new EngineError('AOF_BAD', `${file.path} shrank while it was read`);
          writeFully(disk, fd, chunk, 0, count);
          from += count;
        }
        from = range.end;
      }
    });
  } finally {
    disk.close(source);
  }
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
