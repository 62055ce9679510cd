// The planner: same input, same plan; a cell more changes nothing for the others.
import test from 'ava';
import { defineScenario } from './define-scenario.ts';
import { overrideScenario } from './overrides.ts';
import type { Overrides } from './overrides.ts';
import { largestLoad, planRun } from './plan.ts';
import { sizeText } from './units.ts';
import type { Plan } from './plan.ts';
import { planText } from './plan-text.ts';
import type { Scenario, ScenarioInput } from './scenario.ts';
import { settingLabel } from './settings.ts';

const loss: ScenarioInput = {
  name: 'lost', question: 'How much?', measures: ['loss'], crash: ['process', 'power'],
  trials: 3, snapshots: 2, cutInstants: 4,
};

function plan(inputs: readonly ScenarioInput[], seed: number = 7): Plan {
  const scenarios = inputs.map((input) => (
    { scenario: defineScenario(input), source: input.name }
  ));
  return planRun({ scenarios, seed });
}

test('the same seed gives the same bytes, another seed others', (t) => {
  t.is(planText(plan([loss])), planText(plan([loss])));
  t.not(planText(plan([loss])), planText(plan([loss], 8)));
});

test('what a load may come to counts the sizes that its values have', (t) => {
  const bytes = (valueSizes: 'fixed' | 'uniform:100-1900'): number => {
    const [cell] = plan([{
      ...loss, load: { ratePerSecond: 1000, warmupMs: 0, durationMs: 1000, valueSizes },
    }]).cells;
    return cell === undefined ? 0 : largestLoad(cell).bytes;
  };
  t.is(bytes('fixed'), 1000 * (100 + 100));
  t.is(bytes('uniform:100-1900'), 1000 * (1000 + 100));
});

test('cells are the product of targets, settings, crash models and sizes', (t) => {
  const { cells } = plan([{
    ...loss, settings: ['rdb', 'aof/no'], preloadKeys: [0, 50_000],
  }]);
  t.deepEqual(cells.map((cell) => cell.id), [
    'lost/bundled/rdb/process', 'lost/bundled/rdb/process/50k',
    'lost/bundled/rdb/power', 'lost/bundled/rdb/power/50k',
    'lost/bundled/aof/no/process', 'lost/bundled/aof/no/process/50k',
    'lost/bundled/aof/no/power', 'lost/bundled/aof/no/power/50k',
  ]);
});

test('another scenario leaves seeds, moments and order of the others as they were', (t) => {
  const alone = plan([loss]).trials;
  const beside = plan([{ ...loss, name: 'added' }, loss]).trials;
  t.deepEqual(beside.filter((trial) => trial.cell.scenario === 'lost'), [...alone]);
});

test('another setting or target leaves the trials of the others as they were', (t) => {
  const few = plan([{ ...loss, settings: ['none', 'rdb'] }]).trials;
  const more = plan([{ ...loss, settings: ['none', 'aof/always', 'rdb'] }]).trials;
  const ids = new Set(few.map((trial) => trial.cell.id));
  t.deepEqual(more.filter((trial) => ids.has(trial.cell.id)), [...few]);
});

test('each repetition visits every cell once before the next, not in the same order', (t) => {
  const { cells, trials } = plan([loss]);
  const rounds = [0, 1, 2].map((round) => (
    trials.slice(round * cells.length, (round + 1) * cells.length)
  ));
  for (const [index, round] of rounds.entries()) {
    t.true(round.every((trial) => trial.index === index));
    t.is(new Set(round.map((trial) => trial.cell.id)).size, cells.length);
  }
  const [first, second] = rounds.map((round) => round.map((trial) => trial.cell.id));
  t.notDeepEqual(first, second);
});

test('cells with fewer trials drop out of later repetitions', (t) => {
  const { trials } = plan([loss, { ...loss, name: 'once', trials: 1 }]);
  t.is(trials.filter((trial) => trial.cell.scenario === 'once').length, 12);
  t.is(trials.length, 12 * 3 + 12);
});

test('all seeds of a run differ', (t) => {
  const { trials } = plan([{ ...loss, trials: 50 }]);
  t.is(new Set(trials.map((trial) => trial.seed)).size, trials.length);
});

test('a target is started with the directives of its setting and no other', (t) => {
  const directives = { 'hz': '50', 'save': '9 1' };
  const { cells } = plan([{ ...loss, crash: ['process'], directives }]);
  const byLabel = new Map(cells.map((cell) => [settingLabel(cell.setting), cell.directives]));
  const own = [['hz', '50']];
  t.deepEqual(byLabel.get('none'), [['save', '9 1'], ['appendonly', 'no'], ...own] as never);
  t.deepEqual(byLabel.get('rdb+aof/everysec'), [
    ['save', '9 1'], ['appendonly', 'yes'], ['appendfsync', 'everysec'], ...own,
  ] as never);
  t.deepEqual(plan([loss]).cells[0]?.directives, [['save', ''], ['appendonly', 'no']]);
});

