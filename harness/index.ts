// What files of scenarios and claims import: `import { defineScenario } from 'plugpull'`.

export { defineScenario } from './plan/define-scenario.ts';
export type {
  CrashModel, Load, Measure, MixName, Scenario, ScenarioInput, TargetName,
} from './plan/scenario.ts';
export type { Fsync, Persist, Setting, SettingLabel } from './plan/settings.ts';
export {
  defineClaim, doesNotHold, holds, holdsWithin, inconclusive,
} from './claims/claim.ts';
export type {
  Claim, ClaimChart, ClaimCourse, ClaimInput, ClaimProfile, Fact, Judgement, Shown,
} from './claims/claim.ts';
export type { Lab, LabRun, LabStart, Started } from './claims/lab.ts';
export { LabBackups, openS3 } from './claims/lab-backups.ts';
export type { LabS3, S3Breaks } from './claims/lab-backups.ts';
export { Origin } from './avalanche/origin.ts';
export { Population } from './avalanche/population.ts';
export { figuresOf } from './avalanche/figures.ts';
export type { AvalancheFigures } from './avalanche/figures.ts';
export type { LabServer } from './claims/lab-server.ts';
export {
  bytesText, countText, durationText, groupedText, roundedText, shareText, significant,
} from './plan/units.ts';
export type { CellRecord } from './report/record.ts';
export type { SnapshotStudyRecord } from './report/study-record.ts';
export { median } from './metrics/statistics.ts';
