// The flags that shape a load: what each word means, and what is said about a bad one.

import test from 'ava';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  parseRate, parseRateList, parseShare, parseValueSize, parseValueSizeList,
} from './load-values.ts';
import { cli, temporaryFolder } from './test-support.ts';

test('rates', (t) => {
  t.deepEqual(parseRate(undefined), { load: {} });
  t.deepEqual(parseRate('max'), { load: { ratePerSecond: null, ratePercent: null } });
  t.deepEqual(parseRate('50k'), { load: { ratePerSecond: 50_000, ratePercent: null } });
  t.deepEqual(parseRate('70%'), { load: { ratePerSecond: null, ratePercent: 70 } });
  t.deepEqual(parseRate('100/client'), { load: {}, ratePerClient: 100 });
});

test('shares and sizes', (t) => {
  t.is(parseShare('--reads', '25%', [0, 0.99]), 0.25);
  t.is(parseShare('--reads', '0.5', [0, 0.99]), 0.5);
  t.deepEqual(parseValueSize('4kb'), { valueSizeBytes: 4000, valueSizes: 'fixed' });
  t.deepEqual(parseValueSize('uniform:40-80'), { valueSizes: 'uniform:40-80' });
  const trace = join(temporaryFolder(t), 'sizes.txt');
  writeFileSync(trace, '100\n200\n');
  t.deepEqual(parseValueSize(`trace:${trace}`), { valueSizes: 'sizes:100,200' });
});

test('lists are for studies: each value is a cell, a spread or a trace is none', (t) => {
  t.deepEqual(parseValueSizeList('100,1kb,4096'), [100, 1000, 4096]);
  t.deepEqual(parseRateList('2k,500'), [2000, 500]);
  for (const text of ['4kb', 'uniform:40-80', 'sizes:40,80', undefined]) {
    t.is(parseValueSizeList(text), undefined);
  }
  for (const text of ['max', '70%', '100/client', '2k', undefined]) {
    t.is(parseRateList(text), undefined);
  }
  t.deepEqual([parseValueSize('100,1kb'), parseRate('2k,500')], [{}, { load: {} }]);
  t.throws(() => parseRateList('2k,500,2000'), { message: /--rate: .* once, found 2000 again/ });
  t.throws(() => parseValueSizeList('100,8'), { message: /--value-size: .* found '8'/ });
});

test('a study takes the list of the command line for its own, or the one value', async (t) => {
  const cwd = temporaryFolder(t);
  const idsOf = async (argv: readonly string[]): Promise<string[]> => {
    const { plans, stderr, code } = await cli(['run', ...argv], { cwd });
    t.is(code, 0, stderr);
    return (plans[0]?.cells ?? []).map(({ id, load }) => (
      `${id} ${load.valueSizeBytes} ${load.ratePerSecond}`));
  };
  t.deepEqual((await idsOf(['recovery-forms', '--value-size', '100,4kb'])).slice(0, 4), [
    'recovery-forms/bundled/rdb/warm/100B/50k 100 null',
    'recovery-forms/bundled/rdb/warm/100B/200k 100 null',
    'recovery-forms/bundled/rdb/warm/100B/800k 100 null',
    'recovery-forms/bundled/rdb/warm/4kB/50k 4000 null',
  ]);
  t.deepEqual((await idsOf(['recovery-value-size', '--value-size', '1kb'])).slice(0, 2), [
    'recovery-value-size/bundled/rdb/warm/1kB/20k 1000 null',
    'recovery-value-size/bundled/rdb/warm/1kB/50k 1000 null',
  ]);
  t.deepEqual((await idsOf(['snapshot-rate', '--rate', '5k,1k'])).slice(0, 2), [
    'snapshot-rate/bundled/bgsave/5k-per-s/200k 100 5000',
    'snapshot-rate/bundled/bgsave/1k-per-s/200k 100 1000',
  ]);
  t.deepEqual(await idsOf(['snapshot-rate', '--rate', '100/client']), [
    'snapshot-rate/bundled/bgsave/2k-per-s/200k 100 2000',
    'snapshot-rate/bundled/bgrewriteaof/2k-per-s/200k 100 2000',
  ]);
  t.deepEqual(await idsOf(['snapshot-rate', '--rate', 'max']), [
    'snapshot-rate/bundled/bgsave/200k 100 null',
    'snapshot-rate/bundled/bgrewriteaof/200k 100 null',
  ]);
});

test('a mix of operations reaches the plan, and the command that repeats the run', async (t) => {
  const argv = ['run', 'bytes-lost', '--mix', 'full', '--reads', '20%'];
  const { plans, code, stderr } = await cli(argv, { cwd: temporaryFolder(t) });
  t.is(code, 0, stderr);
  t.like(plans[0]?.cells[0]?.load, { mix: 'full', readShare: 0.2 });
});

