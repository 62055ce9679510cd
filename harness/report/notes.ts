// What must be known to read the table: broken promises first and loud, then what could not be
// answered, then how the numbers came about.

import { valuesForQuantileBounds } from '../metrics/bounds.ts';
import { syncDoubt } from '../metrics/honesty.ts';
import { countText, durationText, groupedText, shareText, significant } from '../plan/units.ts';
import { crashModels, fileSystems } from '../plan/scenario.ts';
import { recordLabel } from './cell-label.ts';
import { comparedMetrics } from './cell-metrics.ts';
import { noiseOfMetric, noiseShare } from './noise.ts';
import { coverageOf, coverageSentence } from './coverage.ts';
import { promiseBoundSentence } from './promise-bounds.ts';
import type {
  CellRecord, FailureRecord, NoiseRecord, QuantileRecord, RunRecord, SkippedRecord, TestbedRecord,
} from './record.ts';
import { boundMark, groupCells, groupLoss, rangeMark, rateCell } from './summary.ts';
import { generatorLimit, isTooEarly } from './verdicts.ts';

/** One line: the verdict, what it rests on, and the seed. */
export function verdictLine(record: RunRecord): string {
  const seed = `seed ${record.seed}`;
  const done = record.cells.reduce((sum, cell) => sum + cell.perTrial.length, 0);
  if (record.verdict === 'fail') {
    return `FAIL: ${countText(record.failures.length, 'trial')} of ${groupedText(done)} broke a `
      + `promise about data (${seed})`;
  }
  if (record.interrupted) {
    return `interrupted after ${done} of ${countText(record.plannedTrials, 'trial')} (${seed})`;
  }
  if (record.verdict === 'inconclusive') {
    const open = record.cells.filter((cell) => cell.verdict === 'inconclusive').length;
    return `inconclusive: no promise was seen broken, but ${open} of `
      + `${countText(record.cells.length, 'cell')} could not be answered (${seed})`;
  }
  return `pass: no promise about data was broken in ${countText(done, 'trial')} (${seed})`;
}

/** The notes under the table, most important first. */
export function notes(record: RunRecord): string[] {
  return [
    ...failureNotes(record),
    ...openNotes(record),
    ...errorNotes(record),
    ...earlyNotes(record),
    ...refusalNotes(record),
    ...faultNotes(record),
    ...lossNotes(record),
    ...paceNotes(record),
    ...readNotes(record),
    ...rateNotes(record),
    ...fsyncNotes(record.testbed),
    ...skippedNotes(record.skipped),
  ];
}

const shownAtMost = 6;

function limited(texts: readonly string[], rest: string): string[] {
  if (texts.length <= shownAtMost) return [...texts];
  return [...texts.slice(0, shownAtMost), `… and ${texts.length - shownAtMost} more ${rest}`];
}

/** How the note on a broken promise starts. */
export const brokenMark = 'BROKEN PROMISE';

function failureNotes(record: RunRecord): string[] {
  const texts = record.failures.map((failure) => (
    `${brokenMark} in ${failure.cell}, trial ${failure.index + 1}, seed ${failure.seed}: `
    + `${failure.text}. ${keptOf(record, failure)}Again: ${failure.repro}`
  ));
  return limited(texts, 'broken promises in run.json');
}

/** The command that replays what was kept of a failure; empty when nothing was. */
function keptOf({ id, cells }: RunRecord, failure: FailureRecord): string {
  const trial = cells.find((cell) => cell.id === failure.cell)?.perTrial
    .find(({ index }) => index === failure.index);
  const folder = trial?.artefacts['failure'];
  return folder === undefined ? '' : `Kept: plugpull replay ${id}/${folder}. `;
}

function openNotes({ cells }: RunRecord): string[] {
  const texts = cells
    .filter((cell) => cell.verdict === 'inconclusive')
    .map((cell) => `Not answered: ${cell.id}: ${openReason(cell)}`);
  return limited(texts, 'cells that could not be answered in run.json');
}

