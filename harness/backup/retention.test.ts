// Which backups stay: a table, and that the newest always does.

import test from 'ava';
import { decide } from './retention.ts';
import type { Retention } from './retention.ts';

const none: Retention = { last: null, hourly: null, daily: null };
const at = (moment: string): string => `2026-11-${moment.replaceAll(':', '-')}Z-0123456789ab`;
const names = [
  '28T23:10:00', '28T23:50:00', '29T00:10:00', '29T09:00:00', '29T09:59:59', '30T07:00:00',
  '30T07:30:00', '30T08:00:00',
].map(at);

const rows: readonly (readonly [Partial<Retention>, readonly string[]])[] = [
  [{}, names],
  [{ last: 2 }, ['30T07:30:00', '30T08:00:00'].map(at)],
  [{ last: 99 }, names],
  // The last hours that have one, however long ago; of each the newest.
  [{ hourly: 3 }, ['29T09:59:59', '30T07:30:00', '30T08:00:00'].map(at)],
  [{ daily: 2 }, ['29T09:59:59', '30T08:00:00'].map(at)],
  [{ daily: 9 }, ['28T23:50:00', '29T09:59:59', '30T08:00:00'].map(at)],
  [{ last: 1, hourly: 2, daily: 3 },
    ['28T23:50:00', '29T09:59:59', '30T07:30:00', '30T08:00:00'].map(at)],
];

test('each rule keeps what it says, in whatever order the names come', (t) => {
  for (const [retention, expected] of rows) {
    for (const given of [names, [...names].reverse()]) {
      const kept = decide(given, { ...none, ...retention })
        .filter(({ because }) => because.length > 0).map(({ name }) => name);
      t.deepEqual(kept, [...expected], JSON.stringify(retention));
    }
  }
  t.deepEqual(decide([], { ...none, last: 1 }), []);
});
