// What a claim measures with: servers of one target on directories of its own, runs of scenarios,
// the tools for log files. Everything it starts is gone when the lab is closed.

import fs from 'node:fs';
import path from 'node:path';
import { realDisk } from '../../engine/io/real-disk.ts';
import { checkAof } from '../../engine/tools/check-aof.ts';
import { editAof, everyCommand } from '../../engine/tools/edit-aof.ts';
import { RespClient } from '../drivers/resp/client.ts';
import { HarnessError } from '../errors.ts';
import { defineScenario } from '../plan/define-scenario.ts';
import type { RunEvent } from '../plan/events.ts';
import { planRun } from '../plan/plan.ts';
import type { Cell } from '../plan/plan.ts';
import type { ScenarioInput } from '../plan/scenario.ts';
import { hashOf } from '../plan/seeds.ts';
import { parseSetting, settingDirectives } from '../plan/settings.ts';
import type { SettingLabel } from '../plan/settings.ts';
import type { CellRecord } from '../report/record.ts';
import { writeWhole } from '../report/write.ts';
import { recover } from '../run/recover.ts';
import { runPlan } from '../run/run.ts';
import { persistedBytes } from '../run/workspace.ts';
import { freePort } from '../targets/ports.ts';
import type { Target, TargetName } from '../targets/target.ts';
import { LabServer } from './lab-server.ts';

/** Small: the default would leave no room for the next server (spawn ENOMEM). */
const toolArenaBytes = 256 * 1024 * 1024;

/** How a server of a lab is started. */
export interface LabStart {
  readonly directory: string;
  readonly setting: SettingLabel;
  readonly directives?: Readonly<Record<string, string>>;
}

/** A server that serves, or the words with which it refused. */
export type Started =
  | { readonly kind: 'serving'; readonly server: LabServer }
  | { readonly kind: 'refused'; readonly words: readonly string[] };

/** What came of a scenario. */
export interface LabRun {
  readonly cells: readonly CellRecord[];
  /** Why cells were left out, each reason once. */
  readonly skipped: readonly string[];
}

/** What a lab is made from. */
export interface LabOptions {
  readonly target: Target;
  readonly targets: Readonly<Record<TargetName, Target>>;
  readonly version: string;
  readonly seed: number;
  /** Exists; records of runs stay in it. */
  readonly keepDirectory: string;
  /** Made and removed by the lab, on the disk under test. */
  readonly workDirectory: string;
  readonly unsupported: (cell: Cell) => string | null;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** See the head of the file. */
export class Lab {
  readonly target: TargetName;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Promises that runs saw broken, in words. */
  readonly broken: string[] = [];
  /** Paths of run records, from the folder that is kept. */
  readonly runs: string[] = [];
  readonly #options: LabOptions;
  readonly #servers: LabServer[] = [];
  #folders = 0;

  constructor(options: LabOptions) {
    this.target = options.target.name;
    this.seed = options.seed;
    this.signal = options.signal;
    this.#options = options;
  }

  /** A line of progress. */
  say(text: string): void {
    this.#options.say(text);
  }

  /** A number from 0 (included) to 1 (excluded) that depends on seed and words alone. */
  draw(...words: readonly (string | number)[]): number {
    return hashOf(this.seed, ...words) / 2 ** 32;
  }

