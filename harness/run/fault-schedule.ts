// The faults of one trial: injected and healed at their moments of the load, and whether each
// really happened.

import { setTimeout as sleep } from 'node:timers/promises';
import { makeFault } from '../faults/faults.ts';
import type { FaultStep } from '../faults/faults.ts';
import type { Fault, FaultSite, Kills, RecoverySite } from '../faults/fault.ts';

/** One fault of a trial, as the record has it. */
export interface FaultOutcome {
  readonly name: string;
  readonly applied: boolean;
  readonly why: string;
  /** Of repeated kills. */
  readonly kills?: Kills;
}

interface Planned {
  readonly step: FaultStep;
  readonly fault: Fault;
  isIn: boolean;
}

const outsideLoad: ReadonlySet<Fault['when']> = new Set(['end', 'recovery']);

/** Runs the faults that do not end the server. */
export class FaultSchedule {
  readonly #planned: Planned[];
  readonly #outcomes = new Map<string, FaultOutcome>();
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(steps: readonly FaultStep[]) {
    this.#planned = steps.map((step) => ({ step, fault: makeFault(step.name), isIn: false }));
  }

  /** The fault that ends the load in place of the plan's. */
  get end(): Fault | null {
    return this.#planned.find(({ fault }) => fault.when === 'end')?.fault ?? null;
  }

  /** None: then a server that dies on its own is no part of the plan. */
  get isEmpty(): boolean {
    return this.#planned.length === 0;
  }

  /** Whether files are harmed while the server is down. */
  get hasDamage(): boolean {
    return this.#planned.some(({ fault }) => fault.when === 'down');
  }

  get outcomes(): readonly FaultOutcome[] {
    return [...this.#outcomes.values()];
  }

  /** Injects and heals at the moments, as fractions of `crashAtMs` from now; returns at once. */
  begin(site: FaultSite, crashAtMs: number): void {
    const during = this.#planned.filter(({ fault }) => !outsideLoad.has(fault.when));
    this.#running = Promise.all(during.map(async (planned) => {
      const { step, fault } = planned;
      await this.#wait(step.from * crashAtMs);
      const { applied, why } = await fault.inject(site);
      planned.isIn = true;
      this.#tell({ name: step.name, applied, why });
      if (step.to === 1) return;
      await this.#wait((step.to - step.from) * crashAtMs);
      await this.#heal(planned, site);
    })).catch(() => {
      // The load is over, or the server and its disk are gone: what happened by then is known.
    });
  }

  /** Ends it, heals what is still in force, and says what never happened. */
  async finish(site: FaultSite): Promise<void> {
    this.#stop.abort();
    await this.#running;
    for (const planned of this.#planned) {
      if (planned.isIn) await this.#heal(planned, site);
      const { name } = planned.step;
      if (outsideLoad.has(planned.fault.when) || this.#outcomes.has(name)) continue;
      this.#tell({ name, applied: false, why: `${name}: the load was over before its moment` });
    }
  }

  /** Harms the files of a server that is gone. */
  damage(directory: string): void {
    for (const { fault, step } of this.#planned) {
      if (fault.damage === undefined) continue;
      const did = fault.damage(directory);
      const why = did ?? `${step.name}: there was no such file`;
      this.#tell({ name: step.name, applied: did !== null, why });
    }
  }

  /** Kills the server while it comes back. */
  async recovering(site: RecoverySite): Promise<void> {
    for (const { fault, step } of this.#planned) {
      if (fault.harass === undefined) continue;
      this.#tell({ name: step.name, ...await fault.harass(site) });
    }
  }

  /** Notes how the fault that ended the load went. */
  ended(outcome: FaultOutcome): void {
    this.#tell(outcome);
  }

  async #heal(planned: Planned, site: FaultSite): Promise<void> {
    planned.isIn = false;
    const { name } = planned.step;
    const nothing = await planned.fault.heal(site);
    if (nothing !== null) this.#tell({ name, applied: false, why: nothing });
  }

  #tell(outcome: FaultOutcome): void {
    this.#outcomes.set(outcome.name, outcome);
  }

  #wait(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: this.#stop.signal });
  }
}
