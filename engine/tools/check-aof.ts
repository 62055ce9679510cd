// check-aof: reads a log as far as it is whole; with --fix cuts the last file there, with
// --truncate-to-timestamp cuts it at a time. Nothing is written without one of the two.
import { cutDurably } from '../aof/cut.ts';
import type { Cut } from '../aof/cut.ts';
import type { LogDirectory } from '../aof/log-directory.ts';
import type { LogFile } from '../aof/manifest.ts';
import { AofReader } from '../aof/reader.ts';
import type { LogTarget } from '../aof/reader.ts';
import { atOnce } from '../aof/waits.ts';
import { EngineError } from '../errors.ts';
import { nothingFollows, refuseEmptySnapshot } from '../persistence/recovery.ts';
import { readSnapshot, uncheckedText } from './check-rdb.ts';
import { findLog, isSnapshot, onPath } from './log-files.ts';
import type { ToolFile, ToolLog, ToolPorts } from './log-files.ts';

/** What to do besides looking. */
export interface CheckAofOptions {
  readonly path: string;
  /** Cut the last file behind its last whole command. */
  readonly fix: boolean;
  /** Unix seconds: cut the last file before its first annotation later than this; null: do not. */
  readonly truncateToSec: number | null;
  readonly nowMs: number;
  /** Asked before anything is cut. */
  readonly confirm: (question: string) => Promise<boolean>;
}

/** How far one file is whole. */
interface FileState {
  readonly validBytes: number;
  /** Where the block begins that ends only behind that; -1: there is none. */
  readonly blockStart: number;
  readonly commands: number;
  /** Blocks whose checksums were right. */
  readonly blocks: number;
  /** Why it is not whole, or null. */
  readonly reason: string | null;
  /** Where the first annotation later than the time asked for stands, or -1. */
  readonly laterAt: number;
}

const stepBytes = 8 * 1024 * 1024;
const timestamp = /^#TS:(\d+)/;

/** Runs the tool; returns the exit code: 0 the log is whole (maybe by now), 1 it is not. */
export async function checkAof(ports: ToolPorts, options: CheckAofOptions): Promise<number> {
  try {
    const log = findLog(ports.disk, options.path);
    if (log.files.length === 0) ports.print('The manifest names no file: an empty log.');
    for (const [index, file] of log.files.entries()) {
      const place = { log, file, last: nothingFollows(log.files, index) };
      if (!await checkFile(ports, options, place)) return 1;
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    ports.print(error.message);
    return 1;
  }
  ports.print('All AOF files and manifest are valid');
  return 0;
}

/** A file, and whether no later one holds anything. */
interface FilePlace {
  readonly log: ToolLog;
  readonly file: ToolFile;
  readonly last: boolean;
}

async function checkFile(
  ports: ToolPorts, options: CheckAofOptions, place: FilePlace,
): Promise<boolean> {
  const { file, last } = place;
  const state = onPath(file.path, () => readFile(ports, options, file));
  ports.print(`AOF analyzed: filename=${file.name}, size=${file.sizeBytes},`
    + ` ok_up_to=${state.validBytes}, commands=${state.commands}, blocks=${state.blocks},`
    + ` diff=${file.sizeBytes - state.validBytes}`);
  if (state.laterAt >= 0) {
    return cut(ports, options, { ...place, lengthBytes: state.laterAt, blockStart: -1 });
  }
  if (state.reason === null) return true;
  ports.print(state.reason);
  const { validBytes: lengthBytes, blockStart } = state;
  if (options.fix) return cut(ports, options, { ...place, lengthBytes, blockStart });
  ports.print(`${file.name} is not valid.`
    + (last ? ' Make a backup, then use the --fix option to cut it behind its last whole command.'
      : ' It is not the last file: restore it from a copy.'));
  return false;
}

function readFile(
  ports: ToolPorts, options: CheckAofOptions, file: ToolFile,
): FileState {
  let startOffset = 0;
  refuseEmptySnapshot(file);
  if (file.sizeBytes > 0 && isSnapshot(ports.disk, file)) {
    const facts = readSnapshot(ports, file.path, options.nowMs);
    ports.print(`RDB preamble of ${file.name} is OK: ${facts.keys} keys`);
    if (facts.unchecked) ports.print(uncheckedText);
    startOffset = facts.endOffset;
  }
  const limitSec = options.truncateToSec;
  let laterAt = -1;
  const target: LogTarget = {
    apply: () => null,
    annotate: (text, offset) => {
      const seconds = Number(timestamp.exec(text)?.[1] ?? NaN);
      if (limitSec !== null && laterAt < 0 && seconds > limitSec) laterAt = offset;
    },
  };
  const reader = new AofReader({ disk: ports.disk, path: file.path, target, startOffset });
  try {
    while (!reader.step(stepBytes)) continue;
  } finally {
    reader.close();
  }
  const { validBytes, cutBlockStart: blockStart, commands, blocks } = reader;
  const reason = reasonOf(reader) ?? shorter(file);
  return { validBytes, blockStart, commands, blocks, reason, laterAt };
}

/** Cut between two commands a file looks whole: the manifest may know how long it was. */
function shorter({ sizeBytes, bytes = 0 }: ToolFile): string | null {
  if (sizeBytes >= bytes) return null;
  return `The file ends at ${sizeBytes}; the manifest says that it had ${bytes} bytes`;
}

/** Why a file that was read is not whole, or null. */
function reasonOf({ end, damage, validBytes, zeroBytes }: AofReader): string | null {
  const zeros = zeroBytes === 0 ? '' : `; its last ${zeroBytes} bytes are zeros`;
  switch (end) {
    case 'whole': return null;
    case 'zeros': return `The last ${zeroBytes} bytes of the file are zeros`;
    case 'in-command':
      return `The file ends inside a command or block that begins at offset ${validBytes}${zeros}`;
    case 'in-transaction':
      return `The file ends inside MULTI … EXEC, which begins at offset ${validBytes}${zeros}`;
    case 'damaged': return damage?.message ?? null;
    default: return end satisfies never;
  }
}

async function cut(
  ports: ToolPorts, options: CheckAofOptions,
  { log, file, last, lengthBytes, blockStart }: FilePlace & Omit<Cut, 'path'>,
): Promise<boolean> {
  if (!last) {
    ports.print(`${file.name} is not the last file: what follows it would be applied to a hole, so`
      + ' it is not cut. Remove the later files from the manifest first, or restore a copy');
    return false;
  }
  const question = `This will shrink ${file.name} from ${file.sizeBytes} bytes by`
    + ` ${file.sizeBytes - lengthBytes} bytes to ${lengthBytes} bytes.\nContinue? [y/N]: `;
  if (!await options.confirm(question)) {
    ports.print('Nothing was changed.');
    return false;
  }
  const { path } = file;
  onPath(path, () => cutDurably(ports.disk, { path, lengthBytes, blockStart }));
  ports.print(`Successfully truncated ${file.name}`);
  const { directory } = log;
  if (directory !== null && (file.bytes ?? 0) > lengthBytes) {
    onPath(directory.manifestPath, () => forgetLength(directory, file));
    ports.print('The manifest no longer says how long it was');
  }
  return true;
}

/** A file shorter than its manifest says would be refused at start. */
function forgetLength(directory: LogDirectory, { name }: ToolFile): void {
  const without = ({ bytes, ...file }: LogFile): LogFile =>
    (bytes === undefined || file.name === name ? file : { ...file, bytes });
  const { base, history, increments } = directory.manifest;
  atOnce(directory.install({
    base: base === null ? null : without(base), history, increments: increments.map(without),
  }));
}
