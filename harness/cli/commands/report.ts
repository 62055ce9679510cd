// `plugpull report`: renders a run again from its record; nothing is run.

import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { HarnessError, reasonOf } from '../../errors.ts';
import { didYouMean } from '../../plan/nearest.ts';
import { claimsMarkdown } from '../../report/claims/claims-markdown.ts';
import { claimsPage } from '../../report/claims/claims-page.ts';
import { claimsText } from '../../report/claims/claims-text.ts';
import { parseClaims } from '../../report/claims/parse-claims.ts';
import { compareRuns } from '../../report/compare/compare.ts';
import { changeSection } from '../../report/html/sections/change.ts';
import { trendSection } from '../../report/html/sections/trend.ts';
import { junitReport } from '../../report/junit.ts';
import { markdownSummary, studyPage } from '../../report/markdown.ts';
import type { RunRecord } from '../../report/record.ts';
import { reportText } from '../../report/table.ts';
import { trendsOf } from '../../report/trend/trend.ts';
import {
  findClaims, listRuns, readDamagedRun, readHistory, writeWhole,
} from '../../report/write.ts';
import type { FoundRun } from '../../report/write.ts';
import { renderHtml } from '../../report/write-html.ts';
import { mayStyle } from '../context.ts';
import type { CliContext } from '../context.ts';
import { exitInconclusive, exitPass } from '../exit-codes.ts';
import { parseNames, usage } from '../values.ts';

