// One seed, one history: an engine is started, loaded, crashed and started again, life after life,
// and every crash is judged.

import { createHash } from 'node:crypto';
import { ManualClock } from '../../engine/io/clock.ts';
import type { OpLog } from '../../engine/io/op-log.ts';
import type { EngineWrappers } from '../../engine/start.ts';
import type { FileTree } from '../crash/image.ts';
import { OperationEncoder } from '../workloads/encoder.ts';
import type { WorkloadSpec } from '../workloads/spec.ts';
import { RunContext } from '../checkers/context.ts';
import type { RunHistory } from '../checkers/context.ts';
import { ReplayedModel } from '../checkers/model.ts';
import { LiveCheck } from '../drivers/resp/load/live-check.ts';
import type { CheckedReads } from '../drivers/resp/load/live-check.ts';
import type { ClientModel } from '../workloads/model/client-model.ts';
import { Reads } from '../workloads/reads.ts';
import { Crashes, ledgerOf } from './crash.ts';
import type { BootOn, CrashOutcome } from './crash.ts';
import { live } from './life.ts';
import type { SimulationPlan } from './plan.ts';
import { Random } from './random.ts';
import { ArenaMemory, boot } from './world/engine.ts';
import type { SimulatedEngine } from './world/engine.ts';
import { ClientHistory } from './world/load-client.ts';

/** What is put around the parts of each engine that is started; healthy ones have nothing. */
export type Wrap = () => EngineWrappers;

/** A crash that broke a promise. */
export interface SimulationFailure {
  /** Counted from 0. */
  readonly life: number;
  readonly cut: number;
  readonly outcome: CrashOutcome;
  readonly serverLog: readonly string[];
  /** The storage calls of that life: as the engine recorded them, and read. */
  readonly opLogBytes: Uint8Array;
  readonly log: OpLog;
  /** What the clients had done by then. */
  readonly history: RunHistory;
}

/** What became of a seed. */
export interface SimulationResult {
  readonly plan: SimulationPlan;
  /** Crashes that were recovered from and judged. */
  readonly cycles: number;
  /** Operations sent. */
  readonly operations: number;
  /** A hash of every storage call, every reply and every judgement: the same for the same plan. */
  readonly digest: string;
  /** The first crash that broke a promise, with which it ended; null: none did. */
  readonly failure: SimulationFailure | null;
}

/** Of simulations that are over. */
const spare: ArenaMemory[] = [];
const startWallMs = 1_700_000_000_000;
const firstProcessId = 4_000;
const readShare = 0.15;

/** Runs a plan to its end, or to the first crash that breaks a promise. */
export function simulate(
  plan: SimulationPlan, wrap: Wrap = () => ({}),
): Promise<SimulationResult> {
  return new Simulation(plan, wrap).run();
}

interface Beginning {
  readonly engine: SimulatedEngine;
  readonly image: FileTree;
  readonly bootedNs: number;
}

class Simulation {
  readonly #plan: SimulationPlan;
  readonly #wrap: Wrap;
  readonly #clock = new ManualClock({ wallMs: startWallMs });
  readonly #random: Random;
  readonly #workload: WorkloadSpec;
  readonly #histories: readonly ClientHistory[];
  readonly #digest = createHash('sha256');
  readonly #reads: Reads;
  readonly #encoder: OperationEncoder;
  readonly #memory = spare.pop() ?? new ArenaMemory();
  #processId = firstProcessId;
  #bootedNs = 0;
  #cycles = 0;