/** Why a cell could not be answered, in the words of the trial that could not. */
export function openReason(cell: CellRecord): string {
  const open = cell.perTrial.filter((trial) => trial.verdict === 'inconclusive');
  const [error] = open.flatMap((trial) => trial.error ?? []);
  const findings = open.flatMap((trial) => trial.cuts)
    .filter((cut) => cut.verdict === 'inconclusive')
    .flatMap((cut) => cut.findings);
  const finding = findings.find(({ kind }) => kind !== 'too-early') ?? findings[0];
  const [limit] = cell.perTrial.flatMap((trial) => trial.generator?.limit ?? []);
  return error ?? finding?.text ?? limit ?? 'no trial ran';
}

function errorNotes({ cells }: RunRecord): string[] {
  const texts = cells
    .filter((cell) => cell.verdict !== 'inconclusive')
    .flatMap((cell) => cell.perTrial
      .filter((trial) => trial.error !== null)
      .map((trial) => `Not counted: ${cell.id}, trial ${trial.index + 1}: ${trial.error}`));
  return limited(texts, 'trials that were not counted in run.json');
}

/** Crashes before there was anything to lose, where the others decided. */
function earlyNotes({ cells }: RunRecord): string[] {
  const texts = cells.filter((cell) => cell.verdict !== 'inconclusive').flatMap((cell) => {
    const cuts = cell.perTrial.flatMap((trial) => trial.cuts);
    const early = cuts.filter(isTooEarly).length;
    if (early === 0) return [];
    return [`Not counted: ${cell.id}: ${groupedText(early)} of ${groupedText(cuts.length)} `
      + 'crashes came before the first acknowledged write.'];
  });
  return limited(texts, 'cells with such crashes in run.json');
}

const killsForPace = 20;

/** How fast a run of kills alone went. */
function paceNotes({ cells, tookMs }: RunRecord): string[] {
  const kills = cells.reduce((sum, cell) => sum + cell.perTrial.length, 0);
  if (kills < killsForPace || cells.some(({ crash }) => crash !== 'process')) return [];
  const perMinute = Math.round(kills / (tookMs / 60_000));
  return [`${groupedText(kills)} kills, each of a server of its own that was loaded before it, and `
    + `started again and judged after it: ${groupedText(perMinute)} a minute.`];
}

/** A server that refuses its writes loses none of them: that must not look like a success. */
function refusalNotes({ cells }: RunRecord): string[] {
  const texts = cells.flatMap((cell) => {
    const sum = (read: (trial: CellRecord['perTrial'][number]) => number): number => (
      cell.perTrial.reduce((total, trial) => total + read(trial), 0));
    const refused = sum((trial) => trial.errors);
    if (refused === 0) return [];
    const answered = countText(refused + sum((trial) => trial.acknowledged), 'write');
    const first = cell.perTrial.find((trial) => trial.firstError !== undefined)?.firstError;
    const words = first === undefined ? '' : ` ("${first}")`;
    return [`Refused: in ${cell.id} the server answered ${groupedText(refused)} of ${answered} `
      + `with an error${words}; these count neither as taken nor as lost.`];
  });
  return limited(texts, 'cells with refused writes in run.json');
}

/** Which faults and windows were really met, and what came of them. */
function faultNotes({ cells }: RunRecord): string[] {
  const targets = [...new Set(cells.map(({ target }) => target.name))];
  return targets.flatMap((target) => {
    const list = faultsMet(cells.filter((cell) => cell.target.name === target));
    if (list.length === 0) return [];
    const whose = targets.length > 1 ? ` with ${target}` : '';
    return [`Faults and windows really met${whose}: ${list.join(', ')}.`];
  });
}

/** One text a fault; kills that were repeated in one trial count each. */
function faultsMet(cells: readonly CellRecord[]): string[] {
  const counts = new Map<string, { met: number; of: number; died: number }>();
  for (const { faulted } of cells.flatMap((cell) => cell.perTrial)) {
    for (const { name, applied, kills } of faulted?.faults ?? []) {
      const count = counts.get(name) ?? { met: 0, of: 0, died: 0 };
      count.met += kills?.met ?? Number(applied);
      count.of += kills?.of ?? 1;
      if (typeof faulted?.died === 'string') count.died += 1;
      counts.set(name, count);
    }
  }
  return [...counts].map(([name, { met, of, died }]) => {
    const times = died === 1 ? 'once' : `${died} times`;
    return `${name} ${met} of ${of}${died > 0 ? ` (the server ended ${times})` : ''}`;
  });
}

