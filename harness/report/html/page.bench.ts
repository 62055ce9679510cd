// How long the page of a large record takes, and how much memory: 200 cells of 50 trials.
// node harness/report/html/page.bench.ts [cells] [trials]

import { parseRecord } from '../parse-record.ts';
import { largeRecord, pageOf } from './test-support.ts';

const [cells = 200, trials = 50] = process.argv.slice(2).map(Number);
const text = JSON.stringify(largeRecord({ cells, trials }));
const startedMs = performance.now();
const record = parseRecord(JSON.parse(text), 'run.json');
const parsedMs = performance.now();
const page = pageOf(record);
const doneMs = performance.now();
const { maxRSS } = process.resourceUsage();
process.stdout.write(`${cells} cells × ${trials} trials, run.json ${mb(text.length)}: `
  + `read ${Math.round(parsedMs - startedMs)} ms, page ${Math.round(doneMs - parsedMs)} ms, `
  + `${mb(page.length)}; peak memory ${mb(maxRSS * 1024)}, the record's making included\n`);

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
