// What a run leaves for GitHub Actions when it is a step there: annotations, the summary of the
// job, values for later steps. Trouble with these files is said and changes nothing else.

import { appendFile } from 'node:fs/promises';
import { annotations, outputLines } from '../report/github.ts';
import { markdownSummary } from '../report/markdown.ts';
import type { RunRecord } from '../report/record.ts';
import type { CliContext } from './context.ts';

/** Does nothing outside GitHub Actions. */
export async function tellGitHub(
  { env, stderr }: CliContext, record: RunRecord, reportPath: string | null,
): Promise<void> {
  if (env['GITHUB_ACTIONS'] !== 'true') return;
  for (const line of annotations(record)) stderr.write(`${line}\n`);
  const files = [
    { name: 'GITHUB_STEP_SUMMARY', text: () => markdownSummary(record) },
    { name: 'GITHUB_OUTPUT', text: () => `${outputLines(record, reportPath).join('\n')}\n` },
  ];
  for (const { name, text } of files) {
    const path = env[name];
    if (path === undefined || path === '') continue;
    try {
      await appendFile(path, text());
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      stderr.write(`warning: ${name} could not be written: ${words}\n`);
    }
  }
}
