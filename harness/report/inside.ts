// Paths that a record names, kept inside the folder of its run.

import { isAbsolute, join, normalize } from 'node:path';

/** The path of a file of a run. @throws {Error} for one that leads out of the folder of the run. */
export function pathInside(runDirectory: string, path: string): string {
  const own = normalize(path);
  if (isAbsolute(own) || own.startsWith('..')) throw new Error('it leads out of the run\'s folder');
  return join(runDirectory, own);
}
