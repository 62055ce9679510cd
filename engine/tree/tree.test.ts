// Trees of some thousand elements on tiny pages, so several levels: built and taken down in every
// direction, refused every single allocation; and big elements, scores, memory on whole pages.

import test from 'ava';
import { EngineError } from '../errors.ts';
import { Arena } from '../memory/arena.ts';
import { TreeHost } from './host.ts';
import { readRoot } from './layout.ts';
import { checkTree } from './test-support/check.ts';
import { ModelledTree } from './test-support/model.ts';
import type { Change } from './test-support/model.ts';
import { orderHash, orderPosition, orderScore, rootBytes, Tree } from './tree.ts';

const orders = [
  ['position', orderPosition], ['hash', orderHash], ['score', orderScore],
] as const;
const sequences = ['forwards', 'backwards', 'at random'] as const;
const many = 1000;

/** The place of step `at` in a sequence: parts of 1000. */
function placeOf(sequence: string, at: number): number {
  return sequence === 'forwards' ? 1000 : sequence === 'backwards' ? 0 : (at * 7919) % 1001;
}

function insertion(sequence: string, at: number): Change {
  const key = sequence === 'forwards' ? at
    : sequence === 'backwards' ? many - at : (at * 7919) % many;
  // Scores come four by four, with members that share a long prefix.
  return {
    op: 'insert', place: placeOf(sequence, at), key: Math.floor(key / 4),
    text: `member:${'0'.repeat(key % 40)}${key}`,
  };
}

function built(order: number, sequence: string): ModelledTree {
  const modelled = new ModelledTree(order);
  for (let at = 0; at < many; at++) {
    modelled.apply(insertion(sequence, at));
  }
  modelled.verify();
  return modelled;
}

for (const [name, order] of orders) {
  for (const sequence of sequences) {
    test(`by ${name}: built and taken down ${sequence}`, (t) => {
      const modelled = built(order, sequence);
      t.is(modelled.model.length, many);
      t.true(readRoot(modelled.root, 3).height >= 4, 'several levels');
      for (let at = 0; at < many; at++) {
        modelled.apply({ op: 'remove', place: Math.min(999, placeOf(sequence, at)) });
        if (at % 250 === 0) {
          modelled.verify();
        }
      }
      t.is(modelled.tree.count, 0);
      t.is(modelled.arena.usedBytes, 0, 'an empty tree needs no memory');
      modelled.finish();
    });

    test(`by ${name}: a frozen root survives taking the tree down ${sequence}`, (t) => {
      const modelled = built(order, sequence);
      modelled.apply({ op: 'freeze' });
      for (let at = 0; at < many; at++) {
        modelled.apply({ op: 'remove', place: Math.min(999, placeOf(sequence, at)) });
        if (at % 500 === 0) {
          modelled.verify();
        }
      }
      modelled.verify();
      t.true(modelled.arena.usedBytes > many * 10, 'the snapshot still has it');
      modelled.finish();
    });
  }

  const changes: readonly (readonly [string, readonly Change[]])[] = [
    ['insertions', Array.from({ length: 40 }, (_, at): Change => (
      { op: 'insert', place: 500, key: 100, text: `member:${'x'.repeat(30 + at)}` }))],
    ['big elements', [
      { op: 'insert', place: 300, key: 9, text: 'y'.repeat(500) },
      { op: 'replace', place: 310, text: 'z'.repeat(300) },
      { op: 'replace', place: 310, text: 'short' },
    ]],
    ['removals', Array.from({ length: 40 }, (): Change => ({ op: 'remove', place: 400 }))],
    ['a range', [{ op: 'range', place: 100, count: 700 }]],
  ];
  for (const [title, list] of changes) {
    for (const snapshot of [false, true]) {
      test(`by ${name}: ${title}, any allocation refused${snapshot ? ', snapshot' : ''}`, (t) => {
        const modelled = built(order, 'at random');
        if (snapshot) {
          modelled.apply({ op: 'freeze' });
        }
        for (const change of list) {
          for (let allowed = 0; ; allowed++) {
            const { refusals } = modelled;
            modelled.arena.allowed = allowed;
            modelled.apply(change);
            if (modelled.refusals === refusals) {
              break;
            }
            checkTree(modelled.arena, modelled.root, 3);
          }
          modelled.arena.allowed = Infinity;
        }
        t.true(modelled.refusals > 0 || (!snapshot && title !== 'big elements'));
        modelled.verify();
        modelled.finish();
      });
    }
  }
}

