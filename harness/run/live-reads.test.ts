// What living servers answer is judged, counted and kept, whatever the crash leaves.
import test from 'ava';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CrashModel } from '../plan/scenario.ts';
import { defineScenario } from '../plan/define-scenario.ts';
import { planRun } from '../plan/plan.ts';
import type { RunRecord } from '../report/record.ts';
import { notes } from '../report/notes.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { targets } from '../targets/targets.ts';
import { runPlan } from './run.ts';
import { killOnce } from './test-support.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-reads-test-'));
test.after.always(() => fs.rmSync(root, { recursive: true, force: true }));

/** Setting `none`: after the crash there is nothing that could be wrong. */
async function run(crash: CrashModel, entry?: string): Promise<RunRecord> {
  const runDirectory = path.join(root, `${crash}-${entry ?? 'sound'}`);
  fs.mkdirSync(runDirectory);
  const scenario = defineScenario({
    name: 'reads', question: 'Is a wrong answer found?', measures: ['loss'], crash: [crash],
    settings: ['none'],
    load: { durationMs: 600, warmupMs: 0, clients: 4, keys: 20, mix: 'chaos', readShare: 0.4 },
  });
  const sabotaged = bundledTarget({
    entry: path.join(import.meta.dirname, 'testdata/sabotaged', entry ?? ''),
  });
  return runPlan(planRun({ scenarios: [{ scenario, source: 'reads' }], seed: 3 }), {
    id: 'test', startedAt: '2026-11-22T00:00:00.000Z', runDirectory,
    workDirectory: path.join(runDirectory, 'work'),
    targets: entry === undefined ? targets : { ...targets, bundled: sabotaged },
    signal: new AbortController().signal, onEvent: () => {},
  }, { fault: killOnce((info) => Number(info.get('total_commands_processed')) > 1500) });
}

for (const crash of ['process', 'power-torn'] as const) {
  test(`keys that are gone too early are read as wrong, and kept: ${crash}`, async (t) => {
    const record = await run(crash, 'clock-fast.ts');
    const [trial] = record.cells.flatMap((cell) => cell.perTrial);
    t.is(trial?.verdict, 'fail', JSON.stringify(trial));
    t.true((trial?.checkedReads?.wrong ?? 0) > 0);
    const [finding] = trial?.cuts[0]?.findings ?? [];
    t.is(finding?.kind, 'stale');
    t.regex(finding?.text ?? '', /client \d+ read k:.*, after its write .*, and found nothing/);
    const folder = path.join(root, `${crash}-clock-fast.ts`, trial?.artefacts['failure'] ?? 'none');
    for (const name of ['repro.json', 'cut.json', 'image', 'ledger', 'server.log']) {
      t.true(fs.existsSync(path.join(folder, name)), name);
    }
    t.regex(notes(record).join('\n'), /Reads: [\d,]+ answers? of .*: [1-9][\d,]* wrong/);
  });
}

test('a sound engine: reads are counted and none is wrong', async (t) => {
  const record = await run('process');
  const [trial] = record.cells.flatMap((cell) => cell.perTrial);
  t.is(trial?.verdict, 'pass', JSON.stringify(trial));
  t.is(trial?.checkedReads?.wrong, 0);
  t.true((trial?.checkedReads?.checked ?? 0) > 0);
  t.regex(notes(record).join('\n'), /Reads: [\d,]+ answers? .*: 0 wrong/);
});
