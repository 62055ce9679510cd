// Writes and reads the op log (format and diagram: op-log-format.ts).

import { closeSync, openSync, writeSync } from 'node:fs';

import { EngineError, reasonOf } from '../errors.ts';
import type { Clock } from './clock.ts';
import * as format from './op-log-format.ts';
import type { OpCall, OpLog, OpRecord } from './op-log-format.ts';

export { opFlags } from './op-log-format.ts';
export type { OpCall, OpLog, OpRecord, ReleaseRecord } from './op-log-format.ts';

/** Takes encoded records. Must have handed the bytes on, or copied them, when it returns. */
export interface OpLogSink {
  append(bytes: Uint8Array, length: number): void;
  close(): void;
}

class FileSink implements OpLogSink {
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'ax');
  }

  append(bytes: Uint8Array, length: number): void {
    let written = 0;
    try {
      while (written < length) written += writeSync(this.#fd, bytes, written, length - written);
    } catch (cause) {
      const reason = reasonOf(cause);
      const message =
        `op log ${this.#path}: ${reason}. ` +
        'A recording with gaps proves nothing: free space there, or record without --op-log-file.';
      throw new EngineError('OP_LOG_BAD', message, { cause });
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** A sink that appends to a new file, unsynced; EEXIST when it exists. */
export function fileSink(path: string): OpLogSink {
  return new FileSink(path);
}

/** A sink in memory, for tests and simulation. */
export class MemorySink implements OpLogSink {
  #bytes: Buffer = Buffer.alloc(4096);
  #length = 0;

  append(bytes: Uint8Array, length: number): void {
    if (this.#length + length > this.#bytes.length) {
      const grown = Buffer.alloc(2 * (this.#length + length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(0, length), this.#length);
    this.#length += length;
  }

  close(): void {}

  /** What was written so far; later appends do not change it. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** What is known of a call before it runs. One object may be reused for many calls. */
export interface OpBegin {
  call: OpCall;
  inode: number;
  /** UTF-8, relative to the data directory. */
  path: Uint8Array;
  newPath: Uint8Array;
  flags: number;
  offsetBytes: number;
}

/** Bytes that a call wrote: `bytes[start … end)`. */
export interface OpData {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** When a call ran, CLOCK_MONOTONIC ns, and what came of it: ≥ 0, or -errno. */
export interface OpOutcome {
  readonly beginNs: number;
  readonly endNs: number;
  readonly result: number;
}

const callNumbers = new Map<OpCall, number>(format.opCalls.map((call, index) => [call, index]));
const scratchBytes = 64 * 1024;
// Copying less than this is cheaper than a write(2) of its own.
const uncopiedBytes = 16 * 1024;

/**
 * Appends records to a sink. With `keepBytes` 0 each is handed on before its call returns, so a
 * SIGKILL of this process loses none. Who is not the process that gets killed may keep so many
 * bytes of them and `flush` when nobody waits.
 */
export class OpLogWriter {
  readonly clock: Clock;
  readonly #sink: OpLogSink;
  readonly #keepBytes: number;
  #buffer: Buffer;
  // Bytes of records at the start of the buffer that the sink has not got.
  #queued = 0;
  #closed = false;
  #nextId = 1;

  constructor(sink: OpLogSink, clock: Clock, keepBytes: number = 0) {
    this.#sink = sink;
    this.clock = clock;
    this.#keepBytes = keepBytes;
    this.#buffer = Buffer.alloc(Math.max(scratchBytes, keepBytes));
    sink.append(format.encodeHeader(), format.headerBytes);
  }

  /** Records that a call is about to run, with `data[start … end)` if it writes; returns its id. */
  begin(op: OpBegin, data?: Uint8Array, start?: number, end?: number): number {
    const from = start ?? 0;
    const dataLength = data === undefined ? 0 : (end ?? data.length) - from;
    const dataStart = format.beginBytes + op.path.length + op.newPath.length;
    const length = dataStart + dataLength;
    const at = this.#room(length);
    const id = this.#putBegin(op, length, at);
    const record = this.#buffer;
    if (data !== undefined) record.set(data.subarray(from, from + dataLength), at + dataStart);
    record.writeDoubleLE(this.clock.monotonicNs(), at + 16);
    this.#add(length);
    return id;
  }

  /**
   * Records a write that has ended, begin and end at once: for who may keep records, and has
   * something more urgent to do first. Large data goes to the sink from where it lies.
   */
  wrote(op: OpBegin, { bytes, start, end }: OpData, { beginNs, endNs, result }: OpOutcome): void {
    const dataStart = format.beginBytes + op.path.length + op.newPath.length;
    const size = end - start;
    const length = dataStart + size;
    const isCopied = size < uncopiedBytes;
    const at = this.#room(isCopied ? length : dataStart);
    const id = this.#putBegin(op, length, at);
    this.#buffer.writeDoubleLE(beginNs, at + 16);
    const data = bytes.subarray(start, end);
    if (isCopied) {
      this.#buffer.set(data, at + dataStart);
      this.#queued += length;
    } else {
      this.#queued += dataStart;
      this.flush();
      this.#sink.append(data, size);
    }
    this.#putEnd(id, { endNs, result, inode: 0 });
  }

  /** Records that a call returned `result` (≥ 0, or -errno), and which inode it opened or made. */
  end(id: number, result: number, inode: number = 0): void {
    // An asynchronous sync may outlive the engine that began it.
    if (this.#closed) return;
    this.#putEnd(id, { endNs: this.clock.monotonicNs(), result, inode });
  }

  /** Records, before they go to the socket, how many replies this client has been sent in all. */
  release(clientPort: number, replyCount: number): void {
    this.queueRelease(clientPort, replyCount);
    this.flush();
  }

  /** The same for many clients with one write(2): `flush` before the first socket write. */
  queueRelease(clientPort: number, replyCount: number): void {
    const at = this.#room(format.releaseBytes);
    const record = this.#buffer;
    prefix(record, format.releaseBytes, format.kindRelease, 0, at);
    record.writeUInt32LE(clientPort, at + 8);
    record.writeUInt32LE(0, at + 12);
    record.writeDoubleLE(this.clock.monotonicNs(), at + 16);
    record.writeDoubleLE(replyCount, at + 24);
    this.#queued += format.releaseBytes;
  }

  /** What the sink has not got yet. */
  get keptBytes(): number {
    return this.#queued;
  }

  /** Hands what is kept to the OS. */
  flush(): void {
    if (this.#queued === 0) return;
    const length = this.#queued;
    this.#queued = 0;
    this.#sink.append(this.#buffer, length);
  }

  /** Closes the sink; the writer is of no use afterwards. */
  close(): void {
    this.flush();
    this.#closed = true;
    this.#sink.close();
  }

  // All but its time and its data; returns the id of the call.
  #putBegin(op: OpBegin, length: number, at: number): number {
    const record = this.#buffer;
    const id = this.#nextId++;
    prefix(record, length, format.kindBegin, callNumbers.get(op.call) ?? 0, at);
    record.writeUInt32LE(id, at + 8);
    record.writeUInt32LE(op.flags, at + 12);
    record.writeDoubleLE(op.inode, at + 24);
    record.writeDoubleLE(op.offsetBytes, at + 32);
    record.writeUInt16LE(op.path.length, at + 40);
    record.writeUInt16LE(op.newPath.length, at + 42);
    record.set(op.path, at + format.beginBytes);
    record.set(op.newPath, at + format.beginBytes + op.path.length);
    return id;
  }

  #putEnd(
    id: number, { endNs, result, inode }: { endNs: number; result: number; inode: number },
  ): void {
    const at = this.#room(format.endBytes);
    const record = this.#buffer;
    prefix(record, format.endBytes, format.kindEnd, 0, at);
    record.writeUInt32LE(id, at + 8);
    record.writeUInt32LE(0, at + 12);
    record.writeDoubleLE(endNs, at + 16);
    record.writeDoubleLE(inode, at + 24);
    record.writeDoubleLE(result, at + 32);
    this.#add(format.endBytes);
  }

  /** Where a record of that length may be put. */
  #room(length: number): number {
    if (this.#queued + length > this.#buffer.length) this.flush();
    // Grown once and kept: a new one for each large write would keep the collector busy.
    if (length > this.#buffer.length) this.#buffer = Buffer.alloc(2 * length);
    return this.#queued;
  }

  #add(length: number): void {
    this.#queued += length;
    if (this.#queued >= this.#keepBytes) this.flush();
  }
}

// The five parameters are a hot leaf over a buffer.
function prefix(target: Buffer, length: number, kind: number, call: number, at: number = 0): void {
  target.writeUInt32LE(length, at);
  target[at + 4] = kind;
  target[at + 5] = call;
  target.writeUInt16LE(format.recordCheck(length, kind, call), at + 6);
}

/**
 * Reads a log. A torn end is no error: the longest prefix of whole records is what there is.
 * The data of the records are views of `bytes`.
 *
 * @throws {EngineError} OP_LOG_BAD when it is no op log, of another version, or damaged before its
 *   end; the message names the byte.
 */
export function readOpLog(bytes: Uint8Array): OpLog {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const log: OpLog = { records: [], releases: [], validBytes: 0 };
  if (!checkHeader(buffer)) return log;
  const reader = new Reader(buffer, log);
  let position = format.headerBytes;
  while (buffer.length - position >= format.prefixBytes) {
    const length = reader.lengthAt(position);
    if (length > buffer.length - position) break;
    reader.read(position, length);
    position += length;
  }
  log.validBytes = position;
  return log;
}

function bad(position: number, text: string): EngineError {
  const advice = 'The log was not written by this version or was changed since: record again.';
  return new EngineError('OP_LOG_BAD', `op log, byte ${position}: ${text}. ${advice}`);
}

// False when the header itself is torn: nothing was recorded yet.
function checkHeader(buffer: Buffer): boolean {
  const expected = format.encodeHeader();
  const length = Math.min(buffer.length, format.headerBytes);
  if (length >= 12 && buffer.toString('latin1', 0, 8) === format.magic) {
    const found = buffer.readUInt32LE(8);
    if (found !== format.version) throw bad(8, `version ${found}, expected ${format.version}`);
  }
  for (let at = 0; at < length; at += 1) {
    if (buffer[at] !== expected[at]) throw bad(at, 'this is not the header of an op log');
  }
  return length === format.headerBytes;
}

class Reader {
  readonly #buffer: Buffer;
  readonly #log: OpLog;
  readonly #running = new Map<number, OpRecord>();
  readonly #paths = new Map<string, string>();

  constructor(buffer: Buffer, log: OpLog) {
    this.#buffer = buffer;
    this.#log = log;
  }

  /** The checked length of the record at `position`. */
  lengthAt(position: number): number {
    const length = this.#buffer.readUInt32LE(position);
    const kind = this.#buffer[position + 4] as number;
    const call = this.#buffer[position + 5] as number;
    const check = this.#buffer.readUInt16LE(position + 6);
    if (check !== format.recordCheck(length, kind, call)) {
      throw bad(position, `length ${length}, kind ${kind}, call ${call} do not match their check`);
    }
    if (length < format.prefixBytes) throw bad(position, `a record of ${length} bytes`);
    return length;
  }

  /** Adds the whole record at `position` to the log. */
  read(position: number, length: number): void {
    const kind = this.#buffer[position + 4] as number;
    if (kind === format.kindBegin && length >= format.beginBytes) this.#begin(position, length);
    else if (kind === format.kindEnd && length === format.endBytes) this.#end(position);
    else if (kind === format.kindRelease && length === format.releaseBytes) this.#release(position);
    else throw bad(position, `a record of kind ${kind} and ${length} bytes`);
  }

  #begin(position: number, length: number): void {
    const buffer = this.#buffer;
    const number = buffer[position + 5] as number;
    const call = format.opCalls[number];
    if (call === undefined) {
      throw bad(position + 5, `call ${number}, expected 0 to ${format.opCalls.length - 1}`);
    }
    const pathStart = position + format.beginBytes;
    const newPathStart = pathStart + buffer.readUInt16LE(position + 40);
    const dataStart = newPathStart + buffer.readUInt16LE(position + 42);
    const end = position + length;
    if (dataStart > end) throw bad(position + 40, `paths reach past the record's ${length} bytes`);
    const id = buffer.readUInt32LE(position + 8);
    if (this.#running.has(id)) throw bad(position + 8, `call ${id} begins twice`);
    const record: OpRecord = {
      id,
      call,
      beginNs: buffer.readDoubleLE(position + 16),
      endNs: Infinity,
      inode: buffer.readDoubleLE(position + 24),
      path: this.#path(pathStart, newPathStart),
      newPath: this.#path(newPathStart, dataStart),
      flags: buffer.readUInt32LE(position + 12),
      offsetBytes: buffer.readDoubleLE(position + 32),
      data: buffer.subarray(dataStart, end),
      result: 0,
      beginPosition: position,
      endPosition: Infinity,
    };
    this.#running.set(id, record);
    this.#log.records.push(record);
  }

  #end(position: number): void {
    const id = this.#buffer.readUInt32LE(position + 8);
    const record = this.#running.get(id);
    if (record === undefined) throw bad(position + 8, `call ${id} ends but is not running`);
    this.#running.delete(id);
    record.endNs = this.#buffer.readDoubleLE(position + 16);
    record.result = this.#buffer.readDoubleLE(position + 32);
    record.endPosition = position;
    const inode = this.#buffer.readDoubleLE(position + 24);
    if (inode !== 0) record.inode = inode;
  }

  #release(position: number): void {
    this.#log.releases.push({
      clientPort: this.#buffer.readUInt32LE(position + 8),
      atNs: this.#buffer.readDoubleLE(position + 16),
      count: this.#buffer.readDoubleLE(position + 24),
    });
  }

  // Paths repeat: one string each.
  #path(start: number, end: number): string {
    if (start === end) return '';
    const text = this.#buffer.toString('utf8', start, end);
    const known = this.#paths.get(text);
    if (known !== undefined) return known;
    this.#paths.set(text, text);
    return text;
  }
}
