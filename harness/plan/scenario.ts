// What to try, as plain data: the form a scenario file is written in, and the complete form that
// `defineScenario` makes of it and the planner reads.

import { fileSystems } from '../disks/disk.ts';
import type { FileSystem } from '../disks/disk.ts';
import type { Profile } from '../drivers/resp/load/rate-profile.ts';
import type { TargetName } from '../targets/target.ts';
import type { KeyDistribution } from '../workloads/key-distribution.ts';
import type { MixName } from '../workloads/spec.ts';
import type { ValueSizes } from '../workloads/value-sizes.ts';
import type { Setting, SettingLabel } from './settings.ts';
import type { CacheState, EdgeName, RecoveryForm, SnapshotAction } from './studies.ts';

/** What a crash leaves on disk. */
export const crashModels = ['process', 'power', 'power-torn', 'block'] as const;
export type CrashModel = (typeof crashModels)[number];

/** The systems under test that this version can start. */
export const targetNames: readonly TargetName[] = ['bundled', 'redis', 'valkey', 'command'];
export { fileSystems };
export type { FileSystem, KeyDistribution, MixName, Profile, TargetName, ValueSizes };

/** How the operations of an open loop follow each other. */
export const arrivalNames = ['even', 'poisson'] as const;
export type Arrivals = (typeof arrivalNames)[number];

/** What a scenario is asked for. */
export const measureNames = ['qps', 'recovery', 'loss'] as const;
export type Measure = (typeof measureNames)[number];

/** The traffic of one trial. */
export interface Load {
  /** Measured time after the warm-up, ms. */
  readonly durationMs: number;
  /** Time before measuring starts, ms. */
  readonly warmupMs: number;
  /** Connections. */
  readonly clients: number;
  /** Requests in flight on each connection. */
  readonly pipeline: number;
  /** Keys of the whole run, split over the clients. */
  readonly keys: number;
  readonly valueSizeBytes: number;
  readonly mix: MixName;
  /** Operations a second over all clients; null sends as fast as replies come (closed loop). */
  readonly ratePerSecond: number | null;
  /** The rate as a percentage of the peak that the cell is measured to have first; else null. */
  readonly ratePercent: number | null;
  /** Open loop: at even intervals, or by a Poisson process. */
  readonly arrivals: Arrivals;
  /** Open loop: how the rate changes over the load: `flat`, `ramp:0.1-1`, `steps:0.5,1,2`. */
  readonly profile: Profile;
  /** `uniform`, `sequential`, `zipf:0.99`, `hotset:0.1:0.9`; each client over its own keys. */
  readonly distribution: KeyDistribution;
  /** `fixed` (valueSizeBytes), `uniform:64-512`, `lognormal:200:0.8`, `sizes:100,2000`. */
  readonly valueSizes: ValueSizes;
  /** Share of the operations that are GETs, 0 to 0.99. */
  readonly readShare: number;
}

/** A scenario with every field present: what `defineScenario` returns and the planner reads. */
export interface Scenario {
  /** Lower case, digits and dashes; unique among the scenarios of a run. */
  readonly name: string;
  /** The question it answers, in one sentence. */
  readonly question: string;
  readonly tags: readonly string[];
  readonly targets: readonly TargetName[];
  readonly settings: readonly Setting[];
  readonly crash: readonly CrashModel[];
  /** File systems that `block` tries. */
  readonly fileSystems: readonly FileSystem[];
  /** Faults of the load, as `parseFaults` reads them; '' is none. One cell each. */
  readonly faults: readonly string[];
  /** Keys present before the load starts; one cell a size. */
  readonly preloadKeys: readonly number[];
  /** Repetitions of each cell. */
  readonly trials: number;
  readonly load: Load;
  /** BGSAVEs at seeded moments of the load, in cells that keep an RDB. */
  readonly snapshots: number;
  /** `power`: instants of each run that are booted; all are judged. */
  readonly cutInstants: number;
  /** `power-torn`: crash images of each run that are booted. */
  readonly images: number;
  readonly measures: readonly Measure[];
  /** Studies of recovery, one cell a form and cache, instead of settings and crash models. */
  readonly forms: readonly RecoveryForm[];
  readonly caches: readonly CacheState[];
  /** Studies of background work, one cell each, likewise. */
  readonly actions: readonly SnapshotAction[];
  /** Studies of other ways in, one cell a setting. */
  readonly edges: readonly EdgeName[];
  /** Studies by value size, one cell each; empty: that of the load. */
  readonly valueSizeBytes: readonly number[];
  /** Studies of background work by operations a second, likewise. */
  readonly ratePerSecond: readonly number[];
  /** Further directives, passed to the target as they are. */
  readonly directives: Readonly<Record<string, string>>;
}

/** What a scenario file says: only the name, the question and what to measure are required. */
export interface ScenarioInput {
  readonly name: string;
  readonly question: string;
  readonly measures: readonly Measure[];
  /** @defaultValue [] */
  readonly tags?: readonly string[];
  /** @defaultValue ['bundled'] */
  readonly targets?: readonly TargetName[];
  /** @defaultValue the six settings from `none` to `rdb+aof/everysec` */
  readonly settings?: readonly SettingLabel[];
  /** @defaultValue ['process'] */
  readonly crash?: readonly CrashModel[];
  /** File systems for `block`. @defaultValue ['ext4'] */
  readonly fileSystems?: readonly FileSystem[];
  /**
   * Such as 'disk-full@0.2-0.6+kill-in-rewrite': faults joined by +, @from-to as fractions of the
   * load; '' is none. One cell each. @defaultValue ['']
   */
  readonly faults?: readonly string[];
  /** 0 to 10,000,000 (included) each. @defaultValue [0] */
  readonly preloadKeys?: readonly number[];
  /** 1 to 10,000 (included). @defaultValue 1 */
  readonly trials?: number;
  /** @defaultValue 2 s after 200 ms of warm-up, 50 clients, pipeline 1, 10,000 keys, 100 bytes */
  readonly load?: Partial<Load>;
  /** 0 to 100 (included). @defaultValue 0 */
  readonly snapshots?: number;
  /** 1 to 1,000 (included). @defaultValue 1 */
  readonly cutInstants?: number;
  /** 1 to 1,000 (included). @defaultValue 24 */
  readonly images?: number;
  /** @defaultValue [] */
  readonly forms?: readonly RecoveryForm[];
  /** @defaultValue ['warm'] */
  readonly caches?: readonly CacheState[];
  /** @defaultValue [] */
  readonly actions?: readonly SnapshotAction[];
  /** The bundled engine only; `http` needs autocannon. @defaultValue [] */
  readonly edges?: readonly EdgeName[];
  /** With forms or actions: value sizes, 32 to 1,048,576 each, one cell each. @defaultValue [] */
  readonly valueSizeBytes?: readonly number[];
  /** With actions: operations a second, one cell each. @defaultValue [] */
  readonly ratePerSecond?: readonly number[];
  /** @defaultValue {} */
  readonly directives?: Readonly<Record<string, string>>;
}

/** The settings of a scenario that names none. */
export const defaultSettings: readonly SettingLabel[] = [
  'none', 'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec',
];

/** The load of a scenario that names none. */
export const defaultLoad: Load = {
  durationMs: 2000,
  warmupMs: 200,
  clients: 50,
  pipeline: 1,
  keys: 10_000,
  valueSizeBytes: 100,
  mix: 'set',
  ratePerSecond: null,
  ratePercent: null,
  arrivals: 'even',
  profile: 'flat',
  distribution: 'uniform',
  valueSizes: 'fixed',
  readShare: 0,
};
