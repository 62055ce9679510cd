// Scenarios and a seed, expanded to exact trials. Pure: the same input gives the same plan, and
// adding a cell changes neither the seeds nor the moments nor the relative order of the others.

import type { FileSystem, TrialDisk } from '../disks/disk.ts';
import { atMoments, makeFault, parseFaults } from '../faults/faults.ts';
import type { FaultStep } from '../faults/faults.ts';
import { sizePicker } from '../workloads/value-sizes.ts';
import { earliestKillShare } from './load-mistakes.ts';
import type { CrashModel, Load, Measure, Scenario, TargetName } from './scenario.ts';
import { drawSpread, hashOf, seededDraw } from './seeds.ts';
import { keepsRdb, settingDirectives, settingLabel } from './settings.ts';
import { directivesOfStudy, settingOfStudy, studyLabel } from './studies.ts';
import type { Study } from './studies.ts';
import type { Setting } from './settings.ts';
import { sizeText } from './units.ts';

/** One point of the matrix. */
export interface Cell {
  /**
   * `scenario/target/setting/crash`, `block-xfs` for a file system other than ext4, and `/size`
   * when keys are preloaded, and the faults.
   */
  readonly id: string;
  readonly scenario: string;
  /** What names the scenario on a command line: its name, or the path of the user's file. */
  readonly source: string;
  readonly target: TargetName;
  readonly setting: Setting;
  readonly crash: CrashModel;
  /** Faults of the load, in words as `parseFaults` reads them, and read. */
  readonly faultText: string;
  readonly faults: readonly FaultStep[];
  /** What lies under the data directory. */
  readonly disk: TrialDisk['kind'];
  /** Of a `block` disk; null on others. */
  readonly fileSystem: FileSystem | null;
  /** Keys present before the load starts; with `rdb` saved by SAVE, so that they are durable. */
  readonly preloadKeys: number;
  readonly load: Load;
  /** BGSAVEs during the load; 0 where the setting keeps no RDB. */
  readonly snapshots: number;
  /**
   * BGREWRITEAOFs during the load: in `power-torn` cells with a log, for the windows that it opens.
   * Not by `power`: its base would be durable, and `no` would look better than it is.
   */
  readonly rewrites: number;
  /** Crash images booted a run; 1 for `process`, whose instant is the kill. */
  readonly cutInstants: number;
  /** Cells that record an op log slow each sync by this much; null in cells that do not record. */
  readonly syncDelayMs: number | null;
  /** Everything the target is started with that the harness does not choose itself. */
  readonly directives: readonly (readonly [name: string, value: string])[];
  readonly measures: readonly Measure[];
  /** Null for a load that ends in a crash. */
  readonly study: Study | null;
  readonly trials: number;
}

/** One seeded repetition of a cell. Moments count from the first operation of the load. */
export interface Trial {
  readonly cell: Cell;
  /** 0 for the first repetition. */
  readonly index: number;
  /** uint32, a hash of (seed of the run, cell id, index). */
  readonly seed: number;
  /** When the server is killed, ms from the start of the load, warm-up included. */
  readonly crashAtMs: number;
  /** When BGSAVE is asked for, ascending, ms, all before `crashAtMs`. */
  readonly snapshotsAtMs: readonly number[];
  /** When BGREWRITEAOF is asked for, likewise. */
  readonly rewritesAtMs: readonly number[];
  /** `power`: cut instants as fractions of the time from load start to kill, ascending, 0 to 1. */
  readonly cutFractions: readonly number[];
  /** The faults of the cell; random ones at the moments of this trial. */
  readonly faults: readonly FaultStep[];
  readonly estimatedMs: number;
}

/** A cell that this version cannot run, with the reason. */
export interface SkippedCell {
  readonly id: string;
  readonly scenario: string;
  readonly target: TargetName;
  readonly setting: Setting;
  readonly crash: CrashModel;
  readonly reason: string;
}

/** Which part of which plan is run, and of how many. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
  /** Names the whole plan: equal for all shards of it. */
  readonly planHash: string;
  /** Ids of all cells of the whole plan, in its order. */
  readonly planCells: readonly string[];
}

