// Folders of runs on a real disk: whole files, one `latest`, and no run in another's way.
import {
  chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { planOf, recordOf, threeScenarios } from './test-support.ts';
import { createRunFolder, discardRunFolder, listRuns, readRun, writeRun } from './write.ts';

const startedAt = new Date('2026-11-22T17:34:05.123Z');
const record = recordOf(planOf(threeScenarios));

function temporary(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'plugpull-write-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a record is written, found by id, path and as latest, and comes back equal', async (t) => {
  const out = join(temporary(t), 'deep', 'reports');
  const { id, runDirectory } = await createRunFolder(out, { startedAt, seed: 7 });
  const written = await writeRun(out, { ...record, id });
  t.is(id, '2026-11-22T17-34-05-seed7');
  t.deepEqual(written.warnings, []);
  t.deepEqual(readdirSync(runDirectory).sort(), ['report.html', 'run.json', 'summary.md']);
  t.is(readlinkSync(join(out, 'latest')), join('runs', id));
  for (const run of [id, 'latest', runDirectory, written.recordPath]) {
    t.deepEqual(await readRun(out, { run, cwd: '/' }), { ...record, id });
  }
  t.true(readFileSync(join(runDirectory, 'summary.md'), 'utf8').startsWith('## '));
  t.is(written.reportPath, join(runDirectory, 'report.html'));
  t.deepEqual(await listRuns(out), [id]);
});

test('runs that start in the same second get folders of their own', async (t) => {
  const out = temporary(t);
  const folders = await Promise.all([1, 2, 3, 4].map(() => (
    createRunFolder(out, { startedAt, seed: 7 })
  )));
  t.is(new Set(folders.map((folder) => folder.id)).size, 4);
  await Promise.all(folders.map(({ id }) => writeRun(out, { ...record, id })));
  const ids = folders.map(({ id }) => id);
  t.true(ids.includes((await readRun(out, { run: 'latest', cwd: '/' })).id));
  t.deepEqual(readdirSync(out).sort(), ['latest', 'runs']);
  for (const id of ids) t.is((await readRun(out, { run: id, cwd: '/' })).id, id);
});

test('latest moves to the newer run', async (t) => {
  const out = temporary(t);
  for (const seed of [1, 2]) {
    const { id } = await createRunFolder(out, { startedAt, seed });
    await writeRun(out, { ...record, id });
  }
  t.is((await readRun(out, { run: 'latest', cwd: '/' })).id, '2026-11-22T17-34-05-seed2');
});

test('a report that cannot be written is a warning: the record is kept', async (t) => {
  const out = temporary(t);
  const { id, runDirectory } = await createRunFolder(out, { startedAt, seed: 7 });
  mkdirSync(join(runDirectory, 'report.html'));
  const written = await writeRun(out, { ...record, id });
  t.is(written.reportPath, null);
  t.regex(written.warnings.join(), /report.html could not be written/);
  t.is((await readRun(out, { run: 'latest', cwd: '/' })).id, id);
});

test('a folder named latest is left alone and said', async (t) => {
  const out = temporary(t);
  mkdirSync(join(out, 'latest', 'mine'), { recursive: true });
  const { id } = await createRunFolder(out, { startedAt, seed: 7 });
  const { warnings } = await writeRun(out, { ...record, id });
  t.regex(warnings.join(), /latest could not be pointed/);
  t.true(existsSync(join(out, 'latest', 'mine')));
  t.deepEqual(readdirSync(out).sort(), ['latest', 'runs']);
});

test('a run that never began leaves nothing', async (t) => {
  const out = temporary(t);
  await discardRunFolder(await createRunFolder(out, { startedAt, seed: 7 }));
  t.deepEqual(await listRuns(out), []);
});

test('a file in the place of the folder is said before any load', async (t) => {
  const out = join(temporary(t), 'file');
  writeFileSync(out, '');
  await t.throwsAsync(createRunFolder(out, { startedAt, seed: 7 }), {
    code: 'ENVIRONMENT', message: /cannot write reports to .*choose another folder with --out/,
  });
});

const isRoot = process.getuid?.() === 0;
const reason = isRoot ? ' (skipped: root may write everywhere)' : '';
const permitted = isRoot ? test.skip : test;
permitted(`a folder without permission is said before any load${reason}`, async (t) => {
  const out = temporary(t);
  chmodSync(out, 0o500);
  await t.throwsAsync(createRunFolder(out, { startedAt, seed: 7 }), { code: 'ENVIRONMENT' });
});

test('a missing run is said with where it was looked for, a damaged one with why', async (t) => {
  const out = temporary(t);
  await t.throwsAsync(readRun(out, { run: 'nope', cwd: '/' }), {
    code: 'USAGE', message: /no run 'nope': looked for .*runs\/nope\/run.json/,
  });
  writeFileSync(join(out, 'half.json'), '{"schema": 1, ');
  await t.throwsAsync(readRun(out, { run: 'half.json', cwd: out }), {
    code: 'RECORD_BAD', message: /half.json: not a run record/,
  });
});
