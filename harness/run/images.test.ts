// Crash images of a recorded run when things run short: a full disk costs images and says so, and
// Ctrl-C keeps the images that were judged by then.
import test from 'ava';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { cellOf, killOnce, run, smallPlan } from './test-support.ts';

const plan = smallPlan({ settings: ['aof/always'], crash: ['power'] });
// So many writes that no two images are the same.
const fault = killOnce((info) => Number(info.get('total_commands_processed')) > 500);

test.serial('out of disk: fewer images and inconclusive, no crash; the curve stands', async (t) => {
  const { writeFileSync } = fs;
  const full = (path: string): boolean => /trial-0\/image-1\//.test(path);
  fs.writeFileSync = (...[file, ...rest]: Parameters<typeof writeFileSync>): void => {
    if (!full(String(file))) return writeFileSync(file, ...rest);
    const text = `ENOSPC: no space left on device, write '${String(file)}'`;
    throw Object.assign(new Error(text), { code: 'ENOSPC' });
  };
  syncBuiltinESMExports();
  t.teardown(() => {
    fs.writeFileSync = writeFileSync;
    syncBuiltinESMExports();
  });
  const { record, leftovers } = await run(plan, { fault });
  const { verdict, perTrial: [trial], loss } = cellOf(record, 'aof/always', 'power');
  t.is(verdict, 'inconclusive');
  t.is(trial?.error, null, 'it is no failure of the trial');
  t.is(trial?.cuts.length, 2, 'one that was judged and one that found no room');
  t.is(trial?.cuts[0]?.verdict, 'pass');
  const [finding] = trial?.cuts[1]?.findings ?? [];
  t.regex(finding?.text ?? '', /no room for further crash images after 1: .*image-1.*ENOSPC/);
  t.is(trial?.curve?.maximum.writes, 0, 'every instant is judged all the same');
  t.true((loss?.instants ?? 0) > 0);
  t.deepEqual(leftovers.filter((name) => name !== 'curves'), []);
});

test.serial('Ctrl-C among the images keeps those that were judged', async (t) => {
  const abort = new AbortController();
  let images = 0;
  const { record, leftovers } = await run(plan, {
    fault,
    signal: abort.signal,
    onEvent: (event) => {
      if (event.kind === 'phase' && event.phase === 'recover' && ++images === 2) abort.abort();
    },
  });
  t.true(record.interrupted);
  const { perTrial: [trial] } = cellOf(record, 'aof/always', 'power');
  t.is(trial?.cuts.length, 1, JSON.stringify(trial));
  t.is(trial?.cuts[0]?.verdict, 'pass');
  t.true((trial?.curve?.instants ?? 0) > 0, 'and the curve, which knows every instant');
  t.deepEqual(leftovers.filter((name) => name !== 'curves'), []);
});
