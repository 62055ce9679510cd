// How long the page of a large record takes, and how much memory: 200 cells of 50 trials.
// And when Chromium paints it first. node harness/report/html/page.bench.ts [cells] [trials]

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseRecord } from '../parse-record.ts';
import { executablePath, startBrowser } from './test-support-chromium.ts';
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

if (existsSync(executablePath)) {
  const folder = mkdtempSync(join(tmpdir(), 'plugpull-page-'));
  const browser = await startBrowser();
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, page);
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const view = await browser.newPage();
      await view.goto(pathToFileURL(file).href);
      times.push(Number(await view.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime")));
      await view.close();
    }
    process.stdout.write(`first contentful paint of five openings: ${
      times.map((ms) => `${Math.round(ms)} ms`).join(', ')}\n`);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
