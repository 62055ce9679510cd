// Whole trials on disks that can be cut: redis-server on a faultfs, and real file systems.
import test from 'ava';
import { diskTest } from '../disks/test-support.ts';
import { faults } from '../faults/faults.ts';
import { cellOf, hasRedis, redisSkipped as skipped, run, smallPlan } from './test-support.ts';

const faultfs = diskTest('faultfs');
const block = diskTest('block');
const onFaultfs = hasRedis ? faultfs.run : test.serial.skip;
const onBlock = hasRedis ? block.run : test.serial.skip;

onFaultfs(faultfs.title(`redis-server, power cut by faultfs: always loses nothing${skipped}`),
  async (t) => {
    const plan = smallPlan({
      settings: ['rdb', 'aof/no', 'aof/always'], crash: ['power'], target: 'redis',
    });
    const { record, leftovers } = await run(plan);
    for (const cell of record.cells) {
      t.is(cell.verdict, 'pass', `${cell.id}: ${JSON.stringify(cell.findings)}`);
      t.is(cell.perTrial[0]?.cuts.length, 2);
    }
    t.is(cellOf(record, 'aof/always', 'power').loss?.writes.max, 0);
    t.true((cellOf(record, 'aof/no', 'power').loss?.writes.max ?? 0) > 0);
    t.deepEqual(leftovers, ['curves']);
  });

for (const target of ['bundled', 'redis'] as const) {
  const testBlock = target === 'redis' ? onBlock : block.run;
  const title = `${target}, cut of a real ext4: always loses nothing, no does`;
  testBlock(block.title(title + (target === 'redis' ? skipped : '')), async (t) => {
    const plan = smallPlan({ settings: ['aof/no', 'aof/always'], crash: ['block'], target });
    const { record, leftovers } = await run(plan);
    for (const cell of record.cells) {
      t.is(cell.verdict, 'pass', `${cell.id}: ${JSON.stringify(cell.findings)}`);
      const cut = cell.perTrial[0]?.cuts[0];
      t.like(cut?.block, { fileSystem: 'ext4', isClean: true });
      // Without /dev/fuse nobody knows what the model calls durable.
      const { holds, powerLostWrites, beyondWrites } = cut?.block?.inclusion ?? {};
      t.is(holds, faultfs.run === block.run ? true : undefined);
      // What the file system kept of the acknowledged ones is a part of what it kept beyond.
      t.true((powerLostWrites ?? 0) - (beyondWrites ?? 0) <= (cut?.loss?.writes ?? 0));
    }
    t.is(cellOf(record, 'aof/always', 'block').loss?.writes.max, 0);
    t.true((cellOf(record, 'aof/no', 'block').loss?.writes.max ?? 0) > 0);
    t.deepEqual(leftovers, []);
  });
}

block.run(block.title('a real disk that is not cut is inconclusive, never pass'), async (t) => {
  const { record } = await run(smallPlan({ settings: ['aof/always'], crash: ['block'] }), {
    fault: faults.none,
  });
  t.is(record.verdict, 'inconclusive');
});
