// What stays of a trial that broke a promise: everything that is needed to look into it and to run
// it again, in one folder of the run.
//
//   failures/<cell>-<trial>/
//     repro.json    schema, version, the trial as planned, what was found
//     cut.json      the instant that failed, and what was known to be durable at it
//     image/        the data directory as that crash left it, before any recovery
//     ledger        every operation of the load        op-log    every storage call, if recorded
//     server.log    the words of the server, before the crash and after it
//     shrunk.json   the smallest trial that failed likewise, if it was looked for (shrink.ts)

import fs from 'node:fs';
import path from 'node:path';
import { HarnessError, reasonOf } from '../errors.ts';
import { installation } from '../metrics/installation.ts';
import type { Trial } from '../plan/plan.ts';
import { findingsOf } from '../report/aggregate.ts';
import type { FindingRecord, TrialRecord } from '../report/record.ts';
import type { CrashSite } from './cuts.ts';
import type { CrashedLoad } from './load.ts';
import type { ShrunkTrial } from './shrink.ts';
import type { Workspace } from './workspace.ts';

/** The version of repro.json and cut.json; a reader refuses every other. */
export const reproSchema = 1;

/** A kept failure: what was run and what was found. */
export interface Repro {
  readonly schema: typeof reproSchema;
  readonly plugpull: string;
  readonly trial: Trial;
  readonly findings: readonly FindingRecord[];
}

/** The instant that failed, with all that its judge has to know besides ledger and op log. */
export interface KeptCut {
  readonly schema: typeof reproSchema;
  readonly site: Omit<CrashSite, 'directory'>;
  readonly crashed: Pick<CrashedLoad, 'workload' | 'clientPorts' | 'beginNs'>;
}

/** What came of making a failing trial smaller. */
export interface KeptShrunk extends ShrunkTrial {
  readonly schema: typeof reproSchema;
}

/** Puts the smallest trial that failed likewise beside a kept failure; trouble costs only that. */
export function keepShrunk(folder: string, { trial, findings, attempts }: ShrunkTrial): void {
  const kept: KeptShrunk = { schema: reproSchema, attempts, trial, findings };
  try {
    fs.writeFileSync(path.join(folder, 'shrunk.json'), `${JSON.stringify(kept, null, 2)}\n`);
  } catch {
    // No room: the trial as it was is there.
  }
}

/**
 * Reads the smaller form of a kept failure; null: none was looked for.
 * @throws {HarnessError} RECORD_BAD naming the file when it is damaged or of another schema.
 */
export function readShrunk(folder: string): ShrunkTrial | null {
  const file = path.join(folder, 'shrunk.json');
  if (!fs.existsSync(file)) return null;
  const shrunk = readJson(file) as Partial<KeptShrunk>;
  const isTrial = shrunk.trial === null
    || (typeof shrunk.trial?.seed === 'number' && typeof shrunk.trial.cell?.id === 'string');
  if (!isTrial || typeof shrunk.attempts !== 'number' || !Array.isArray(shrunk.findings)) {
    throw bad(file, 'expected the smaller trial of a kept failure, found another object');
  }
  return shrunk as KeptShrunk;
}

/** Keeps a crash image and its instant in the workspace until the trial has been judged. */
export function noteFailedCut(
  workspace: Workspace, site: Omit<CrashSite, 'directory'>, crashed: CrashedLoad,
): void {
  const { workload, clientPorts, beginNs } = crashed;
  const { cutNs, deadNs, window, facts, notApplied } = site;
  const cut: KeptCut = {
    schema: reproSchema,
    site: { cutNs, deadNs, window, facts, notApplied },
    crashed: { workload, clientPorts, beginNs },
  };
  fs.writeFileSync(path.join(workspace.root, 'cut.json'), `${JSON.stringify(cut, null, 2)}\n`);
}

/**
 * Moves what a failed trial left into the folder of the run; returns its name there. A full disk
 * costs the copy, never the verdict.
 */
export function keepFailure(
  trial: Trial, record: TrialRecord, { workspace, runDirectory }:
  { workspace: Workspace; runDirectory: string },
): Record<string, string> {
  const name = `failures/${trial.cell.id.replaceAll('/', '-')}-${trial.index + 1}`;
  const folder = path.join(runDirectory, name);
  const repro: Repro = {
    schema: reproSchema, plugpull: installation.version, trial, findings: findingsOf(record),
  };
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'repro.json'), `${JSON.stringify(repro, null, 2)}\n`);
    const { root, ledgerPath, opLogPath, logPath, failedImageDirectory } = workspace;
    const files = [
      [path.join(root, 'cut.json'), 'cut.json'], [ledgerPath, 'ledger'], [opLogPath, 'op-log'],
      [logPath, 'server.log'], [failedImageDirectory, 'image'],
    ] as const;
    for (const [from, to] of files) {
      if (fs.existsSync(from)) fs.renameSync(from, path.join(folder, to));
    }
    return { failure: name };
  } catch {
    return fs.existsSync(path.join(folder, 'repro.json')) ? { failure: name } : {};
  }
}

/**
 * Reads a kept failure; `folder` is its folder.
 * @throws {HarnessError} RECORD_BAD naming the file when it is damaged or of another schema.
 */
export function readRepro(folder: string): Repro {
  const file = path.join(folder, 'repro.json');
  const repro = readJson(file) as Partial<Repro>;
  const { plugpull, trial, findings } = repro;
  const isWhole = typeof plugpull === 'string' && typeof trial?.seed === 'number'
    && typeof trial.cell?.id === 'string' && typeof trial.crashAtMs === 'number'
    && Array.isArray(trial.cell.directives) && Array.isArray(findings);
  if (!isWhole) throw bad(file, 'expected the trial of a kept failure, found another object');
  return repro as Repro;
}

/**
 * Reads the instant of a kept failure.
 * @throws {HarnessError} RECORD_BAD as above.
 */
export function readCut(folder: string): KeptCut | null {
  const file = path.join(folder, 'cut.json');
  if (!fs.existsSync(file)) return null;
  const cut = readJson(file) as Partial<KeptCut>;
  const isWhole = typeof cut.site?.cutNs === 'number'
    && typeof cut.crashed?.workload === 'object' && Array.isArray(cut.crashed.clientPorts);
  if (!isWhole) throw bad(file, 'expected the instant of a kept failure, found another object');
  return cut as KeptCut;
}

function readJson(file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (cause) {
    throw bad(file, reasonOf(cause));
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== reproSchema) {
    throw bad(file, `expected schema ${reproSchema}, found ${JSON.stringify(schema) ?? 'none'}: `
      + 'use the version of Plugpull that wrote it');
  }
  return value as object;
}

function bad(file: string, text: string): HarnessError {
  return new HarnessError('RECORD_BAD', `${file}: not a kept failure: ${text}`);
}
