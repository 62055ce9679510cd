// Crashes and failures at every storage call of a load that saves and rewrites all the while.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { DiskTree, Fault } from '../io/memory-disk.ts';
import type { AppendFsync } from './settings.ts';
import { sweep, sweptFaults, sweptPolicies } from './test-support/fault-sweep.ts';
import { memoryDisk, TestEngine } from './test-support/test-engine.ts';
import { momentOf, Progress, runLoad, watch, writes } from './test-support/scenario.ts';
import type { Moment } from './test-support/scenario.ts';

/** Starts on what a crash left; which number of writes is there, or -1 when it is no prefix. */
async function survivingWrites(tree: DiskTree, progress: Progress): Promise<number> {
  const engine = await TestEngine.start({
    disk: memoryDisk(tree.files), settings: { appendOnly: true },
  });
  const found = engine.contents();
  const witness = Number.parseInt(found.get('0:witness') ?? '0', 10);
  const expected = progress.states[witness];
  const equal = expected !== undefined && expected.size === found.size
    && [...expected].every(([key, value]) => found.get(key) === value);
  return equal ? witness : -1;
}

interface Load {
  readonly progress: Progress;
  readonly moments: Moment[];
  readonly engine: TestEngine;
}

/** With a fault only the end is looked at. */
async function load(appendFsync: AppendFsync, fault: Fault | null = null): Promise<Load> {
  const progress = new Progress();
  const moments: Moment[] = [];
  const disk = memoryDisk();
  const engine = await TestEngine.start({
    disk: fault === null ? watch(disk, progress, moments) : disk,
    settings: { appendOnly: true, appendFsync, useRdbPreamble: appendFsync !== 'no' },
    sliceKeys: 6,
  });
  moments.length = 0;
  if (fault !== null) disk.inject(fault);
  await runLoad(engine, progress);
  moments.push(momentOf(disk, progress, 'end'));
  return { progress, moments, engine };
}

/** At each moment: a prefix, and at least what was acknowledged where the policy promises it. */
async function judge(
  t: ExecutionContext,
  { moments, progress }: Load,
  promised: { readonly power: boolean; readonly label: string },
): Promise<void> {
  for (const [index, moment] of moments.entries()) {
    const where = `${promised.label}, before call ${index} (${moment.call})`;
    const killed = await survivingWrites(moment.afterKill, progress);
    if (killed < moment.acknowledged || killed > moment.sent) {
      t.fail(`${where}: process: ${killed} of ${moment.acknowledged} to ${moment.sent}`);
    }
    const cut = await survivingWrites(moment.afterPowerCut, progress);
    const floor = promised.power ? moment.acknowledged : 0;
    if (cut < floor || cut > moment.sent) {
      t.fail(`${where}: power: ${cut} of ${floor} to ${moment.sent}`);
    }
  }
}

for (const policy of ['always', 'everysec', 'no'] as const) {
  test(`${policy}: a crash at any storage call, saving and rewriting all the while`, async (t) => {
    const run = await load(policy);
    t.is(run.progress.acknowledged, writes);
    t.is(run.engine.info('aof_rewrites'), 2);
    t.is(run.engine.info('rdb_saves'), 2);
    t.true(run.moments.length > 80);
    await judge(t, run, { power: policy === 'always', label: policy });
    t.pass();
  });
}

const faults: readonly { readonly name: string; readonly fault: Fault }[] = [
  { name: 'EIO once', fault: { code: 'EIO' } },
  { name: 'ENOSPC for ever', fault: { code: 'ENOSPC', sticky: true } },
  { name: 'a short write', fault: { shortBytes: 3, call: 'write' } },
];

for (const { name, fault } of faults) {
  for (const policy of ['always', 'everysec'] as const) {
    test(`${policy}: ${name} at any storage call loses nothing acknowledged`, async (t) => {
      const made = (await load(policy)).moments.map((moment) => moment.call);
      const calls = made.filter((call) => fault.call === undefined || call === fault.call).length;
      t.true(calls > 30);
      for (let nth = 1; nth <= calls; nth++) {
        const run = await load(policy, { ...fault, nth });
        await judge(t, run, { power: policy === 'always', label: `${name} at call ${nth}` });
        if (fault.sticky === true) continue;
        t.is(run.progress.acknowledged, run.progress.sent, `works again after call ${nth}`);
        t.is(run.engine.persistence.refusal(), null, `works again after call ${nth}`);
      }
    });
  }
}

test('a start that fails at any storage call leaves files that the next one loads', async (t) => {
  const { moments, progress } = await load('always');
  const torn = moments.filter((_, index) => index % 25 === 24);
  for (const { afterKill, acknowledged } of torn) {
    for (let nth = 1; nth < 60; nth++) {
      const disk = memoryDisk(afterKill.files);
      disk.inject({ nth, code: 'EIO' });
      let failed = false;
      try {
        await TestEngine.start({ disk, settings: { appendOnly: true } });
      } catch (error) {
        failed = true;
        t.is((error as Error).name, 'EngineError');
      }
      const again = memoryDisk(disk.tree().files);
      t.true(await survivingWrites(again.tree(), progress) >= acknowledged);
      if (!failed && disk.calls < nth) break;
    }
  }
});

test('a first start cut at any storage call can be repeated', async (t) => {
  const source = memoryDisk();
  const filled = await TestEngine.start({ disk: source });
  filled.run('SET', 'a', '1');
  filled.run('SAVE');
  const { files: saved } = source.tree();
  for (const files of [new Map<string, Uint8Array>(), saved]) {
    const moments: Moment[] = [];
    const disk = watch(memoryDisk(files), new Progress(), moments);
    await TestEngine.start({ disk, settings: { appendOnly: true } });
    t.true(moments.length > 8);
    for (const { afterKill, afterPowerCut } of moments) {
      for (const tree of [afterKill, afterPowerCut]) {
        const again = await TestEngine.start({
          disk: memoryDisk(tree.files), settings: { appendOnly: true },
        });
        t.is(again.contents().size, files.size);
      }
    }
  }
});

test('faults of every kind at some storage calls under every policy', async (t) => {
  let [runs, acknowledged] = [0, 0];
  for (const [row, policy] of sweptPolicies.entries()) {
    for (const [column, fault] of sweptFaults.entries()) {
      // Each pair begins elsewhere, so that together they meet more of the calls.
      const result = await sweep(policy, fault, { step: 47 + 5 * row + column });
      runs += result.indexes;
      acknowledged += result.acknowledged;
      t.deepEqual(result.findings, []);
      t.is(result.lost + result.stuck, 0);
    }
  }
  t.true(runs > 60 && acknowledged > 500);
  t.log(`${runs} call indexes × faults, ${acknowledged} writes acknowledged, 0 lost`);
});
