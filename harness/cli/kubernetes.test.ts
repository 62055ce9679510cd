// The manifests of deploy/: valid for Kubernetes, consistent with themselves and with the exit
// codes of plugpull, and their scripts run here, with `npx plugpull` as this very source.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { PersistentVolumeClaim } from 'kubernetes-models/v1';
import { Job } from 'kubernetes-models/batch/v1';
import type { RunRecord } from '../report/record.ts';
import { cleanEnvironment, execute, fillCheckout, writeProgram }
  from './automation-test-support.ts';
import * as codes from './exit-codes.ts';
import { temporaryFolder } from './test-support.ts';

const root = join(import.meta.dirname, '..', '..');
const kinds = { Job, PersistentVolumeClaim };

function objectsOf(name: string): (Job | PersistentVolumeClaim)[] {
  const documents = parseAllDocuments(readFileSync(join(root, 'deploy', name), 'utf8'));
  return documents.map((document) => {
    const data = document.toJS() as { kind: keyof typeof kinds };
    return new kinds[data.kind](data as never);
  });
}

const jobOf = (name: string): Job => (
  objectsOf(name).find((object) => object instanceof Job) as Job);

function containerOf(name: string): { script: string; image: string;
  env: Record<string, string> } {
  const container = jobOf(name).spec?.template.spec?.containers[0];
  const env = (container?.env ?? []).map((each) => [each.name, each.value ?? ''] as const);
  return { script: container?.args?.[0] ?? '', image: container?.image ?? '',
    env: Object.fromEntries(env) };
}

for (const name of readdirSync(join(root, 'deploy'))) {
  test(`deploy/${name}: every object is valid for Kubernetes`, (t) => {
    const objects = objectsOf(name);
    t.true(objects.length > 0);
    for (const object of objects) t.notThrows(() => object.validate());
  });
}

test('an object with a mistake is not valid', (t) => {
  const job = jobOf('kubernetes.yaml').toJSON() as { spec: object };
  for (const spec of [{ ...job.spec, completions: 'four' }, { completionMode: 'Indexed' }]) {
    t.throws(() => new Job({ ...job, spec } as never).validate());
  }
});

test('what is retried is what may be: no exit code of a finding', (t) => {
  const { spec } = jobOf('kubernetes.yaml');
  const valuesOf = (action: string): number[] => (spec?.podFailurePolicy?.rules ?? [])
    .filter((rule) => rule.action === action).flatMap((rule) => rule.onExitCodes?.values ?? []);
  t.deepEqual(valuesOf('FailIndex'), [codes.exitFail, codes.exitPerformance, codes.exitUsage]);
  t.deepEqual(valuesOf('Count'),
    [codes.exitInconclusive, codes.exitEnvironment, codes.exitBug, 128 + 9]);
  t.is(spec?.completionMode, 'Indexed');
  t.is(spec?.template.spec?.restartPolicy, 'Never', 'a policy of failures needs it');
  t.is(containerOf('kubernetes.yaml').env['PLUGPULL_SHARD_TOTAL'], String(spec?.completions));
  const [container] = spec?.template.spec?.containers ?? [];
  t.deepEqual(container?.resources?.requests, container?.resources?.limits, 'Guaranteed');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as
    { version: string };
  for (const file of ['kubernetes.yaml', 'kubernetes-merge.yaml']) {
    t.true(containerOf(file).script.includes(`npx --yes plugpull@${version} `), file);
    const mounts = jobOf(file).spec?.template.spec;
    const names = new Set(mounts?.volumes?.map((volume) => volume.name));
    t.true(mounts?.containers[0]?.volumeMounts?.every((each) => names.has(each.name)));
  }
});

/** Three processes of plugpull, on a machine that is busy with others. */
const startsMs = 300_000;
const hasBash = spawnSync('bash', ['--version']).status === 0;
const running = hasBash ? test : test.skip;
const why = hasBash ? '' : ' (skipped: bash is missing)';

running(`the pods of a Job, each a process, and the merge of what they left${why}`, async (t) => {
  t.timeout(startsMs);
  const home = temporaryFolder(t);
  const total = 2;
  const [programs, results] = [join(home, 'programs'), join(home, 'results')];
  writeProgram(programs, 'npx', `shift 2; exec node '${root}/bin/plugpull.js' "$@"`);
  const pod = async (name: string, own: Record<string, string>): ReturnType<typeof execute> => {
    const cwd = join(home, `work-${own['HOSTNAME'] ?? ''}`);
    mkdirSync(cwd);
    fillCheckout(cwd, total);
    const { script, env } = containerOf(name);
    return execute('bash', ['-c', script], {
      cwd, env: { ...cleanEnvironment(programs), ...env, RESULTS: results, ...own },
    });
  };
  // A first attempt that ended early: its files stay, and the later ones count.
  mkdirSync(join(results, '1', 'evicted', 'half'), { recursive: true });
  utimesSync(join(results, '1', 'evicted'), 1, 1);
  const shards = await Promise.all(Array.from({ length: total }, (_, index) => (
    pod('kubernetes.yaml', {
      PLUGPULL_SHARD_TOTAL: String(total), JOB_COMPLETION_INDEX: String(index),
      HOSTNAME: `plugpull-${index}`, SCENARIOS: './small.mjs',
    }))));
  for (const shard of shards) t.true([0, 2].includes(shard.code), shard.text);
  t.deepEqual(readdirSync(join(results, '1')).sort(), ['evicted', 'plugpull-1']);
  const merged = await pod('kubernetes-merge.yaml', { HOSTNAME: 'merge' });
  t.true([0, 2].includes(merged.code), merged.text);
  const [run = ''] = readdirSync(join(results, 'merged'));
  const record = JSON.parse(
    readFileSync(join(results, 'merged', run, 'run.json'), 'utf8')) as RunRecord;
  t.is(record.cells.length, total);
});
