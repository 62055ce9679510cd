// Random changes against a model of Maps: small segments, so that dicts split and merge all the
// time, and a small arena, so that it is full now and then.

import test from 'ava';
import * as fc from 'fast-check';
import { changes, ModelledKeyspace, smallKeyspace } from './test-support/model.ts';

for (const [name, options] of [
  ['1 MiB', { capacityBytes: 2 ** 20 }],
  ['past 2 GiB', { capacityBytes: 2 ** 33, startBytes: 2 ** 31 - 300_000 }],
  ['past 8 GiB', { capacityBytes: 2 ** 34, startBytes: 2 ** 33 - 300_000 }],
] as const) {
  test(`a keyspace holds what a model holds (${name})`, (t) => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 300, size: 'max' }), (list) => {
        const both = new ModelledKeyspace(smallKeyspace(options));
        for (const [at, change] of list.entries()) {
          both.apply(change);
          if (at % 16 === 0 || at === list.length - 1) {
            const difference = both.difference();
            if (difference !== null) {
              throw new Error(`after change ${at} (${change.op}): ${difference}`);
            }
          }
        }
      }),
      { numRuns: 40 },
    );
    t.pass();
  });
}

test('a full arena refuses changes and holds what it held', (t) => {
  let refusals = 0;
  fc.assert(
    fc.property(fc.array(changes, { minLength: 200, maxLength: 300, size: 'max' }), (list) => {
      const both = new ModelledKeyspace(smallKeyspace());
      const ballast = both.keyspace.arena;
      while (ballast.usedBytes < ballast.capacityBytes * 0.85) {
        ballast.allocate(8192);
      }
      const ballastBytes = ballast.usedBytes;
      for (const [at, change] of list.filter(({ op }) => op !== 'flushAll').entries()) {
        if (change.op === 'flush') {
          continue;
        }
        both.apply(change);
        const difference = at % 8 === 0 ? both.difference(ballastBytes) : null;
        if (difference !== null) {
          throw new Error(`after change ${at} (${change.op}): ${difference}`);
        }
      }
      refusals += both.refusals;
    }),
    { numRuns: 30 },
  );
  t.true(refusals > 100, `only ${refusals} changes met a full arena`);
});
