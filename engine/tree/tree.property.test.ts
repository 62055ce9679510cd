// Trees of all orders against an array, with tiny pages: any changes, under snapshots, with an
// arena that refuses any allocation.

import test from 'ava';
import * as fc from 'fast-check';
import { orderHash, orderPosition, orderScore } from './tree.ts';
import { changes, ModelledTree } from './test-support/model.ts';

const seed = 20_261_122;
const orders = [
  ['position', orderPosition], ['hash', orderHash], ['score', orderScore],
] as const;

for (const [name, order] of orders) {
  test(`by ${name}: holds what an array holds, and a frozen root, too (seed ${seed})`, (t) => {
    let leaves = 0;
    fc.assert(
      fc.property(fc.array(changes, { minLength: 30, maxLength: 300, size: 'max' }), (list) => {
        const modelled = new ModelledTree(order);
        list.forEach((change, at) => {
          modelled.apply(change);
          if (at % 8 === 0) {
            modelled.verify();
          }
        });
        modelled.finish();
        leaves = Math.max(leaves, modelled.leavesMost);
      }),
      { seed, numRuns: 60 },
    );
    t.true(leaves > 4, `${leaves} leaves: pages did split`);
  });

  test(`by ${name}: a full arena leaves the tree as it was (seed ${seed})`, (t) => {
    let refusals = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(changes, fc.nat(9)), { minLength: 50, maxLength: 200, size: 'max' }),
        (list) => {
          const modelled = new ModelledTree(order);
          for (const [change, allowed] of list) {
            modelled.arena.allowed = allowed < 5 ? allowed % 3 : Infinity;
            modelled.apply(change);
            modelled.verify();
          }
          modelled.finish();
          refusals += modelled.refusals;
        },
      ),
      { seed, numRuns: 25 },
    );
    t.true(refusals > 100, `${refusals} refusals`);
  });
}
