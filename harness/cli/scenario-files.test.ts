// Scenario files of users: what they may export, and what is said about those that do not load.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { cli, temporaryFolder } from './test-support.ts';

const library = JSON.stringify(new URL('../index.ts', import.meta.url).href);
const least = "question: 'What?', measures: ['loss'], settings: ['aof/always']";

function file(t: ExecutionContext, name: string, text: string): { cwd: string; path: string } {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, name), text);
  return { cwd, path: `./${name}` };
}

const accepted: { title: string; name: string; text: string; scenarios: string[] }[] = [
  {
    title: 'a default export in TypeScript', name: 'mine.ts', scenarios: ['mine'],
    text: `import { defineScenario } from ${library};
      import type { Scenario } from ${library};
      const mine: Scenario = defineScenario({ name: 'mine', ${least} });
      export default mine;`,
  },
  {
    title: 'named exports in JavaScript', name: 'two.mjs', scenarios: ['one', 'two'],
    text: `import { defineScenario } from ${library};
      export const one = defineScenario({ name: 'one', ${least} });
      export const two = defineScenario({ name: 'two', ${least} });
      export const help = 5;`,
  },
  {
    title: 'the package by its name, without packages beside the file', name: 'named.mts',
    text: `import { defineScenario } from 'plugpull';
      export default defineScenario({ name: 'named', ${least} });`, scenarios: ['named'],
  },
  {
    title: 'the same as default and by name', name: 'both.mjs', scenarios: ['both'],
    text: `export const both = { name: 'both', ${least} }; export default both;`,
  },
  {
    title: 'plain data without defineScenario', name: 'plain.mjs', scenarios: ['plain'],
    text: `export default { name: 'plain', ${least} };`,
  },
  {
    title: 'a list', name: 'list.mjs', scenarios: ['first', 'second'],
    text: `export default [{ name: 'first', ${least} }, { name: 'second', ${least} }];`,
  },
];

for (const { title, name, text, scenarios } of accepted) {
  test(`runs ${title}`, async (t) => {
    const { cwd, path } = file(t, name, text);
    const { code, plans, stderr } = await cli(['run', path], { cwd });
    t.is(code, 0, stderr);
    t.deepEqual(plans[0]?.cells.map((cell) => cell.scenario), scenarios);
    t.is(plans[0]?.cells[0]?.source, name);
  });
}

const refused: { title: string; name: string; text: string; says: RegExp }[] = [
  {
    title: 'a syntax error', name: 'broken.mjs', text: 'export default {\n  name: ,\n};',
    says: /broken\.mjs:2: Unexpected token/,
  },
  {
    title: 'TypeScript that cannot be stripped', name: 'enum.ts', text: 'export enum E { a }',
    says: /enum\.ts:1: .*enum/i,
  },
  {
    title: 'an exception', name: 'throws.mjs', text: "throw new Error('no luck');",
    says: /throws\.mjs: no luck/,
  },
  {
    title: 'no export', name: 'empty.mjs', text: 'const x = 1;',
    says: /empty\.mjs: exports no scenario: expected `export default defineScenario/,
  },
  {
    title: 'a mistake, with the file', name: 'mistake.mjs',
    text: `import { defineScenario } from ${library};
      export default defineScenario({ name: 'mistake', ${least}, trails: 3 });`,
    says: /mistake\.mjs: scenario 'mistake' has a mistake:\n {2}trails: .*did you mean 'trials'/,
  },
  {
    title: 'a missing import', name: 'import.mjs', text: "import './nothing.mjs';",
    says: /import\.mjs: Cannot find module .*nothing\.mjs/,
  },
  {
    title: 'a directive that the bundled engine does not know', name: 'directive.mjs',
    text: `export default { name: 'directive', ${least}, directives: { hzz: '1' } };`,
    says: /unknown directive 'hzz'; did you mean 'hz'\?/,
  },
];

for (const { title, name, text, says } of refused) {
  test(`refuses ${title}, run and check alike`, async (t) => {
    const { cwd, path } = file(t, name, text);
    for (const command of ['run', 'check']) {
      const { code, stderr, plans } = await cli([command, path], { cwd });
      t.is(code, 64, stderr);
      t.regex(stderr, says);
      t.deepEqual(plans, []);
    }
  });
}

test('check goes on after a bad file and says what is good', async (t) => {
  const { cwd, path } = file(t, 'bad.mjs', 'export default 5;');
  const { code, stdout, stderr } = await cli(['check', path, 'bytes-lost'], { cwd });
  t.is(code, 64);
  t.true(stderr.includes('bad.mjs'));
  t.regex(stdout, /^ok: bytes-lost, /);
});

test('two scenarios of one name are refused, the same one asked for twice is not', async (t) => {
  const { cwd, path } = file(t, 'mine.mjs', `export default { name: 'bytes-lost', ${least} };`);
  const { code, stderr } = await cli(['run', path, 'bytes-lost'], { cwd });
  t.is(code, 64);
  t.regex(stderr, /two scenarios are named 'bytes-lost': one of mine\.mjs, one of bytes-lost/);
  t.is((await cli(['run', path, 'mine.mjs'], { cwd })).plans[0]?.cells.length, 1);
});

test('--tag also chooses among the named ones', async (t) => {
  const { cwd, path } = file(t, 'tagged.mjs', `export default [
    { name: 'a', tags: ['slow'], ${least} }, { name: 'b', tags: ['quick'], ${least} }];`);
  const { plans } = await cli(['run', path, '--tag', 'quick'], { cwd });
  t.deepEqual(plans[0]?.cells.map((cell) => cell.scenario), ['b']);
});
