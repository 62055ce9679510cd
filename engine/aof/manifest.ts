// The manifest of a log: text ⇄ which files count. Grammar in format.ts.
import { crc32 } from 'node:zlib';
import { EngineError } from '../errors.ts';
import { splitInline } from '../resp/inline.ts';
import type { ArgumentOffsets } from '../resp/inline.ts';
import { checksumText } from './block-header.ts';
import { maxManifestLineBytes } from './format.ts';

/** One file of the log. */
export interface LogFile {
  /** Its name in the log's directory. */
  readonly name: string;
  readonly sequence: number;
  /** An increment that its writer began with a block, and nothing but blocks. */
  readonly inBlocks?: true;
  /** Its length, of a file that is complete: one that is shorter has lost its end. */
  readonly bytes?: number;
}

/** Which files make up the log. */
export interface Manifest {
  readonly base: LogFile | null;
  /** Replaced files that may be removed. */
  readonly history: readonly LogFile[];
  /** Oldest first, sequences rising. */
  readonly increments: readonly LogFile[];
}

/** A log without files. */
export const emptyManifest: Manifest = { base: null, history: [], increments: [] };

interface Line extends LogFile {
  readonly type: string;
}

const lineFeed = 10;
const hash = 35;
const checksumMark = '# crc32 ';

/**
 * Reads a manifest; `path` is for messages.
 * @throws {EngineError} MANIFEST_BAD naming the line.
 */
export function parseManifest(bytes: Buffer, path: string): Manifest {
  let base: LogFile | null = null;
  const history: LogFile[] = [];
  const increments: LogFile[] = [];
  const names = new Set<string>();
  let lines = 0;
  for (const { line, number } of linesOf(bytes, path)) {
    if (lines++ === 0) checkChecksum(bytes, line, path);
    if (line[0] === hash) continue;
    const { type, ...file } = parseLine(line, number, path);
    const { name, sequence } = file;
    if (names.has(name)) throw bad(path, number, 'each file once', `${name} again`);
    names.add(name);
    const last = increments.at(-1);
    if (type === 'h') {
      history.push(file);
    } else if (type === 'b') {
      if (base !== null) throw bad(path, number, 'one base', 'a second one');
      base = file;
    } else if (last !== undefined && sequence <= last.sequence) {
      throw bad(path, number, `an increment after seq ${last.sequence}`, `seq ${sequence}`);
    } else {
      increments.push(file);
    }
  }
  if (lines === 0) throw bad(path, 1, 'at least one file', 'an empty manifest');
  return { base, history, increments };
}

/** Our manifests begin with a line that has the checksum of what follows. */
function checkChecksum(bytes: Buffer, first: Buffer, path: string): void {
  const line = first.toString('latin1');
  if (!line.startsWith(checksumMark)) return;
  const stored = line.slice(checksumMark.length);
  const computed = checksumOf(bytes.subarray(bytes.indexOf(lineFeed) + 1));
  if (stored === computed) return;
  throw bad(path, 1, `lines that follow with the CRC-32 ${JSON.stringify(stored)}`,
    `some with ${computed}. If they were changed on purpose, remove line 1`);
}

function checksumOf(bytes: Buffer): string {
  return checksumText(crc32(bytes));
}

function* linesOf(bytes: Buffer, path: string): Generator<{ line: Buffer; number: number }> {
  let at = 0;
  for (let number = 1; at < bytes.length; number++) {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0) throw bad(path, number, 'a line that ends', 'the end of the file');
    if (end + 1 - at > maxManifestLineBytes) {
      throw bad(path, number, `at most ${maxManifestLineBytes} bytes`, `${end + 1 - at}`);
    }
    const stripped = end > at && bytes[end - 1] === 13 ? end - 1 : end;
    if (stripped === at) throw bad(path, number, 'a file', 'a blank line');
    yield { line: Buffer.from(bytes.subarray(at, stripped)), number };
    at = end + 1;
  }
}