interface ReportFlags {
  readonly out: string;
  readonly format?: readonly string[];
  readonly to?: string;
  readonly baseline?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const formats = ['html', 'md', 'json', 'junit', 'tables'] as const;
type Format = (typeof formats)[number];

/** The file of a rendering, in the folder of the run or in the one that --to names. */
const fileNames: Readonly<Record<Format, string>> = {
  html: 'report.html', md: 'summary.md', json: 'record.json', junit: 'junit.xml',
  tables: 'tables.md',
};

/** Adds the command; `finish` takes its exit code. */
export function addReportCommand(
  program: Command, context: CliContext, finish: (code: number) => void,
): void {
  const more = (word: string, words: readonly string[] = []): string[] => [...words, word];
  program.command('report')
    .description('show a run again from its record, without running anything')
    .argument('[run]', 'path of a record or its folder, id of a run, or latest', 'latest')
    .option('--out <folder>', 'where records are', 'reports')
    .option('--format <names>', 'html, md, json, junit, tables instead of the table', more)
    .option('--to <folder>', 'write files there; one format alone goes to stdout without it')
    .option('--baseline <run>', 'compare with it in the HTML: path, id or baseline:NAME')
    .option('--json', 'the same as --format json')
    .option('--markdown', 'the same as --format md')
    .addHelpText('after', `
tables: those of studies (recovery, snapshots, HTTP) alone, as Markdown. Several formats without
--to are written beside the record: report.html, summary.md, record.json, junit.xml, tables.md. A
record that is damaged or cut in half is shown as far as it goes; the exit code is 2. A run of
claims, by its id or path, is shown again in the same way (html, md, json); latest names one where
nothing else was run.

Examples:
  plugpull report                                 the last run
  plugpull report 2026-11-22T17-34-05-seed7 --format md >> "$GITHUB_STEP_SUMMARY"
  plugpull report latest --format html,junit --to artifacts
`)
    .action(async (run: string, flags: ReportFlags) => finish(await report(context, run, flags)));
}

async function report(context: CliContext, run: string, flags: ReportFlags): Promise<number> {
  const wanted = formatsOf(flags);
  const out = resolve(context.cwd, flags.out);
  const claims = await findClaims(out, { run, cwd: context.cwd });
  if (claims !== null) return reportClaims(context, claims, { wanted, flags });
  const found = await findRun(context, run, out);
  const before = flags.baseline === undefined ? null
    : (await findRun(context, flags.baseline, out)).record;
  for (const problem of found.problems) context.stderr.write(`warning: ${problem}\n`);
  const [format] = wanted;
  if (wanted.length > 1 || flags.to !== undefined) {
    const folder = flags.to === undefined ? found.runDirectory : resolve(context.cwd, flags.to);
    for (const each of wanted) {
      const path = join(folder, fileNames[each]);
      await writeFile(path, await rendered(found, each, { before, out }));
      context.stdout.write(`${path}\n`);
    }
  } else {
    context.stdout.write(format === undefined ? table(context, found)
      : await rendered(found, format, { before, out }));
  }
  return found.problems.length === 0 ? exitPass : exitInconclusive;
}

/** The same for what `plugpull run claims` left. */
async function reportClaims(
  context: CliContext, { path, text }: { readonly path: string; readonly text: string },
  { wanted, flags: { to, baseline } }: { wanted: readonly Format[]; flags: ReportFlags },
): Promise<number> {
  const record = parseClaims(text, path);
  if (baseline !== undefined) throw usage('--baseline: not for claims, which have no settings');
  const contents = { html: claimsPage, md: claimsMarkdown,
    json: () => `${JSON.stringify(record, null, 2)}\n` } as const;
  const files = wanted.map((format) => {
    if (format in contents) return contents[format as keyof typeof contents](record);
    throw usage(`--format ${format}: not for claims; expected html, md or json`);
  });
  if (wanted.length < 2 && to === undefined) {
    context.stdout.write(files[0] ?? claimsText(record));
    return exitPass;
  }
  const folder = to === undefined ? dirname(path) : resolve(context.cwd, to);
  for (const [at, content] of files.entries()) {
    const file = join(folder, `claims.${wanted[at]}`);
    await writeFile(file, content);
    context.stdout.write(`${file}\n`);
  }
  return exitPass;
}

/** @throws {HarnessError} ENVIRONMENT when the file cannot be written. */
async function writeFile(path: string, content: string): Promise<void> {
  await writeWhole(path, content).catch((error: unknown) => {
    const words = reasonOf(error);
    throw new HarnessError('ENVIRONMENT', `cannot write ${path}: ${words}`, { cause: error });
  });
}

function formatsOf({ format, json, markdown, to }: ReportFlags): Format[] {
  const named = format === undefined ? [] : parseNames('--format', format, formats);
  const wanted = [...named, ...(json === true ? ['json' as const] : []),
    ...(markdown === true ? ['md' as const] : [])];
  if (wanted.length === 0 && to !== undefined) {
    throw usage('--to: expected --format beside it, to say what to write there');
  }
  return [...new Set(wanted)];
}

async function rendered(
  { record, problems, runDirectory }: FoundRun, format: Format,
  { before, out }: { readonly before: RunRecord | null; readonly out: string },
): Promise<string> {
  switch (format) {
    case 'html': {
      const change = before === null ? null : changeSection(compareRuns(before, record));
      const history = await readHistory(join(out, 'history.ndjson'));
      const trend = history.runs.length === 0 ? null
        : trendSection(trendsOf(history), history.notes);
      return renderHtml(record, runDirectory, { problems, change, trend });
    }
    case 'md': return markdownSummary(record);
    case 'json': return `${JSON.stringify(record, null, 2)}\n`;
    case 'junit': return junitReport(record);
    case 'tables': return studyPage(record);
  }
}

function table(context: CliContext, { record }: FoundRun): string {
  const { stdout } = context;
  const columns = stdout.isTerminal ? stdout.columns() : 120;
  return reportText(record, { columns, color: mayStyle(context, stdout) });
}

function nearRuns(run: string, runs: readonly string[]): string {
  const last = runs.at(-1);
  if (last === undefined) return '; there are no runs yet';
  // `latest` is a run of scenarios, which claims are not: only `report` can show those.
  return runs.every((id) => id.startsWith('claims-'))
    ? `; only claims were run so far: plugpull report ${last} shows them`
    : didYouMean(run, runs.slice(-10));
}

/** The run, also a damaged one. @throws {HarnessError} USAGE naming runs that are there. */
export async function findRun(context: CliContext, run: string, out: string): Promise<FoundRun> {
  try {
    return await readDamagedRun(out, { run, cwd: context.cwd });
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'USAGE') throw error;
    const runs = await listRuns(out);
    throw usage(error.message + nearRuns(run, runs));
  }
}
