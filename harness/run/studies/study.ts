// A trial of a study, by its kind.

import type { Trial } from '../../plan/plan.ts';
import type { Study } from '../../plan/studies.ts';
import type { TrialRecord } from '../../report/record.ts';
import type { TrialSurroundings } from '../load.ts';
import { studyHttp } from './http-study.ts';
import { studyRecovery } from './recovery-study.ts';
import { studySnapshot } from './snapshot-study.ts';

/** Runs it. @throws {HarnessError} TARGET_FAILED, DRIVER_FAILED when server or generator die. */
export function runStudy(
  trial: Trial, study: Study, around: TrialSurroundings,
): Promise<TrialRecord> {
  if (study.kind === 'recovery') return studyRecovery(trial, study, around);
  if (study.kind === 'http') return studyHttp(trial, around);
  return studySnapshot(trial, study, around);
}
