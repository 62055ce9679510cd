// Bundles: one file that does what the sources do, made once, and the source where none can be had.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { bundleOf, cacheFolder } from './bundle.ts';

const run = promisify(execFile);

function sources(files: Readonly<Record<string, string>>): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-bundle-'));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return folder;
}

test('a bundle says what its sources say, with its companion beside it', async (t) => {
  const folder = sources({
    'entry.ts': `import { word } from './word.ts';
      const said: string = word; console.log(said, import.meta.url.endsWith('.mjs'));`,
    'word.ts': `export const word = 'pulled';`,
    'beside.ts': `console.log(1 as number);`,
  });
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const bundle = await bundleOf(path.join(folder, 'entry.ts'), [path.join(folder, 'beside.ts')]);
  t.true(bundle.startsWith(cacheFolder), bundle);
  t.teardown(() => fs.rmSync(path.dirname(bundle), { recursive: true }));
  fs.rmSync(path.join(folder, 'word.ts'));
  t.is((await run(process.execPath, [bundle])).stdout, 'pulled true\n');
  t.deepEqual(fs.readdirSync(path.dirname(bundle)).sort(), ['beside.mjs', 'entry.mjs']);
  t.is(await bundleOf(path.join(folder, 'entry.ts')), bundle, 'made once a process');
});

test('what cannot be bundled runs as it is', async (t) => {
  const folder = sources({ 'broken.ts': `import './nowhere.ts';` });
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const broken = path.join(folder, 'broken.ts');
  t.is(await bundleOf(broken), broken);
  t.is(await bundleOf('/package/dist/engine/main.js'), '/package/dist/engine/main.js');
});
