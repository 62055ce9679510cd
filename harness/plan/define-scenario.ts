// `defineScenario`: checks what a scenario file says and fills in what it leaves out. Every mistake
// is reported at once, with its path, what was expected, what was found and the nearest valid name.

import * as v from 'valibot';
import { HarnessError, reasonOf } from '../errors.ts';
import { isProfile, profileExpected } from '../drivers/resp/load/rate-profile.ts';
import { distributionExpected, isDistribution } from '../workloads/key-distribution.ts';
import { parseFaults } from '../faults/faults.ts';
import { minimumValueSizeBytes, mixNames } from '../workloads/spec.ts';
import { isValueSizes, valueSizesExpected } from '../workloads/value-sizes.ts';
import { didYouMean } from './nearest.ts';
import { loadMistakes } from './load-mistakes.ts';
import {
  arrivalNames, crashModels, defaultLoad, defaultSettings, fileSystems, measureNames,
  targetNames,
} from './scenario.ts';
import type {
  KeyDistribution, Profile, Scenario, ScenarioInput, ValueSizes,
} from './scenario.ts';
import { cacheStates, edgeNames, recoveryForms, snapshotActions } from './studies.ts';
import { parseSetting, reservedDirectives, settingLabels } from './settings.ts';

type Range = readonly [from: number, to: number];

/** Ranges of the numbers of a scenario, bounds included; the flags keep to them as well. */
export const limits: Readonly<Record<LimitName, Range>> = {
  durationMs: [1, 3_600_000],
  warmupMs: [0, 600_000],
  clients: [1, 10_000],
  pipeline: [1, 10_000],
  keys: [1, 100_000_000],
  valueSizeBytes: [minimumValueSizeBytes, 1_048_576],
  ratePerSecond: [1, 10_000_000],
  ratePercent: [1, 200],
  preloadKeys: [0, 10_000_000],
  trials: [1, 10_000],
  snapshots: [0, 100],
  cutInstants: [1, 1000],
  images: [1, 1000],
};

/** A number of a scenario that has a range. */
export type LimitName = 'durationMs' | 'warmupMs' | 'clients' | 'pipeline' | 'keys'
  | 'valueSizeBytes' | 'ratePerSecond' | 'ratePercent'
  | 'preloadKeys' | 'trials' | 'snapshots' | 'cutInstants' | 'images';

/**
 * Declares a scenario and fills in what it leaves out.
 * @throws {HarnessError} SCENARIO_BAD when a field is missing, unknown or out of range: the message
 * lists each with its path, what was expected, what was found, and the nearest valid name.
 */
export function defineScenario(input: ScenarioInput): Scenario {
  const result = v.safeParse(scenarioSchema, input);
  if (!result.success) throw scenarioBad(input, result.issues.map(describeIssue));
  const scenario = complete(result.output as ScenarioInput);
  const mistakes = contradictions(scenario);
  if (mistakes.length > 0) throw scenarioBad(input, mistakes);
  return Object.freeze(scenario);
}

/** True for what `defineScenario` returned, or a value of the same form. */
export function isScenario(value: unknown): value is Scenario {
  if (typeof value !== 'object' || value === null) return false;
  const { name, settings, load, measures } = value as Partial<Scenario>;
  return typeof name === 'string' && Array.isArray(settings) && Array.isArray(measures)
    && typeof load === 'object' && settings.every((setting) => typeof setting === 'object');
}

function complete(input: ScenarioInput): Scenario {
  return {
    name: input.name,
    question: input.question,
    tags: input.tags ?? [],
    targets: input.targets ?? ['bundled'],
    settings: (input.settings ?? defaultSettings).map(parseSetting),
    crash: input.crash ?? ['process'],
    fileSystems: input.fileSystems ?? ['ext4'],
    faults: input.faults ?? [''],
    preloadKeys: input.preloadKeys ?? [0],
    trials: input.trials ?? 1,
    load: { ...defaultLoad, ...input.load },
    snapshots: input.snapshots ?? 0,
    cutInstants: input.cutInstants ?? 1,
    images: input.images ?? 24,
    measures: input.measures,
    forms: input.forms ?? [],
    caches: input.caches ?? ['warm'],
    actions: input.actions ?? [],
    edges: input.edges ?? [],
    valueSizeBytes: input.valueSizeBytes ?? [],
    ratePerSecond: input.ratePerSecond ?? [],
    directives: input.directives ?? {},
  };
}

