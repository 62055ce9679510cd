// Where Plugpull is installed and in which version: the package.json above this file, which is
// beside harness/ in a clone and beside dist/ in a package.

import fs from 'node:fs';
import path from 'node:path';

/** The folder of Plugpull's package.json, and the version that it states. */
export interface Installation {
  readonly folder: string;
  readonly version: string;
}

function find(): Installation {
  for (let folder = import.meta.dirname; folder !== path.dirname(folder);) {
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file)) {
      const { version } = JSON.parse(fs.readFileSync(file, 'utf8')) as { version?: string };
      return { folder, version: version ?? 'unknown' };
    }
    folder = path.dirname(folder);
  }
  return { folder: import.meta.dirname, version: 'unknown' };
}

/** This installation. */
export const installation: Installation = find();
