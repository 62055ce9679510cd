// edit-aof: lists the commands of a log with offset and time, and writes a copy of the log without
// some of them: the rescue from a FLUSHALL that nobody meant. The log itself is never touched.
import { AofReader } from '../aof/reader.ts';
import { EngineError } from '../errors.ts';
import type { RequestDecoder } from '../resp/decoder.ts';
import { readSnapshot } from './check-rdb.ts';
import { writeCopy } from './edited-copy.ts';
import type { Found, Range } from './edited-copy.ts';
import { findLog, isSnapshot, onPath } from './log-files.ts';
import type { ToolFile, ToolPorts } from './log-files.ts';

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

const stepBytes = 8 * 1024 * 1024;
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
