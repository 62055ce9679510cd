// The file that the log is appended to: writes the buffer whole or not at all, in blocks.
//
// What a failed write leaves behind the last whole one is cut off again, at once or before the
// next write; should the process end first, recovery cuts it.
import { LogBuffer } from '../aof/log-buffer.ts';
import { reasonOf } from '../errors.ts';
import { WriteError, writeFully } from '../io/disk.ts';
import type { PersistenceOptions } from './settings.ts';

const retryNs = 1e9;
const errorLogIntervalNs = 30e9;

/** Writes to one file at a time. */
export class LogWriter {
  readonly log: LogBuffer = new LogBuffer();
  /** The file, or -1. */
  fd = -1;
  path = '';
  /** Length of the file without what a failed write left behind. */
  fileBytes = 0;
  /** So much of the file is known to be durable. */
  syncedFileBytes = 0;
  /** Bytes written since the start, to all files. */
  writtenTotal = 0;
  /** Why writing failed last, or null: the log is in order. */
  writeError: string | null = null;
  private readonly options: PersistenceOptions;
  /** Whether bytes of a failed write may still stand behind `fileBytes`. */
  private dirtyTail = false;
  private retryAtNs = 0;
  private errorLoggedNs = -Infinity;
  /** The next block stands directly behind another one of ours. */
  private continues = false;

  constructor(options: PersistenceOptions) {
    this.options = options;
  }

  /** Appends to this file from now on. */
  open(fd: number, path: string, sizeBytes: number): void {
    this.fd = fd;
    this.path = path;
    this.fileBytes = sizeBytes;
    this.syncedFileBytes = 0;
    this.dirtyTail = false;
    this.continues = false;
  }

  /** Has somebody deleted the file? */
  get isDeleted(): boolean {
    return !this.options.disk.hasName(this.fd);
  }

  closeQuietly(): void {
    const { fd } = this;
    this.fd = -1;
    if (fd < 0) return;
    try {
      this.options.disk.close(fd);
    } catch (error) {
      this.options.log('warning', `Closing ${this.path}: ${reasonOf(error)}`);
    }
  }

  /** What comes next belongs to one block. */
  beginBlock(): void {
    if (this.options.settings.logChecksum) this.log.beginBlock();
    else this.continues = false;
  }

  /** Is it too early to try again after a failure? */
  mustWait(nowNs: number): boolean {
    return this.writeError !== null && nowNs < this.retryAtNs;
  }

  /** Writes the whole buffer; false when that failed. */
  write(nowNs: number): boolean {
    const { log, options } = this;
    this.seal();
    try {
      if (this.dirtyTail) this.cutTail();
      writeFully(options.disk, this.fd, log.bytes, 0, log.length);
    } catch (error) {
      this.failed(error, nowNs);
      return false;
    }
    this.fileBytes += log.length;
    this.writtenTotal += log.length;
    log.consume(log.length);
    if (this.writeError !== null) {
      this.writeError = null;
      options.log('warning', 'AOF write error looks solved. The server can write again.');
    }
    return true;
  }

  /** All that was written so far counts as written, what could not be is forgotten. */
  dropUnwritten(): void {
    this.writtenTotal += this.log.length;
    this.log.consume(this.log.length);
    this.writeError = null;
  }

  private seal(): void {
    if (this.log.blockStart < 0) return;
    const { continues, syncedFileBytes: syncedBytes } = this;
    this.log.seal(this.fileBytes, { continues, syncedBytes });
    this.continues = true;
  }

  private failed(error: unknown, nowNs: number): void {
    const { options } = this;
    const reason = reasonOf(error instanceof WriteError ? error.cause ?? error : error);
    const partBytes = error instanceof WriteError ? error.writtenBytes : 0;
    if (nowNs - this.errorLoggedNs >= errorLogIntervalNs) {
      this.errorLoggedNs = nowNs;
      options.log('warning', `Error writing to the AOF file: ${reason}`
        + ` (${partBytes} of ${this.log.length} bytes; ${this.path}). Writes are refused.`);
    }
    this.writeError = reason;
    this.retryAtNs = nowNs + retryNs;
    if (partBytes === 0) return;
    this.dirtyTail = true;
    try {
      this.cutTail();
    } catch (cutError) {
      options.log('warning', `Could not remove short write from the append-only file:`
        + ` ${reasonOf(cutError)}`);
    }
  }

  private cutTail(): void {
    this.options.disk.truncateOpen(this.fd, this.fileBytes);
    this.dirtyTail = false;
  }
}
