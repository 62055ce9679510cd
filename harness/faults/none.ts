// The control: nothing is done. A trial under it must end inconclusive, never pass.

import { monotonicNs } from '../metrics/monotonic.ts';
import { plainFault } from './fault.ts';
import type { Fault } from './fault.ts';

/** No harm at all; guards the oracle against passing faults that had no effect. */
export const noFault: Fault = {
  ...plainFault, name: 'none', when: 'end',
  inject: () => Promise.resolve({
    cutNs: monotonicNs(),
    applied: false,
    why: 'control run: nothing was done to the server',
  }),
};
