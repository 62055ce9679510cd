// `plugpull run claims` from outside: what it prints and writes, and what it refuses.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { cli, temporaryFolder } from './test-support.ts';
import type { Outcome, Setup } from './test-support.ts';

const index = JSON.stringify(new URL('../index.ts', import.meta.url).href);

/** A folder of scenarios with one claim that measures nothing. */
function scenariosWith(t: ExecutionContext, judgement: string): string {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'claims'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'claims', 'one.js'), `
    import { defineClaim, doesNotHold, holds, inconclusive } from ${index};
    export default defineClaim({
      number: 3, name: 'one', sentence: 'It holds.', statedIn: 'a test', refutedBy: 'nothing',
      measured: 'nothing', estimatedMs: { quick: 1000, nightly: 9000 },
      parameters: { quick: { keys: 5 }, nightly: { keys: 50 } },
      measure: async (lab, { keys }) => keys,
      judge: (keys) => ${judgement},
      show: () => ({ facts: [], chart: null }),
    });`);
  return folder;
}

async function run(
  t: ExecutionContext, words: readonly string[], changes: Partial<Setup> = {},
): Promise<Outcome & { cwd: string }> {
  const cwd = temporaryFolder(t);
  const outcome = await cli(['run', ...words], { cwd, ...changes });
  return { ...outcome, cwd };
}

for (const { judgement, code, says } of [
  { judgement: "holds(keys + ' keys')", code: 0, says: /bundled engine {2}holds {2}5 keys/ },
  { judgement: "doesNotHold({ decisive: '5', instead: 'It does not.' })", code: 0,
    says: /does not hold {2}5[^]*It does not\./ },
  { judgement: "inconclusive('5', 'Too few.')", code: 2, says: /inconclusive {2}5[^]*Too few\./ },
]) {
  test(`exit ${code}: ${judgement}`, async (t) => {
    const scenariosDirectory = scenariosWith(t, judgement);
    const { code: found, stdout, cwd } = await run(t, ['claims', '--seed', '7'],
      { scenariosDirectory });
    t.is(found, code);
    t.regex(stdout, says);
    const runs = join(cwd, 'reports', 'runs');
    const [id = ''] = readdirSync(runs);
    t.deepEqual(readdirSync(join(runs, id)).sort(), ['claims.html', 'claims.json', 'claims.md']);
    t.is(JSON.parse(readFileSync(join(runs, id, 'claims.json'), 'utf8')).claims[0].number, 3);
  });
}

test('report shows a run of claims again, by id and by path, and says what is wrong', async (t) => {
  const scenariosDirectory = scenariosWith(t, "holds('5')");
  const { stdout, cwd } = await run(t, ['claims'], { scenariosDirectory });
  const runs = join(cwd, 'reports', 'runs');
  const [id = ''] = readdirSync(runs);
  const path = join(runs, id, 'claims.json');
  for (const word of [id, join('reports', 'runs', id), path]) {
    t.like(await cli(['report', word], { cwd }), { code: 0, stdout }, word);
  }
  const whole = readFileSync(path, 'utf8');
  const json = (await cli(['report', id, '--format', 'json'], { cwd })).stdout;
  t.deepEqual(JSON.parse(json), JSON.parse(whole));
  const html = readFileSync(join(runs, id, 'claims.html'), 'utf8');
  t.like(await cli(['report', id, '--format', 'html,md', '--to', cwd], { cwd }), { code: 0 });
  t.is(readFileSync(join(cwd, 'claims.html'), 'utf8'), html);
  const refused = await cli(['report', id, '--format', 'junit'], { cwd });
  t.like(refused, { code: 64 });
  t.regex(refused.stderr, /--format junit: not for claims; expected html, md or json/);
  for (const [text, says] of [
    [whole.slice(0, whole.length / 2), /claims\.json: not a record of claims: /],
    [whole.replace('"schema": 1', '"schema": 2'), /expected a record of schema 1, found schema 2/],
    [whole.replace('"holds"', '"hold"'), /claims\.0\.results\.0\.verdict: expected .*found "hold"/],
  ] as const) {
    writeFileSync(path, text);
    const damaged = await cli(['report', id], { cwd });
    t.not(damaged.code, 0);
    t.regex(damaged.stderr, says);
    t.notRegex(damaged.stderr, /\n +at /);
  }
});