  /** A new directory; with `copyOf` it holds the files of that one. */
  folder(copyOf?: string): string {
    this.#folders += 1;
    const folder = path.join(this.#options.workDirectory, `data-${this.#folders}`);
    fs.mkdirSync(folder, { recursive: true });
    if (copyOf !== undefined) fs.cpSync(copyOf, folder, { recursive: true });
    return folder;
  }

  /**
   * Starts a server and waits until it takes writes.
   * @throws {HarnessError} TARGET_FAILED with its words when it refuses.
   */
  async start(options: LabStart): Promise<LabServer> {
    const started = await this.tryStart(options);
    if (started.kind === 'serving') return started.server;
    throw new HarnessError('TARGET_FAILED', `${this.target} refused to start: `
      + started.words.join(' '));
  }

  /** The same, where a refusal is an answer. */
  async tryStart({ directory, setting, directives = {} }: LabStart): Promise<Started> {
    const { target, workDirectory, signal } = this.#options;
    this.#stopWhenAborted();
    const logPath = path.join(workDirectory, 'server.log');
    fs.mkdirSync(workDirectory, { recursive: true });
    const recovered = await recover(target, {
      directory, port: await freePort(), logPath, record: null, signal,
      directives: [
        ...settingDirectives(parseSetting(setting)), ['auto-aof-rewrite-percentage', '0'],
        ...this.#debugDirectives(), ...Object.entries(directives),
      ],
    });
    if (recovered.kind === 'refused') return { kind: 'refused', words: recovered.refusal.words };
    const { running, phases } = recovered;
    try {
      const client = await RespClient.connect({ port: running.port, timeoutMs: 120_000 });
      const server = new LabServer({ running, client, directory, readyMs: phases.firstWriteMs });
      this.#servers.push(server);
      return { kind: 'serving', server };
    } catch (error) {
      await running.stop(0);
      throw error;
    }
  }

  /** DEBUG DIGEST must be allowed since Redis 7, which is when the directive came. */
  #debugDirectives(): [string, string][] {
    const major = Number(this.#options.version.split('.')[0]);
    return this.target === 'redis' && major < 7 ? [] : [['enable-debug-command', 'local']];
  }

  /**
   * Runs a scenario for the target of the lab; its record is kept.
   * @throws {HarnessError} INTERRUPTED after Ctrl-C, TARGET_FAILED and others as `runPlan`.
   */
  async run(input: Omit<ScenarioInput, 'targets' | 'question'>): Promise<LabRun> {
    this.#stopWhenAborted();
    const { targets, keepDirectory, workDirectory, unsupported, signal } = this.#options;
    const question = 'Does the claim hold?';
    const scenario = defineScenario({ ...input, question, targets: [this.target] });
    const scenarios = [{ scenario, source: input.name }];
    const plan = planRun({ scenarios, seed: this.seed, unsupported });
    const skipped = [...new Set(plan.skipped.map(({ reason }) => reason))];
    if (plan.cells.length === 0) return { cells: [], skipped };
    const id = `${input.name}-${this.target}`;
    const runDirectory = path.join(keepDirectory, id);
    fs.mkdirSync(runDirectory, { recursive: true });
    const record = await runPlan(plan, {
      id, startedAt: new Date().toISOString(), runDirectory,
      workDirectory: path.join(workDirectory, 'run'), targets, signal,
      onEvent: (event) => this.#tell(event),
    });
    await writeWhole(path.join(runDirectory, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
    this.runs.push(path.join(id, 'run.json'));
    this.broken.push(...record.failures.map(({ cell, text }) => `${cell}: ${text}`));
    this.#stopWhenAborted();
    return { cells: record.cells, skipped };
  }

  #tell(event: RunEvent): void {
    if (event.kind === 'trial-finished') this.say(`${event.trial.cell}: ${event.summary}`);
  }

  /** Bytes of snapshots and of logs below a data directory. */
  bytes(directory: string): { readonly rdbBytes: number; readonly aofBytes: number } {
    return persistedBytes(directory);
  }

  /** What check-aof says of the log below a data directory; `fix` cuts it. */
  async checkLog(directory: string, { fix }: { fix: boolean }): Promise<{
    readonly isWhole: boolean; readonly words: readonly string[];
  }> {
    const words: string[] = [];
    const code = await checkAof({
      disk: realDisk(), print: (line) => words.push(line), arenaBytes: toolArenaBytes,
    }, {
      path: directory, fix, truncateToSec: null, nowMs: Date.now(), confirm: async () => true,
    });
    return { isWhole: code === 0, words };
  }

  /** Takes commands out of a log: writes a copy of its folder and says how many were left out. */
  removeCommands(
    logFolder: string, { names, into }: { names: readonly string[]; into: string },
  ): number {
    return editAof({ disk: realDisk(), print: () => {}, arenaBytes: toolArenaBytes }, {
      path: logFolder, filter: { ...everyCommand, names: new Set(names) }, outputFolder: into,
    });
  }

  /** Ends every server and removes every directory. */
  async close(): Promise<void> {
    for (const server of this.#servers) await server.kill();
    fs.rmSync(this.#options.workDirectory, { recursive: true, force: true });
  }

  #stopWhenAborted(): void {
    if (this.signal.aborted) throw new HarnessError('INTERRUPTED', 'the claim was interrupted');
  }
}
