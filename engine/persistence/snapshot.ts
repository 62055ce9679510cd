// A picture of the keyspace at one instant, written to a file while the keyspace goes on changing:
// the port, and what a snapshot costs.
import type { RdbHeader } from '../rdb/encoder.ts';
import type { WrittenVersion } from '../rdb/format.ts';

/** What to write, and where. */
export interface SnapshotRequest {
  /** The file; an existing one is overwritten. Whoever asked renames or removes it. */
  readonly path: string;
  readonly format: 'rdb' | 'commands';
  readonly header: RdbHeader;
  /** `rdb-target`; of no account for commands. */
  readonly version: WrittenVersion;
  readonly compress: boolean;
  readonly checksum: boolean;
  /** Give up when everything is flushed, as Redis does when it saves. */
  readonly stopOnFlushAll: boolean;
  /** On the main thread even where there is another: while the engine starts and serves nobody. */
  readonly inSteps?: boolean;
}

/** How it went. `error` null: the file is complete and synced. */
export interface SnapshotResult {
  readonly error: Error | null;
  /** Given up because everything was flushed: no failure. */
  readonly flushed: boolean;
  readonly bytes: number;
  readonly keys: number;
  readonly costs: SnapshotCosts;
}

/** What a snapshot cost the main thread, and how much of the past was kept for it. */
export interface SnapshotCosts {
  /** To take the picture: what the command that asked for it waited. */
  readonly startUs: number;
  /** Steps of the main thread after that, and those that took longer than 1 ms by the clock. */
  readonly steps: number;
  readonly longSteps: number;
  readonly longestStepUs: number;
  /** All of them and the start. */
  readonly mainThreadUs: number;
  /** Old versions kept now, at most at one time, and in all. */
  readonly keptBytes: number;
  readonly keptPeakBytes: number;
  readonly keptTotalBytes: number;
}

/** A snapshot on its way. */
export interface SnapshotRun {
  readonly keysDone: number;
  readonly keysTotal: number;
  readonly costs: SnapshotCosts;
  /** Stops; `done` is not called any more. The file is not written to once a new run begins. */
  abort(): void;
}

/** Writes snapshots. One at a time in the background; `runNow` is possible beside it. */
export interface SnapshotWalker {
  /** The picture is that of now. `done` is called once, later, never before this returns. */
  start(request: SnapshotRequest, done: (result: SnapshotResult) => void): SnapshotRun;
  /** Does it all before it returns. */
  runNow(request: SnapshotRequest): SnapshotResult;
}

/** Of a snapshot that cost nothing, or none. */
export const noCosts: SnapshotCosts = {
  startUs: 0, steps: 0, longSteps: 0, longestStepUs: 0, mainThreadUs: 0,
  keptBytes: 0, keptPeakBytes: 0, keptTotalBytes: 0,
};
