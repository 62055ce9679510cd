// What a planted bug is: something put around the parts of an engine, and who must find it.

import type { EngineWrappers } from '../../../engine/start.ts';
import type { FindingKind } from '../../checkers/judgement.ts';
import type { SettingLabel } from '../../plan/settings.ts';
import type { SimulatedCrash } from '../../simulation/plan.ts';

/** A sabotaged engine. It is made by wrapping ports: the product has no switches for it. */
export interface PlantedBug {
  /** Lower case and dashes. */
  readonly name: string;
  /** What is wrong with it, as a sentence. */
  readonly what: string;
  /** Settings under which it shows. */
  readonly settings: readonly SettingLabel[];
  /** Crash models that must find it. */
  readonly crashes: readonly SimulatedCrash[];
  /** What is found of it: one of these at least. */
  readonly finds: readonly FindingKind[];
  /** Trials within which it must be found. */
  readonly within: number;
  /** It shows only when the disk fails. */
  readonly faults?: boolean;
  /** It shows only when what was durable is damaged. */
  readonly damage?: boolean;
  /** Further directives without which the engine finds it out itself. */
  readonly directives?: readonly (readonly [string, string])[];
  /** Made anew for each start of the engine. */
  readonly wrap: () => EngineWrappers;
}

export const withLog: readonly SettingLabel[] = [
  'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec', 'rdb+aof/always',
];
export const always: readonly SettingLabel[] = ['aof/always', 'rdb+aof/always'];
export const everysec: readonly SettingLabel[] = ['aof/everysec', 'rdb+aof/everysec'];
export const snapshotsOnly: readonly SettingLabel[] = ['rdb'];
