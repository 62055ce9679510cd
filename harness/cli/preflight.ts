// Before any load: can this machine run the plan? Everything that is missing is said at once, with
// what was looked for and what to do about it.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Configuration } from '../../engine/config/configuration.ts';
import { directives as engineDirectives } from '../../engine/config/directives.ts';
import { directivesWithoutEffect, otherAliases, refusedDirectives }
  from '../../engine/config/other-directives.ts';
import { httpMissing } from '../drivers/http/driver.ts';
import { HarnessError } from '../errors.ts';
import { didYouMean, nearestName } from '../plan/nearest.ts';
import { imageBytes, largestLoad } from '../plan/plan.ts';
import type { Cell, Plan } from '../plan/plan.ts';
import { bytesText } from '../plan/units.ts';
import { sizePicker } from '../workloads/value-sizes.ts';
import type { CliContext } from './context.ts';
import { usage } from './values.ts';

/**
 * Checks that the plan can be run and its record be kept.
 * @throws {HarnessError} ENVIRONMENT naming everything that is missing, USAGE when a real server
 *   refuses a directive.
 */
export async function preflight(context: CliContext, plan: Plan, out: string): Promise<void> {
  if (plan.cells.length === 0) throw nothingLeft(plan);
  const missing = [
    ...nodeMissing(context.nodeVersion),
    ...await targetsMissing(context, plan),
    ...await diskMissing(context, plan, out),
    ...memoryMissing(context, plan),
    ...filesMissing(context, plan),
    ...httpMissingFor(plan),
  ];
  if (missing.length > 0) throw new HarnessError('ENVIRONMENT', missing.join('\n'));
  await context.tryDirectives(plan, context.targets);
}

/**
 * Checks the directives of each cell against what its target knows.
 * @throws {EngineError} CONFIG_BAD or {HarnessError} USAGE naming the directive.
 */
export function checkDirectives(plan: Plan): void {
  for (const cell of plan.cells) {
    if (cell.target === 'bundled') checkBundled(cell);
    else checkServer(cell);
  }
}

function checkBundled(cell: Cell): void {
  const entries = cell.directives.map(([name, value]) => ({
    name,
    values: name === 'save' && value !== '' ? value.split(/\s+/) : [value],
    where: `directive ${name} (--set or ${cell.scenario})`,
  }));
  // Its constructor is the check: there is no server to configure yet.
  void new Configuration(entries);
}

/** A real server knows more directives than this list: only what looks mistyped is refused. */
function checkServer(cell: Cell): void {
  const known = [...engineDirectives.map((row) => row.name), ...directivesWithoutEffect.keys(),
    ...refusedDirectives.keys(), ...otherAliases.keys()];
  for (const [name] of cell.directives) {
    if (known.includes(name) || nearestName(name, known) === null) continue;
    throw usage(`unknown directive '${name}'${didYouMean(name, known)}`);
  }
}

function nothingLeft({ skipped }: Plan): HarnessError {
  const reasons = [...new Set(skipped.map((cell) => cell.reason))];
  if (reasons.length === 0) return usage('no cell is left: the flags leave out every scenario');
  return new HarnessError('ENVIRONMENT', `nothing can be run here: ${reasons.join('; ')}`);
}

const oldestNode = [22, 18] as const;

function nodeMissing(version: string): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [needMajor, needMinor] = oldestNode;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return [];
  return [`Node ${needMajor}.${needMinor} or newer is needed, this is ${version}`];
}

async function targetsMissing(context: CliContext, plan: Plan): Promise<string[]> {
  const names = [...new Set(plan.cells.map((cell) => cell.target))];
  const located = await Promise.all(names.map(async (name) => (
    { name, found: await context.targets[name].locate() }
  )));
  return located.flatMap(({ name, found }) => (found.kind === 'found' ? [] : [
    `target ${name} is not here: looked for ${found.lookedFor.join(', ')}; `
    + `to install it: ${found.install}`,
  ]));
}

// It only has to be right within a factor: the margin is for everything else on the disk.
const bytesPerKeyBesidesValue = 100;
const filesPerTrial = 3; // log or snapshot, op log with the data, crash image
const ledgerBytesPerWrite = 32;
const baseBytes = 64_000_000;

/** Bytes that the biggest trial of the plan may need on disk. */
export function diskNeededBytes(plan: Plan): number {
  return baseBytes + Math.max(0, ...plan.cells.map((cell) => {
    const { writes, bytes } = largestLoad(cell);
    const files = cell.disk === 'block' ? imageBytes(cell) : bytes * filesPerTrial;
    return files + writes * ledgerBytesPerWrite;
  }));
}

/** Bytes of memory that the biggest trial of the plan may need: server, generator and checker. */
export function memoryNeededBytes(plan: Plan): number {
  const largest = Math.max(0, ...plan.cells.map(({ load, preloadKeys }) => (
    (load.keys + preloadKeys) * (meanValueBytes(load) + bytesPerKeyBesidesValue) * 2
  )));
  return 3 * baseBytes + largest;
}

function meanValueBytes({ valueSizes, valueSizeBytes }: Cell['load']): number {
  return sizePicker(valueSizes, valueSizeBytes).meanBytes;
}

async function diskMissing(context: CliContext, plan: Plan, out: string): Promise<string[]> {
  const folder = existingFolder(out);
  const free = await context.machine.freeDiskBytes(folder);
  const needed = diskNeededBytes(plan);
  if (free >= needed) return [];
  return [`too little disk: the plan may need ${bytesText(needed)} in ${folder}, `
    + `${bytesText(free)} are free; choose another disk with --out or a shorter --duration`];
}

function memoryMissing(context: CliContext, plan: Plan): string[] {
  const free = context.machine.freeMemoryBytes();
  const needed = memoryNeededBytes(plan);
  if (free >= needed) return [];
  return [`too little memory: the plan may need ${bytesText(needed)}, ${bytesText(free)} are free; `
    + 'choose fewer --keys or a smaller --value-size'];
}

const filesBesidesClients = 64; // snapshots, logs, listeners, control connections

function filesMissing(context: CliContext, plan: Plan): string[] {
  const limit = context.machine.openFilesLimit();
  const clients = Math.max(0, ...plan.cells.map((cell) => cell.load.clients));
  if (limit === null || clients + filesBesidesClients <= limit) return [];
  return [`too few file handles: ${clients} clients need ${clients + filesBesidesClients}, a `
    + `process may have ${limit}; choose at most --clients ${limit - filesBesidesClients}, or `
    + `raise the limit with ulimit -n`];
}

function httpMissingFor({ cells }: Plan): string[] {
  const why = cells.some(({ study }) => study?.kind === 'http') ? httpMissing() : null;
  return why === null ? [] : [why];
}

function existingFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingFolder(dirname(path));
}

/** Why this machine cannot run a cell; null when it can. */
export function unsupported({ machine }: CliContext, cell: Cell): string | null {
  const lacks = machine.diskUnavailable(cell);
  if (lacks === null) return null;
  return cell.disk === 'block' ? `crash model block of ${cell.fileSystem}: ${lacks}`
    : `${cell.faultText === '' ? 'power cuts' : 'disk faults'} of ${cell.target} need faultfs: `
      + lacks;
}

/** Undoes what killed runs left, and says so. */
export async function cleanLeftovers({ machine, stderr }: CliContext): Promise<void> {
  for (const { what, failure } of await machine.clean()) {
    const how = failure === null ? 'removed' : `cannot be removed (${failure})`;
    stderr.write(`left behind by a killed run: ${what}: ${how}\n`);
  }
}
