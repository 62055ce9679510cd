// The only file of this room that touches the disk: folders of runs, records and the `latest` link.
// Two runs at once never see each other's files, and a reader never sees half a file.

import { randomBytes } from 'node:crypto';
import {
  access, appendFile, constants, mkdir, open, readdir, readFile, rename, rm, stat, symlink,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HarnessError, reasonOf } from '../errors.ts';
import { markdownSummary } from './markdown.ts';
import { parseRecord } from './parse-record.ts';
import type { RunRecord } from './record.ts';
import { salvageRecord } from './salvage.ts';
import type { Salvaged } from './salvage.ts';
import { parseHistory } from './trend/history.ts';
import type { History } from './trend/history.ts';
import { renderHtml } from './write-html.ts';
import type { PageExtras } from './write-html.ts';
import { latencyLogName, latencyLogOf } from './write-latency.ts';

/** The folder of one run. */
export interface RunFolder {
  readonly id: string;
  readonly runDirectory: string;
  /** For data directories; not created. */
  readonly workDirectory: string;
}

/**
 * Creates `OUT/runs/<id>`, with an id that no other run has.
 * @throws {HarnessError} ENVIRONMENT when the folder cannot be written.
 */
export async function createRunFolder(
  out: string, { startedAt, seed }: { startedAt: Date; seed: number },
): Promise<RunFolder> {
  const time = startedAt.toISOString().slice(0, 19).replaceAll(':', '-');
  return makeRunFolder(out, `${time}-seed${seed}`);
}

/**
 * Creates `OUT/runs/NAME`, or `NAME-2` and so on where it is taken.
 * @throws {HarnessError} ENVIRONMENT when the folder cannot be written.
 */
export async function makeRunFolder(out: string, name: string): Promise<RunFolder> {
  try {
    await mkdir(join(out, 'runs'), { recursive: true });
    for (let copy = 1; ; copy++) {
      const id = copy === 1 ? name : `${name}-${copy}`;
      const runDirectory = join(out, 'runs', id);
      if (await makeNew(runDirectory)) {
        await access(runDirectory, constants.W_OK);
        return { id, runDirectory, workDirectory: join(runDirectory, 'work') };
      }
    }
  } catch (error) {
    throw new HarnessError('ENVIRONMENT', `cannot write reports to ${out}: ${reasonOf(error)}; `
      + 'choose another folder with --out', { cause: error });
  }
}

/** Removes the folder of a run that never began. */
export async function discardRunFolder(folder: RunFolder): Promise<void> {
  await rm(folder.runDirectory, { recursive: true, force: true });
}

/** What belongs to a run beyond its record. */
export interface WriteExtras extends PageExtras {
  /** The histograms of all cells; made from those of the trials where it is not given. */
  readonly latencyLog?: string | null;
}

/** Where a record went. */
export interface WrittenRun {
  readonly recordPath: string;
  /** Null when the page could not be made. */
  readonly reportPath: string | null;
  /** What went wrong beside the record: the summary, the page, the `latest` link. */
  readonly warnings: readonly string[];
}

/**
 * Writes run.json, then latency.hlog, summary.md and report.html, each at once, and points
 * `OUT/latest` at the run. Trouble with a rendering is a warning: the record is what counts.
 * @throws {HarnessError} ENVIRONMENT when the record cannot be written.
 */
export async function writeRun(
  out: string, record: RunRecord, { latencyLog, ...extras }: WriteExtras = {},
): Promise<WrittenRun> {
  const runDirectory = join(out, 'runs', record.id);
  const recordPath = join(runDirectory, 'run.json');
  try {
    await replaceFile(recordPath, `${JSON.stringify(record, null, 2)}\n`);
  } catch (error) {
    throw new HarnessError('ENVIRONMENT', `cannot write the record of the run to ${runDirectory}: `
      + reasonOf(error), { cause: error });
  }
  const warnings: string[] = [];
  const render = async (name: string, make: () => string | Promise<string>): Promise<string> => {
    const path = join(runDirectory, name);
    await replaceFile(path, await make());
    return path;
  };
  const orWarning = (name: string) => (error: unknown): null => {
    warnings.push(`${name} could not be written: ${reasonOf(error)}`);
    return null;
  };
  const log = async (): Promise<void> => {
    const text = latencyLog === undefined ? latencyLogOf(record, runDirectory) : latencyLog;
    if (text !== null) await render(latencyLogName, () => text);
  };
  await log().catch(orWarning(latencyLogName));
  await render('summary.md', () => markdownSummary(record)).catch(orWarning('summary.md'));
  const reportPath = await render('report.html', () => renderHtml(record, runDirectory, extras))
    .catch(orWarning('report.html'));
  const warning = await pointLatest(out, record.id);
  return { recordPath, reportPath, warnings: warning === null ? warnings : [...warnings, warning] };
}

/** Writes a file at once: a reader sees the old one or the new one, never half of it. */
export async function writeWhole(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, content);
}

/**
 * Reads a record by path (the file or its folder), by id, as `latest` or `baseline:NAME`.
 * @throws {HarnessError} USAGE when there is none, RECORD_BAD when it is damaged.
 */
