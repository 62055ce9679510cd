#!/usr/bin/env node
// The command `plugpull`. Plain JavaScript of the old kind, so that an old Node reads at least this
// file and can say that it is too old; everything else is in harness/cli.

import { existsSync } from 'fs';
import module from 'module';
import { fileURLToPath } from 'url';

const version = process.versions.node.split('.').map(Number);
const isNewEnough = version[0] > 22 || (version[0] === 22 && version[1] >= 18);

if (!isNewEnough) {
  process.stderr.write('plugpull: Node 22.18 or newer is needed, this is Node '
    + process.versions.node + '\n');
  process.exitCode = 69;
} else {
  keepCompiled();
  // A clone has the source, the package has only what was compiled from it.
  const source = new URL('../harness/cli/main.ts', import.meta.url);
  const compiled = new URL('../dist/harness/cli/main.js', import.meta.url);
  import((existsSync(source) ? source : compiled).href).catch(function (error) {
    process.stderr.write('plugpull: cannot start: ' + (error && error.stack || error) + '\n');
    process.exitCode = 70;
  });
}

// Reading the sources takes most of a second; what Node compiled once it finds again. The folder is
// that of harness/metrics/bundle.ts. Node does without where it cannot be written.
function keepCompiled() {
  const folder = new URL('../node_modules/.cache/plugpull', import.meta.url);
  if (module.enableCompileCache !== undefined) module.enableCompileCache(fileURLToPath(folder));
}