  constructor(plan: SimulationPlan, wrap: Wrap) {
    const { seed, clients, keysPerClient, valueSizeBytes, mix, valueSizes = 'fixed' } = plan;
    this.#plan = plan;
    this.#wrap = wrap;
    this.#random = new Random(seed);
    this.#workload = {
      seed, clients, keysPerClient, valueSizeBytes, mix, valueSizes, startWallMs,
    };
    this.#encoder = new OperationEncoder(this.#workload);
    this.#reads = new Reads(this.#workload, readShare, () => this.#clock.wallMs());
    this.#histories = Array.from({ length: clients }, () => new ClientHistory());
  }

  async run(): Promise<SimulationResult> {
    const image: FileTree = { files: new Map(), directories: [] };
    const first = await this.#bootOn(image);
    if (first.kind === 'refused') throw new Error(`no start on nothing: ${first.words.join(' ')}`);
    let beginning: Beginning = { engine: first.engine, image, bootedNs: this.#bootedNs };
    for (const [life] of this.#plan.lives.entries()) {
      const outcome = await this.#live(life, beginning);
      if ('failure' in outcome) return this.#result(outcome.failure);
      beginning = outcome;
    }
    return this.#result(null);
  }

  /** One life and its crashes; where the next one begins, or what failed. */
  async #live(
    life: number, beginning: Beginning,
  ): Promise<Beginning | { failure: SimulationFailure }> {
    const planned = this.#plan.lives[life] as SimulationPlan['lives'][number];
    const { engine } = beginning;
    const checked = new LiveCheck(this.#workload, this.#reads, this.#models());
    live({
      plan: this.#plan, life: planned, engine, clock: this.#clock, reads: this.#reads,
      encoder: this.#encoder, histories: this.#histories, live: checked,
    });
    const endedNs = this.#clock.monotonicNs();
    const crashes = new Crashes({
      ...beginning, endedNs,
      plan: this.#plan, workload: this.#workload, histories: this.#histories,
      bootOn: this.#bootOn, wallMs: () => this.#clock.wallMs(),
    });
    this.#digest.update(engine.opLog.bytes());
    let next: Beginning = beginning;
    for (const [cut, planedCut] of planned.cuts.entries()) {
      const outcome = withStaleReads(await crashes.crash(planedCut), checked.result());
      this.#cycles++;
      this.#digest.update(JSON.stringify([outcome.cutNs, outcome.judgement]));
      const { booted, judgement, image } = outcome;
      if (judgement.verdict === 'fail') {
        const serverLog = booted.kind === 'refused' ? booted.words : booted.engine.logLines;
        const { log, history } = crashes;
        const opLogBytes = engine.opLog.bytes();
        return { failure: { life, cut, outcome, serverLog, opLogBytes, log, history } };
      }
      if (booted.kind === 'serving') {
        next = { engine: booted.engine, image, bootedNs: this.#bootedNs };
      }
      if (cut === planned.cuts.length - 1) {
        const nowNs = this.#clock.monotonicNs();
        this.#histories.forEach((history, client) => history.resolve(
          judgement.prefixes[client] ?? 0, nowNs,
          (sequence) => this.#encoder.runsAlone(client, sequence)));
      }
    }
    return next;
  }

  /** What the clients' keys hold when a life begins. */
  #models(): ClientModel[] {
    const run = new RunContext({
      workload: this.#workload, ledger: ledgerOf(this.#workload, this.#histories), releases: null,
    });
    return this.#histories.map(({ count }, client) => {
      const model = new ReplayedModel(run, client);
      model.moveTo(count, run.barriers.list.length);
      return model.keys;
    });
  }

  readonly #bootOn: BootOn = (image, prepare) => {
    this.#bootedNs = this.#clock.monotonicNs();
    return boot({
      image, clock: this.#clock, memory: this.#memory,
      seed: this.#random.seed(),
      processId: this.#processId++,
      directives: this.#plan.directives,
      sliceKeys: this.#plan.sliceKeys,
      wrap: this.#wrap(),
      ...(prepare === undefined ? {} : { prepare }),
    });
  };

  #result(failure: SimulationFailure | null): SimulationResult {
    spare.push(this.#memory);
    return {
      plan: this.#plan,
      cycles: this.#cycles,
      operations: this.#histories.reduce((sum, { count }) => sum + count, 0),
      digest: this.#digest.digest('hex'),
      failure,
    };
  }
}

/** Reads that were answered wrongly before the crash fail it, whatever it left. */
function withStaleReads(outcome: CrashOutcome, { wrong, words }: CheckedReads): CrashOutcome {
  if (wrong === 0) return outcome;
  const { judgement } = outcome;
  const stale = words.map((text) => ({ kind: 'stale' as const, breaks: true, text }));
  const findings = [...stale, ...judgement.findings];
  return { ...outcome, judgement: { ...judgement, verdict: 'fail', findings } };
}
