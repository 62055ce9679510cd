// Which files of a server are in the page cache when it starts. A crash leaves the log warm, since
// it was just written, and an old snapshot cold: timing both as they lie favours the log.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fileSizes } from '../../crash/materialize.ts';
import type { CacheState } from '../../plan/studies.ts';

const run = promisify(execFile);

/** What was done, in words, and what came of it. */
export interface CacheResult {
  readonly words: string;
  /** Share of the bytes in the page cache; null where `fincore` is missing. */
  readonly residentShare: number | null;
  /** False when the state asked for could not be had. */
  readonly isAsAsked: boolean;
}

/** A share at or below which files count as cold, and above one minus it as warm. */
const slackShare = 0.02;

/** Brings every file below a directory into the state asked for, one by one. */
export async function setPageCache(directory: string, state: CacheState): Promise<CacheResult> {
  const files = [...fileSizes(directory).keys()].map((name) => path.join(directory, name));
  let words = 'read once';
  for (const file of files) {
    if (state === 'warm') fs.readFileSync(file);
    else words = await dropFile(file);
  }
  const residentShare = await residentShareOf(files);
  const wanted = state === 'cold' ? 0 : 1;
  const isKnown = residentShare !== null && Math.abs(residentShare - wanted) <= slackShare;
  const isAsAsked = residentShare === null ? words !== failed : isKnown;
  return { words: `${state}: ${words}`, residentShare, isAsAsked };
}

const failed = 'could not be dropped: neither dd (posix_fadvise) nor root (drop_caches)';

/** Only clean pages can be dropped, so the file is synced first. */
async function dropFile(file: string): Promise<string> {
  const fd = fs.openSync(file, 'r+');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  try {
    // Node has no posix_fadvise; dd calls it for the whole file when it is to copy nothing.
    await run('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
    return 'dropped by posix_fadvise';
  } catch {
    return dropAll();
  }
}

function dropAll(): string {
  try {
    fs.writeFileSync('/proc/sys/vm/drop_caches', '1');
    return 'dropped by drop_caches';
  } catch {
    return failed;
  }
}

async function residentShareOf(files: readonly string[]): Promise<number | null> {
  try {
    const { stdout } = await run('fincore', ['--bytes', '--noheadings', '--output', 'RES,SIZE',
      ...files]);
    const rows = stdout.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
    const [resident, size] = [0, 1].map((column) =>
      rows.reduce((sum, row) => sum + (row[column] ?? 0), 0)) as [number, number];
    return size === 0 ? null : Math.min(1, resident / size);
  } catch {
    return null;
  }
}
