// Runs the jobs of a workflow file here as GitHub would: every `run:` step in a shell, artifacts as
// folders, expressions looked up. What only GitHub has (checkout, setup-node) is left out.

import { spawn } from 'node:child_process';
import {
  cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A step of a workflow. */
export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'continue-on-error'?: boolean;
}

/** A job of a workflow. */
export interface Job {
  readonly steps: readonly Step[];
  readonly outputs?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, string>> };
}

/** A workflow file, as far as it is used here. */
export interface Workflow {
  readonly env?: Readonly<Record<string, string>>;
  readonly defaults?: { readonly run: { readonly shell: string } };
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Where a job runs and what it can look up. */
export interface JobPlace {
  readonly workflow: Workflow;
  /** The checkout. */
  readonly cwd: string;
  /** Folder of artifacts, one folder each, shared by the jobs. */
  readonly artifacts: string;
  /** Folder of programs that stand in for those of GitHub. */
  readonly programs: string;
  /** `needs`, `matrix`, `inputs`, `github`, `runner`. */
  readonly contexts: Readonly<Record<string, unknown>>;
  /** Beats what the workflow says. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a job came to. */
export interface JobOutcome {
  /** Steps whose `run:` was executed, with its exit code. */
  readonly ran: readonly { readonly name: string; readonly code: number }[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Commands that install or run everything: CI itself has run them. */
export const elsewhere: RegExp = /^(npm ci\b|sudo .*\.ci\/run)/;

/** Runs the steps of a job; stops at the first that fails, as GitHub does. */
export async function runJob(job: Job, place: JobPlace): Promise<JobOutcome> {
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const contexts = { ...place.contexts, steps };
  const ran: { name: string; code: number }[] = [];
  let text = '';
  for (const step of job.steps) {
    if (step.if !== undefined && !holds(step.if, contexts)) continue;
    if (step.uses !== undefined) useAction(step, place, contexts);
    if (step.run === undefined || elsewhere.test(step.run)) continue;
    const done = await runStep(step, place, contexts);
    text += done.text;
    ran.push({ name: step.name ?? step.run, code: done.code });
    if (step.id !== undefined) steps[step.id] = { outputs: done.outputs };
    if (done.code !== 0 && step['continue-on-error'] !== true) break;
  }
  const outputs = Object.entries(job.outputs ?? {})
    .map(([name, value]) => [name, filled(value, contexts)] as const);
  return { ran, outputs: Object.fromEntries(outputs), text };
}

/** One `run:` step in its shell. */
export async function runStep(
  step: Step, { workflow, cwd, programs, env = {} }: JobPlace, contexts: object,
): Promise<{ code: number; text: string; outputs: Record<string, string> }> {
  const given = { ...workflow.env, ...step.env };
  const values = Object.entries(given).map(([name, value]) => [name, filled(value, contexts)]);
  const outputFile = join(cwd, '.step-outputs');
  writeFileSync(outputFile, '');
  const isBash = workflow.defaults?.run.shell === 'bash';
  const words = [...(isBash ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e']),
    '-c', step.run ?? ''];
  const done = await execute('bash', words, { cwd, env: {
    ...cleanEnvironment(programs), ...Object.fromEntries(values), ...env,
    GITHUB_OUTPUT: outputFile, GITHUB_STEP_SUMMARY: join(cwd, '.summary.md'), RUNNER_TEMP: cwd,
    GITHUB_ACTIONS: 'true',
  } });
  const outputs = readFileSync(outputFile, 'utf8').split('\n').filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return { ...done, outputs: Object.fromEntries(outputs) as Record<string, string> };
}

/** The environment of this test with other programs first, and nothing of the CI around it. */
export function cleanEnvironment(programs: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(GITHUB|RUNNER|npm_)/.test(name));
  const runtime = join(root, 'node_modules', '.bin');
  const path = [programs, runtime, process.env['PATH'] ?? ''].join(':');
  return { ...Object.fromEntries(own), PATH: path };
}

/** Runs a program to its end. */
export function execute(
  program: string, words: readonly string[], place: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { ...place, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, text }));
  });
}

/** `${{ a.b }}` → its value. @throws {Error} for what nobody defines. */
export function filled(text: string, contexts: object): string {
  return String(text).replaceAll(/\$\{\{\s*(.*?)\s*\}\}/g, (_, path: string) => (
    lookUp(path, contexts)));
}

function lookUp(path: string, contexts: object): string {
  const inner = /^fromJSON\((.*)\)$/.exec(path)?.[1] ?? path;
  let value: unknown = contexts;
  for (const part of inner.split('.')) {
    value = (value as Record<string, unknown> | undefined)?.[part];
  }
  if (value === undefined) throw new Error(`nothing defines \${{ ${path} }}`);
  return String(value);
}

/** Conditions of the shape `a == 'x' || b == 'y'`, and `!cancelled()`. */
function holds(condition: string, contexts: object): boolean {
  const inner = condition.replace(/^\$\{\{\s*(.*?)\s*\}\}$/, '$1');
  return inner.split('||').some((part) => {
    if (part.trim() === '!cancelled()') return true;
    const match = /^\s*([\w.-]+) == '(.*)'\s*$/.exec(part);
    if (match === null) throw new Error(`a condition that is not understood: ${condition}`);
    return lookUp(match[1] ?? '', contexts) === match[2];
  });
}

function useAction(step: Step, { cwd, artifacts }: JobPlace, contexts: object): void {
  const [action = ''] = (step.uses ?? '').split('@');
  const given = (name: string): string => filled(String(step.with?.[name] ?? ''), contexts);
  if (action === 'actions/upload-artifact') {
    // Of a path with a wildcard the hierarchy after it is kept.
    const source = given('path').split('*')[0] ?? '';
    if (!existsSync(join(cwd, source))) {
      if (given('if-no-files-found') === 'ignore') return;
      throw new Error(`${step.uses ?? ''}: ${source} is not there`);
    }
    cpSync(join(cwd, source), join(artifacts, given('name')), {
      recursive: true, filter: (path) => !path.endsWith('/latest'),
    });
  } else if (action === 'actions/download-artifact') {
    const wanted = new RegExp(`^${(given('name') || given('pattern')).replaceAll('*', '.*')}$`);
    const names = readdirSync(artifacts).filter((name) => wanted.test(name));
    if (names.length === 0) throw new Error(`no artifact ${String(wanted)}`);
    for (const name of names) {
      cpSync(join(artifacts, name), join(cwd, given('path')), { recursive: true });
    }
  } else if (!['actions/checkout', 'actions/setup-node'].includes(action)) {
    throw new Error(`an action that is not known here: ${step.uses ?? ''}`);
  }
}

/** What a checkout holds: this very source, by links, and a scenario of so many groups of cells. */
export function fillCheckout(cwd: string, groups: number): void {
  for (const name of ['package.json', 'bin', 'harness', 'engine', 'scenarios', 'node_modules']) {
    symlinkSync(join(root, name), join(cwd, name));
  }
  const preloadKeys = Array.from({ length: groups }, (_, at) => 10 * (at + 1));
  writeFileSync(join(cwd, 'small.mjs'), `export default {
    name: 'small', question: 'Is it kept?', measures: ['loss'], settings: ['aof/always'],
    crash: ['process'], preloadKeys: ${JSON.stringify(preloadKeys)},
    load: { durationMs: 300, warmupMs: 0, clients: 4, keys: 100 } };\n`);
}

/** A program of a folder: a shell script. */
export function writeProgram(programs: string, name: string, script: string): void {
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
