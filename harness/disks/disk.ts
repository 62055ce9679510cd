// What lies under the data directory of a trial, and what a crash leaves of it.

import type { FaultRule, HeldCall } from '../faultfs/client.ts';

/** The file systems that `block` can make. */
export const fileSystems = ['ext4', 'xfs'] as const;
/** One of `fileSystems`. */
export type FileSystem = (typeof fileSystems)[number];

/** A directory after its server has gone. */
export interface Settled {
  /** Where the files are. */
  readonly directory: string;
  /** Why what is there proves nothing; null when it does. */
  readonly broken: string | null;
}

/** What every disk offers. */
interface AnyDisk {
  /** What the target is given as its data directory. */
  readonly directory: string;
  /** Op log that the disk writes; null when it writes none. */
  readonly opLogPath: string | null;
  /** Once the target has gone: the op log is whole, the files lie still. */
  settle(): Promise<Settled>;
  /** Undoes everything, whatever state it is in. */
  remove(): Promise<void>;
}

/** The directory itself. */
export interface PlainDisk extends AnyDisk {
  readonly kind: 'plain';
}

/** A faultfs over the directory: records, and has the faults of a disk. */
export interface FaultfsDisk extends AnyDisk {
  readonly kind: 'faultfs';
  /** Puts rules in force under a name, beside those of other names. */
  addFault(name: string, rules: readonly FaultRule[]): Promise<void>;
  /** Takes them back; resolves to how many calls they had hit. */
  removeFault(name: string): Promise<number>;
  /** The next call that a `freeze` holds; null when none comes in time. */
  nextHeld(timeoutMs: number): Promise<HeldCall | null>;
}

/** What a cut did. */
export interface BlockCut {
  /** When it was called, CLOCK_MONOTONIC ns. */
  readonly cutNs: number;
  /** How long the call took. */
  readonly tookMs: number;
  /** Null when a write after it failed with EIO, which proves it; else what it did instead. */
  readonly unproven: string | null;
}

/** The verdict of the file system's own checker. */
export interface FileSystemCheck {
  readonly clean: boolean;
  /** Its exit code and last line. */
  readonly words: string;
}

/** A real file system on a loop device of our own. */
export interface BlockDisk extends AnyDisk {
  readonly kind: 'block';
  readonly fileSystem: FileSystem;
  /** How long the cut took; 0 before it. */
  readonly cutMs: number;
  /** How long the mount after the cut took, the journal's replay with it; 0 before it. */
  readonly mountMs: number;
  /**
   * Cuts the power: from here on nothing reaches the device.
   * @throws {HarnessError} ENVIRONMENT when what is mounted there is not our own device.
   */
  cut(): Promise<BlockCut>;
  /** Unmounts it and asks the file system's own checker, which changes nothing. */
  check(): Promise<FileSystemCheck>;
}

/** One of the grounds a trial can stand on. */
export type TrialDisk = PlainDisk | FaultfsDisk | BlockDisk;

/** What a disk is made from. */
export interface DiskOptions {
  readonly kind: TrialDisk['kind'];
  /** The folder of the trial; everything besides the data goes there. */
  readonly root: string;
  /** Exists and is empty; the files are there once the disk has settled. */
  readonly dataDirectory: string;
  /** `faultfs`, and `block` where a faultfs can be had: an op log, and syncs so much later. */
  readonly record: { readonly syncDelayMs: number } | null;
  /** `block`. */
  readonly fileSystem: FileSystem;
  /** `block`: size of the file system. */
  readonly sizeBytes: number;
}
