// `npm run soak -- --hours 8`: random settings, faults and kills for hours.
//
//   --hours N, --minutes N   how long (1 hour)
//   --target NAMES           bundled, redis, valkey (bundled)
//   --seed N                 the same trials again
//   --out DIR                where the record goes (reports)
//
// Exit codes: 0 nothing broke or grew · 1 a promise was broken · 2 inconclusive · 3 memory or open
// files grew · 130 Ctrl-C; what was done by then is kept.

import { randomInt } from 'node:crypto';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { diskUnavailable } from '../disks/disks.ts';
import { HarnessError, reasonOf } from '../errors.ts';
import type { TargetName } from '../plan/scenario.ts';
import { bytesText, countText, durationText } from '../plan/units.ts';
import { reportText } from '../report/table.ts';
import { createRunFolder, writeRun } from '../report/write.ts';
import { targets } from '../targets/targets.ts';
import type { Growth } from './growth.ts';
import { soak } from './soak.ts';

const help = `Usage: npm run soak -- [--hours N | --minutes N] [options]

  --hours N, --minutes N   how long (1 hour)
  --target NAMES           bundled, redis, valkey (bundled)
  --seed N                 the same trials again
  --out DIR                where the record goes (reports)

Examples:
  npm run soak -- --hours 8
  npm run soak -- --minutes 30 --target bundled,redis --seed 7
`;
const usable: readonly TargetName[] = ['bundled', 'redis', 'valkey'];

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`soak: ${reasonOf(error)}\n`);
  return error instanceof HarnessError && error.code === 'ENVIRONMENT' ? 69 : 64;
});

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      hours: { type: 'string' }, minutes: { type: 'string' },
      target: { type: 'string', default: 'bundled' }, seed: { type: 'string' },
      out: { type: 'string', default: 'reports' }, help: { type: 'boolean', short: 'h' },
    },
  });
  if (flags.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const hours = numberOf('--hours', flags.hours, flags.minutes === undefined ? 1 : 0);
  const durationMs = hours * 3_600_000 + numberOf('--minutes', flags.minutes, 0) * 60_000;
  const seed = flags.seed === undefined ? randomInt(2 ** 32) : numberOf('--seed', flags.seed, 0);
  const wanted = await wantedTargets(flags.target);
  const abort = new AbortController();
  process.on('SIGINT', () => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
  });
  const out = path.resolve(flags.out);
  const folder = await createRunFolder(out, { startedAt: new Date(), seed });
  process.stderr.write(`seed ${seed}, ${durationText(durationMs)}, ${wanted.join(', ')}\n`);
  const { record, trials, growth } = await soak({
    ...folder, durationMs, seed, wanted, targets, startedAt: new Date().toISOString(),
    unsupported: (cell) => diskUnavailable(cell.disk, cell.fileSystem ?? 'ext4'),
    signal: abort.signal, say: (line) => process.stdout.write(`${line}\n`),
  });
  if (record !== null) {
    const { recordPath } = await writeRun(out, record);
    process.stdout.write(reportText(record, { columns: 120, color: false }));
    process.stderr.write(`record: ${recordPath}\n`);
  }
  process.stdout.write(`\n${countText(trials, 'trial')} in ${durationText(record?.tookMs ?? 0)},`
    + ` seed ${seed}\n${growthText('this process', growth.harness)}`
    + growthText('the engine that lived all the time', growth.engine));
  if (abort.signal.aborted) return 130;
  if (record === null) return 2;
  if (record.verdict === 'fail') return 1;
  if (growth.harness.verdict === 'grows' || growth.engine.verdict === 'grows') return 3;
  return record.verdict === 'pass' ? 0 : 2;
}

function growthText(who: string, { verdict, rssBytes, openFiles }: Growth): string {
  const words = verdict === 'too-few' ? 'too short to tell' : verdict;
  return `${who}: ${words}; memory ${bytesText(rssBytes.early)} → ${bytesText(rssBytes.late)}, open`
    + ` files ${openFiles.early} → ${openFiles.late}\n`;
}

async function wantedTargets(text: string): Promise<TargetName[]> {
  const wanted: TargetName[] = [];
  for (const word of text.split(',')) {
    const name = usable.find((each) => each === word);
    if (name === undefined) {
      throw new HarnessError('USAGE', `--target: expected ${usable.join(', ')}, found '${word}'`);
    }
    const located = await targets[name].locate();
    if (located.kind === 'missing') {
      throw new HarnessError('ENVIRONMENT', `${name} is missing: ${located.install}`);
    }
    wanted.push(name);
  }
  return wanted;
}

function numberOf(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!(value >= 0) || text.trim() === '') {
    throw new HarnessError('USAGE', `${flag}: expected a number, found '${text}'`);
  }
  return value;
}
