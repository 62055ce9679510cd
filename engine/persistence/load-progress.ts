// How far loading has come: the loading fields of INFO, and a line of the log now and then.
import type { PersistenceOptions } from './settings.ts';

/** Between two lines. */
const reportNs = 2e9;
const nsPerSecond = 1e9;
const mebibyte = 1024 * 1024;

/** Counts what is loaded; `steps` of loading tell it that they have come on. */
export class LoadProgress {
  /** Unix time. */
  readonly startedSec: number;
  totalBytes = 0;
  /** Bytes of files that are done. */
  doneBytes = 0;
  /** Bytes of the present file. */
  fileBytes = 0;
  keysLoaded = 0;
  keysExpired = 0;
  /** `used-mem` of the snapshot that is loaded. */
  usedMemoryBytes = 0;
  private readonly options: PersistenceOptions;
  private readonly beganNs: number;
  private reportedNs: number;

  constructor(options: PersistenceOptions) {
    this.options = options;
    this.startedSec = Math.floor(options.clock.wallMs() / 1000);
    this.beganNs = this.reportedNs = options.clock.monotonicNs();
  }

  get loadedBytes(): number {
    return this.doneBytes + this.fileBytes;
  }

  /** From 0 to 1. */
  get share(): number {
    return this.totalBytes === 0 ? 0 : Math.min(1, this.loadedBytes / this.totalBytes);
  }

  /** Seconds since loading began. */
  get elapsedSec(): number {
    return (this.options.clock.monotonicNs() - this.beganNs) / nsPerSecond;
  }

  /** Seconds that the rest will take if it goes on like this. */
  get leftSec(): number {
    const { share } = this;
    return share === 0 ? this.elapsedSec : this.elapsedSec * (1 / share - 1);
  }

  /** The present file is read up to here. */
  readTo(offsetBytes: number): void {
    this.fileBytes = offsetBytes;
    const nowNs = this.options.clock.monotonicNs();
    if (nowNs - this.reportedNs < reportNs) return;
    this.reportedNs = nowNs;
    const { keyspace, log } = this.options;
    log('notice', `Loading: ${(this.share * 100).toFixed(1)} % of`
      + ` ${(this.totalBytes / mebibyte).toFixed(1)} MB, ${keyspace.size} keys,`
      + ` ${this.elapsedSec.toFixed(1)} seconds so far, about ${Math.ceil(this.leftSec)} left`);
  }

  /** The present file is done. */
  fileDone(sizeBytes: number): void {
    this.doneBytes += sizeBytes;
    this.fileBytes = 0;
  }
}
