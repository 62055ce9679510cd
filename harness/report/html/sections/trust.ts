// Can I trust this? The machine, the disk before and after, what is missing, what was not run,
// every cell, and the files beside the record.

import { recordLabel } from '../../cell-label.ts';
import { notes } from '../../notes.ts';
import { estimatesOf } from '../../cell-metrics.ts';
import type { CellRecord, Estimate, RunRecord, TestbedRecord } from '../../record.ts';
import {
  bytesText, countText, durationText, groupedText, roundedText, shareText, significant,
} from '../../../plan/units.ts';
import { html, name, tableMarkup, tableRowsMax } from '../markup.ts';
import type { Content, Markup } from '../markup.ts';
import type { Model } from '../model.ts';

/** The section. */
export function trustSection({ record }: Model): Markup {
  return html`<ul class="notes">${notes(record).map((note) => html`<li>${name(note)}</li>`)}</ul>
<p class="reading">${readingOf(record)}</p>
<details open><summary>The testbed</summary>${tableMarkup({
    caption: 'The machine and the run', columns: ['what', 'value'], rows: testbedRows(record),
  })}</details>
${skippedTable(record)}
<details><summary>Every cell (${groupedText(record.cells.length)})</summary>${tableMarkup({
    caption: 'Every cell; below a median its 95 % interval, from six trials on',
    columns: ['cell', 'verdict', 'trials', 'acknowledged', 'writes a second', 'p99, ms',
      'CPU µs a write', 'lost: median / worst', 'bound, 95 %', 'back after', 'promise'],
    rows: record.cells.slice(0, tableRowsMax + 1).map(cellRow),
  })}${record.cells.length > tableRowsMax ? html`<p class="note">All ${
    groupedText(record.cells.length)} cells are in run.json.</p>` : null}</details>
${filesTable(record)}`;
}

function readingOf({ cells, testbed, skipped }: RunRecord): string {
  const single = cells.filter((cell) => cell.trials < 2).length;
  const drift = testbed.fdatasyncUsAfter === null ? 'the disk was not probed again at the end'
    : `the disk's fdatasync went from ${significant(testbed.fdatasyncUs.p50 / 1000)} to ${
      significant(testbed.fdatasyncUsAfter.p50 / 1000)} ms over the run`;
  const few = single === 0 ? 'every cell has several trials'
    : `${countText(single, 'cell')} of ${cells.length} ${
      single === 1 ? 'rests' : 'rest'} on fewer than two trials`;
  return `Before you quote a number: ${few}, ${drift}, and ${countText(skipped.length, 'cell')} `
    + 'could not be run here.';
}

function testbedRows(record: RunRecord): Content[][] {
  const { testbed } = record;
  return [
    ['run', name(record.id)], ['began', record.startedAt], ['took', durationText(record.tookMs)],
    ['seed', record.seed], ['Plugpull', record.plugpull],
    ...[...new Set(record.cells.map(({ target }) => `${target.name} ${target.version}`))]
      .map((target) => ['target', name(target)]),
    ['processor', name(testbed.cpu)], ['cores', testbed.cores],
    ['memory', bytesText(testbed.memory)], ['kernel', name(testbed.kernel)],
    ['file system', name(`${testbed.fs} ${testbed.mountOptions}`)],
    ['device', name(testbed.device)],
    ['governor', testbed.governor ?? 'none'],
    ['load average', `${testbed.loadAverage.before} before, ${testbed.loadAverage.after} after`],
    ['taken by the hypervisor', testbed.stealShare === null ? 'not told'
      : shareText(testbed.stealShare)],
    ['fingerprint', name(testbed.fingerprint)], ['Node', testbed.node],
    ['fdatasync before', probeText(testbed.fdatasyncUs)],
    ['fdatasync after', testbed.fdatasyncUsAfter === null ? 'not probed'
      : probeText(testbed.fdatasyncUsAfter)],
  ];
}

function probeText({ p50, p99 }: TestbedRecord['fdatasyncUs']): string {
  return `p50 ${significant(p50 / 1000)} ms, p99 ${significant(p99 / 1000)} ms`;
}

function skippedTable({ skipped }: RunRecord): Markup | null {
  if (skipped.length === 0) return null;
  return html`<details><summary>Not run here (${groupedText(skipped.length)})</summary>${
    tableMarkup({
      caption: 'Cells of the plan that were not run', columns: ['cell', 'why'],
      rows: skipped.map(({ id, reason }) => [name(id), name(reason)]),
    })}</details>`;
}

function cellRow(cell: CellRecord): Content[] {
  const { qps, latencyUs, cpuUsPerOp, loss, recoveryMs } = cell;
  const { latencyUsP99, cpuUsPerOp: cpu, lostWrites } = estimatesOf(cell);
  return [
    html`${name(cell.id)}<small>${recordLabel(cell)}, ${cell.crash}</small>`,
    cell.verdict, cell.trials, groupedText(cell.writes.acknowledged),
    qps === null ? '–' : withInterval(
      `${cell.generatorLimited ? '≥ ' : ''}${roundedText(qps.median)}`, qps, roundedText),
    latencyUs === null ? '–'
      : withInterval(msText(latencyUs.p99), latencyUsP99, msText),
    cpuUsPerOp === null ? '–' : withInterval(significant(cpuUsPerOp), cpu, significant),
    loss === null ? '–' : withInterval(`${groupedText(loss.writes.median)} / ${
      groupedText(loss.writes.max)}`, lostWrites, groupedText),
    loss === null || loss.upperBound95 === null ? '–' : `≤ ${shareText(loss.upperBound95)}`,
    recoveryMs === null ? '–'
      : withInterval(durationText(recoveryMs.median), recoveryMs, durationText),
    cell.promise === '' ? '–' : cell.promise,
  ];
}

const msText = (us: number): string => significant(us / 1000);

/** With the 95 % interval of the median below, from six trials on. */
function withInterval(
  text: string, estimate: Estimate | undefined, words: (value: number) => string,
): Content {
  const [low, high] = estimate?.ci95 ?? [];
  return low === undefined || high === undefined ? text
    : html`${text}<small>${words(low)} – ${words(high)}</small>`;
}

function filesTable({ cells }: RunRecord): Markup {
  const files = cells.flatMap((cell) => cell.perTrial.flatMap((trial) => (
    Object.entries(trial.artefacts).map(([kind, path]) => ({
      kind, path, trial: `${cell.id}, trial ${trial.index + 1}`,
    })))));
  return html`<details><summary>Raw files (${groupedText(files.length + 2)})</summary>
<p><a href="run.json">run.json</a>, the whole record; <a href="summary.md">summary.md</a>, the
summary as Markdown; both beside this page.</p>${files.length === 0 ? null : tableMarkup({
    caption: 'Files of the trials', columns: ['trial', 'what', 'file'],
    rows: files.map(({ kind, path, trial }) => [name(trial), name(kind), linkTo(path)]),
  })}</details>`;
}

/** Only paths below the run's own folder become links. */
function linkTo(path: string): Markup {
  const isInside = !/^([a-z][a-z\d+.-]*:|[/\\])|(^|[/\\])\.\.([/\\]|$)/i.test(path);
  if (!isInside) return name(path);
  return html`<a href="${path.split('/').map(encodeURIComponent).join('/')}">${path}</a>`;
}