function lossNotes(record: RunRecord): string[] {
  const losses = groupCells(record)
    .flatMap((group) => crashModels.map((crash) => groupLoss(group, crash)))
    .filter((loss) => loss !== null);
  const bound = promiseBoundSentence(record);
  const texts: string[] = bound === null ? [] : [bound];
  if (losses.some((loss) => loss.runsWithLoss === 0)) {
    texts.push(`${boundMark} None lost in so few runs proves little: the share of crashes that `
      + 'lose something lies below this with 95 % confidence. More --trials narrow it.');
  }
  if (losses.some((loss) => loss.runsWithLoss > 0)) {
    texts.push('Losses are acknowledged writes at the worst instant seen, with their bytes and the '
      + 'age of the oldest; medians are in run.json.');
  }
  const coverage = coverageOf(record);
  if (coverage !== null) texts.push(coverageSentence(coverage));
  const delays = record.cells.flatMap((cell) => cell.syncDelayMs ?? []);
  if (delays.length > 0) {
    texts.push(`Power cuts: each sync was slowed by ${Math.max(...delays)} ms, so that a reply `
      + 'sent too early shows; these cells give no write rate.');
  }
  return [...texts, ...windowNotes(record), ...inclusionNotes(record)];
}

/** How much of the last time crashes took, where they were enough for a bound. */
function windowNotes({ cells }: RunRecord): string[] {
  const texts = cells.flatMap(({ id, loss }) => {
    const found = loss?.windowMsQuantiles ?? null;
    if (loss === null || found === null || loss.windowMs.max === 0) return [];
    const text = ({ value, low, high }: QuantileRecord): string => `${durationText(value)} [${
      low === null ? 'no bound' : durationText(low)}, ${
      high === null ? 'no bound' : durationText(high)}]`;
    return [`Window of loss in ${id}: median ${text(found.p50)}, 9 of 10 crashes at most ${
      text(found.p90)} (${countText(loss.runs, 'crash run')}, exact 95 % bounds).`];
  });
  return limited(texts, 'windows in run.json');
}

/** What real file systems kept, beside what the model `power` calls durable. */
function inclusionNotes({ cells }: RunRecord): string[] {
  return fileSystems.flatMap((fileSystem) => {
    const found = cells.flatMap(({ perTrial }) => perTrial).flatMap(({ cuts }) => cuts)
      .flatMap(({ block }) => (block?.fileSystem === fileSystem ? block.inclusion ?? [] : []));
    const [first] = found;
    if (first === undefined) return [];
    const held = found.filter(({ holds }) => holds).length;
    const beyond = found.reduce((sum, each) => sum + each.beyondWrites, 0);
    const seconds = (each: number | null): string => (each === null ? '?' : `${each / 1000} s`);
    const cuts = countText(found.length, 'cut');
    return [`Inclusion on ${fileSystem}: ${held} of ${cuts} kept all that the model power calls `
      + `durable, and ${countText(beyond, 'write')} beyond it (writeback after `
      + `${seconds(first.dirtyExpireMs)}, a commit each ${seconds(first.commitMs)}).`];
  });
}

/** What living servers answered, compared with what each client had written. */
function readNotes({ cells }: RunRecord): string[] {
  const reads = cells.flatMap(({ perTrial }) => perTrial)
    .flatMap(({ checkedReads }) => checkedReads ?? []);
  if (reads.length === 0) return [];
  const checked = reads.reduce((sum, each) => sum + each.checked, 0);
  const wrong = reads.reduce((sum, each) => sum + each.wrong, 0);
  return [`Reads: ${countText(checked, 'answer')} of living servers compared with what their `
    + `client had written (read your writes, nothing older again): ${groupedText(wrong)} wrong.`];
}