/** Everything a run will do. */
export interface Plan {
  /** uint32. */
  readonly seed: number;
  /** Flags that changed more than the choice of cells, as on a command line; repeats the run. */
  readonly flags: readonly string[];
  readonly cells: readonly Cell[];
  readonly skipped: readonly SkippedCell[];
  /** In the order in which they run: every repetition visits all cells in a seeded order. */
  readonly trials: readonly Trial[];
  readonly estimatedMs: number;
  /** Present when this is a part of a plan. */
  readonly shard?: Shard;
}

/** A scenario and what names it on a command line. */
export interface SourcedScenario {
  readonly scenario: Scenario;
  readonly source: string;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly scenarios: readonly SourcedScenario[];
  /** uint32. */
  readonly seed: number;
  /** @defaultValue [] */
  readonly flags?: readonly string[];
  /** Why this machine cannot run a cell; null when it can. @defaultValue it can run all */
  readonly unsupported?: (cell: Cell) => string | null;
}

/** Expands scenarios to a plan. */
export function planRun(
  { scenarios, seed, flags = [], unsupported = () => null }: PlanInput,
): Plan {
  const cells: Cell[] = [];
  const skipped: SkippedCell[] = [];
  for (const cell of scenarios.flatMap(cellsOf)) {
    const reason = unfitReason(cell) ?? edgeReason(cell) ?? unsupported(cell);
    if (reason === null) cells.push(cell);
    else skipped.push(skippedCell(cell, reason));
  }
  const trials = orderedTrials(cells, seed);
  const estimatedMs = trials.reduce((sum, trial) => sum + trial.estimatedMs, 0);
  return { seed, flags, cells, skipped, trials, estimatedMs };
}

function cellsOf(sourced: SourcedScenario): Cell[] {
  const { scenario } = sourced;
  const studies = studiesOf(scenario);
  if (studies.length > 0) return studyCells(sourced, studies);
  const cells: Cell[] = [];
  for (const target of scenario.targets) {
    for (const setting of scenario.settings) {
      for (const crash of scenario.crash) {
        for (const fileSystem of crash === 'block' ? scenario.fileSystems : [null]) {
          for (const preloadKeys of scenario.preloadKeys) {
            const point = { target, setting, crash, fileSystem, preloadKeys, study: null };
            for (const text of scenario.faults) cells.push(cellOf(sourced, point, text));
          }
        }
      }
    }
  }
  return cells;
}

function studiesOf({
  forms, caches, actions, edges, settings, valueSizeBytes, ratePerSecond,
}: Scenario): Study[] {
  const sizes = eachOf('valueSizeBytes', valueSizeBytes);
  const rates = eachOf('ratePerSecond', ratePerSecond);
  return [
    ...forms.flatMap((form) => caches.flatMap((cache) => sizes.map((size): Study => (
      { kind: 'recovery', form, cache, ...size })))),
    ...actions.flatMap((action) => sizes.flatMap((size) => rates.map((rate): Study => (
      { kind: 'snapshot', action, ...size, ...rate })))),
    ...edges.flatMap((kind) => settings.map((setting): Study => (
      { kind, setting: settingLabel(setting) }))),
  ];
}

/** A field with each of the values in turn; without values the load's own, so no field. */
function eachOf<const TName extends string>(
  name: TName, values: readonly number[],
): readonly Partial<Record<TName, number>>[] {
  if (values.length === 0) return [{}];
  return values.map((value) => ({ [name]: value }) as Record<TName, number>);
}

/** The load of the scenario, with what the study says of it. */
function loadOf({ load }: Scenario, study: Study | null): Load {
  if (study === null || study.kind === 'http') return load;
  const { valueSizeBytes } = study;
  const ratePerSecond = study.kind === 'snapshot' ? study.ratePerSecond : undefined;
  return {
    ...load,
    ...(valueSizeBytes === undefined ? {} : { valueSizeBytes, valueSizes: 'fixed' }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond, ratePercent: null }),
  };
}

function studyCells(sourced: SourcedScenario, studies: readonly Study[]): Cell[] {
  const { targets, preloadKeys } = sourced.scenario;
  return targets.flatMap((target) => studies.flatMap((study) => (
    groundsOf(study, sourced.scenario).flatMap((ground) => preloadKeys.map((size) => (
      cellOf(sourced, {
        target, setting: settingOfStudy(study), ...ground, preloadKeys: size, study,
      }, '')
    )))
  )));
}

