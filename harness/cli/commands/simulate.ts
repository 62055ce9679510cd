// `plugpull simulate`: the bundled engine in this process, on a simulated disk, clock and
// scheduler: thousands of crashes a minute, each repeatable from its seed.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { keepSimulation, readPlan } from '../../simulation/keep.ts';
import { planSimulation, simulatedCrashes, simulatedSettings } from '../../simulation/plan.ts';
import type { SimulationPlan, SimulationScope } from '../../simulation/plan.ts';
import { shrink } from '../../simulation/shrink.ts';
import { simulate } from '../../simulation/simulate.ts';
import type { SimulationFailure, SimulationResult } from '../../simulation/simulate.ts';
import type { CliContext } from '../context.ts';
import { exitFail, exitInterrupted, exitPass } from '../exit-codes.ts';
import { untilInterrupted } from '../interrupts.ts';
import { parseCount, parseNames, usage } from '../values.ts';

interface SimulateFlags {
  readonly seed?: string;
  readonly trials: string;
  readonly setting?: readonly string[];
  readonly crash?: readonly string[];
  readonly faults: boolean;
  readonly damage: boolean;
  readonly plan?: string;
  readonly out: string;
}

const progressEveryMs = 500;

/** Adds the command; `finish` takes its exit code. */
export function addSimulateCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const more = (word: string, words: readonly string[] = []): string[] => [...words, word];
  program.command('simulate')
    .description('crash the bundled engine thousands of times a minute in a simulated world')
    .option('--seed <number>', 'first seed; each trial has the next one')
    .option('--trials <number>', 'seeds to try', '200')
    .option('--setting <labels>', simulatedSettings.join(', '), more)
    .option('--crash <models>', simulatedCrashes.join(', '), more)
    .option('--no-faults', 'the disk never fails')
    .option('--no-damage', 'what was durable is never damaged')
    .option('--plan <file>', 'one plan that a failure has left, instead of seeds')
    .option('--out <folder>', 'where failures go', 'reports/simulations')
    .addHelpText('after', `
No sockets and no real files: disk, clock and scheduler are simulated, so a seed is one history, bit
for bit; the digest tells two runs apart. A seed that breaks a promise is made smaller (fewer
operations, fewer failures, the smallest configuration). Both plans are kept with all that belongs
to them; plugpull replay repeats them and explains what happened. Exit code 1 then. Ctrl-C ends it
with what was judged: exit code 130.

Examples:
  plugpull simulate --seed 1 --trials 1000
  plugpull simulate --setting aof/always --crash power
  plugpull simulate --plan reports/simulations/seed-41/shrunk-plan.json
`)
    .action(async (flags: SimulateFlags) => finish(await runSimulations(context, flags)));
}

async function runSimulations(context: CliContext, flags: SimulateFlags): Promise<number> {
  const trials = parseCount('--trials', flags.trials, [1, 10_000_000]);
  const firstSeed = flags.seed === undefined ? context.randomSeed()
    : parseCount('--seed', flags.seed, [0, 0xffffffff]);
  const scope: SimulationScope = {
    settings: parseNames('--setting', flags.setting ?? [...simulatedSettings], simulatedSettings),
    crashes: parseNames('--crash', flags.crash ?? [...simulatedCrashes], simulatedCrashes),
    faults: flags.faults, damage: flags.damage,
  };
  const plans = flags.plan === undefined
    ? { count: trials, at: (trial: number) => planSimulation(firstSeed + trial, scope) }
    : { count: 1, at: () => planIn(resolve(context.cwd, flags.plan as string)) };
  if (flags.plan === undefined) context.stdout.write(`seed ${firstSeed}\n`);
  return new Simulations(context, resolve(context.cwd, flags.out)).run(plans);
}

interface Plans {
  readonly count: number;
  at(trial: number): SimulationPlan;
}

class Simulations {
  readonly #context: CliContext;
  readonly #out: string;
  #cycles = 0;
  #failures = 0;
  #digest = '';
  #toldMs = -Infinity;

