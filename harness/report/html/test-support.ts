// Records for tests of the page: a healthy one, and all that a report must survive.

import { defineScenario } from '../../plan/define-scenario.ts';
import type { CellRecord, RunRecord } from '../record.ts';
import { planOf, recordOf, threeScenarios } from '../test-support.ts';
import { htmlReport } from './page.ts';
import type { PageInput } from './page.ts';
import type { TimeSeries } from './sections/timeline.ts';

/** Speed, recovery and loss of six settings. */
export const healthy: RunRecord = recordOf(planOf(threeScenarios));

/** The page of a record alone. */
export function pageOf(record: RunRecord, more: Partial<PageInput> = {}): string {
  return htmlReport({
    record, problems: [], series: [], curves: [], spectra: [],
    plotLibrary: { script: '', style: '' }, change: null, trend: null, ...more,
  });
}

/** A name that breaks pages which do not escape it, in markup and in scripts. */
export const nastyName: string = `</title></script><script>document.title='owned'</script>"'>`
  + '<img src=x onerror="document.title=1"> ☠️👩‍👩‍👧 עברית العربية'
  + ' \u202e gnp \u0000 \ud800 \\u0041 ${x}';

/** The record with every text that comes from outside made nasty. */
export function nastyRecord(): RunRecord {
  const redis = defineScenario({
    name: 'skips', question: 'What?', measures: ['loss'], targets: ['redis'], crash: ['power'],
  });
  const record = recordOf(planOf([...threeScenarios, redis]), (own, trial) => {
    const finding = { kind: 'lost', breaks: true, text: nastyName };
    if (trial.cell.setting.appendfsync === 'always') {
      const cuts = own.cuts.map((cut) => ({ ...cut, findings: [finding] }));
      return { ...own, verdict: 'fail', cuts, artefacts: { [nastyName]: `../${nastyName}` } };
    }
    if (trial.cell.setting.persist !== 'none') return own;
    return { ...own, verdict: 'inconclusive', error: nastyName };
  });
  const nasty = (cell: CellRecord): CellRecord => ({
    ...cell, id: nastyName, scenario: nastyName, promise: nastyName,
    target: { ...cell.target, version: nastyName },
  });
  return {
    ...record, id: nastyName, plugpull: nastyName, startedAt: nastyName,
    testbed: { ...record.testbed, cpu: nastyName, kernel: nastyName, fs: nastyName },
    cells: record.cells.map(nasty),
    skipped: record.skipped.map((cell) => ({ ...cell, id: nastyName, reason: nastyName })),
    failures: record.failures.map((each) => ({ ...each, cell: nastyName, repro: nastyName })),
  };
}

/** A record of many cells, each with its trials. */
export function largeRecord({ cells, trials }: { cells: number; trials: number }): RunRecord {
  const scenarios = threeScenarios.map((scenario) => ({ ...scenario, trials }));
  const record = recordOf(planOf(scenarios));
  return {
    ...record,
    cells: Array.from({ length: cells }, (_, at) => {
      const cell = record.cells[at % record.cells.length] as CellRecord;
      return { ...cell, id: `${cell.id}/${at}` };
    }),
  };
}

/** Two trials with a crash each. */
export const twoSeries: readonly TimeSeries[] = [0, 1].map((index) => {
  const isDown = (step: number): boolean => step > 12 + index && step < 18;
  const steps = Array.from({ length: 30 }, (_, step) => step);
  return {
    cell: 'lost/bundled/aof/everysec/process', index, stepMs: 100,
    acknowledged: steps.map((step) => (isDown(step) ? 0 : 4000 + step)),
    p50Us: steps.map((step) => (isDown(step) ? null : 310)),
    p99Us: steps.map((step) => (isDown(step) ? null : 900)),
    spans: [
      { kind: 'snapshot', fromMs: 300, toMs: 700 },
      { kind: 'crash', fromMs: 1300 + 100 * index, toMs: 1800 },
    ],
  };
});
