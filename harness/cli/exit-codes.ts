// What the process ends with. Numbers from sysexits.h where one fits.

import { EngineError } from '../../engine/errors.ts';
import { HarnessError } from '../errors.ts';
import type { RunRecord } from '../report/record.ts';

/** Every promise about data that was asked for was kept. */
export const exitPass = 0;
/** A promise about data was broken. */
export const exitFail = 1;
/** No promise was seen broken, but not everything could be answered. */
export const exitInconclusive = 2;
/** A performance gate was missed: --fail-on regression. */
export const exitPerformance = 3;
/** A flag, name, value or file is wrong; nothing was started. */
export const exitUsage = 64;
/** This machine cannot run it; nothing was started. */
export const exitEnvironment = 69;
/** A bug in Plugpull. */
export const exitBug = 70;
/** Ctrl-C; what was measured by then is kept. */
export const exitInterrupted = 130;

/** The exit code of a finished run; an interrupted one says so whatever it found. */
export function exitCodeOf(record: Pick<RunRecord, 'verdict' | 'interrupted'>): number {
  if (record.interrupted) return exitInterrupted;
  if (record.verdict === 'fail') return exitFail;
  return record.verdict === 'pass' ? exitPass : exitInconclusive;
}

/** The exit code of what a command threw; whatever is not on the lists of failures is a bug. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof EngineError) {
    return error.code === 'CONFIG_BAD' ? exitUsage : exitEnvironment;
  }
  if (!(error instanceof HarnessError)) return exitBug;
  switch (error.code) {
    case 'USAGE':
    case 'SCENARIO_BAD':
    case 'RECORD_BAD': return exitUsage;
    case 'ENVIRONMENT':
    case 'TARGET_FAILED':
    case 'RATE_TOO_HIGH':
    case 'BACKUP_NEWER':
    case 'STORE_FAILED': return exitEnvironment;
    case 'BACKUP_BAD': return exitFail;
    case 'INTERRUPTED': return exitInterrupted;
    case 'DRIVER_FAILED':
    case 'LEDGER_BAD': return exitBug;
  }
}