type Ground = Pick<Cell, 'crash' | 'fileSystem'>;

/** A recovery is studied after a kill, and on file systems of its own whose replay is timed. */
function groundsOf({ kind }: Study, { crash, fileSystems }: Scenario): Ground[] {
  const plain: Ground = { crash: 'process', fileSystem: null };
  if (kind !== 'recovery') return [plain];
  return crash.flatMap((model): Ground[] => {
    if (model === 'process') return [plain];
    return fileSystems.map((fileSystem) => ({ crash: 'block', fileSystem }));
  });
}

type Point = Pick<Cell, 'target' | 'setting' | 'crash' | 'fileSystem' | 'preloadKeys'
  | 'study'>;

/** The bundled engine records its own calls; of the others a faultfs does. */
function diskOf({ target, crash }: Point, faults: readonly FaultStep[]): Cell['disk'] {
  if (crash === 'block') return 'block';
  if (faults.some(({ name }) => makeFault(name).needsFaultfs)) return 'faultfs';
  return crash === 'process' || target === 'bundled' ? 'plain' : 'faultfs';
}

// A reply that leaves before a fast sync ends would hide behind the client's own lag.
const recordingSyncDelayMs = 2;

function cellOf(
  { scenario, source }: SourcedScenario, point: Point, faultText: string,
): Cell {
  const { target, setting, crash, fileSystem, preloadKeys, study } = point;
  const model = fileSystem === null || fileSystem === 'ext4' ? crash : `${crash}-${fileSystem}`;
  const ground = crash === 'block' ? `/${model}` : '';
  const what = study === null ? `${settingLabel(setting)}/${model}`
    : `${studyLabel(study)}${ground}`;
  const name = `${scenario.name}/${target}/${what}`;
  const faults = parseFaults(faultText);
  const directives = new Map(settingDirectives(setting));
  for (const [directive, value] of study === null ? [] : directivesOfStudy(study)) {
    directives.set(directive, value);
  }
  for (const [directive, value] of Object.entries(scenario.directives)) {
    directives.set(directive, value);
  }
  return {
    id: [
      name, ...(preloadKeys === 0 ? [] : [sizeText(preloadKeys)]),
      ...(faultText === '' ? [] : [faultText]),
    ].join('/'),
    scenario: scenario.name,
    source,
    ...point,
    faultText,
    faults,
    disk: diskOf(point, faults),
    load: loadOf(scenario, study),
    snapshots: keepsRdb(setting) && study === null ? scenario.snapshots : 0,
    rewrites: crash === 'power-torn' && setting.appendfsync !== null
      ? Math.min(1, scenario.snapshots) : 0,
    cutInstants: imagesOf(scenario, crash),
    syncDelayMs: isRecorded(crash) ? recordingSyncDelayMs : null,
    directives: [...directives],
    measures: scenario.measures,
    trials: scenario.trials,
  };
}

/** Why nobody can run a cell, or not with these faults; null when it can be. */
function unfitReason({ crash, faults, target, study }: Cell): string | null {
  if (target === 'command' && (crash !== 'process' || study !== null)) {
    return 'target command: only loads with crash model process, for its files are not here';
  }
  for (const { name } of faults) {
    const fault = makeFault(name);
    const available = fault.available(target);
    if (!available.available) return `fault ${name}: ${available.why}`;
    if (crash === 'block' && (fault.needsFaultfs || fault.when === 'end')) {
      return `fault ${name}: not with crash model block, whose cut ends the load`;
    }
    if (crash !== 'process' && (fault.when === 'down' || fault.when === 'recovery')) {
      return `fault ${name}: only with crash model process`;
    }
  }
  return null;
}

/** Why a way in cannot be had of the target; null when it can. */
function edgeReason({ study, target }: Cell): string | null {
  if (study?.kind !== 'http' || target === 'bundled') return null;
  return `${target} does not speak HTTP: only the bundled engine has a REST edge`;
}

/** Crash models whose instants are chosen afterwards, in the record of the run. */
export function isRecorded(crash: CrashModel): boolean {
  return crash === 'power' || crash === 'power-torn';
}

function imagesOf(scenario: Scenario, crash: CrashModel): number {
  if (!isRecorded(crash)) return 1;
  return crash === 'power-torn' ? scenario.images : scenario.cutInstants;
}

