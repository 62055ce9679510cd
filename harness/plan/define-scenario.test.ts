// What a scenario may say, and what is said about each mistake in it.
import test from 'ava';
import { HarnessError } from '../errors.ts';
import { defineScenario, isScenario } from './define-scenario.ts';
import type { ScenarioInput } from './scenario.ts';
import { parseSetting, settingLabel, settingLabels } from './settings.ts';

const least = { name: 'mine', question: 'What?', measures: ['loss'] } as const;

test('the least a scenario says is filled in', (t) => {
  const scenario = defineScenario(least);
  t.deepEqual(scenario.targets, ['bundled']);
  t.deepEqual(scenario.settings.map(settingLabel), [
    'none', 'rdb', 'aof/no', 'aof/everysec', 'aof/always', 'rdb+aof/everysec',
  ]);
  t.deepEqual(scenario.crash, ['process']);
  t.deepEqual(scenario.preloadKeys, [0]);
  t.is(scenario.trials, 1);
  t.is(scenario.load.clients, 50);
  t.is(scenario.load.ratePerSecond, null);
  t.true(isScenario(scenario));
  t.false(isScenario(least));
});

test('a load is completed field by field', (t) => {
  const { load } = defineScenario({ ...least, load: { clients: 3, mix: 'chaos' } });
  t.like(load, { clients: 3, mix: 'chaos', pipeline: 1, durationMs: 2000 });
});

test('every label is a setting and back', (t) => {
  for (const label of settingLabels) t.is(settingLabel(parseSetting(label)), label);
  t.throws(() => parseSetting('aof/allways'), { message: /did you mean 'aof\/always'/ });
});

const rows: { title: string; input: unknown; says: string[] }[] = [
  { title: 'no object', input: 5, says: ['the file: expected a scenario, found 5'] },
  { title: 'nothing', input: undefined, says: ['expected a scenario, found nothing'] },
  { title: 'a list', input: [], says: ['name: is required in a scenario, found nothing'] },
  {
    title: 'a missing field',
    input: { name: 'mine', question: 'What?' },
    says: ["scenario 'mine' has a mistake:\n  measures: is required in a scenario, found nothing"],
  },
  {
    title: 'an unknown field',
    input: { ...least, trails: 3 },
    says: ["trails: not a field of a scenario (did you mean 'trials'?)"],
  },
  {
    title: 'an unknown field of the load',
    input: { ...least, load: { client: 3 } },
    says: ["load.client: not a field of a load (did you mean 'clients'?)"],
  },
  {
    title: 'a bad name',
    input: { ...least, name: 'My Scenario' },
    says: ['name: expected lower-case letters, digits and dashes', 'found "My Scenario"'],
  },
  {
    title: 'an empty question',
    input: { ...least, question: ' ' },
    says: ['question: expected a sentence, found ""'],
  },
  {
    title: 'a mistyped measure',
    input: { ...least, measures: ['qsp'] },
    says: ["measures[0]: expected a measure, found \"qsp\" (did you mean 'qps'?)"],
  },
  {
    title: 'a mistyped setting among right ones',
    input: { ...least, settings: ['none', 'aof/everysecond'] },
    says: [
      "settings[1]: expected a setting, found \"aof/everysecond\" (did you mean 'aof/everysec'?)",
    ],
  },
  {
    title: 'a setting as an object',
    input: { ...least, settings: [{ persist: 'aof' }] },
    says: ['settings[0]: expected a setting, found an object'],
  },
  {
    title: 'a name that is near nothing',
    input: { ...least, targets: ['postgres'] },
    says: ['targets[0]: expected a target, found "postgres" (valid: bundled, redis, valkey, '
      + 'command)'],
  },
  {
    title: 'an empty list',
    input: { ...least, crash: [] },
    says: ['crash: expected a list of at least one of the crash models, found an empty list'],
  },
  {
    title: 'the same twice',
    input: { ...least, preloadKeys: [5, 5] },
    says: ['preloadKeys: expected none of the sizes twice, found 5 again'],
  },
  {
    title: 'a time with a unit where milliseconds are meant',
    input: { ...least, load: { durationMs: '3s' } },
    says: ['load.durationMs: expected a whole number from 1 to 3600000, found "3s"'],
  },
  {
    title: 'numbers out of range',
    input: { ...least, trials: 0, snapshots: 101, cutInstants: 1.5, load: { valueSizeBytes: 31 } },
    says: [
      'has 4 mistakes', 'trials: expected a whole number from 1 to 10000, found 0',
      'snapshots: expected a whole number from 0 to 100, found 101',
      'cutInstants: expected a whole number from 1 to 1000, found 1.5',
      'load.valueSizeBytes: expected a whole number from 32 to 1048576, found 31',
    ],
  },
  {
    title: 'fewer keys than clients',
    input: { ...least, load: { clients: 10, keys: 9 } },
    says: ['load.keys: expected at least 10 (1 for each of 10 clients with mix set), found 9'],
  },
  {
    title: 'fewer pairs than clients',
    input: { ...least, load: { clients: 10, keys: 19, mix: 'chaos' } },
    says: ['load.keys: expected at least 20'],
  },
  {
    title: 'a directive that the harness decides',
    input: { ...least, directives: { appendfsync: 'no' } },
    says: ['directives.appendfsync: cannot be set here; the setting decides it'],
  },
  {
    title: 'a directive that is no text',
    input: { ...least, directives: { maxmemory: 5 } },
    says: ['directives.maxmemory: expected a text, found 5'],
  },
];

for (const { title, input, says } of rows) {
  test(`refused: ${title}`, (t) => {
    const error = t.throws(() => defineScenario(input as ScenarioInput), {
      instanceOf: HarnessError, code: 'SCENARIO_BAD',
    });
    for (const text of says) t.true(error.message.includes(text), error.message);
  });
}
