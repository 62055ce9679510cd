// Whole trials with faults: disks that lie or fill up, kills in held windows, damaged files.
import test from 'ava';
import { diskTest } from '../disks/test-support.ts';
import type { CrashModel } from '../plan/scenario.ts';
import type { Plan } from '../plan/plan.ts';
import type { SettingLabel } from '../plan/settings.ts';
import type { CellRecord, TrialRecord } from '../report/record.ts';
import { hasRedis, redisSkipped, run, smallPlan } from './test-support.ts';

interface Case {
  /** Much data, for longer; else little of it, since each start of a server reads all. */
  readonly isLarge?: boolean;
  readonly target: 'bundled' | 'redis';
  readonly label: SettingLabel;
  readonly crash: CrashModel;
  readonly faults: readonly string[];
}

function planOf({ target, label, crash, faults, isLarge = false }: Case): Plan {
  const load = isLarge
    ? { durationMs: 1000, valueSizeBytes: 2000 } : { durationMs: 500, valueSizeBytes: 100 };
  return smallPlan({ settings: [label], crash: [crash], target, faults, ...load });
}

async function cells(which: Case): Promise<(TrialRecord & { cell: CellRecord })[]> {
  const { record, leftovers } = await run(planOf(which));
  if (leftovers.includes('work')) throw new Error('the folder of the trials is left');
  return record.cells.map((cell) => ({ ...cell.perTrial[0] as TrialRecord, cell }));
}

const { run: onFaultfs, title } = diskTest('faultfs');

for (const target of ['bundled', 'redis'] as const) {
  const testIt = target === 'bundled' || hasRedis ? onFaultfs : test.serial.skip;
  const missing = target === 'redis' ? redisSkipped : '';
  testIt(title(`${target}: always on a disk that lies breaks its promise${missing}`), async (t) => {
    const faults = ['disk-lies@0.1'];
    const [trial] = await cells({ target, label: 'aof/always', crash: 'power', faults });
    t.is(trial?.verdict, 'fail', JSON.stringify(trial));
    t.true((trial?.cuts[0]?.loss?.writes ?? 0) > 0);
    t.is(trial?.cell.config.faults, 'disk-lies@0.1');
  });

  testIt(title(`${target}: killed in held windows, a full disk, a pause${missing}`), async (t) => {
    const faults = [
      'kill-at-manifest-swap', 'kill-in-bgsave', 'disk-full@0.2-0.9', 'pause@0.2-0.4',
    ];
    // A full disk must be met on a slow machine, too.
    const [label, crash, isLarge] = ['aof/everysec', 'process', true] as const;
    const trials = await cells({ target, label, crash, faults, isLarge });
    t.is(trials.length, faults.length);
    for (const trial of trials) {
      t.true(trial.faulted?.faults.every(({ applied }) => applied), JSON.stringify(trial.faulted));
      // redis-server answers the write that found no room, and keeps it to itself for a second.
      if (target === 'bundled' || trial !== trials[2]) {
        t.is(trial.verdict, 'pass', JSON.stringify(trial));
      }
      // redis-server keeps answered writes to itself while a sync runs (everysec): no exact number.
      if (target === 'bundled') t.is(trial.cuts[0]?.loss?.writes, 0, JSON.stringify(trial));
    }
    t.regex(trials[0]?.faulted?.faults[0]?.why ?? '', /killed in rename of .*\.manifest/);
    t.regex(trials[1]?.faulted?.faults[0]?.why ?? '', /killed in \w+ of temp-\d+\.rdb/);
    t.true((trials[3]?.faulted?.stallMs ?? 0) > 100, 'clients saw the pause');
  });

  testIt(title(`${target}: killed while it loads, once and five times${missing}`), async (t) => {
    const faults = ['crash-loop'];
    if (target === 'redis') faults.push('kill-in-loading', 'kills-in-rewrite');
    const trials = await cells({ target, label: 'aof/always', crash: 'process', faults });
    for (const { verdict, cuts, cell } of trials) {
      t.is(verdict, 'pass', cell.id);
      t.is(cuts[0]?.loss?.writes, 0, cell.id);
    }
    const [loop, once] = trials.map(({ faulted }) => faulted?.faults[0]?.why ?? '');
    t.regex(loop ?? '', /killed 5 of 5 times while loading: .*manifest, /);
    if (target === 'bundled') return;
    t.regex(once ?? '', /killed 1 of 1 times .*incr\.aof/);
    t.deepEqual(trials[2]?.faulted?.faults[0]?.kills, { met: 25, of: 25 });
  });
}

const redisTest = hasRedis ? test.serial : test.serial.skip;

redisTest(`redis: damage is told and is no broken promise${redisSkipped}`, async (t) => {
  const faults = ['zero-tail', 'truncate-log', 'remove-manifest'];
  const trials = await cells({ target: 'redis', label: 'aof/no', crash: 'process', faults });
  t.deepEqual(trials.map(({ verdict }) => verdict), ['pass', 'pass', 'pass']);
  const [zero, truncated, removed] = trials;
  t.true(zero?.cuts[0]?.findings.some(({ kind }) => kind === 'refused'), 'Bad file format');
  t.true((truncated?.cuts[0]?.loss?.writes ?? 0) <= 4, 'the last command, or the MULTI around it');
  t.true((removed?.cuts[0]?.loss?.writes ?? 0) > 100, 'without a manifest the log is not seen');
});