function skippedCell(cell: Cell, reason: string): SkippedCell {
  const { id, scenario, target, setting, crash } = cell;
  return { id, scenario, target, setting, crash, reason };
}

function orderedTrials(cells: readonly Cell[], seed: number): Trial[] {
  const rounds = cells.reduce((most, cell) => Math.max(most, cell.trials), 0);
  const trials: Trial[] = [];
  for (let index = 0; index < rounds; index++) {
    const round = cells
      .filter((cell) => cell.trials > index)
      .map((cell) => ({ cell, rank: hashOf('order', seed, index, cell.id) }))
      .sort((one, other) => one.rank - other.rank || (one.cell.id < other.cell.id ? -1 : 1));
    for (const { cell } of round) trials.push(trialOf(cell, index, seed));
  }
  return trials;
}

// Before a third of the load there is little to lose, and after nine tenths a snapshot rarely ends.
const earliestCut = 0.35;
const snapshotSpan = [0.1, 0.9] as const;

function trialOf(cell: Cell, index: number, runSeed: number): Trial {
  const seed = hashOf('trial', runSeed, cell.id, index);
  const draw = seededDraw(hashOf('moments', seed));
  const { warmupMs, durationMs } = cell.load;
  const from = earliestKillShare(cell.measures);
  const crashAtMs = draw(warmupMs + Math.ceil(durationMs * from), warmupMs + durationMs);
  const [first, last] = snapshotSpan;
  const snapshotsAtMs = drawSpread(draw, cell.snapshots, [
    Math.floor(crashAtMs * first), Math.floor(crashAtMs * last),
  ]);
  const cuts = !isRecorded(cell.crash) ? [] : drawSpread(draw, cell.cutInstants, [
    Math.round(earliestCut * 10_000), 10_000,
  ]);
  const rewritesAtMs = drawSpread(draw, cell.rewrites, [
    Math.floor(crashAtMs * first), Math.floor((crashAtMs * (first + last)) / 2),
  ]);
  // Draws of their own: the other moments are the same with and without them.
  const drawFaults = seededDraw(hashOf('faults', seed));
  const faults = cell.faults.map((step) => atMoments(step, drawFaults));
  const trial = { cell, index, seed, crashAtMs, snapshotsAtMs, rewritesAtMs, faults };
  return { ...trial, cutFractions: cuts.map((cut) => cut / 10_000), estimatedMs: estimate(trial) };
}

// What a trial takes besides its load, measured on 2 cores: spawning, recovering and reading back,
// and for each crash image building and booting it.
const overheadMs = 800;
const cutMs = 500;
const diskMs = 400;
const preloadUsPerKey = 5;

function estimate(trial: Omit<Trial, 'cutFractions' | 'estimatedMs'>): number {
  const { cell, crashAtMs } = trial;
  const cuts = isRecorded(cell.crash) ? cell.cutInstants * cutMs : 0;
  const disk = cell.disk === 'plain' ? 0 : diskMs;
  const preload = Math.round((cell.preloadKeys * preloadUsPerKey) / 1000);
  return overheadMs + crashAtMs + cuts + disk + preload;
}

// What a load may write at most, from rates seen on fast machines.
const writesPerMs = 300;
const bytesPerWriteBesidesValue = 100;

/** Writes and bytes that a load may come to at most; right within a factor. */
export function largestLoad({ load, preloadKeys }: Cell): { writes: number; bytes: number } {
  const fastest = load.ratePerSecond === null
    ? writesPerMs : Math.min(writesPerMs, load.ratePerSecond / 1000);
  const writes = (load.warmupMs + load.durationMs) * fastest;
  const { meanBytes } = sizePicker(load.valueSizes, load.valueSizeBytes);
  const bytesPerWrite = meanBytes + bytesPerWriteBesidesValue;
  return { writes, bytes: (writes + preloadKeys) * bytesPerWrite };
}

const leastImageBytes = 512 * 1024 * 1024;

/** Size of the file system of a `block` cell: room for log, its rewrite and a snapshot. */
export function imageBytes(cell: Cell): number {
  const megabyte = 1024 * 1024;
  const needed = Math.ceil((3 * largestLoad(cell).bytes) / megabyte) * megabyte;
  return Math.max(leastImageBytes, needed);
}
