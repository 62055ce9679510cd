// `plugpull run bytes-lost` as a user types it, with engines that must be caught: the exit code and
// the words. Real processes on loopback; only the entry file of the engine is another.
import test from 'ava';
import { join } from 'node:path';
import { faults } from '../faults/faults.ts';
import { readRepro, readShrunk } from '../run/keep.ts';
import { runPlan } from '../run/run.ts';
import type { RunVariant } from '../run/run.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { targets } from '../targets/targets.ts';
import { cli, temporaryFolder } from './test-support.ts';
import type { Outcome } from './test-support.ts';

interface Attempt extends RunVariant {
  readonly cwd: string;
  readonly flags: string;
  /** Without it the healthy engine. */
  readonly sabotage?: string;
}

function bytesLost({ cwd, flags, sabotage, ...variant }: Attempt): Promise<Outcome> {
  const folder = join(import.meta.dirname, '../run/testdata/sabotaged');
  const bundled = sabotage === undefined
    ? targets.bundled : bundledTarget({ entry: join(folder, sabotage) });
  const argv = ['run', 'bytes-lost', '--seed', '7', ...flags.split(' ')];
  return cli(argv, {
    cwd,
    runPlan: (plan, options) => (
      runPlan(plan, { ...options, targets: { ...targets, bundled } }, variant)
    ),
  });
}

const caught = [
  ['sync-does-nothing.ts', '--persist aof --fsync always --crash power --duration 700ms'],
  ['replies-before-write.ts', '--persist aof --fsync no --crash process --duration 700ms'],
  ['recovery-drops-tenth.ts', '--persist aof --fsync everysec --crash process --duration 700ms'],
] as const;

for (const [sabotage, flags] of caught) {
  test.serial(`${sabotage}: exit 1, the broken promise and the command again`, async (t) => {
    const outcome = await bytesLost({ cwd: temporaryFolder(t), flags, sabotage });
    t.is(outcome.code, 1, outcome.stdout + outcome.stderr);
    const said = outcome.stdout.replaceAll(/\s+/g, ' ');
    t.regex(said, /loses no acknowledged write/, 'the promise');
    t.regex(said, /plugpull run bytes-lost .*--seed 7/, 'the command');
  });
}

test.serial('what failed is made smaller, beside what is kept of it', async (t) => {
  const [[sabotage, flags]] = caught;
  const cwd = temporaryFolder(t);
  const outcome = await bytesLost({ cwd, flags, sabotage, shrinkAttempts: 2 });
  t.is(outcome.code, 1, outcome.stdout + outcome.stderr);
  const said = outcome.stdout.replaceAll(/\s+/g, ' ');
  const [, kept = ''] = /plugpull replay (\S+)\. /.exec(said) ?? [];
  const folder = join(cwd, 'reports', 'runs', kept);
  const [{ trial }, shrunk] = [readRepro(folder), readShrunk(folder)];
  t.is(shrunk?.trial?.cell.load.clients, 4, JSON.stringify(shrunk));
  t.is(trial.cell.load.clients, 32);
  t.is(shrunk?.findings[0]?.kind, readRepro(folder).findings[0]?.kind);
});

test.serial('the kill disabled: exit 2, never pass', async (t) => {
  const flags = '--persist aof --fsync always --crash process,power --duration 500ms';
  const outcome = await bytesLost({ cwd: temporaryFolder(t), flags, fault: faults.none });
  t.is(outcome.code, 2, outcome.stdout + outcome.stderr);
  t.regex(outcome.stdout, /inconclusive/);
});

test.serial('the healthy engine on the same seed: exit 0', async (t) => {
  const flags = '--persist aof --fsync always --crash process,power --duration 500ms';
  const outcome = await bytesLost({ cwd: temporaryFolder(t), flags });
  t.is(outcome.code, 0, outcome.stdout + outcome.stderr);
});
