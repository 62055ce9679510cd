// What is done to a target, and whether it had an effect: a fault that did nothing must never pass.

import type { TrialDisk } from '../disks/disk.ts';
import type { RunningTarget, Target } from '../targets/target.ts';

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
}

/** One kind of harm. */
export interface Fault {
  readonly name: FaultName;
  available(target: Target): Availability;
  inject(site: FaultSite): Promise<Injection>;
  /** Undoes what `inject` left behind; nothing for faults that end with the process. */
  heal(): Promise<void>;
}

/** Name under which a fault is asked for. */
export type FaultName = 'kill' | 'none' | 'power';
