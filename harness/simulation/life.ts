// One life of an engine: from the moment when it serves until it is crashed. Seeded turns: in each
// a client sends, or the engine takes a step, or a sync ends, or time passes.

import type { ManualClock } from '../../engine/io/clock.ts';
import type { PlannedEvent, PlannedLife, SimulationPlan } from './plan.ts';
import { Random } from './random.ts';
import { ControlClient } from './world/control-client.ts';
import type { SimulatedEngine } from './world/engine.ts';
import { LoadClient } from './world/load-client.ts';
import type { ClientHistory } from './world/load-client.ts';
import type { LiveCheck } from '../drivers/resp/load/live-check.ts';
import type { OperationEncoder } from '../workloads/encoder.ts';
import type { Reads } from '../workloads/reads.ts';

/** What a life is lived with. */
export interface LifeParts {
  readonly plan: SimulationPlan;
  readonly life: PlannedLife;
  readonly engine: SimulatedEngine;
  readonly clock: ManualClock;
  readonly encoder: OperationEncoder;
  readonly reads: Reads;
  readonly live: LiveCheck;
  /** By client. */
  readonly histories: readonly ClientHistory[];
}

/** Lives one life to its end. */
export function live(parts: LifeParts): void {
  new Life(parts).run();
}

class Life {
  readonly #parts: LifeParts;
  readonly #random: Random;
  readonly #clients: readonly LoadClient[];
  readonly #control: ControlClient;
  #heldTurns = 0;
  /** The client whose next write runs alone, while the others are drained and wait. */
  #alone: LoadClient | null = null;
  #isAloneSent = false;

  constructor(parts: LifeParts) {
    const { plan, life, engine, histories } = parts;
    this.#parts = parts;
    this.#random = new Random(life.seed);
    this.#control = new ControlClient(engine);
    this.#clients = histories.map((history, client) => (
      new LoadClient(engine, {
        ...parts, client, history, pipeline: plan.pipeline,
        database: plan.mix === 'full' ? client & 1 : 0,
      })));
  }

  run(): void {
    const { engine, life } = this.#parts;
    for (let turn = 0; turn < life.turns; turn++) {
      for (const event of life.events) if (event.turn === turn) this.#happen(event);
      for (const planned of life.faults) {
        if (planned.turn === turn) engine.disk.memory.inject(planned.fault);
      }
      if (this.#heldTurns > 0) this.#heldTurns--;
      this.#turn();
      this.#strike();
      this.#control.drain();
    }
  }

  #turn(): void {
    const { engine, clock, plan } = this.#parts;
    const choice = this.#random.below(100);
    if (choice < 45) {
      this.#send(this.#random.pick(this.#clients), this.#random.between(1, plan.pipeline));
    } else if (choice < 78) {
      engine.scheduler.runOne();
    } else if (choice < 88) {
      if (this.#heldTurns === 0) engine.disk.memory.finishSyncs(1);
    } else if (choice < 97) {
      clock.advanceNs(1000 * this.#random.between(1, 5_000));
    } else {
      this.#pass(this.#random.between(20, 400));
    }
  }

  #send(client: LoadClient, most: number): void {
    if (this.#isAloneSent && this.#alone?.isIdle === true) {
      this.#alone = null;
      this.#isAloneSent = false;
    }
    if (!client.isIdle || !client.isOpen || this.#isAloneSent) return;
    if (this.#alone === null && !client.isNextAlone) {
      client.send(most);
      return;
    }
    this.#alone ??= client;
    if (this.#clients.some((each) => !each.isIdle)) return;
    this.#isAloneSent = true;
    this.#alone.sendAlone();
  }

  #happen({ kind, amount }: PlannedEvent): void {
    if (kind === 'jump') this.#pass(amount);
    else if (kind === 'hold-syncs') this.#heldTurns = amount;
    else if (kind === 'rewrite') this.#control.ask('BGREWRITEAOF');
    else this.#control.ask(kind.toUpperCase());
  }

  /** Lets time pass as it does for an idle server: its timers strike when they are due. */
  #pass(milliseconds: number): void {
    const { engine: { scheduler, disk }, clock } = this.#parts;
    const untilNs = clock.monotonicNs() + milliseconds * 1e6;
    for (;;) {
      const nextNs = Math.min(untilNs, scheduler.nextDueNs);
      clock.advanceNs(Math.max(0, nextNs - clock.monotonicNs()));
      if (!scheduler.runDue()) break;
      // Few: so that a snapshot may take seconds.
      for (let steps = this.#random.between(1, 4); steps > 0 && scheduler.runOne(); steps--);
      if (this.#heldTurns === 0) disk.memory.finishSyncs();
    }
  }

  /** A server that is not overloaded serves its timers in time. */
  #strike(): void {
    const { scheduler } = this.#parts.engine;
    while (scheduler.runDue());
  }
}
