// Does the op log tell the whole story? Compares what it says is there with what really is. Pure.

import type { OpLog } from '../../engine/io/op-log.ts';
import type { CrashImager } from './image.ts';

/**
 * What a log cannot account for, one sentence each; none when it is whole. A crash image of a log
 * with gaps proves nothing, so a trial with any of these is inconclusive.
 *
 * @param actualBytes relative path → length of every file in the directory after the crash
 */
export function unaccounted(
  log: OpLog,
  imager: CrashImager,
  actualBytes: ReadonlyMap<string, number>,
): string[] {
  const expected = imager.liveAt(Infinity).files;
  const open = unfinished(log);
  const found: string[] = [];
  for (const [path, bytes] of actualBytes) {
    if (open.has(path)) continue;
    const logged = expected.get(path)?.length;
    if (logged === bytes) continue;
    const said = logged === undefined ? 'has no such file' : `says ${logged}`;
    found.push(`${path} has ${bytes} bytes, the op log ${said}`);
  }
  for (const [path, bytes] of expected) {
    if (actualBytes.has(path) || open.has(path)) continue;
    found.push(`${path} does not exist, the op log says ${bytes.length} bytes`);
  }
  return found;
}

// A call that was running when the process was killed may have happened or not.
function unfinished(log: OpLog): Set<string> {
  const running = log.records.filter((each) => each.endNs === Infinity);
  return new Set(running.flatMap((each) => [each.path, each.newPath]));
}
