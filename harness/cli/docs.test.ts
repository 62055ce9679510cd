// Every command and snippet of the README and of the pages in docs/ works: commands run in the
// order of their page with made-up trials, those with a server for real; what cannot run here is
// named in `elsewhere` with its reason, and as much of it checked as can be.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { validateWorkflow } from '@action-validator/core';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { freePort } from '../targets/ports.ts';
import { readCommandFile } from '../targets/command-file.ts';
import {
  blocksOf, elsewhere, fillWorkFolder, inlineCommandsOf, plugpullWords, wordsOf,
} from './docs-test-support.ts';
import { cli, temporaryFolder } from './test-support.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = ['README.md', ...readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const hasGit = spawnSync('git', ['--version']).status === 0;

async function runLine(t: ExecutionContext, line: string, cwd: string): Promise<void> {
  const found = elsewhere.find((each) => each.line.test(line.replace(/^npx /, '')));
  if (found !== undefined) {
    t.true(found.holds(wordsOf(line)), `${line}: ${found.why}`);
    return;
  }
  const words = plugpullWords(line);
  if (words === null) return t.fail(`nobody runs: ${line}`);
  if (words[0] === 'gate' && !hasGit) return;
  const env = { PLUGPULL_TARGET_FILE: join(cwd, 'target.json') };
  const { code, stderr } = await cli(words, { cwd, env });
  t.is(code, 0, `${line}: ${stderr}`);
}

/** Inline, a command is named, not shown: its plan is made, nothing is run. */
function planned(line: string): string {
  return /plugpull run [a-z.]/.test(line) ? `${line} --dry-run` : line;
}

for (const path of pages) {
  test(`${path}: its commands run, its snippets and links are right`, async (t) => {
    const page = read(path);
    const cwd = temporaryFolder(t);
    const blocks = blocksOf(page);
    const of = (language: string): string[] => (
      blocks.filter((block) => block.language === language).map(({ text }) => text));
    t.deepEqual(blocks.filter(({ language }) => (
      !['sh', 'ts', 'yml', 'json', 'text'].includes(language))), [], 'a block of no known kind');
    const scenarios = of('ts').filter((text) => text.includes('defineScenario'));
    fillWorkFolder(cwd, scenarios);
    for (const snippet of of('ts')) t.notThrows(() => stripTypeScriptTypes(snippet), snippet);
    for (const text of of('json')) {
      writeFileSync(join(cwd, 'target.json'), text);
      const { start, kill, wipe, stop, logs } = readCommandFile(join(cwd, 'target.json'));
      for (const command of [start, kill, wipe, stop, logs]) {
        const { status, stderr } = spawnSync('sh', ['-n', '-c', command ?? ':']);
        t.is(status, 0, `${command}: ${String(stderr)}`);
      }
    }
    const lines = of('sh').flatMap((text) => text.trim().split('\n'))
      .filter((line) => !line.startsWith('{'));
    if (!lines.some((line) => /plugpull run|npm run chaos/.test(line))) {
      await cli(['run', '--seed', '7'], { cwd });
    }
    for (const workflow of of('yml')) {
      t.deepEqual(validateWorkflow(workflow).errors, []);
      for (const [, line = ''] of workflow.matchAll(/run: (.*)/g)) await runLine(t, line, cwd);
    }
    for (const line of lines) await runLine(t, line, cwd);
    for (const line of inlineCommandsOf(page)) await runLine(t, planned(line), cwd);
    for (const [, link = ''] of page.matchAll(/\]\(([^)#:]+)\)/g)) {
      t.true(existsSync(join(root, path, '..', link)), link);
    }
    t.regex(page, /^# /, 'a page begins with its title');
  });
}

test('every reason not to run a command is still one', (t) => {
  const lines = pages.flatMap((path) => {
    const page = read(path);
    const shown = blocksOf(page).filter(({ language }) => ['sh', 'yml'].includes(language))
      .flatMap(({ text }) => text.split('\n').map((line) => line.replace(/^.*- run: /, '')));
    return [...shown, ...inlineCommandsOf(page)].map((line) => line.replace(/^npx /, ''));
  });
  for (const { line, why } of elsewhere) t.true(lines.some((each) => line.test(each)), why);
});

test('the README names every command, and flags that exist', async (t) => {
  const page = read('README.md');
  const { stdout } = await cli(['--help'], { cwd: '/' });
  const known = [...stdout.matchAll(/^ {2}([a-z][\w-]*)(?= .*\S)/gm)].map(([, name = '']) => name)
    .filter((name) => name !== 'help' && name !== 'plugpull');
  const named = new Set([...page.matchAll(/^npx plugpull ([\w|-]+)/gm)]
    .flatMap(([, names = '']) => names.split('|')));
  t.deepEqual(known.filter((name) => !named.has(name)), []);
  const helps: string[] = [stdout];
  for (const name of known.filter((each) => each !== 'engine')) { // its flags are directives
    helps.push((await cli([name, '--help'], { cwd: '/' })).stdout);
  }
  const all = helps.join('\n');
  // What only shows how a command looks like is not run, but it is one.
  for (const path of pages) {
    const lines = blocksOf(read(path)).filter(({ language }) => language === 'text')
      .flatMap(({ text }) => text.split('\n')).filter((line) => /^(npx )?plugpull /.test(line));
    for (const line of lines) {
      const [, name = ''] = /plugpull ([a-z-]+)/.exec(line) ?? [];
      t.true(known.includes(name), `${path}: ${line}`);
    }
  }
  for (const [, flag = ''] of page.matchAll(/`(--[a-z-]+)[^`]*`/g)) {
    const isOurs = !/^--(rest-|requirepass)/.test(flag); // directives of the engine
    if (isOurs) t.regex(all, new RegExp(`${flag}\\b`), flag);
  }
});

const hasCurl = spawnSync('curl', ['--version']).status === 0;
const serving = hasCurl ? test : test.skip;

serving(`the README's engine answers what the README says${
  hasCurl ? '' : ' (skipped: curl is missing)'}`, async (t) => {
  t.timeout(120_000);
  const block = blocksOf(read('README.md')).find(({ text }) => text.includes('--rest-port'));
  const [start = '', ...lines] = (block?.text ?? '').trim().split('\n');
  const [port, restPort] = [await freePort(), await freePort()];
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, 'data'));
  const words = wordsOf(start.replace('8080', String(restPort))).slice(2);
  const child = spawn(process.execPath, [join(root, 'bin', 'plugpull.js'), ...words,
    '--port', String(port), '--dir', join(cwd, 'data')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  t.teardown(async () => {
    // Passed on to the engine; SIGKILL would leave that behind.
    child.kill('SIGTERM');
    await ended;
  });
  const isUp = (): Promise<boolean> => (
    fetch(`http://localhost:${restPort}/`).then(() => true, () => false));
  while (child.exitCode === null && !await isUp()) await new Promise(setImmediate);
  for (let at = 0; at < lines.length; at += 2) {
    const command = lines[at]?.replace('localhost:8080', `localhost:${restPort}`) ?? '';
    t.true(command.startsWith('curl '), command);
    const { stdout } = spawnSync('sh', ['-c', `${command} -s`], { encoding: 'utf8' });
    t.is(stdout.trim(), lines[at + 1] ?? '', command);
  }
});
