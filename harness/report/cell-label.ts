// What a cell of a record is called where its scenario, target and crash model stand beside it.

import { settingLabel } from '../plan/settings.ts';
import type { CellRecord } from './record.ts';

/** The label of the setting of a cell record. */
export function recordLabel(cell: Pick<CellRecord, 'config'>): string {
  const { faults } = cell.config;
  return settingLabel(cell.config) + (faults === undefined ? '' : ` ${faults}`);
}
