// What a run leaves for GitHub Actions when it is a step there: annotations, the summary of the
// job, values for later steps. Trouble with these files is said and changes nothing else.

import { appendFile } from 'node:fs/promises';
import { reasonOf } from '../errors.ts';
import type { Comparison } from '../report/compare/compare.ts';
import { comparisonMarkdown } from '../report/compare/comparison-markdown.ts';
import type { Gate } from '../report/compare/gate.ts';
import { annotations, outputLines, regressionAnnotations } from '../report/github.ts';
import { markdownSummary } from '../report/markdown.ts';
import type { RunRecord } from '../report/record.ts';
import type { CliContext } from './context.ts';

/** Does nothing outside GitHub Actions. */
export async function tellGitHub(
  context: CliContext, record: RunRecord, reportPath: string | null,
): Promise<void> {
  if (!isStep(context)) return;
  for (const line of annotations(record)) context.stderr.write(`${line}\n`);
  await append(context, 'GITHUB_STEP_SUMMARY', () => markdownSummary(record));
  await append(context, 'GITHUB_OUTPUT', () => joined(outputLines(record, reportPath)));
}

/** What a gate found. */
export interface GateStep {
  readonly record: RunRecord;
  readonly reportPath: string | null;
  readonly comparison: Comparison;
  readonly gate: Gate;
}

/** The same for a gate: the comparison comes first, regressions are errors. */
export async function tellGitHubOfGate(
  context: CliContext, { record, reportPath, comparison, gate }: GateStep,
): Promise<void> {
  if (!isStep(context)) return;
  const lines = [...annotations(record), ...regressionAnnotations(comparison)];
  for (const line of lines) context.stderr.write(`${line}\n`);
  await append(context, 'GITHUB_STEP_SUMMARY', () => comparisonMarkdown(comparison, gate));
  await append(context, 'GITHUB_OUTPUT', () => (
    joined([...outputLines(record, reportPath), `gate=${gate.verdict}`])));
}

const isStep = ({ env }: CliContext): boolean => env['GITHUB_ACTIONS'] === 'true';
const joined = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

async function append(
  { env, stderr }: CliContext, name: string, text: () => string,
): Promise<void> {
  const path = env[name];
  if (path === undefined || path === '') return;
  try {
    await appendFile(path, text());
  } catch (error) {
    const words = reasonOf(error);
    stderr.write(`warning: ${name} could not be written: ${words}\n`);
  }
}
