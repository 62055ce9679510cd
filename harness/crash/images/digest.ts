// Whether two images are the same directory: then one boot answers for both.

import { createHash } from 'node:crypto';

import type { FileTree } from '../crash-tree.ts';

/** Names and bytes of a whole directory in 20 bytes, as hex. */
export function digestOf({ files, directories }: FileTree): string {
  const hash = createHash('sha1');
  for (const path of directories.toSorted()) hash.update(`d ${path}\n`);
  for (const path of [...files.keys()].sort()) {
    const bytes = files.get(path) as Uint8Array;
    hash.update(`f ${bytes.length} ${path}\n`).update(bytes);
  }
  return hash.digest('hex');
}
