// The registry of faults.

import type { Fault, FaultName } from './fault.ts';
import { killFault } from './kill.ts';
import { noFault } from './none.ts';
import { powerFault } from './power.ts';

/** Every fault by name. */
export const faults: Readonly<Record<FaultName, Fault>> = {
  kill: killFault, none: noFault, power: powerFault,
};
