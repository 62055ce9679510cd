// The short form of `npm run selfcheck`: bugs that a few trials must find, the canaries, and the
// catalogue itself.

import test from 'ava';
import { targets } from '../targets/targets.ts';
import { catalogue } from './bugs/catalogue.ts';
import { documentedVersion, runCanaries } from './canaries/canaries.ts';
import { doAll } from './crew.ts';
import { hunt } from './hunt.ts';
import { allJobs } from './jobs.ts';
import { pageOf, reportOf, tableOf } from './table.ts';

// Before the first test: AVA wants them declared in one go.
const located = await targets.redis.locate();
const isDocumented = located.kind === 'found' && located.version.includes(documentedVersion);
const skipped = located.kind === 'found' ? '' : ' (skipped: redis-server is not on the PATH)';

/** Bugs that need more trials are left to the long form. */
const shortWithin = 5;

test('the catalogue: forty bugs and more, no name twice', (t) => {
  const names = catalogue.map(({ name }) => name);
  t.true(names.length >= 40);
  t.is(new Set(names).size, names.length);
});

test('planted bugs are found, each as what it is', async (t) => {
  const short = catalogue.filter(({ within }) => within <= shortWithin);
  t.true(short.length >= 20);
  for (const bug of short) {
    const { finding, trials } = await hunt(bug, 1);
    t.not(finding, null, `${bug.name} got away in ${trials} trials`);
  }
});

test('a bug that is not there is not found: the hunt itself gives no alarm', async (t) => {
  const [bug] = catalogue.filter(({ name }) => name === 'sync-never');
  if (bug === undefined) throw new Error('no such bug');
  const result = await hunt({ ...bug, wrap: () => ({}), within: 5 }, 1);
  t.is(result.finding, null);
  const healthy = { trials: 5, cycles: 60, tookMs: 1, alarms: [] };
  t.regex(pageOf(tableOf([result], healthy)), /\| sync-never \|.*NOT FOUND[^]*0 of 1 planted/);
});

test('Ctrl-C: what was judged is told, and that it is not all', async (t) => {
  const abort = new AbortController();
  const jobs = allJobs(40).filter(({ kind }) => kind === 'healthy');
  const results = await doAll([...jobs, ...jobs], {
    processes: 1, signal: abort.signal, onDone: () => abort.abort(),
  });
  t.is(results.length, 1);
  const { text } = reportOf(results, { jobs: 4, tookMs: 1 });
  t.regex(text, /0 alarms on 20 healthy trials[^]*Interrupted: 1 of 4 jobs were done/);
});

test(`canaries: both servers do what is written down${skipped}`, async (t) => {
  for (const { name, redis, bundled, expected } of await runCanaries()) {
    t.true(expected.bundled.includes(bundled), `${name}: bundled: ${bundled}`);
    if (isDocumented && redis !== null) t.is(redis, expected.redis, name);
  }
});
