// Two revisions of a server, each in a folder of its own with its own build, so that the working
// tree stays as it is. They are worktrees of git: whatever a build asks git works there.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HarnessError } from '../errors.ts';
import { hold } from '../holdings/holdings.ts';
import { usage } from './values.ts';

/** One revision, checked out and built. */
export interface Revision {
  /** As it was asked for: `main`. */
  readonly name: string;
  /** Its commit, 12 digits. */
  readonly commit: string;
  readonly folder: string;
}

/** What is wanted of a repository. */
export interface Wanted {
  /** A folder inside it. */
  readonly cwd: string;
  /** Anything that git resolves to a commit. */
  readonly name: string;
  /** Where the revision goes; must not exist. */
  readonly folder: string;
  /** Run there by the shell; null when nothing needs to be built. */
  readonly build: string | null;
  readonly signal: AbortSignal;
}

/**
 * The commit that a name stands for, 12 digits.
 * @throws {HarnessError} ENVIRONMENT without git or outside a repository, USAGE for no revision.
 */
export async function commitOf(cwd: string, name: string): Promise<string> {
  await git(cwd, ['rev-parse', '--is-inside-work-tree']);
  const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  try {
    return (await promisify(execFile)('git', words, { cwd })).stdout.trim().slice(0, 12);
  } catch {
    throw usage(`'${name}' is no revision of the repository at ${cwd}; in a checkout without `
      + 'history fetch it first: git fetch origin main');
  }
}

/** True when files under version control differ from the last commit. */
export async function hasChanges(cwd: string): Promise<boolean> {
  return await git(cwd, ['status', '--porcelain', '--untracked-files=no']) !== '';
}

/**
 * Checks a revision out and builds it; the second result removes it again.
 * @throws {HarnessError} USAGE for no revision, ENVIRONMENT when it cannot be checked out or built.
 */
export async function checkOut(
  { cwd, name, folder, build, signal }: Wanted,
): Promise<{ revision: Revision; remove: () => Promise<void> }> {
  const commit = await commitOf(cwd, name);
  const release = hold({ kind: 'folder', path: folder });
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    // Forgets worktrees whose folders are gone, also those of a killed gate.
    await git(cwd, ['worktree', 'prune']).catch(() => '');
    release();
  };
  try {
    await git(cwd, ['worktree', 'prune']);
    await git(cwd, ['worktree', 'add', '--quiet', '--detach', folder, commit]);
    if (build !== null) await runBuild({ build, folder, name, signal });
  } catch (error) {
    await remove();
    throw error;
  }
  return { revision: { name, commit, folder }, remove };
}

/**
 * The file of a revision that is started.
 * @throws {HarnessError} USAGE when it is not there after the build.
 */
export function serverOf({ folder, name }: Revision, path: string): string {
  const file = join(folder, path);
  if (existsSync(file)) return file;
  throw usage(`--server: ${path} is not in revision ${name}, not even after --build`);
}

async function runBuild(
  { build, folder, name, signal }: Pick<Wanted, 'folder' | 'name' | 'signal'> & { build: string },
): Promise<void> {
  try {
    const limits = { cwd: folder, signal, maxBuffer: 64 * 1024 * 1024 };
    await promisify(execFile)('sh', ['-c', build], limits);
  } catch (error) {
    if (signal.aborted) throw new HarnessError('INTERRUPTED', 'interrupted while building');
    throw new HarnessError('ENVIRONMENT', `${name} does not build: ${build}:\n${lastWords(error)}`);
  }
}

async function git(cwd: string, words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)('git', words, { cwd })).stdout.trim();
  } catch (error) {
    throw new HarnessError('ENVIRONMENT', `git ${words[0] ?? ''} failed in ${cwd}: `
      + lastWords(error), { cause: error });
  }
}

const linesMax = 12;

/** What a program said last, on either stream. */
function lastWords(error: unknown): string {
  const { stdout = '', stderr = '', message = String(error) } = error as {
    stdout?: string; stderr?: string; message?: string;
  };
  const said = `${stdout}\n${stderr}`.trim();
  return (said === '' ? message : said).split('\n').slice(-linesMax).join('\n');
}
