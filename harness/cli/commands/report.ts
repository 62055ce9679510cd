// `plugpull report`: renders a run again from its record; nothing is run.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { HarnessError } from '../../errors.ts';
import { didYouMean } from '../../plan/nearest.ts';
import { markdownSummary } from '../../report/markdown.ts';
import type { RunRecord } from '../../report/record.ts';
import { reportText } from '../../report/table.ts';
import { listRuns, readRun } from '../../report/write.ts';
import { mayStyle } from '../context.ts';
import type { CliContext } from '../context.ts';
import { exitPass } from '../exit-codes.ts';
import { usage } from '../values.ts';

interface ReportFlags {
  readonly out: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** Adds the command; `finish` takes its exit code. */
export function addReportCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  program.command('report')
    .description('show a run again from its record, without running anything')
    .argument('[run]', 'path of a record or its folder, id of a run, or latest', 'latest')
    .option('--out <folder>', 'where records are', 'reports')
    .option('--json', 'print the record')
    .option('--markdown', 'print the summary as Markdown')
    .addHelpText('after', `
Examples:
  plugpull report                                 the last run
  plugpull report 2026-11-22T17-34-05-seed7 --markdown >> "$GITHUB_STEP_SUMMARY"
`)
    .action(async (run: string, flags: ReportFlags) => finish(await report(context, run, flags)));
}

async function report(context: CliContext, run: string, flags: ReportFlags): Promise<number> {
  const out = resolve(context.cwd, flags.out);
  const record = await found(context, run, out);
  const { stdout } = context;
  if (flags.json === true) stdout.write(`${JSON.stringify(record, null, 2)}\n`);
  else if (flags.markdown === true) stdout.write(markdownSummary(record));
  else {
    const columns = stdout.isTerminal ? stdout.columns() : 120;
    stdout.write(reportText(record, { columns, color: mayStyle(context, stdout) }));
  }
  return exitPass;
}

async function found(context: CliContext, run: string, out: string): Promise<RunRecord> {
  try {
    return await readRun(out, { run, cwd: context.cwd });
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'USAGE') throw error;
    const runs = await listRuns(out);
    const near = runs.length === 0 ? '; there are no runs yet' : didYouMean(run, runs.slice(-10));
    throw usage(error.message + near);
  }
}
