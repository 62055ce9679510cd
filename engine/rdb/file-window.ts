// A file seen through one buffer that moves along it, checksumming what was passed.
import { fetchNext, readFully, readStart } from '../io/disk.ts';
import type { Disk } from '../io/disk.ts';
import { EngineError, reasonOf } from '../errors.ts';
import { ByteWindow } from './byte-window.ts';
import { Crc64 } from './crc64.ts';

const magics: readonly string[] = ['REDIS', 'VALKE'];

/** Whether the file begins as a snapshot of Redis or Valkey does. */
export function beginsAsSnapshot(disk: Disk, path: string): boolean {
  return magics.includes(readStart(disk, path, 5).toString('latin1'));
}

/** How to look at a file. */
export interface FileWindowOptions {
  readonly disk: Disk;
  readonly path: string;
  /** Keep the CRC-64 of the bytes passed. */
  readonly checksum: boolean;
  /** Bytes seen at a time; it grows when one item needs more. Tests make it small. */
  readonly windowBytes?: number;
}

const defaultWindowBytes = 1024 * 1024;

/** The bytes `buffer[at … end)` lie ahead; `ensure` brings more, and moves them. */
export class FileWindow extends ByteWindow {
  /** Of the bytes before the last call of `settle`. */
  readonly crc: Crc64 | null;
  private readonly disk: Disk;
  private readonly fd: number;
  private settledAt = 0;

  constructor(options: FileWindowOptions) {
    const { disk, path } = options;
    const stat = guard(path, () => disk.stat(path));
    if (stat === null || stat.kind !== 'file') {
      throw new EngineError('RDB_BAD', `${path} is no file: move away what is there, or name`
        + ' another file');
    }
    const fd = guard(path, () => disk.open(path, 'read'));
    const windowBytes = options.windowBytes ?? Math.min(defaultWindowBytes, stat.sizeBytes);
    const wanted = Math.max(64, windowBytes);
    super(path, Buffer.alloc(0), 0, stat.sizeBytes);
    // A multiple of 8, at an address that is one: the checksum reads whole words.
    this.buffer = Buffer.allocUnsafeSlow((wanted + 7) & ~7);
    this.end = 0;
    this.disk = disk;
    this.fd = fd;
    this.crc = options.checksum ? new Crc64() : null;
  }

  /** Makes `bytes` bytes available from `at` on; false when the file ends before. */
  override ensure(bytes: number): boolean {
    if (this.end - this.at >= bytes) return true;
    if (bytes > this.sizeBytes - this.offset) return false;
    this.settle();
    const keepFrom = this.pin >= 0 ? this.pin : this.at;
    this.makeRoom(keepFrom, this.at - keepFrom + bytes);
    const room = {
      offset: this.end, length: this.buffer.length - this.end,
      position: this.bufferOffset + this.end,
    };
    const least = this.at + bytes - this.end;
    this.end += guard(this.path, () => readFully(this.disk, this.fd, this.buffer, room, least));
    if (this.end - this.at < bytes) return false;
    const next = { position: this.bufferOffset + this.end, length: this.buffer.length };
    fetchNext(this.disk, this.fd, next, this.sizeBytes);
    return true;
  }

  /** Adds the bytes passed so far to the checksum. */
  settle(): void {
    if (this.crc !== null) this.crc.update(this.buffer, this.settledAt, this.at);
    this.settledAt = this.at;
  }

  close(): void {
    this.disk.close(this.fd);
  }

  private makeRoom(keepFrom: number, neededBytes: number): void {
    const target = neededBytes > this.buffer.length
      ? Buffer.allocUnsafeSlow((Math.max(neededBytes, 2 * this.buffer.length) + 7) & ~7)
      : this.buffer;
    this.buffer.copy(target, 0, keepFrom, this.end);
    this.buffer = target;
    this.bufferOffset += keepFrom;
    this.end -= keepFrom;
    this.at -= keepFrom;
    this.settledAt -= keepFrom;
    if (this.pin >= 0) this.pin = 0;
  }
}

function guard<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new EngineError('RDB_BAD', `${path} cannot be read: ${reason}`, { cause });
  }
}