test('snapshots only where an RDB is kept, cuts and recording only under power', (t) => {
  for (const trial of plan([loss]).trials) {
    const { setting, crash, syncDelayMs, cutInstants } = trial.cell;
    t.is(trial.snapshotsAtMs.length, setting.persist.includes('rdb') ? 2 : 0);
    t.is(trial.cutFractions.length, crash === 'power' ? 4 : 0);
    t.is(cutInstants, crash === 'power' ? 4 : 1);
    t.is(syncDelayMs, crash === 'power' ? 2 : null);
  }
});

test('what this version or machine cannot do is skipped with the reason', (t) => {
  const scenario = defineScenario({
    ...loss, settings: ['none'], targets: ['bundled', 'redis'],
    crash: ['process', 'power', 'power-torn', 'block'], fileSystems: ['ext4', 'xfs'],
  });
  const { cells, skipped } = planRun({
    scenarios: [{ scenario, source: 'lost' }], seed: 1,
    unsupported: ({ disk, fileSystem }) => (
      disk === 'faultfs' || fileSystem === 'xfs' ? `no ${disk} here` : null
    ),
  });
  t.deepEqual(cells.map((cell) => cell.id), [
    'lost/bundled/none/process', 'lost/bundled/none/power', 'lost/bundled/none/power-torn',
    'lost/bundled/none/block',
    'lost/redis/none/process', 'lost/redis/none/block',
  ]);
  const reasons = new Map(skipped.map((cell) => [cell.id, cell.reason]));
  t.is(reasons.get('lost/redis/none/power'), 'no faultfs here');
  t.is(reasons.get('lost/bundled/none/block-xfs'), 'no block here');
  t.is(skipped.length, 4);
});

test('sizes are short and exact', (t) => {
  t.deepEqual([0, 999, 1000, 1500, 50_000, 2_000_000].map(sizeText),
    ['0', '999', '1k', '1500', '50k', '2m']);
});

const labelsOf = (scenario: Scenario): string[] => scenario.settings.map(settingLabel);

const overrides: { title: string; flags: Overrides; settings: string[] }[] = [
  { title: 'nothing', flags: {}, settings: ['none', 'rdb', 'aof/no', 'rdb+aof/everysec'] },
  { title: '--persist aof', flags: { persist: ['aof'] }, settings: ['aof/no'] },
  { title: '--persist none,rdb', flags: { persist: ['none', 'rdb'] }, settings: ['none', 'rdb'] },
  {
    title: '--fsync always', flags: { fsync: ['always'] },
    settings: ['aof/always', 'rdb+aof/always'],
  },
  {
    title: '--persist none,aof --fsync always,no',
    flags: { persist: ['none', 'aof'], fsync: ['always', 'no'] },
    settings: ['none', 'aof/always', 'aof/no'],
  },
];

for (const { title, flags, settings } of overrides) {
  test(`settings after ${title}`, (t) => {
    const scenario = defineScenario({
      ...loss, settings: ['none', 'rdb', 'aof/no', 'rdb+aof/everysec'],
    });
    const result = overrideScenario(scenario, flags);
    t.is(result.kind, 'kept');
    if (result.kind === 'kept') t.deepEqual(labelsOf(result.scenario), settings);
  });
}

test('a scenario without a log takes the policies of --fsync with --persist only', (t) => {
  const scenario = defineScenario({ ...loss, settings: ['none', 'rdb'] });
  t.like(overrideScenario(scenario, { fsync: ['always'] }), { kind: 'dropped' });
  const kept = overrideScenario(scenario, { persist: ['aof'], fsync: ['always'] });
  t.deepEqual(kept.kind === 'kept' ? labelsOf(kept.scenario) : [], ['aof/always']);
});

test('--crash replaces where loss is judged and filters elsewhere', (t) => {
  const speed = defineScenario({ ...loss, measures: ['qps'], crash: ['process'] });
  t.like(overrideScenario(speed, { crash: ['power'] }), { kind: 'dropped' });
  const judged = overrideScenario(defineScenario(loss), { crash: ['power-torn'] });
  t.deepEqual(judged.kind === 'kept' ? [...judged.scenario.crash] : [], ['power-torn']);
});

test('flags that contradict the scenario are refused', (t) => {
  t.throws(() => overrideScenario(defineScenario(loss), { load: { keys: 10 } }), {
    code: 'USAGE', message: /load.keys: expected at least 50/,
  });
});