test('the last run is one of claims where nothing else was run, and others say so', async (t) => {
  const scenariosDirectory = scenariosWith(t, "holds('5')");
  const { stdout, cwd } = await run(t, ['claims'], { scenariosDirectory });
  const [id = ''] = readdirSync(join(cwd, 'reports', 'runs'));
  for (const words of [['report'], ['report', 'latest']]) {
    t.like(await cli(words, { cwd }), { code: 0, stdout }, words.join(' '));
  }
  const compared = await cli(['compare', 'latest', 'latest'], { cwd });
  t.is(compared.code, 64);
  t.true(compared.stderr.includes(`only claims were run so far: plugpull report ${id} shows them`));
  const scenarios = await cli(['run', '--seed', '7'], { cwd });
  t.is((await cli(['report', 'latest'], { cwd })).stdout, scenarios.stdout);
});

test('without redis-server the bundled engine is measured alone, and that is said', async (t) => {
  const scenariosDirectory = scenariosWith(t, "holds('5')");
  const { code, stdout, stderr, cwd } = await run(t, ['claims'],
    { scenariosDirectory, missing: ['redis'] });
  t.is(code, 0);
  t.regex(stderr, /redis is not measured: it is not here: looked for .*apt-get install redis/);
  t.notRegex(stdout, /redis/);
  const [id = ''] = readdirSync(join(cwd, 'reports', 'runs'));
  t.regex(readFileSync(join(cwd, 'reports', 'runs', id, 'claims.md'), 'utf8'),
    /redis-server was not measured/);
});

test('the built-in claims: a dry run names each with its time', async (t) => {
  const { code, stdout, cwd } = await run(t, ['claims', '--dry-run', '--seed', '7']);
  t.is(code, 0);
  t.regex(stdout,
    /^seed 7 · profile quick · \d+ claims on bundled engine, redis-server · about /);
  for (const name of ['no-persistence', 'everysec-window', 'flushall-rescue', 'both-rescue']) {
    t.true(stdout.includes(name), name);
  }
  t.false(existsSync(join(cwd, 'reports')));
  const nightly = await run(t, ['claims/11', '--dry-run', '--profile', 'nightly']);
  t.regex(nightly.stdout, /profile nightly · 1 claim .*\n *11 {2}flushall-rescue .*1000000/);
});

test('the built-in claims have numbers and names of their own', async (t) => {
  const { stdout } = await run(t, ['claims', '--dry-run']);
  const rows = stdout.trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  for (const column of [0, 1]) {
    const words = rows.map((row) => row[column]);
    t.is(new Set(words).size, words.length);
  }
});

for (const { words, missing, code, says } of [
  { words: ['claims/flushal-rescue'], code: 64,
    says: /no claim 'flushal-rescue'.*flushall-rescue/ },
  { words: ['claims/99'], code: 64, says: /no claim '99'/ },
  { words: ['claims', 'bytes-lost'], code: 64, says: /claims are run alone/ },
  { words: ['claims', '--trials', '3'], code: 64, says: /--trials: not for claims/ },
  { words: ['claims', '--value-size', '3'], code: 64, says: /--value-size: not for claims/ },
  { words: ['claims', '--profile', 'nightli'], code: 64, says: /'nightli'.*nightly/ },
  { words: ['claims', '--target', 'command'], code: 64, says: /no such value 'command'/ },
  { words: ['claims', '--target', 'redis'], missing: ['redis'] as const, code: 69,
    says: /target redis: it is not here/ },
]) {
  test(`${code}: run ${words.join(' ')}`, async (t) => {
    const outcome = await run(t, words, missing === undefined ? {} : { missing });
    t.is(outcome.code, code);
    t.regex(outcome.stderr, says);
    t.false(existsSync(join(outcome.cwd, 'reports')), 'nothing was begun');
  });
}
