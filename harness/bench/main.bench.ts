// Everything of ours beside its peer in one run: npm run bench -- --help.
import { execFile } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  print, printFailure, printToStderr,
} from '../../engine/server/test-support/bench/table.ts';
import type { BenchResult } from '../../engine/server/test-support/bench/table.ts';
import { bundleOf, cacheFolder } from '../metrics/bundle.ts';
import { BenchUsageError, documentOf, parseOrder, usage } from './options.bench.ts';
import type { BenchOrder } from './options.bench.ts';
import { aliases, parts } from './parts.bench.ts';

const order = given();
if (order.help) {
  print(usage);
  process.exit(0);
}
if (order.json) printToStderr();
await useBundle();
const results: BenchResult[] = [];
const beganMs = performance.now();
for (const name of order.chosen) {
  try {
    results.push(...await parts[name]?.(order.optionsOf(name)) ?? []);
  } catch (error) {
    printFailure(name, error); // the others are measured all the same
  }
  print();
}
print(`${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
if (order.json) {
  process.stdout.write(`${JSON.stringify(documentOf(results, os.tmpdir()), null, 2)}\n`);
}

function given(): BenchOrder {
  try {
    return parseOrder(process.argv.slice(2), { names: Object.keys(parts), aliases });
  } catch (error) {
    if (!(error instanceof BenchUsageError)) throw error;
    printToStderr();
    print(error.message);
    print('npm run -s bench -- --help tells what there is');
    process.exit(64);
  }
}

/**
 * Engines start from the bundle that the package ships, with Node's compile cache, as users and the
 * harness start them: from two hundred sources a start takes half a second more.
 */
async function useBundle(): Promise<void> {
  const engine = path.join(import.meta.dirname, '../../engine');
  process.env['NODE_COMPILE_CACHE'] ??= cacheFolder;
  const entry = process.env['PLUGPULL_ENGINE_ENTRY']
    ??= await bundleOf(path.join(engine, 'main.ts'), [path.join(engine, 'snapshot-worker.ts')]);
  // A server that is killed leaves nothing in the cache; this one does.
  await promisify(execFile)(process.execPath, [entry, '--version']);
}