function parseLine(line: Buffer, number: number, path: string): Line {
  const words = splitWords(line);
  if (words === null) throw bad(path, number, 'closed quotes', 'open ones');
  if (words.length < 6 || words.length % 2 !== 0) {
    throw bad(path, number, "'file <name> seq <number> type <b|h|i>'", `${words.length} words`);
  }
  const fields = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const key = (words[i] as string).toLowerCase();
    if (fields.has(key)) throw bad(path, number, `one ${key}`, 'two in one line');
    fields.set(key, words[i + 1] as string);
  }
  const name = fields.get('file') ?? '';
  const sequence = fields.get('seq') ?? '';
  const type = fields.get('type') ?? '';
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw bad(path, number, 'the name of a file without a path', JSON.stringify(name));
  }
  if (!/^[1-9]\d{0,14}$/.test(sequence)) {
    throw bad(path, number, 'a seq of at least 1', JSON.stringify(sequence));
  }
  if (!/^[bhi]$/.test(type)) throw bad(path, number, 'type b, h or i', JSON.stringify(type));
  const blocks = fields.get('blocks') === 'yes' ? { inBlocks: true } as const : {};
  const bytes = fields.get('bytes') ?? '';
  if (bytes !== '' && !/^\d{1,15}$/.test(bytes)) {
    throw bad(path, number, 'bytes as a number', JSON.stringify(bytes));
  }
  const complete = bytes === '' ? {} : { bytes: Number(bytes) };
  return { name, sequence: Number(sequence), ...blocks, ...complete, type };
}

function splitWords(line: Buffer): string[] | null {
  const offsets: ArgumentOffsets = {
    argStart: new Int32Array(line.length + 1),
    argEnd: new Int32Array(line.length + 1),
    growArguments(): void {},
  };
  const count = splitInline(offsets, line, 0, line.length);
  if (count < 0) return null;
  return Array.from({ length: count }, (_, i) =>
    line.toString('utf8', offsets.argStart[i], offsets.argEnd[i]));
}

/** The manifest as text, as Redis writes it but for a comment and keys, which it ignores. */
export function formatManifest(manifest: Manifest): Buffer {
  const lines: string[] = [];
  const add = (file: LogFile, type: string): void => {
    const blocks = file.inBlocks === true ? ' blocks yes' : '';
    const bytes = file.bytes === undefined ? '' : ` bytes ${file.bytes}`;
    lines.push(`file ${quoteName(file.name)} seq ${file.sequence} type ${type}${blocks}${bytes}\n`);
  };
  if (manifest.base !== null) add(manifest.base, 'b');
  for (const file of manifest.history) add(file, 'h');
  for (const file of manifest.increments) add(file, 'i');
  const text = Buffer.from(lines.join(''), 'latin1');
  const checksum = Buffer.from(`${checksumMark}${checksumOf(text)}\n`, 'latin1');
  return Buffer.concat([checksum, text]);
}

const escapes: ReadonlyMap<number, string> = new Map([
  [7, '\\a'], [8, '\\b'], [9, '\\t'], [10, '\\n'], [13, '\\r'], [34, '\\"'], [92, '\\\\'],
]);

/** A name as it is, or in quotes with escapes when it would not be one word. */
function quoteName(name: string): string {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.every((byte) => byte > 32 && byte < 127 && byte !== 34 && byte !== 39 && byte !== 92)) {
    return name;
  }
  let quoted = '"';
  for (const byte of bytes) {
    const escape = escapes.get(byte);
    if (escape !== undefined) quoted += escape;
    else if (byte >= 32 && byte < 127) quoted += String.fromCharCode(byte);
    else quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${quoted}"`;
}

function bad(path: string, line: number, expected: string, found: string): EngineError {
  return new EngineError('MANIFEST_BAD', `${path}: line ${line}: expected ${expected}, found`
    + ` ${found}. Restore the manifest from a copy; the files it names are left as they are`);
}
