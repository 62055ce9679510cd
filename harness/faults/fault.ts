// What is done to a target, and whether it had an effect: a fault that did nothing must never pass.

import type { TrialDisk } from '../disks/disk.ts';
import type { RunningTarget, TargetName } from '../targets/target.ts';

/** Whether a fault can be done to a target on this machine. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly why: string };

/** What an injection did. */
export interface Injection {
  /** When the cut was called, CLOCK_MONOTONIC nanoseconds. */
  readonly cutNs: number;
  /** Whether the fault really happened; a trial without it is inconclusive. */
  readonly applied: boolean;
  /** Why it counts as applied or not, in words for the report. */
  readonly why: string;
}

/** What a fault is done to. */
export interface FaultSite {
  readonly running: RunningTarget;
  /** What lies under its data directory. */
  readonly disk: TrialDisk;
  /** Of the trial: what a fault draws at random it draws by it. */
  readonly seed: number;
}

/** One kind of harm. A fault that keeps something between its calls belongs to one trial. */
export interface Fault {
  readonly name: string;
  /**
   * `load`: the server lives on, and `heal` undoes it. `end`: it ends the server, in place of the
   * kill. `down`: it harms the files while no server runs. `recovery`: it kills the server while
   * it comes back.
   */
  readonly when: 'load' | 'end' | 'down' | 'recovery';
  /** Whether it needs a faultfs under the data directory. */
  readonly needsFaultfs: boolean;
  available(target: TargetName): Availability;
  /** Of `down`: prepares, while the server still runs. */
  inject(site: FaultSite): Promise<Injection>;
  /** Undoes what `inject` left; says why nothing had happened, if nothing had. */
  heal(site: FaultSite): Promise<string | null>;
  /** Of `down`: harms the files; says what it did, or null when there was nothing to harm. */
  damage?(directory: string): string | null;
  /** Of `recovery`: starts the server and kills it, before it may come back. */
  harass?(site: RecoverySite): Promise<Harassment>;
}

/** What a fault of `recovery` did. */
export interface Harassment extends Pick<Injection, 'applied' | 'why'> {
  /** How many kills met their window. */
  readonly kills: Kills;
}

/** Kills that were tried, and those that met their window. */
export interface Kills {
  readonly met: number;
  readonly of: number;
}

/** Where a server comes back. */
export interface RecoverySite {
  readonly disk: TrialDisk;
  /** Starts it on what the crash left. */
  start(): Promise<RunningTarget>;
  /** The same, and waits until it answers with data. */
  startServing(): Promise<RunningTarget>;
}

/** What most faults have in common: they need the process or its files. */
export const plainFault = {
  needsFaultfs: false,
  available: (target: TargetName): Availability => (target === 'command'
    ? { available: false, why: 'it needs the process and its files, which target command hides' }
    : { available: true }),
  heal: (): Promise<string | null> => Promise.resolve(null),
} as const;
