// A tiny real run of claims on the bundled engine: what is measured, what failures become, and that
// nothing is left behind.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { HarnessError } from '../errors.ts';
import type { ClaimsRecord } from '../report/claims/claims-record.ts';
import { targets } from '../targets/targets.ts';
import { defineClaim, doesNotHold, holds } from './claim.ts';
import type { Claim } from './claim.ts';
import type { Lab } from './lab.ts';
import { runClaims } from './run-claims.ts';
import type { ClaimsOptions } from './run-claims.ts';

function claimOf(measure: (lab: Lab) => Promise<number>, number = 1): Claim {
  return defineClaim<number, { keys: number }>({
    number, name: `claim-${number}`, sentence: 'Keys come back.', statedIn: 'a test',
    refutedBy: 'a missing key', measured: 'keys', estimatedMs: { quick: 1, nightly: 2 },
    parameters: { quick: { keys: 100 }, nightly: { keys: 1000 } },
    measure,
    judge: (keys) => (keys === 100 ? holds('100 keys')
      : doesNotHold({ decisive: `${keys} keys`, instead: 'Some keys come back.' })),
    show: (keys) => ({ facts: [['keys', String(keys)]], chart: null }),
  });
}

interface Ran {
  readonly record: ClaimsRecord;
  readonly records: readonly ClaimsRecord[];
  readonly left: readonly string[];
}

async function run(
  t: ExecutionContext, claims: readonly Claim[], changes: Partial<ClaimsOptions> = {},
): Promise<Ran> {
  const runDirectory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-claims-test-'));
  t.teardown(() => fs.rmSync(runDirectory, { recursive: true, force: true }));
  const records: ClaimsRecord[] = [];
  const record = await runClaims(claims, {
    id: 'test', startedAt: '2026-11-30T00:00:00.000Z', seed: 7, profile: 'quick', runDirectory,
    workDirectory: path.join(runDirectory, 'work'), targets, missing: [], extended: [],
    located: [{ name: 'bundled', version: '0.1.0' }], unsupported: () => null,
    signal: new AbortController().signal, onEvent: () => {},
    onRecord: async (made) => {
      records.push(made);
    },
    ...changes,
  });
  return { record, records, left: fs.readdirSync(runDirectory) };
}

test('a claim with servers, tools and a scenario is measured for real', async (t) => {
  const claim = claimOf(async (lab) => {
    const start = { directory: lab.folder(), setting: 'aof/always' } as const;
    const server = await lab.start(start);
    await server.send(Array.from({ length: 100 }, (_, key) => ['SET', `k${key}`, 'v']));
    await server.call('FLUSHALL');
    const digest = await server.digest();
    t.is(digest, '0'.repeat(40));
    await server.kill();
    const rescue = lab.folder();
    const log = path.join(start.directory, 'appendonlydir');
    t.true((await lab.checkLog(log, { fix: false })).isWhole);
    t.is(lab.removeCommands(log, { names: ['flushall'], into: path.join(rescue, 'log') }), 1);
    fs.renameSync(path.join(rescue, 'log'), path.join(rescue, 'appendonlydir'));
    const back = await lab.start({ ...start, directory: rescue });
    const { cells, skipped } = await lab.run({
      name: 'tiny', measures: ['loss'], settings: ['aof/always'],
      load: { durationMs: 200, warmupMs: 0, clients: 2, keys: 20 },
    });
    t.is(cells.length, 1);
    t.deepEqual(skipped, []);
    t.true(lab.draw('a', 1) >= 0 && lab.draw('a', 1) < 1 && lab.draw('a') !== lab.draw('b'));
    return back.keys();
  });
  const { record, records, left } = await run(t, [claim]);
  const [result] = record.claims[0]?.results ?? [];
  t.is(result?.verdict, 'holds', result?.instead ?? '');
  t.is(result?.figures, 100);
  t.deepEqual(result?.runs, ['tiny-bundled/run.json']);
  t.deepEqual(record.claims[0]?.parameters, { keys: 100 });
  t.is(records.length, 1, 'told after each');
  t.deepEqual(left, ['tiny-bundled'], 'servers, data and work are gone');
});

test('a refusal to start is an answer, a failure makes the claim inconclusive', async (t) => {
  const refused = claimOf(async (lab) => {
    const directory = lab.folder();
    fs.writeFileSync(path.join(directory, 'dump.rdb'), 'no snapshot');
    const started = await lab.tryStart({ directory, setting: 'rdb' });
    t.is(started.kind, 'refused');
    await lab.start({ directory, setting: 'rdb' });
    return 0;
  });
  const { record } = await run(t, [refused, claimOf(async () => 99, 2)]);
  const [first, second] = record.claims.map(({ results }) => results[0]);
  t.is(first?.verdict, 'inconclusive');
  t.regex(first?.instead ?? '', /refused to start/);
  t.is(second?.verdict, 'does-not-hold', 'the next one is measured all the same');
});

test('an interrupt keeps what was measured', async (t) => {
  const abort = new AbortController();
  const interrupted = claimOf(async () => {
    abort.abort();
    throw new HarnessError('INTERRUPTED', 'the claim was interrupted');
  }, 2);
  const { record, left } = await run(t, [claimOf(async () => 100), interrupted], {
    signal: abort.signal,
  });
  t.true(record.interrupted);
  t.deepEqual(record.claims.map(({ name }) => name), ['claim-1']);
  t.deepEqual(left, []);
});

test('a bug of a claim is not taken for a verdict', async (t) => {
  const bug = claimOf(async () => {
    throw new TypeError('of undefined');
  });
  await t.throwsAsync(run(t, [bug]), { instanceOf: TypeError });
});
