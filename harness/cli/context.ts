// Everything a command may touch of the process and the machine, in one object: `main.ts` fills it
// from the real ones, tests from their own, so that the whole command line runs inside a test.

import type { S3StoreOptions } from '../backup/stores/s3-store.ts';
import type { RunOptions } from '../plan/events.ts';
import type { Cell, Plan } from '../plan/plan.ts';
import type { RunRecord } from '../report/record.ts';
import type { RunVariant } from '../run/run.ts';
import type { Wrap } from '../simulation/simulate.ts';
import type { Target, TargetName } from '../targets/target.ts';

/** A stream of text. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width in characters, asked for at each use. */
  columns(): number;
}

/** Signals that a command may listen to. */
export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What a disk does and says. */
export interface ProbedDisk {
  /** Type of its file system. */
  readonly fs: string;
  /** Null where nobody knows. */
  readonly isRotational: boolean | null;
  readonly fsync: { readonly p50Us: number; readonly p99Us: number };
  readonly fdatasync: { readonly p50Us: number; readonly p99Us: number };
}

/** What the machine has to spare, and what it can. */
export interface Machine {
  /** Bytes that the disk of an existing folder has left for this user. */
  freeDiskBytes(folder: string): Promise<number>;
  /** Bytes of memory that can be had without swapping. */
  freeMemoryBytes(): number;
  /** What it lacks for the disk of a cell, and what to do about it; null when nothing. */
  diskUnavailable(cell: Pick<Cell, 'disk' | 'fileSystem'>): string | null;
  /** Times syncs in an existing folder. */
  probeDisk(folder: string): Promise<ProbedDisk>;
  /** What killed runs have left behind, in words. */
  leftovers(): Promise<string[]>;
  /** Undoes it; what could not be undone has a failure. */
  clean(): Promise<{ readonly what: string; readonly failure: string | null }[]>;
  /** Files and sockets that one process may have open; null where it is not known. */
  openFilesLimit(): number | null;
}

/** The state of the process, as the commands see it. */
export interface CliContext {
  /** Without node and script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Output;
  /** Progress, warnings and errors. */
  readonly stderr: Output;
  readonly stdinIsTerminal: boolean;
  /** The next line of stdin, '' at its end. */
  readLine(): Promise<string>;
  /** Path of the running node. */
  readonly execPath: string;
  /** `26.10.0`. */
  readonly nodeVersion: string;
  /** Version of Plugpull. */
  readonly version: string;
  /** Calls the handler at each of these signals until the result is called. */
  onSignal(name: SignalName, handler: () => void): () => void;
  /** Shows a page to the user, where that can be done. */
  openBrowser(url: string): void;
  /** Ends the process at once. */
  exitNow(code: number): void;
  /** Folder of the built-in scenarios. */
  readonly scenariosDirectory: string;
  /** File that node runs for `plugpull engine`. */
  readonly engineEntry: string;
  readonly targets: Readonly<Record<TargetName, Target>>;
  readonly machine: Machine;
  /** Asks real servers whether they take the directives of a plan; throws USAGE when not. */
  tryDirectives(plan: Plan, targets: Readonly<Record<TargetName, Target>>): Promise<void>;
  runPlan(
    plan: Plan, options: RunOptions, watch: Pick<RunVariant, 'onRecord' | 'shrinkAttempts'>,
  ): Promise<RunRecord>;
  /** Runs a plan for several servers in turn; a record for each. */
  runArms(plan: Plan, arms: readonly RunOptions[]): Promise<RunRecord[]>;
  /** How connections to S3 are made and tried again; absent: as usual. */
  readonly s3?: Partial<Omit<S3StoreOptions, 'staging'>>;
  /** What is put around each simulated engine: nothing, but for the bugs that tests plant. */
  readonly simulated: Wrap;
  /** A uint32 for runs without --seed. */
  randomSeed(): number;
  now(): Date;
  /** ms of a clock that does not jump. */
  monotonicMs(): number;
}

/** True when escape codes may be written: a terminal, not CI, colour not refused. */
export function mayStyle(context: CliContext, output: Output): boolean {
  const { env } = context;
  const refused = isSet(env['NO_COLOR']) || isSet(env['CI']) || env['TERM'] === 'dumb';
  return output.isTerminal && !refused;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}
