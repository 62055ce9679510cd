// All planted bugs that are looked for in the simulation.

import { collectionBugs } from './collections.ts';
import { loggingBugs } from './logging.ts';
import { recoveryBugs } from './recovery.ts';
import { snapshotBugs } from './snapshots.ts';
import { syncBugs } from './syncs.ts';
import { writeBugs } from './writes.ts';
import type { PlantedBug } from './planted.ts';

export const catalogue: readonly PlantedBug[] = [
  ...syncBugs, ...writeBugs, ...loggingBugs, ...collectionBugs,
  ...snapshotBugs, ...recoveryBugs,
];
