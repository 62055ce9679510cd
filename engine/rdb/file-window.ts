// A file seen through one buffer that moves along it, checksumming what was passed.
import type { Disk } from '../io/disk.ts';
import { EngineError } from '../errors.ts';
import { ByteWindow } from './byte-window.ts';
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
      throw new EngineError('RDB_BAD', `${path} is no file`);
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
    while (this.end - this.at < bytes) {
      const length = this.buffer.length - this.end;
      const position = this.bufferOffset + this.end;
      const count = guard(this.path,
        () => this.disk.read(this.fd, this.buffer, { offset: this.end, length, position }),
      );
      if (count <= 0) return false;
      this.end += count;
    }
    // While what is in the buffer is decoded, the disk finds what follows.
    const position = this.bufferOffset + this.end;
    const length = Math.min(this.buffer.length, this.sizeBytes - position);
    if (length > 0) this.disk.fetch?.(this.fd, { position, length });
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('RDB_BAD', `${path} cannot be read: ${reason}`, { cause });
  }
}
