// The control: nothing is done. A trial under it must end inconclusive, never pass.

import { monotonicNs } from '../metrics/monotonic.ts';
import type { Availability, Fault, Injection } from './fault.ts';

/** No harm at all; guards the oracle against passing faults that had no effect. */
export const noFault: Fault = {
  name: 'none',
  available: (): Availability => ({ available: true }),
  inject: async (): Promise<Injection> => ({
    cutNs: monotonicNs(),
    applied: false,
    why: 'control run: nothing was done to the server',
  }),
  heal: async (): Promise<void> => {},
};
