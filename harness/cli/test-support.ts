// A command line inside a test: everything of the process and the machine is made up, but for the
// files, which are real and temporary.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunOptions } from '../plan/events.ts';
import type { Cell, Plan, Trial } from '../plan/plan.ts';
import type { RunRecord, TrialRecord } from '../report/record.ts';
import { recordOf } from '../report/test-support.ts';
import type { RunVariant } from '../run/run.ts';
import type { Wrap } from '../simulation/simulate.ts';
import type { Located, Target, TargetName } from '../targets/target.ts';
import type { CliContext, SignalName } from './context.ts';
import { runCli } from './program.ts';

/** What a command line did. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Plans that were run. */
  readonly plans: readonly Plan[];
  /** Codes of immediate ends. */
  readonly exits: readonly number[];
  /** Pages that were shown. */
  readonly opened: readonly string[];
}

/** What a test changes; the rest is a healthy machine. */
export interface Setup {
  readonly env?: Record<string, string>;
  readonly cwd: string;
  readonly missing?: readonly TargetName[];
  readonly freeBytes?: number;
  /** Median of an fdatasync, µs. */
  readonly syncUs?: number;
  /** What killed runs left. */
  readonly leftovers?: readonly string[];
  /** What the machine lacks for disks of a kind. */
  readonly lacks?: Partial<Record<Cell['disk'], string>>;
  readonly openFiles?: number;
  readonly nodeVersion?: string;
  /** Instead of the built-in scenarios. */
  readonly scenariosDirectory?: string;
  readonly isTerminal?: boolean;
  readonly columns?: number;
  /** Quick retries for a server of S3 that breaks connections. */
  readonly s3?: CliContext['s3'];
  /** Called with what raises a signal, before the command begins. */
  readonly onPress?: (press: (name?: SignalName) => void) => void;
  readonly now?: Date;
  /** What stands on stdin. */
  readonly input?: string;
  /** A bug in simulated engines. */
  readonly simulated?: Wrap;
  /** Replaces the run of several servers in turn. */
  readonly runArms?: (
    plan: Plan, arms: readonly RunOptions[],
  ) => RunRecord[] | Promise<RunRecord[]>;
  /** Replaces the run; `press` is Ctrl-C. */
  readonly runPlan?: (plan: Plan, options: RunOptions, press: Press) => Promise<RunRecord>;
}

/** Raises a signal; with it comes what a run tells of its growing record. */
export type Press = ((name?: SignalName) => void) & Pick<RunVariant, 'onRecord'>;

/** Runs a command line in process. */
export async function cli(argv: readonly string[], setup: Setup): Promise<Outcome> {
  const plans: Plan[] = [];
  const exits: number[] = [];
  const opened: string[] = [];
  const texts = { stdout: '', stderr: '' };
  const handlers = new Map<SignalName, Set<() => void>>();
  const press = (name: SignalName = 'SIGINT'): void => {
    for (const handler of new Set(handlers.get(name))) handler();
  };
  const output = (name: 'stdout' | 'stderr'): CliContext['stdout'] => ({
    write: (text) => {
      texts[name] += text;
    },
    isTerminal: setup.isTerminal ?? false,
    columns: () => setup.columns ?? 100,
  });
  const context: CliContext = {
    argv,
    env: setup.env ?? {},
    cwd: setup.cwd,
    stdout: output('stdout'),
    stderr: output('stderr'),
    stdinIsTerminal: false,
    readLine: async () => setup.input ?? '',
    execPath: process.execPath,
    nodeVersion: setup.nodeVersion ?? '26.10.0',
    version: '0.1.0',
    onSignal: (name, handler) => {
      const own = handlers.get(name) ?? new Set();
      handlers.set(name, own.add(handler));
      return () => own.delete(handler);
    },
    openBrowser: (url) => opened.push(url),
    exitNow: (code) => exits.push(code),
    scenariosDirectory: setup.scenariosDirectory
      ?? join(import.meta.dirname, '..', '..', 'scenarios'),
    engineEntry: join(import.meta.dirname, 'testdata', 'fake-engine.js'),
    targets: fakeTargets(setup.missing ?? []),
    machine: {
      freeDiskBytes: async () => setup.freeBytes ?? 1e12,
      freeMemoryBytes: () => setup.freeBytes ?? 1e12,
      probeDisk: async () => ({
        fs: 'ext4', isRotational: false,
        fsync: { p50Us: 140, p99Us: 500 }, fdatasync: { p50Us: setup.syncUs ?? 130, p99Us: 400 },
      }),
      leftovers: async () => [...setup.leftovers ?? []],
      clean: async () => (setup.leftovers ?? []).map((what) => (
        { what, failure: what.startsWith('mount') ? 'busy' : null }
      )),
      diskUnavailable: ({ disk }) => setup.lacks?.[disk] ?? null,
      openFilesLimit: () => setup.openFiles ?? null,
    },
    tryDirectives: () => Promise.resolve(),
    ...(setup.s3 === undefined ? {} : { s3: setup.s3 }),
    runPlan: async (plan, options, watch) => {
      plans.push(plan);
      if (setup.runPlan !== undefined) {
        return setup.runPlan(plan, options, Object.assign(press, watch));
      }
      return fakeRun(plan, options);
    },
    runArms: async (plan, arms) => {
      plans.push(plan);
      return setup.runArms?.(plan, arms) ?? arms.map((options) => fakeRun(plan, options));
    },
    simulated: setup.simulated ?? (() => ({})),
    randomSeed: () => 123_456,
    now: () => setup.now ?? new Date('2026-11-22T17:34:05.000Z'),
    monotonicMs: () => 0,
  };
  setup.onPress?.(press);
  const code = await runCli(context);
  return { code, ...texts, plans, exits, opened };
}

/** A run that finishes at once with a healthy record. */
export function fakeRun(
  plan: Plan, options: RunOptions,
  change: (own: TrialRecord, trial: Trial) => TrialRecord | null = (own) => own,
): RunRecord {
  const { id, onEvent } = options;
  const { seed, trials, estimatedMs } = plan;
  onEvent({ kind: 'run-started', id, seed, trials: trials.length, estimatedMs });
  return { ...recordOf(plan, change), id };
}

function fakeTargets(missing: readonly TargetName[]): CliContext['targets'] {
  const target = (name: TargetName): Target => ({
    name,
    records: name === 'bundled',
    locate: async (): Promise<Located> => {
      const binary = `/usr/bin/${name}-server`;
      if (!missing.includes(name)) return { kind: 'found', binary, version: '1.2.3' };
      return { kind: 'missing', lookedFor: [binary], install: `apt-get install ${name}` };
    },
    start: () => Promise.reject(new Error('a fake target does not start')),
  });
  return {
    bundled: target('bundled'), redis: target('redis'), valkey: target('valkey'),
    command: target('command'),
  };
}

/** A temporary folder that the test removes. */
export function temporaryFolder(t: { teardown(remove: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'plugpull-cli-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