/** What the fields of a scenario may not be together; empty when it is in order. */
export function contradictions(scenario: Scenario): string[] {
  const { load, directives } = scenario;
  const mistakes: string[] = loadMistakes(scenario);
  const keysPerClient = load.mix === 'set' ? 1 : 2;
  const leastKeys = load.clients * keysPerClient;
  if (load.keys < leastKeys) {
    mistakes.push(`load.keys: expected at least ${leastKeys} (${keysPerClient} for each of `
      + `${load.clients} clients with mix ${load.mix}), found ${load.keys}`);
  }
  for (const text of scenario.faults) {
    const mistake = mistakeOf(() => parseFaults(text));
    if (mistake !== null) mistakes.push(`faults: ${mistake}`);
  }
  for (const name of Object.keys(directives)) {
    const reason = reservedDirectives[name];
    if (reason !== undefined) mistakes.push(`directives.${name}: cannot be set here; ${reason}`);
  }
  return mistakes;
}

function mistakeOf(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function scenarioBad(input: unknown, mistakes: readonly string[]): HarnessError {
  const name = (input as { name?: unknown } | null | undefined)?.name;
  const who = typeof name === 'string' ? `scenario '${name}'` : 'the scenario';
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  return new HarnessError('SCENARIO_BAD', `${who} has ${count}:\n  ${mistakes.join('\n  ')}`);
}

// ── from here on: the schema, whose messages say what was expected ──

type Issue = v.BaseIssue<unknown>;

/** A message that starts with `!` is the whole text; any other says what was expected. */
function describeIssue(issue: Issue): string {
  const path = issue.path === undefined ? 'the file' : pathText(issue.path);
  if (issue.message.startsWith('!')) return `${path}: ${issue.message.slice(1)}`;
  return `${path}: expected ${issue.message}, found ${foundText(issue)}${nearText(issue)}`;
}

function pathText(path: readonly v.IssuePathItem[]): string {
  let text = '';
  for (const item of path) {
    if (typeof item.key === 'number') text += `[${item.key}]`;
    else text += (text === '' ? '' : '.') + String(item.key);
  }
  return text;
}

function foundText(issue: Issue): string {
  const { input } = issue;
  if (input === undefined) return 'nothing';
  if (Array.isArray(input)) return input.length === 0 ? 'an empty list' : 'a list';
  if (typeof input === 'function') return 'a function';
  return typeof input === 'object' && input !== null ? 'an object' : JSON.stringify(input);
}

function nearText(issue: Issue): string {
  if (issue.type !== 'picklist' || typeof issue.input !== 'string') return '';
  const names = [...(issue.expected ?? '').matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
  return didYouMean(issue.input, names);
}

/** An object without other fields; the message names the nearest field or what was expected. */
function fields<const TEntries extends v.ObjectEntries>(what: string, entries: TEntries) {
  return v.strictObject(entries, (issue) => {
    const key = issue.path?.at(-1)?.key;
    const known = Object.keys(entries);
    if (typeof key !== 'string') return what;
    if (issue.expected !== 'never') return `!is required in ${what}, found nothing`;
    return `!not a field of ${what}${didYouMean(key, known)}`;
  });
}

function whole(range: Range) {
  const [from, to] = range;
  const expected = `a whole number from ${from} to ${to}`;
  return v.pipe(
    v.number(expected), v.integer(expected), v.minValue(from, expected), v.maxValue(to, expected),
  );
}

function sentence(expected: string) {
  return v.pipe(v.string(expected), v.trim(), v.minLength(1, expected));
}

function oneOf<const TNames extends readonly string[]>(what: string, names: TNames) {
  return v.picklist(names, what);
}

/** A list with at least one item and none twice. */
function listOf<TItem extends v.GenericSchema>(what: string, item: TItem) {
  const expected = `a list of at least one of the ${what}`;
  return v.pipe(distinctList(what, item), v.minLength(1, expected));
}

/** A list that may be empty, with none twice. */
function distinctList<TItem extends v.GenericSchema>(what: string, item: TItem) {
  return v.pipe(
    v.array(item, `a list of ${what}`),
    v.check((items) => twice(items) === undefined, (issue) => (
      `!expected none of the ${what} twice, found ${JSON.stringify(twice(issue.input))} again`
    )),
  );
}

function twice(items: readonly unknown[]): unknown {
  return items.find((item, at) => items.indexOf(item) !== at);
}

const namePattern = /^[a-z][a-z0-9-]{0,63}$/;
const nameExpected = 'lower-case letters, digits and dashes, a letter first, at most 64';

const shareExpected = 'a share from 0 to 0.99';

const loadSchema = fields('a load', {
  durationMs: v.optional(whole(limits.durationMs)),
  warmupMs: v.optional(whole(limits.warmupMs)),
  clients: v.optional(whole(limits.clients)),
  pipeline: v.optional(whole(limits.pipeline)),
  keys: v.optional(whole(limits.keys)),
  valueSizeBytes: v.optional(whole(limits.valueSizeBytes)),
  mix: v.optional(oneOf('a mix', mixNames)),
  ratePerSecond: v.optional(v.nullable(whole(limits.ratePerSecond))),
  ratePercent: v.optional(v.nullable(whole(limits.ratePercent))),
  arrivals: v.optional(oneOf('arrivals', arrivalNames)),
  profile: v.optional(v.custom<Profile>(isProfile, profileExpected)),
  distribution: v.optional(v.custom<KeyDistribution>(isDistribution, distributionExpected)),
  valueSizes: v.optional(v.custom<ValueSizes>(isValueSizes, valueSizesExpected)),
  readShare: v.optional(v.pipe(
    v.number(shareExpected), v.minValue(0, shareExpected), v.maxValue(0.99, shareExpected),
  )),
});

const scenarioSchema = fields('a scenario', {
  name: v.pipe(v.string(nameExpected), v.regex(namePattern, nameExpected)),
  question: sentence('a sentence'),
  measures: listOf('measures', oneOf('a measure', measureNames)),
  tags: v.optional(v.array(
    v.pipe(v.string(nameExpected), v.regex(namePattern, nameExpected)), 'a list of tags',
  )),
  targets: v.optional(listOf('targets', oneOf('a target', targetNames))),
  settings: v.optional(listOf('settings', oneOf('a setting', settingLabels))),
  crash: v.optional(listOf('crash models', oneOf('a crash model', crashModels))),
  fileSystems: v.optional(listOf('file systems', oneOf('a file system', fileSystems))),
  faults: v.optional(listOf('faults', v.string('a text'))),
  preloadKeys: v.optional(listOf('sizes', whole(limits.preloadKeys))),
  trials: v.optional(whole(limits.trials)),
  load: v.optional(loadSchema),
  snapshots: v.optional(whole(limits.snapshots)),
  cutInstants: v.optional(whole(limits.cutInstants)),
  forms: v.optional(v.array(oneOf('a form', recoveryForms), 'a list of forms')),
  caches: v.optional(listOf('cache states', oneOf('a cache state', cacheStates))),
  actions: v.optional(v.array(oneOf('an action', snapshotActions), 'a list of actions')),
  edges: v.optional(v.array(oneOf('an edge', edgeNames), 'a list of edges')),
  valueSizeBytes: v.optional(distinctList('value sizes', whole(limits.valueSizeBytes))),
  ratePerSecond: v.optional(distinctList('rates', whole(limits.ratePerSecond))),
  images: v.optional(whole(limits.images)),
  directives: v.optional(v.record(
    v.string('a directive'), v.string('a text'), 'directives and their values',
  )),
});