const noisyHalfWidth = 0.1;

function rateNotes(record: RunRecord): string[] {
  const cells = groupCells(record).flatMap((group) => rateCell(group) ?? []);
  const texts: string[] = [...rangeNotes(cells), ...comparisonNotes(record)];
  texts.push(...limitNotes(record));
  const limitedBy = cells.filter((cell) => cell.generatorLimited).map(nameOf);
  if (limitedBy.length > 0) {
    texts.push(`≥ The load generator, not the server, was the limit in ${limitedBy.join(', ')}.`);
  }
  texts.push(...tailNotes(record));
  const noisy = cells.filter((cell) => halfWidth(cell) > noisyHalfWidth);
  if (noisy.length > 0) {
    const list = noisy.map((cell) => `${nameOf(cell)} ± ${shareText(halfWidth(cell))}`);
    texts.push(`Noisy: ${list.join(', ')}. Compare these only with more --trials.`);
  }
  return texts;
}

/** Where the generator was the limit, or a rate was not reached, and the rest was answered. */
function limitNotes({ cells }: RunRecord): string[] {
  const texts = cells.filter((cell) => cell.verdict !== 'inconclusive').flatMap((cell) => {
    const found = generatorLimit(cell.perTrial);
    if (found === null) return [];
    const { reason, trials, of } = found;
    return [`Speed not measured: ${cell.id}: in ${trials} of ${countText(of, 'trial')} ${reason}.`];
  });
  return limited(texts, 'cells whose speed was not measured in run.json');
}

/** A p99.9 of few replies is one of the slowest of them, whatever the distribution. */
function tailNotes({ cells }: RunRecord): string[] {
  const needed = valuesForQuantileBounds({ fraction: 0.999 });
  const few = cells.flatMap((cell) => {
    const counts = cell.perTrial.filter(({ latencyUs }) => latencyUs !== null)
      .map(({ acknowledged }) => acknowledged);
    const least = Math.min(...counts);
    return least < needed ? [`${cell.id} (${groupedText(least)})`] : [];
  });
  if (few.length === 0) return [];
  const shown = few.slice(0, shownAtMost).join(', ');
  const rest = few.length > shownAtMost ? ` and ${few.length - shownAtMost} more` : '';
  return [`p99.9 without a bound: it needs ${groupedText(needed)} replies in a trial, and fewer `
    + `came in ${shown}${rest}: read it as the slowest.`];
}

/** What fewer than six repetitions can say. */
function rangeNotes(cells: readonly CellRecord[]): string[] {
  const ranges = cells.filter(({ qps }) => qps !== null && qps.ci95 === null && qps.range !== null);
  if (ranges.length === 0) return [];
  const trials = Math.min(...ranges.map((cell) => cell.trials));
  const held = shareText(1 - 2 ** (1 - trials));
  return [`${rangeMark} The least and the greatest of ${countText(trials, 'repetition')}: between `
    + `them lies the true median in ${held} of cases. From 6 --trials on it is a 95 % interval.`];
}

function comparisonNotes({ noise, comparisons, cells }: RunRecord): string[] {
  const texts: string[] = [];
  if (noise !== null) {
    texts.push(noiseText(noise, cells));
  }
  texts.push(...otherNoises(cells));
  const open = comparisons.filter((each) => each.verdict === 'inconclusive');
  const further = Math.max(0, ...open.map((each) => each.furtherTrials ?? 0));
  if (open.length > 0 && further > 0) {
    texts.push(`Open: ${open.length} of ${countText(comparisons.length, 'comparison')} of settings `
      + `at a level of 1 %; about ${further} more --trials would settle them (run.json).`);
  }
  const odd = cells.flatMap((cell) => cell.outliers.map((each) => `${cell.id} trial `
    + `${each.trial + 1}: ${groupedText(each.value)}`));
  if (odd.length > 0) {
    const shown = odd.slice(0, shownAtMost).join(', ');
    texts.push(`Far from the others, counted all the same: ${shown}.`);
  }
  return texts;
}

