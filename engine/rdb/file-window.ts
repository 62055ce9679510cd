// A file seen through one buffer that moves along it, checksumming what was passed.
import type { Disk } from '../io/disk.ts';
import { EngineError } from '../errors.ts';
import { Crc64 } from './crc64.ts';

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
export class FileWindow {
  readonly path: string;
  /** Length of the file when it was opened. */
  readonly sizeBytes: number;
  buffer: Buffer;
  /** The next byte, as an offset into `buffer`. */
  at = 0;
  /** One past the last byte that is there. */
  end = 0;
  /** Bytes from here on are kept and moved along although they were passed; -1: none. */
  pin = -1;
  /** Of the bytes before the last call of `settle`. */
  readonly crc: Crc64 | null;
  private readonly disk: Disk;
  private readonly fd: number;
  private bufferOffset = 0;
  private settledAt = 0;

  constructor(options: FileWindowOptions) {
    this.disk = options.disk;
    this.path = options.path;
    this.crc = options.checksum ? new Crc64() : null;
    const wanted = Math.max(64, options.windowBytes ?? defaultWindowBytes);
    const stat = this.guard(() => this.disk.stat(this.path));
    if (stat === null || stat.kind !== 'file') {
      throw new EngineError('RDB_BAD', `${this.path} is no file`);
    }
    this.sizeBytes = stat.sizeBytes;
    this.fd = this.guard(() => this.disk.open(this.path, 'read'));
    // A multiple of 8, at an address that is one: the checksum reads whole words.
    this.buffer = Buffer.allocUnsafeSlow((wanted + 7) & ~7);
  }

  /** The next byte's offset in the file. */
  get offset(): number {
    return this.bufferOffset + this.at;
  }

  /** Makes `bytes` bytes available from `at` on; false when the file ends before. */
  ensure(bytes: number): boolean {
    if (this.end - this.at >= bytes) return true;
    if (bytes > this.sizeBytes - this.offset) return false;
    this.settle();
    const keepFrom = this.pin >= 0 ? this.pin : this.at;
    this.makeRoom(keepFrom, this.at - keepFrom + bytes);
    while (this.end - this.at < bytes) {
      const length = this.buffer.length - this.end;
      const position = this.bufferOffset + this.end;
      const count = this.guard(
        () => this.disk.read(this.fd, this.buffer, { offset: this.end, length, position }),
      );
      if (count <= 0) return false;
      this.end += count;
    }
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

  private guard<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError('RDB_BAD', `${this.path} cannot be read: ${reason}`, { cause });
    }
  }
}