export async function readRun(out: string, where: { run: string; cwd: string }):
Promise<RunRecord> {
  const path = await findRecord(out, where);
  return parseRecord(await readJson(path), path);
}

/** A record, also one that is not whole, and the folder it lies in. */
export interface FoundRun extends Salvaged {
  readonly runDirectory: string;
}

/**
 * As `readRun`, but reads what is left of a damaged record and says what is missing.
 * @throws {HarnessError} USAGE when there is none, RECORD_BAD when nothing of it can be read.
 */
export async function readDamagedRun(out: string, where: { run: string; cwd: string }):
Promise<FoundRun> {
  const path = await findRecord(out, where);
  return { ...salvageRecord(await readFile(path, 'utf8'), path), runDirectory: dirname(path) };
}

/**
 * Text and path of the record of claims that a path or an id names, or `latest` where nothing but
 * claims was run; null when it names none.
 */
export async function findClaims(out: string, { run, cwd }: { run: string; cwd: string }):
Promise<{ readonly path: string; readonly text: string } | null> {
  const path = resolve(cwd, run);
  const candidates = [...(path.endsWith('claims.json') ? [path] : []), join(path, 'claims.json'),
    join(out, 'runs', run, 'claims.json'), ...await latestClaims(out, run)];
  for (const candidate of candidates) {
    if (!await isFile(candidate)) continue;
    return { path: candidate, text: await readFile(candidate, 'utf8') };
  }
  return null;
}

/** Records of claims, the last first, where `latest` is asked for and no run has that name. */
async function latestClaims(out: string, run: string): Promise<string[]> {
  if (run !== 'latest' || await isFile(join(out, 'latest', 'run.json'))) return [];
  // Their ids begin with the time.
  return (await listRuns(out)).filter((id) => id.startsWith('claims-')).reverse()
    .map((id) => join(out, 'runs', id, 'claims.json'));
}

async function findRecord(out: string, { run, cwd }: { run: string; cwd: string }):
Promise<string> {
  if (run.startsWith(baselinePrefix)) {
    const name = run.slice(baselinePrefix.length);
    const saved = baselinePath(out, name);
    if (await isFile(saved)) return saved;
    const names = await listBaselines(out);
    throw new HarnessError('USAGE', `no baseline '${name}' in ${join(out, 'baselines')}; there is `
      + `${names.join(', ') || 'none'}: plugpull baseline save ${name} keeps the latest run`);
  }
  const path = resolve(cwd, run);
  const candidates = [path, join(path, 'run.json'), join(out, 'runs', run, 'run.json'),
    ...(run === 'latest' ? [join(out, 'latest', 'run.json')] : [])];
  for (const candidate of candidates) {
    if (await isFile(candidate)) return candidate;
  }
  throw new HarnessError('USAGE', `no run '${run}': looked for ${candidates.slice(1).join(', ')}`);
}

/** Adds lines to the history; a last line that was cut off is ended first. */
export async function addToHistory(path: string, lines: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const before = await readFile(path, 'utf8').catch(() => '');
  const needsEnd = before !== '' && !before.endsWith('\n');
  await appendFile(path, `${needsEnd ? '\n' : ''}${lines}`);
}

/** Reads the history; empty when there is none yet. */
export async function readHistory(path: string): Promise<History> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return parseHistory(text, path);
}

/**
 * Keeps a record under a name, in `OUT/baselines/NAME.json`; returns the path.
 * @throws {HarnessError} USAGE for a name that is no file name.
 */
export async function saveBaseline(out: string, name: string, record: RunRecord): Promise<string> {
  const path = baselinePath(out, name);
  await writeWhole(path, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

/** Names of the baselines in a folder; empty when there is none. */
export async function listBaselines(out: string): Promise<string[]> {
  const files = await readdir(join(out, 'baselines')).catch(() => []);
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5)).sort();
}

function baselinePath(out: string, name: string): string {
  if (!/^[a-z\d][\w.-]{0,99}$/i.test(name)) {
    throw new HarnessError('USAGE', 'the name of a baseline: expected letters, digits, dots and '
      + `dashes, found '${name}'`);
  }
  return join(out, 'baselines', `${name}.json`);
}

const baselinePrefix = 'baseline:';

/** Ids of the runs in a folder, oldest first; empty when there is none. */
export async function listRuns(out: string): Promise<string[]> {
  return (await readdir(join(out, 'runs')).catch(() => [])).sort();
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new HarnessError('RECORD_BAD', `${path}: not a run record: ${reasonOf(error)}`,
      { cause: error });
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isFile(), () => false);
}

async function makeNew(directory: string): Promise<boolean> {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = uniqueBeside(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function pointLatest(out: string, id: string): Promise<string | null> {
  const link = join(out, 'latest');
  const temporary = uniqueBeside(link);
  try {
    await symlink(join('runs', id), temporary);
    await rename(temporary, link);
    return null;
  } catch (error) {
    await rm(temporary, { force: true });
    return `${link} could not be pointed at the run: ${reasonOf(error)}`;
  }
}

function uniqueBeside(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`;
}