function noiseText(noise: NoiseRecord, cells: readonly CellRecord[]): string {
  const pairs = `(${countText(noise.pairs, 'A/A pair')} of this run)`;
  const trials = Math.max(0, ...cells.filter(({ qps }) => qps !== null).map((cell) => cell.trials));
  const floor = `a difference of settings below ${shareText(noiseShare(noise, trials) ?? 0)} over `
    + `${countText(trials, 'trial')} means nothing`;
  return noise.pairShare === null ? `Noise: ${floor} ${pairs}.`
    : `Noise: of repetitions of the same cell 19 of 20 pairs differed by at most ${
      shareText(noise.pairShare)} ${pairs}; ${floor}.`;
}

/** Each metric that `compare` judges has a floor of its own. */
function otherNoises(cells: readonly CellRecord[]): string[] {
  const parts = comparedMetrics.flatMap((metric) => {
    if (metric.id === 'qps' || metric.noiseOf !== 'run') return [];
    const measure = metric.id === 'recoveryMs' ? 'recovery' : 'qps';
    const asked = cells.filter(({ measures }) => measures.includes(measure));
    const { pairShare = null, pairs = 0 } = noiseOfMetric(asked, metric) ?? {};
    return pairShare === null ? []
      : [`${metric.name} ${shareText(pairShare)} (${countText(pairs, 'pair')})`];
  });
  return parts.length === 0 ? []
    : [`Noise of other metrics, what 19 of 20 A/A pairs differed by at most: ${parts.join(', ')}.`];
}

function nameOf(cell: CellRecord): string {
  return `${cell.target.name} ${recordLabel(cell)}`;
}

function halfWidth({ qps }: CellRecord): number {
  const interval = qps?.ci95 ?? qps?.range ?? null;
  if (qps === null || interval === null || qps.median <= 0) return 0;
  return (interval[1] - interval[0]) / 2 / qps.median;
}

// Below this a probe measures the clock and the scheduler, not the disk.
const leastProbeUs = 20;

const muchStolen = 0.05;

function fsyncNotes(testbed: TestbedRecord): string[] {
  const { fdatasyncUs: fsyncUs, fdatasyncUsAfter: fsyncUsAfter, cpu, cores, fs } = testbed;
  const before = probeText(fsyncUs);
  const after = fsyncUsAfter === null ? '' : `; after the run ${probeText(fsyncUsAfter)}`;
  const machine = `${cpu}, ${countText(cores, 'core')}`;
  const doubt = syncDoubt({ fs, fdatasyncUs: fsyncUs.p50, isRotational: null });
  const texts = [`An fdatasync on ${fs} took ${before}${after}. ${machine}.`];
  if (doubt !== null) texts.unshift(`Not to be trusted: ${doubt}.`);
  if (fsyncUsAfter !== null) {
    const [faster, slower] = [fsyncUs.p50, fsyncUsAfter.p50].sort((one, other) => one - other);
    if ((slower ?? 0) > 2 * Math.max(faster ?? 0, leastProbeUs)) {
      texts.push('The disk changed its speed during the run: rates of settings that sync do not '
        + 'compare well.');
    }
  }
  const { stealShare: stolen, loadAverage } = testbed;
  if (stolen !== null && stolen > muchStolen) {
    texts.push(`The hypervisor took ${shareText(stolen)} of the CPU time for others during the `
      + 'run: rates and latencies are those of a smaller machine.');
  }
  if (loadAverage.before > cores) {
    texts.push(`Other programs kept this machine busy before the run (load average `
      + `${significant(loadAverage.before)} on ${countText(cores, 'core')}).`);
  }
  return texts;
}

function probeText(probe: { readonly p50: number; readonly p99: number }): string {
  return `${significant(probe.p50 / 1000)} ms (p99 ${significant(probe.p99 / 1000)} ms)`;
}

function skippedNotes(skipped: readonly SkippedRecord[]): string[] {
  const reasons = [...new Set(skipped.map((cell) => cell.reason))];
  return reasons.map((reason) => {
    const count = skipped.filter((cell) => cell.reason === reason).length;
    return `Not run: ${countText(count, 'cell')}: ${reason}.`;
  });
}