test('everything reaches the plan; a rate of each client counts the clients', async (t) => {
  const { plans, code, stderr } = await cli([
    'run', 'fsync-policies', '--clients', '20', '--rate', '500/client', '--arrivals', 'poisson',
    '--profile', 'steps:0.5,1', '--dist', 'zipf:0.99', '--reads', '30%', '--value-size',
    'lognormal:200:0.5',
  ], { cwd: temporaryFolder(t) });
  t.is(code, 0, stderr);
  t.like(plans[0]?.cells[0]?.load, {
    ratePerSecond: 10_000, arrivals: 'poisson', profile: 'steps:0.5,1', distribution: 'zipf:0.99',
    readShare: 0.3, valueSizes: 'lognormal:200:0.5',
  });
});

interface Refusal {
  readonly argv: string[];
  readonly says: RegExp;
  readonly setup?: object;
  readonly code?: number;
  /** @defaultValue fsync-policies */
  readonly scenario?: string;
  /** What the folder holds. */
  readonly file?: readonly [name: string, text: string];
}

const refusals: readonly Refusal[] = [
  { argv: ['--rate', 'fast'], says: /--rate: expected a whole number/ },
  { argv: ['--rate', '1k,2k'], says: /ratePerSecond: expected none, .* studies with actions/ },
  { argv: ['--value-size', '1kb,2kb'], says: /valueSizeBytes: .* studies with forms or actions/ },
  { argv: ['--rate', '300%'], says: /--rate \(in % of the peak\): .* from 1 to 200, found '300'/ },
  { argv: ['--dist', 'zipf'], says: /--dist: expected uniform, .*found 'zipf'/ },
  { argv: ['--profile', 'hill'], says: /--profile: expected flat, ramp:A-B/ },
  { argv: ['--arrivals', 'evn'], says: /--arrivals: no such value 'evn' \(did you mean 'even'/ },
  { argv: ['--mix', 'ful'], says: /--mix: no such value 'ful' \(did you mean 'full'/ },
  {
    argv: ['--mix', 'full', '--rate', '100'],
    says: /expected chaos or set with a rate, found 'full'/,
  },
  { argv: ['--reads', '100%'], says: /--reads: expected a share from 0 to 0.99/ },
  { argv: ['--value-size', 'huge'], says: /--value-size: expected a size, trace:FILE/ },
  { argv: ['--value-size', 'trace:/no/such'], says: /cannot read the trace \/no\/such: ENOENT/ },
  { argv: ['--profile', 'ramp:0-1'], says: /shapes an open loop: set a rate as well/ },
  {
    argv: ['--rate', '100', '--duration', '1s'],
    says: /needs 368 operations, and 100 a second give 95 in the 950 ms .* \(--duration 3874ms\)/,
  },
  {
    // At an even rate that would do: the last step, where the mean is made up, the kill takes.
    argv: ['--rate', '100', '--duration', '4s', '--profile', `steps:${'0.5,'.repeat(19)}10`],
    says: /100 a second give 1\d\d in the 3800 ms before/,
  },
  {
    argv: ['--value-size', '2kb', '--set', 'proto-max-bulk-len=1kb'],
    says: /expected at most 1024, the proto-max-bulk-len of the server, found 2000/,
  },
  {
    argv: ['--value-size', 'uniform:64-2048', '--set', 'proto-max-bulk-len=2047'],
    says: /expected at most 2047, .* found 2048/,
  },
  {
    scenario: 'recovery-value-size', argv: ['--set', 'proto-max-bulk-len=3kb'],
    says: /expected at most 3072, .* found 4000/,
  },
  {
    argv: ['--value-size', 'trace:sizes.txt'], file: ['sizes.txt', '100\n# rest\n12x\n200\n'],
    says: /sizes\.txt:3: expected a size from 32 to 1048576 bytes, found "12x"/,
  },
  {
    scenario: 'snapshot-rate', argv: ['--rate', '5k,245'],
    says: /at least 246 with actions: a p99 needs 368 .* 245 a second give 367 .* \(--rate 246\)/,
  },
  {
    argv: ['--clients', '2000'], setup: { openFiles: 1024 }, code: 69,
    says: /2000 clients need 2064, a process may have 1024; choose at most --clients 960/,
  },
];

for (const { argv, says, setup, code, scenario = 'fsync-policies', file } of refusals) {
  test(`refused before any load: ${scenario} ${argv.join(' ')}`, async (t) => {
    const cwd = temporaryFolder(t);
    if (file !== undefined) writeFileSync(join(cwd, file[0]), file[1]);
    const from = (word: string): string => (
      file === undefined ? word : word.replace(file[0], join(cwd, file[0])));
    const outcome = await cli(['run', scenario, ...argv.map(from)], { cwd, ...setup });
    t.is(outcome.code, code ?? 64);
    t.regex(outcome.stderr.replaceAll(/\n\s+/g, ' '), says);
    t.is(outcome.plans.length, 0);
  });
}
