// A whole trial of a server that only a shell knows, and servers that are not those of the cell.
import test from 'ava';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../targets/ports.ts';
import { run, smallPlan } from './test-support.ts';

/** Writes the file of a target; `directives` stands where the directives of the cell go. */
async function useServer(directives: string): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-command-run-'));
  const [port, data] = [await freePort(), path.join(folder, 'data')];
  const engine = path.join(import.meta.dirname, '../../engine/main.ts');
  const file = path.join(folder, 'target.json');
  fs.writeFileSync(file, JSON.stringify({
    name: 'of-a-shell', address: `127.0.0.1:${port}`,
    start: `mkdir -p '${data}'; '${process.execPath}' '${engine}' --port ${port} --dir '${data}' `
      + `${directives} & echo $! >'${folder}/pid'`,
    kill: `kill -9 $(cat '${folder}/pid')`, stop: `kill $(cat '${folder}/pid')`,
    wipe: `rm -rf '${data}'`,
  }));
  process.env['PLUGPULL_TARGET_FILE'] = file;
  return folder;
}

test.serial('killed and polite ends by commands: nothing is lost, nothing is left', async (t) => {
  const folder = await useServer('{directives}');
  const plan = smallPlan({
    settings: ['aof/always'], crash: ['process'], target: 'command', faults: ['', 'terminate'],
  });
  t.deepEqual(plan.skipped, []);
  const { record, leftovers } = await run(plan);
  t.is(record.verdict, 'pass', JSON.stringify(record.cells));
  const [killed, terminated] = record.cells.map((cell) => cell.perTrial[0]);
  t.deepEqual(record.cells[0]?.target, { name: 'command', version: 'of-a-shell' });
  t.is(killed?.cuts[0]?.loss?.writes, 0);
  t.is(killed?.artefacts['server'], 'servers/small-command-aof-always-process.json');
  t.deepEqual(terminated?.faulted?.faults.map(({ applied }) => applied), [true]);
  t.deepEqual(leftovers, []);
  t.false(fs.existsSync(path.join(folder, 'data')), 'wiped at the end');
  fs.rmSync(folder, { recursive: true });
});

test.serial('a server with other settings than the cell is not measured', async (t) => {
  const folder = await useServer('{directives} --appendonly no');
  const plan = smallPlan({ settings: ['aof/always'], crash: ['process'], target: 'command' });
  const { record } = await run(plan);
  t.is(record.verdict, 'inconclusive');
  t.regex(record.cells[0]?.perTrial[0]?.error ?? '', /expected appendonly 'yes', found 'no'/);
  fs.rmSync(folder, { recursive: true });
});

test('what target command cannot do is left out with the reason', (t) => {
  const { cells, skipped } = smallPlan({
    settings: ['aof/no'], crash: ['process', 'power', 'block'], target: 'command',
    faults: ['', 'pause', 'disk-full', 'zero-tail', 'kill-in-bgsave'],
  });
  t.deepEqual(cells.map(({ id }) => id), ['small/command/aof/no/process']);
  const reasons = new Set(skipped.map(({ reason }) => reason.replace(/^fault \S+: /, '')));
  t.deepEqual([...reasons], [
    'it needs the process and its files, which target command hides',
    'target command: only loads with crash model process, for its files are not here',
  ]);
});
