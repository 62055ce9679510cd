// What is kept of a failure is enough to find it again, and says so when it is damaged.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defineScenario } from '../plan/define-scenario.ts';
import type { CrashModel } from '../plan/scenario.ts';
import { planRun } from '../plan/plan.ts';
import { bundledTarget } from '../targets/bundled.ts';
import { targets } from '../targets/targets.ts';
import type { TrialRecord } from '../report/record.ts';
import { readRepro } from './keep.ts';
import { judgeKept } from './replay.ts';
import { runPlan } from './run.ts';

interface Failed {
  readonly folder: string;
  readonly trial: TrialRecord;
}

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-replay-test-'));
test.after.always(() => fs.rmSync(root, { recursive: true, force: true }));

/** Runs a sabotaged engine until its promise is broken. */
async function failing(entry: string, crash: CrashModel): Promise<Failed> {
  const runDirectory = path.join(root, `${entry}-${crash}`);
  fs.mkdirSync(runDirectory);
  const scenario = defineScenario({
    name: 'small', question: 'Is a failure kept?', measures: ['loss'], crash: [crash],
    settings: ['aof/always'], cutInstants: 1,
    load: { durationMs: 500, warmupMs: 0, clients: 4, keys: 100, mix: 'chaos' },
  });
  const sabotaged = path.join(import.meta.dirname, 'testdata/sabotaged', entry);
  const record = await runPlan(planRun({ scenarios: [{ scenario, source: 'small' }], seed: 11 }), {
    id: 'test', startedAt: '2026-11-22T00:00:00.000Z', runDirectory,
    workDirectory: path.join(runDirectory, 'work'),
    targets: { ...targets, bundled: bundledTarget({ entry: sabotaged }) },
    signal: new AbortController().signal, onEvent: () => {},
  });
  const [trial] = record.cells.flatMap((cell) => cell.perTrial);
  if (trial === undefined) throw new Error('no trial');
  return { trial, folder: path.join(runDirectory, trial.artefacts['failure'] ?? 'none') };
}

const again = (folder: string): ReturnType<typeof judgeKept> => judgeKept({
  folder, target: targets.bundled, workDirectory: path.join(folder, 'work'),
  signal: new AbortController().signal,
});

test('a power cut: everything is kept, and the image fails again with any engine', async (t) => {
  const { folder, trial } = await failing('sync-does-nothing.ts', 'power');
  t.is(trial.verdict, 'fail');
  t.true((trial.curve?.brokenMs ?? 0) > 0, 'the curve says when');
  const text = trial.curve?.findings[0]?.text ?? '';
  t.regex(text, /is lost by a power cut .* Its log bytes were written to .*incr\.aof at /);
  for (const name of ['repro.json', 'cut.json', 'image', 'ledger', 'op-log', 'server.log']) {
    t.true(fs.existsSync(path.join(folder, name)), name);
  }
  t.true(readRepro(folder).findings.length > 0);
  const judgement = await again(folder);
  t.is(judgement?.verdict, 'fail');
  t.false(fs.existsSync(path.join(folder, 'work')));
  await damages(t, folder);
});

/** Each damage on a copy of its own. */
async function damages(t: ExecutionContext, folder: string): Promise<void> {
  const rows: readonly (readonly [file: string, change: (bytes: Buffer) => Buffer, RegExp])[] = [
    ['ledger', (bytes) => flipped(bytes, bytes.length - 20), /ledger: ledger: offset \d+: exp/],
    ['ledger', (bytes) => flipped(bytes, 8), /ledger: ledger: offset 8: expected version/],
    ['op-log', (bytes) => flipped(bytes, 66), /op-log: op log, byte 64: /],
    ['op-log', (bytes) => flipped(bytes, 8), /op-log: op log, byte 8: version/],
    ['repro.json', () => Buffer.from('{"schema":2}'), /repro\.json: .*expected schema 1, found 2/],
    ['repro.json', () => Buffer.from('{'), /repro\.json: not a kept failure/],
    ['cut.json', () => Buffer.from('{"schema":1}'), /cut\.json: .*found another object/],
  ];
  for (const [file, change, message] of rows) {
    const copy = `${folder}-damaged`;
    fs.cpSync(folder, copy, { recursive: true });
    const target = path.join(copy, file);
    fs.writeFileSync(target, change(fs.readFileSync(target)));
    await t.throwsAsync(again(copy), { code: 'RECORD_BAD', message }, String(message));
    fs.rmSync(copy, { recursive: true });
  }
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 0x55;
  return changed;
}

test('a process crash: what a sound engine brings back from the image passes', async (t) => {
  const { folder, trial } = await failing('recovery-drops-tenth.ts', 'process');
  t.is(trial.verdict, 'fail');
  const judgement = await again(folder);
  t.is(judgement?.verdict, 'pass', JSON.stringify(judgement?.findings));
});
