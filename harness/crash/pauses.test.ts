// A server that was not running cannot be late through its own fault.
import test from 'ava';
import type { OpLog } from '../../engine/io/op-log.ts';
import { LongestPauses } from './pauses.ts';

const log: OpLog = {
  records: [], validBytes: 0,
  releases: [0, 5, 10, 310, 315, 330].map((ms) => ({ clientPort: 1, count: 1, atNs: ms * 1e6 })),
};

test('the longest pause before an instant, forgotten after a while', (t) => {
  const pauses = new LongestPauses(log);
  t.deepEqual([5, 11, 200, 330, 3309, 3311].map((ms) => pauses.beforeMs(ms * 1e6)),
    [0, 1, 190, 300, 300, 0]);
});
