// Finds and imports scenarios: the built-in ones by name, the user's own by path. Works alike from
// the TypeScript source and from the compiled package.

import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { basename, extname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HarnessError } from '../errors.ts';
import { defineScenario, isScenario } from '../plan/define-scenario.ts';
import { didYouMean } from '../plan/nearest.ts';
import type { SourcedScenario } from '../plan/plan.ts';
import type { Scenario, ScenarioInput } from '../plan/scenario.ts';
import { settingLabel } from '../plan/settings.ts';
import type { CliContext } from './context.ts';
import { usage } from './values.ts';

/**
 * The scenarios that the words name; without words those with one of the tags.
 * @throws {HarnessError} USAGE when there is no such scenario or file, SCENARIO_BAD when one does
 * not load or validate.
 */
export async function findScenarios(
  context: CliContext, words: readonly string[], tags: readonly string[],
): Promise<SourcedScenario[]> {
  const builtIn = await loadBuiltIn(context);
  const named = words.length === 0 ? builtIn : await namedScenarios(context, words, builtIn);
  const wanted = tags.length === 0 && words.length === 0 ? ['chaos'] : tags;
  refuseUnknownTags(wanted, named);
  return withoutRepeats(named.filter(({ scenario }) => (
    wanted.length === 0 || scenario.tags.some((tag) => wanted.includes(tag))
  )));
}

/** The built-in scenarios, by name. */
export async function loadBuiltIn(context: CliContext): Promise<SourcedScenario[]> {
  const folder = context.scenariosDirectory;
  const files = (await readdir(folder)).filter(isSource).sort();
  const loaded = await Promise.all(files.map((file) => loadFile(context, join(folder, file))));
  return loaded.flat().map((scenario) => ({ scenario, source: scenario.name }));
}

/** True for a file that may hold scenarios. */
export function isSource(file: string): boolean {
  return /\.(ts|js)$/.test(file) && !/\.(test|d)\.ts$|\.test\.js$/.test(file);
}

/**
 * Imports a scenario file: its default export and its named ones.
 * @throws {HarnessError} SCENARIO_BAD when it cannot be read or holds no valid scenario.
 */
export async function loadFile(context: CliContext, path: string): Promise<Scenario[]> {
  let exported: Record<string, unknown>;
  resolveOwnName();
  try {
    exported = await import(pathToFileURL(path).href) as Record<string, unknown>;
  } catch (error) {
    throw scenarioBad(path + await placeOf(context, path, error), error);
  }
  const values = Object.values(exported).flat().filter(looksLikeScenario);
  if (values.length === 0) {
    throw scenarioBad(path, 'exports no scenario: expected `export default defineScenario({ … })`');
  }
  return [...new Set(values)].map((value) => validated(path, value));
}

let isResolved = false;

/**
 * `plugpull` in a scenario is this copy, wherever the file lies: in a clone nothing is built, and a
 * file in an empty folder has no packages beside it.
 */
function resolveOwnName(): void {
  if (isResolved) return;
  isResolved = true;
  const url = new URL(`../index${extname(import.meta.filename)}`, import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) => (
      specifier === 'plugpull' ? { url, shortCircuit: true } : next(specifier, context)),
  });
}

function looksLikeScenario(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value;
}

/** Checks what a file exports, also when another copy of Plugpull defined it. */
function validated(path: string, value: unknown): Scenario {
  try {
    if (!isScenario(value)) return defineScenario(value as ScenarioInput);
    return defineScenario({ ...value, settings: value.settings.map(settingLabel) });
  } catch (error) {
    throw scenarioBad(path, error);
  }
}

async function namedScenarios(
  context: CliContext, words: readonly string[], builtIn: readonly SourcedScenario[],
): Promise<SourcedScenario[]> {
  const lists = await Promise.all(words.map(async (word) => {
    const own = builtIn.filter(({ scenario }) => scenario.name === word);
    if (own.length > 0) return own;
    const path = resolve(context.cwd, word);
    if (await isFile(path)) {
      const source = relative(context.cwd, path);
      return (await loadFile(context, path)).map((scenario) => ({ scenario, source }));
    }
    throw unknownScenario(word, builtIn);
  }));
  return lists.flat();
}

function unknownScenario(word: string, builtIn: readonly SourcedScenario[]): HarnessError {
  const looksLikePath = basename(word) !== word || extname(word) !== '';
  if (looksLikePath) return usage(`no scenario file '${word}'`);
  const names = builtIn.map(({ scenario }) => scenario.name);
  return usage(`no scenario '${word}'${didYouMean(word, names)}`);
}

function refuseUnknownTags(tags: readonly string[], among: readonly SourcedScenario[]): void {
  const known = [...new Set(among.flatMap(({ scenario }) => scenario.tags))];
  for (const tag of tags) {
    if (known.includes(tag)) continue;
    throw usage(`--tag: no scenario has the tag '${tag}'${didYouMean(tag, known)}`);
  }
}

/** The same scenario asked for twice counts once; two of one name are a mistake. */
function withoutRepeats(found: readonly SourcedScenario[]): SourcedScenario[] {
  const byName = new Map<string, SourcedScenario>();
  for (const each of found) {
    const other = byName.get(each.scenario.name);
    if (other !== undefined && other.source !== each.source) {
      throw usage(`two scenarios are named '${each.scenario.name}': one of ${other.source}, one of `
        + `${each.source}; rename one`);
    }
    byName.set(each.scenario.name, other ?? each);
  }
  return [...byName.values()];
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isFile(), () => false);
}

function scenarioBad(path: string, reason: unknown): HarnessError {
  if (!(reason instanceof Error)) {
    return new HarnessError('SCENARIO_BAD', `${path}: ${String(reason)}`);
  }
  const isScript = /import statement outside a module/.test(reason.message);
  const advice = isScript ? '; name it .mts, or set "type": "module" in the package.json' : '';
  const text = `${path}: ${reason.message}${advice}`;
  return new HarnessError('SCENARIO_BAD', text, { cause: reason });
}

/** `:3`, the line of a syntax error. Only `node --check` tells it: the error itself does not. */
function placeOf(context: CliContext, path: string, error: unknown): Promise<string> {
  if (!(error instanceof SyntaxError)) return Promise.resolve('');
  return new Promise((done) => {
    execFile(context.execPath, ['--check', path], (_, _stdout, stderr) => {
      const [first = ''] = stderr.split('\n');
      done(/(:\d+)$/.exec(first)?.[1] ?? '');
    });
  });
}
