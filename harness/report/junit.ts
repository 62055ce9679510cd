// A run as JUnit XML, for the many tools that show test results: a suite for each scenario, a case
// for each cell. A broken promise is a failure; what could not be answered or run is skipped.

import { openReason } from './notes.ts';
import type { CellRecord, RunRecord, SkippedRecord } from './record.ts';

/** The run as the text of a JUnit file. */
export function junitReport(record: RunRecord): string {
  const names = [...new Set([...record.cells, ...record.skipped].map(({ scenario }) => scenario))];
  const suites = names.map((name) => suiteOf(name, record));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', {
    name: `plugpull ${record.id}`, time: String(record.tookMs / 1000),
  }, suites)}\n`;
}

function suiteOf(scenario: string, { cells, skipped, failures, startedAt }: RunRecord): string {
  const own = cells.filter((cell) => cell.scenario === scenario);
  const unrun = skipped.filter((cell) => cell.scenario === scenario);
  const texts = new Map(failures.map((failure) => (
    [failure.cell, `${failure.text}\nAgain: ${failure.repro}`])));
  const count = (verdict: string): number => own.filter((cell) => cell.verdict === verdict).length;
  return element('testsuite', {
    name: scenario, timestamp: startedAt, tests: String(own.length + unrun.length),
    failures: String(count('fail')), skipped: String(count('inconclusive') + unrun.length),
  }, [
    ...own.map((cell) => caseOf(cell, texts.get(cell.id))),
    ...unrun.map(skippedCase),
  ]);
}

function caseOf(cell: CellRecord, failure: string | undefined): string {
  const seconds = cell.perTrial.reduce((sum, trial) => sum + trial.tookMs, 0) / 1000;
  const about = { classname: cell.scenario, name: cell.id, time: String(seconds) };
  if (cell.verdict === 'pass') return element('testcase', about, []);
  if (cell.verdict === 'inconclusive') {
    return element('testcase', about, [element('skipped', { message: openReason(cell) }, [])]);
  }
  const text = failure ?? 'a promise about data was broken';
  const message = text.split('\n')[0] ?? '';
  return element('testcase', about, [element('failure', { message }, [escaped(text)])]);
}

function skippedCase({ scenario, id, reason }: SkippedRecord): string {
  return element('testcase', { classname: scenario, name: id },
    [element('skipped', { message: reason }, [])]);
}

function element(
  name: string, attributes: Readonly<Record<string, string>>, content: readonly string[],
): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  if (content.length === 0) return `<${name}${words.join('')}/>`;
  return `<${name}${words.join('')}>${content.join('\n')}</${name}>`;
}

// What XML 1.0 cannot hold, even escaped.
// oxlint-disable-next-line no-control-regex
const unwritable = /[\0-\b\v\f\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;',
};

function escaped(text: string): string {
  return text.replaceAll(unwritable, '\ufffd')
    .replaceAll(/[&<>"\n]/g, (character) => entities[character] ?? character);
}
