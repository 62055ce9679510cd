// SCAN: what is present from the first call to the last is returned, exactly once, whatever is
// added and removed between the calls; and it ends when the adding ends.

import test from 'ava';
import * as fc from 'fast-check';
import type { Database } from './database.ts';
import { findKey, keyText, putText, smallKeyspace } from './test-support/model.ts';

const churn = fc.record({
  /** How many keys to add and to remove between two calls: grows, shrinks, splits, merges. */
  add: fc.nat(60),
  remove: fc.nat(60),
  count: fc.constantFrom(1, 2, 10, 100),
});

function change(
  database: Database, passing: string[], step: { add: number; remove: number },
): void {
  for (let at = 0; at < step.add; at++) {
    const key = `passing:${passing.length}:${database.size}`;
    putText(database, key, 'x');
    passing.push(key);
  }
  for (const key of passing.splice(0, step.remove)) {
    const entry = findKey(database, key);
    if (entry !== 0) {
      database.remove(entry);
    }
  }
}

test('a scan returns what stays exactly once, through splits and merges', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 200 }), fc.array(churn, { minLength: 1, maxLength: 10 }),
      (steady, steps) => {
        const database = smallKeyspace().databases[0] as Database;
        const passing: string[] = [];
        for (let at = 0; at < steady; at++) {
          putText(database, `steady:${at}`, 'x');
        }
        change(database, passing, { add: 200, remove: 0 });
        const times = new Map<string, number>();
        let cursor = 0;
        let calls = 0;
        do {
          const step = steps[calls % steps.length] as (typeof steps)[number];
          cursor = database.scan(cursor, step.count, (entry) => {
            const key = keyText(database, entry);
            times.set(key, (times.get(key) ?? 0) + 1);
          });
          if (calls < 100) {
            change(database, passing, step);
          }
          calls++;
        } while (cursor !== 0 && calls < 20_000);
        for (let at = 0; at < steady; at++) {
          if (times.get(`steady:${at}`) !== 1) {
            throw new Error(`steady:${at} came ${times.get(`steady:${at}`) ?? 0} times`);
          }
        }
        return cursor === 0;
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
});

test('COUNT bounds what one call visits', (t) => {
  const database = smallKeyspace().databases[0] as Database;
  for (let at = 0; at < 2000; at++) {
    putText(database, `k${at}`, 'x');
  }
  for (const count of [1, 10, 500]) {
    let most = 0;
    let total = 0;
    let cursor = 0;
    do {
      let visited = 0;
      cursor = database.scan(cursor, count, () => visited++);
      most = Math.max(most, visited);
      total += visited;
    } while (cursor !== 0);
    t.is(total, 2000);
    t.true(most >= count / 2 && most <= count + 1, `${most} visited for COUNT ${count}`);
  }
});
