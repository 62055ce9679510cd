// What scenario files import: `import { defineScenario } from 'plugpull'`.

export { defineScenario } from './plan/define-scenario.ts';
export type {
  CrashModel, Load, Measure, MixName, Scenario, ScenarioInput, TargetName,
} from './plan/scenario.ts';
export type { Fsync, Persist, Setting, SettingLabel } from './plan/settings.ts';
