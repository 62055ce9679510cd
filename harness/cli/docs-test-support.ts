// The blocks and commands of a page of the documentation, and why some of them are not run here.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A fenced block; the language after its fence, '' for none. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page in order. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```([a-z]*)\n([^]*?)^```$/gm)]
    .map(([, language = '', text = '']) => ({ language, text }));
}

/** What stands between single backticks and begins with a program. */
export function inlineCommandsOf(page: string): string[] {
  const text = page.replaceAll(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/`((?:npx )?(?:plugpull|npm) [^`]+)`/g)].map(([, line = '']) => line);
}

/** The words of a command as a shell would split them; single quotes only. */
export function wordsOf(line: string): string[] {
  const words = line.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
  return words.map((word) => word.replaceAll("'", ''));
}

/** A command that is not run as it stands. */
export interface Elsewhere {
  readonly line: RegExp;
  readonly why: string;
  /** What can be checked of it all the same. */
  readonly holds: (words: readonly string[]) => boolean;
}

const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as
  { scripts: Record<string, string> }).scripts;

/** Every command of README and docs that the test of the pages does not run, with the reason. */
export const elsewhere: readonly Elsewhere[] = [
  { line: /^npm ci$/, why: 'installs this very clone: CI ran it before the tests',
    holds: () => existsSync(join(root, 'package-lock.json')) },
  { line: /^npm install autocannon/, why: 'changes the clone; it is a peer of the package',
    holds: ([, , name = '']) => readFileSync(join(root, 'package.json'), 'utf8').includes(name) },
  { line: /^npm run (bench|selfcheck|fuzz|soak)\b/, why: 'takes minutes; CI runs bench and '
    + 'selfcheck on their own', holds: ([, , name = '']) => scripts[name] !== undefined },
  { line: /^plugpull run --open$/, why: 'serves until the run ends: live/live.test.ts opens it',
    holds: () => true },
  { line: /^plugpull engine\b/, why: 'serves until it is ended: run for real below, with curl',
    holds: () => true },
  { line: /^curl\b/, why: 'run for real below, against the engine of the same block',
    holds: () => true },
  { line: /^plugpull gate --base unstable\b/, why: 'needs a clone of redis; gate.test.ts builds '
    + 'and runs revisions', holds: () => true },
  { line: /^kubectl apply -f /, why: 'needs a cluster; kubernetes.test.ts validates the manifests '
    + 'and runs their scripts', holds: ([, , , file = '']) => existsSync(join(root, file)) },
  { line: /^kubectl (wait|logs)\b/, why: 'needs a cluster; the Job it names is in a manifest',
    holds: (words) => hasJob(words.find((word) => word.startsWith('job/')) ?? '') },
];

function hasJob(name: string): boolean {
  return ['kubernetes.yaml', 'kubernetes-merge.yaml'].some((file) => (
    readFileSync(join(root, 'deploy', file), 'utf8').includes(`name: ${name.slice(4)}\n`)));
}

/** `npx plugpull …` and `npm run SCRIPT -- …` as the words of plugpull; null for other programs. */
export function plugpullWords(line: string): string[] | null {
  const words = wordsOf(line);
  if (words[0] === 'npx') words.shift();
  if (words[0] === 'plugpull') return words.slice(1);
  const [npm, run, name = '', ...rest] = words.filter((word) => word !== '--silent');
  const script = wordsOf(scripts[name] ?? '');
  if (npm !== 'npm' || run !== 'run' || script[1] !== 'bin/plugpull.js') return null;
  return [...script.slice(2), ...rest.filter((word) => word !== '--')];
}

/** A folder as a reader has it: a repository with a branch `main`, and scenarios. */
export function fillWorkFolder(cwd: string, scenarios: readonly string[]): void {
  for (const snippet of scenarios) {
    const file = /name: '([\w-]+)'/.exec(snippet)?.[1] ?? '';
    writeFileSync(join(cwd, `${file}.mts`), snippet);
  }
  mkdirSync(join(cwd, 'engine'));
  writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
  writeFileSync(join(cwd, 'engine', 'main.ts'), 'process.exit(0);\n');
  for (const words of [
    ['init', '--quiet', '--initial-branch', 'main'], ['add', 'engine', 'package.json'],
    ['-c', 'user.name=T', '-c', 'user.email=t@localhost', '-c', 'commit.gpgsign=false', 'commit',
      '--quiet', '--message', 'one'],
  ]) spawnSync('git', words, { cwd });
}
