// Every command and snippet of the pages in docs/ and of the README is one that exists: commands
// run in the order of their page with made-up trials, scenarios are checked.
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateWorkflow } from '@action-validator/core';
import test from 'ava';
import { cli, temporaryFolder } from './test-support.ts';

const root = join(import.meta.dirname, '..', '..');
const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));

function blocksOf(page: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm');
  return [...page.matchAll(pattern)].map(([, text = '']) => text);
}

/** The words of a command as a shell would split them; single quotes only. */
function wordsOf(line: string): string[] {
  return (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''));
}

// Commands that need the real machine have tests of their own.
const elsewhere = new Set(['doctor', 'engine', 'gate']);

for (const name of pages) {
  test(`docs/${name}: its commands run, its scenarios are valid`, async (t) => {
    const page = readFileSync(join(root, 'docs', name), 'utf8');
    const cwd = temporaryFolder(t);
    symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
    for (const snippet of blocksOf(page, 'ts')) {
      const file = /name: '([\w-]+)'/.exec(snippet)?.[1] ?? '';
      const index = JSON.stringify(join(root, 'harness', 'index.ts'));
      writeFileSync(join(cwd, `${file}.mts`), snippet.replace("'plugpull'", index));
    }
    const ownRun = blocksOf(page, 'sh').some((block) => block.includes('plugpull run'));
    if (!ownRun) await cli(['run', '--seed', '7'], { cwd });
    for (const workflow of blocksOf(page, 'yml')) {
      t.deepEqual(validateWorkflow(workflow).errors, []);
      for (const [, words = ''] of workflow.matchAll(/run: npx plugpull (.*)/g)) {
        t.is((await cli(wordsOf(words), { cwd })).code, 0, words);
      }
    }
    for (const line of blocksOf(page, 'sh').flatMap((block) => block.trim().split('\n'))) {
      const [program, command = '', ...rest] = wordsOf(line);
      t.is(program, 'plugpull', line);
      if (elsewhere.has(command)) continue;
      const { code, stderr } = await cli([command, ...rest], { cwd });
      t.is(code, 0, `${line}: ${stderr}`);
    }
    for (const [, link = ''] of page.matchAll(/\]\(([^)#]+)\)/g)) {
      t.true(existsSync(join(root, 'docs', link)), link);
    }
    t.regex(page, /^# /, 'a page begins with its title');
  });
}

test('the README: its links lead somewhere, its commands exist', async (t) => {
  const page = readFileSync(join(root, 'README.md'), 'utf8');
  for (const [, link = ''] of page.matchAll(/\]\(([^)#:]+)\)/g)) {
    t.true(existsSync(join(root, link)), link);
  }
  const { stdout } = await cli(['--help'], { cwd: '/' });
  for (const [, command = ''] of page.matchAll(/^npx plugpull (\w[\w-]*)/gm)) {
    t.regex(stdout, new RegExp(`^ {2}${command}\\b`, 'm'), command);
  }
});