  constructor(context: CliContext, out: string) {
    this.#context = context;
    this.#out = out;
  }

  async run(plans: Plans): Promise<number> {
    const { monotonicMs, stderr, stdout } = this.#context;
    const beganMs = monotonicMs();
    const line = (text: string): void => stderr.write(`${stderr.isTerminal ? '\n' : ''}${text}`);
    const { trials: trial, isInterrupted } = await untilInterrupted(this.#context, {
      onFirst: () => line('stopping: what was judged is kept; once more to leave at once\n'),
      onEnd: () => line(''),
    }, (signal) => this.#all(plans, signal));
    const minutes = (monotonicMs() - beganMs) / 60_000;
    stdout.write(`${grouped(trial)} trials, ${grouped(this.#cycles)} crashes recovered from and `
      + `judged, ${grouped(Math.round(this.#cycles / minutes))} a minute; `
      + `${grouped(this.#failures)} trials broke a promise\ndigest ${this.#digest}\n`);
    if (isInterrupted) return exitInterrupted;
    return this.#failures > 0 ? exitFail : exitPass;
  }

  /** Trial after trial until all are done, or Ctrl-C. */
  async #all(
    plans: Plans, signal: AbortSignal,
  ): Promise<{ readonly trials: number; readonly isInterrupted: boolean }> {
    const isOver = async (): Promise<boolean> => {
      await new Promise((soon) => setImmediate(soon)); // Ctrl-C is heard here
      return signal.aborted;
    };
    let trials = 0;
    while (trials < plans.count && !await isOver()) {
      await this.#one(plans.at(trials++), isOver);
      this.#tell(trials, plans.count);
    }
    return { trials, isInterrupted: signal.aborted };
  }

  async #one(plan: SimulationPlan, isOver: () => Promise<boolean>): Promise<void> {
    const result = await simulate(plan, this.#context.simulated);
    this.#cycles += result.cycles;
    this.#digest = chained(this.#digest, result);
    if (result.failure !== null) await this.#failed(plan, result.failure, isOver);
  }

  async #failed(
    plan: SimulationPlan, failure: SimulationFailure, isOver: () => Promise<boolean>,
  ): Promise<void> {
    this.#failures++;
    const small = await shrink({ plan, failure }, this.#context.simulated, { isOver });
    const folder = keepSimulation(this.#out, plan, { failure, small });
    const { judgement, crash } = small.failure.outcome;
    const { stdout } = this.#context;
    stdout.write(`seed ${plan.seed}: a promise was broken under ${plan.setting}, crash ${crash}; `
      + `this setting ${judgement.promise}\n`);
    for (const { kind, text } of judgement.findings) stdout.write(`  ${kind}: ${text}\n`);
    stdout.write(`  made smaller in ${small.attempts} attempts: plugpull replay ${folder}\n`);
  }

  #tell(done: number, count: number): void {
    const { stderr, monotonicMs } = this.#context;
    if (!stderr.isTerminal || monotonicMs() - this.#toldMs < progressEveryMs) return;
    this.#toldMs = monotonicMs();
    stderr.write(`\r${grouped(done)} of ${grouped(count)} trials, `
      + `${grouped(this.#cycles)} crashes`);
  }
}

/** The digest of all trials so far. */
function chained(before: string, { digest }: SimulationResult): string {
  if (before === '') return digest;
  let mixed = '';
  for (let at = 0; at < digest.length; at += 8) {
    const sum = Math.imul(Number.parseInt(before.slice(at, at + 8), 16), 31)
      + Number.parseInt(digest.slice(at, at + 8), 16);
    mixed += (sum >>> 0).toString(16).padStart(8, '0');
  }
  return mixed;
}

/** @throws {HarnessError} USAGE when there is none, RECORD_BAD when it is no plan. */
function planIn(path: string): SimulationPlan {
  if (!existsSync(path)) throw usage(`--plan: ${path} does not exist`);
  return readPlan(path);
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
