// What the flags of a run change in its scenarios. Pure.

import { HarnessError } from '../errors.ts';
import { contradictions } from './define-scenario.ts';
import type { CrashModel, FileSystem, Load, Scenario, TargetName } from './scenario.ts';
import { fsyncNames } from './settings.ts';
import type { Fsync, Persist, Setting } from './settings.ts';

/** Each field left out leaves the scenario as it is. */
export interface Overrides {
  /** Replaces the targets. */
  readonly targets?: readonly TargetName[];
  /** Replaces this side of the matrix of settings. */
  readonly persist?: readonly Persist[];
  /** Replaces this side of the matrix of settings; alone, it keeps settings with a log only. */
  readonly fsync?: readonly Fsync[];
  /** Replaces the crash models where loss or forms are; elsewhere keeps those that match. */
  readonly crash?: readonly CrashModel[];
  /** Replaces the faults where loss is judged. */
  readonly faults?: readonly string[];
  /** Replaces the file systems of `block`. */
  readonly fileSystems?: readonly FileSystem[];
  readonly trials?: number;
  /** Crash images booted of each power cut run, torn or not. */
  readonly images?: number;
  /** Replaces fields of the load. */
  readonly load?: Partial<Load>;
  /** Replaces the value sizes, or the rates, that a study tries. */
  readonly valueSizeBytes?: readonly number[];
  readonly ratePerSecond?: readonly number[];
  /** A rate for each client: the rate of the load is so many times the clients. */
  readonly ratePerClient?: number;
  /** Added to the directives, last word wins. */
  readonly directives?: Readonly<Record<string, string>>;
}

/** A scenario after the flags, or why none of its cells is left. */
export type Overridden =
  | { readonly kind: 'kept'; readonly scenario: Scenario }
  | { readonly kind: 'dropped'; readonly name: string; readonly reason: string };

/**
 * Applies the flags to one scenario.
 * @throws {HarnessError} USAGE when flags and scenario contradict each other.
 */
export function overrideScenario(scenario: Scenario, overrides: Overrides): Overridden {
  const { name } = scenario;
  const settings = overriddenSettings(scenario.settings, overrides);
  if (settings.length === 0) return { kind: 'dropped', name, reason: 'no setting matches --fsync' };
  const crash = overriddenCrash(scenario, overrides.crash);
  if (crash.length === 0) {
    const reason = `it is not about --crash ${overrides.crash?.join(',')}`;
    return { kind: 'dropped', name, reason };
  }
  const changed: Scenario = {
    ...scenario,
    settings,
    crash,
    targets: overrides.targets ?? scenario.targets,
    faults: overrides.faults ?? scenario.faults,
    fileSystems: overrides.fileSystems ?? scenario.fileSystems,
    trials: overrides.trials ?? scenario.trials,
    cutInstants: overrides.images ?? scenario.cutInstants,
    images: overrides.images ?? scenario.images,
    load: overriddenLoad(scenario.load, overrides),
    ...overriddenStudies(scenario, overrides),
    directives: { ...scenario.directives, ...overrides.directives },
  };
  const mistakes = contradictions(changed);
  if (mistakes.length === 0) return { kind: 'kept', scenario: changed };
  throw new HarnessError('USAGE', `with these flags scenario '${name}' contradicts itself:\n  `
    + mistakes.join('\n  '));
}

function overriddenLoad(load: Load, { load: changes, ratePerClient }: Overrides): Load {
  const changed = { ...load, ...changes };
  if (ratePerClient === undefined) return changed;
  return { ...changed, ratePerSecond: ratePerClient * changed.clients, ratePercent: null };
}

/** What a study tries one by one: a list replaces it, and so does the one value of a load. */
function overriddenStudies(
  { load, valueSizeBytes, ratePerSecond }: Scenario, overrides: Overrides,
): Pick<Scenario, 'valueSizeBytes' | 'ratePerSecond'> {
  const changed = overriddenLoad(load, overrides);
  const { load: given = {}, ratePerClient } = overrides;
  const isRateGiven = ratePerClient !== undefined || given.ratePerSecond !== undefined;
  const one = (values: readonly number[], value: number | null): readonly number[] => (
    values.length === 0 || value === null ? [] : [value]);
  return {
    valueSizeBytes: overrides.valueSizeBytes ?? (given.valueSizes === undefined ? valueSizeBytes
      : one(valueSizeBytes, given.valueSizeBytes ?? null)),
    ratePerSecond: overrides.ratePerSecond
      ?? (isRateGiven ? one(ratePerSecond, changed.ratePerSecond) : ratePerSecond),
  };
}

function overriddenCrash(
  scenario: Scenario, wanted: readonly CrashModel[] | undefined,
): readonly CrashModel[] {
  if (wanted === undefined) return scenario.crash;
  // Recovery from files of a form is studied after whatever is asked for.
  if (scenario.measures.includes('loss') || scenario.forms.length > 0) return wanted;
  return scenario.crash.filter((model) => wanted.includes(model));
}

function overriddenSettings(
  settings: readonly Setting[], { persist, fsync }: Overrides,
): readonly Setting[] {
  if (persist === undefined && fsync === undefined) return settings;
  const kinds = persist ?? withLog(settings).map((setting) => setting.persist);
  return [...new Set(kinds)].flatMap((kind): Setting[] => {
    if (kind === 'none' || kind === 'rdb') return [{ persist: kind, appendfsync: null }];
    return (fsync ?? fsyncsOf(settings, kind))
      .map((appendfsync) => ({ persist: kind, appendfsync }));
  });
}

/** The policies that the scenario tries with this persistence; else with any log; else all. */
function fsyncsOf(settings: readonly Setting[], persist: Persist): readonly Fsync[] {
  const own = withLog(settings).filter((setting) => setting.persist === persist);
  const found = (own.length > 0 ? own : withLog(settings))
    .flatMap((setting) => setting.appendfsync ?? []);
  return found.length > 0 ? [...new Set(found)] : fsyncNames;
}

function withLog(settings: readonly Setting[]): readonly Setting[] {
  return settings.filter((setting) => setting.appendfsync !== null);
}
