// What every system under test offers: found, started with exact directives, watched, killed.

/** Name under which a target is asked for. */
export type TargetName = 'bundled' | 'redis' | 'valkey' | 'command';

/** Whether this machine has the target, and what to do when it has not. */
export type Located =
  | { readonly kind: 'found'; readonly binary: string; readonly version: string }
  | { readonly kind: 'missing'; readonly lookedFor: readonly string[]; readonly install: string };

/** How one process of a target is started. */
export interface StartOptions {
  /** Data directory; it must exist. */
  readonly directory: string;
  /** Loopback port; `freePort()` finds one. */
  readonly port: number;
  /** Exactly these are passed on, after port, bind and dir. */
  readonly directives: readonly (readonly [name: string, value: string])[];
  /** The directory is new: a target that keeps its data elsewhere wipes that first. */
  readonly isFresh?: boolean;
  /** File that stdout and stderr are appended to. */
  readonly logPath: string;
  /** Op log of the recording disk; only the bundled target can. */
  readonly record: { readonly opLogPath: string; readonly syncDelayMs: number } | null;
  /** Ends the process with SIGKILL as soon as it fires. */
  readonly signal?: AbortSignal;
}

/** How a process ended. */
export interface ExitInfo {
  readonly code: number | null;
  readonly signal: string | null;
  /** CLOCK_MONOTONIC nanoseconds when the exit was seen. */
  readonly atNs: number;
  /** `alone`: neither killed nor stopped by us. */
  readonly cause: 'killed' | 'stopped' | 'aborted' | 'alone';
  /** The last lines of its log. */
  readonly lastWords: readonly string[];
  /** Of a server whose process we do not have: what was seen instead of a code or signal. */
  readonly seen?: string;
  /** Why a kill that was called did not end it. */
  readonly killFailure?: string;
}

/** One process of a target, from spawn to exit. */
export interface RunningTarget {
  /** 0 for a server whose process we do not have (target `command`). */
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  /** CLOCK_MONOTONIC nanoseconds just before the spawn. */
  readonly spawnedNs: number;
  /**
   * Waits until this very process (by what its INFO says) accepts connections; resolves to when.
   * @throws {HarnessError} TARGET_FAILED when it exits before, or does not listen in time.
   */
  waitListening(timeoutMs: number): Promise<number>;
  /** Resolves, never rejects, when the process is gone. */
  readonly exited: Promise<ExitInfo>;
  /** Null while it runs. */
  exitInfo(): ExitInfo | null;
  /** SIGKILL by pid; `cutNs` is when it was called, `applied` whether it was still alive then. */
  kill(): { readonly cutNs: number; readonly applied: boolean };
  /** SIGTERM, SIGKILL after a grace period; resolves when the process is gone. */
  stop(graceMs?: number): Promise<void>;
  /** The last lines of its log, oldest first. */
  logTail(lines: number): string[];
  /** Loading time that the server states in its log, in milliseconds; null when it does not. */
  loadingMs(): number | null;
  /** CPU time used so far, in µs; null without /proc or once the process is gone. */
  cpuUs(): number | null;
  /** Resident memory in bytes; null without /proc or once the process is gone. */
  rssBytes(): number | null;
}

/** A system under test. */
export interface Target {
  readonly name: TargetName;
  /** Whether it can write an op log (crash models `power` and `power-torn`). */
  readonly records: boolean;
  locate(): Promise<Located>;
  /**
   * Spawns one process and returns at once; the caller waits with `waitListening`.
   * @throws {HarnessError} ENVIRONMENT when the binary is missing, USAGE when it cannot record.
   */
  start(options: StartOptions): Promise<RunningTarget>;
  /** Takes away what a trial left outside its folder; the words of that go into a file. */
  tidy?(logPath: string): Promise<void>;
}