function fixture(): { arena: Arena; host: TreeHost; tree: Tree; roots: Buffer } {
  const arena = new Arena({ capacityBytes: 2 ** 26 });
  const host = new TreeHost(arena);
  return { arena, host, tree: new Tree(host), roots: Buffer.alloc(rootBytes * 2) };
}

test('scores order as numbers do, and come back as they were', (t) => {
  const { tree, roots } = fixture();
  const scores = [
    -Infinity, -1e300, -2.5, -2, -1e-300, 0, 5e-324, 1e-300, 1, 1.0000000000000002, 3, 2 ** 53,
    1e300, Infinity,
  ];
  tree.create(roots, 0, orderScore);
  const bytes = Buffer.from('m');
  for (const score of [...scores].reverse()) {
    t.false(tree.open(roots, 0).seekScore(score, bytes, 0, 1));
    tree.insert(1);
    tree.elementBuffer.write('m', tree.elementStart);
  }
  const found: number[] = [];
  for (let more = tree.seekFirst(); more; more = tree.next()) {
    found.push(tree.score);
  }
  t.deepEqual(found, scores);
  t.true(tree.seekScore(-0, bytes, 0, 1), '-0 is 0');
  t.is(tree.score, 0);
  tree.seekAfterScore(3);
  t.true(tree.settle());
  t.is(tree.score, 2 ** 53);
  t.is(tree.rank, 11);
  tree.seekAfterScore(Infinity);
  t.false(tree.settle());
});

test('elements of a megabyte and a kilobyte beside short ones', (t) => {
  const { arena, host, tree, roots } = fixture();
  tree.create(roots, 0, orderPosition);
  const lengths = Array.from({ length: 300 }, (_, at) =>
    at % 50 === 0 ? 2 ** 20 + at : at % 3 === 0 ? 1020 + (at % 9) : at % 7);
  lengths.forEach((length, at) => {
    tree.open(roots, 0).seekRank(at >> 1);
    tree.insert(length);
    tree.elementBuffer.fill(at & 255, tree.elementStart, tree.elementEnd);
  });
  checkTree(arena, roots, 0);
  t.is(arena.usedBytes, tree.occupiedBytes);
  let total = 0;
  for (let more = tree.seekFirst(); more; more = tree.next()) {
    const { elementBuffer, elementStart, elementEnd } = tree;
    total += elementEnd - elementStart;
    for (let at = elementStart + 1; at < elementEnd; at += 97) {
      if (elementBuffer[at] !== elementBuffer[elementStart]) {
        t.fail('bytes of another element');
      }
    }
  }
  t.is(total, lengths.reduce((sum, length) => sum + length, 0));
  host.release(roots, 0);
  t.true(arena.usedBytes > 2 ** 20, 'large: by slices');
  let slices = 0;
  for (; !host.reclaim(10); slices++);
  t.true(slices >= 3, `${slices} slices`);
  t.is(arena.usedBytes, 0);
});

test('a field of a hash costs at most 15 bytes beside its own, one appended to a list 5', (t) => {
  const { tree, roots } = fixture();
  tree.create(roots, 0, orderHash);
  let hash = 1;
  for (let at = 0; at < 20_000; at++) {
    hash = (Math.imul(hash, 1664525) + 1013904223) >>> 1;
    tree.open(roots, 0).seekHash(hash);
    tree.insert(32);
  }
  t.true(tree.occupiedBytes / 20_000 - 32 < 15, `${tree.occupiedBytes / 20_000 - 32} bytes`);
  tree.create(roots, rootBytes, orderPosition);
  for (let at = 0; at < 20_000; at++) {
    tree.seekEnd();
    tree.insert(32);
  }
  t.true(tree.occupiedBytes / 20_000 - 32 < 5, `${tree.occupiedBytes / 20_000 - 32} bytes`);
});

test('an insertion that cannot ever fit is refused, and the tree is as it was', (t) => {
  const { tree, roots, arena } = fixture();
  tree.create(roots, 0, orderHash);
  tree.seekHash(5);
  tree.insert(10);
  const error = t.throws(() => {
    tree.seekHash(6);
    tree.insert(2 ** 27);
  }, { instanceOf: EngineError });
  t.is(error.code, 'ARENA_FULL');
  checkTree(arena, roots, 0);
  t.is(new Tree(new TreeHost(arena)).open(roots, 0).count, 1);
});
