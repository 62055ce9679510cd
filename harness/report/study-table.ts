// The tables of studies: recovery form by form with its growth, background work before, during and
// after, HTTP beside RESP. Rows of texts; the terminal and the Markdown summary lay them out.

import { fitLine, growthWord } from '../metrics/growth.ts';
import { median } from '../metrics/statistics.ts';
import { studyLabel, tailShareOf } from '../plan/studies.ts';
import type { Study } from '../plan/studies.ts';
import { bytesText, groupedText, significant } from '../plan/units.ts';
import type { CellRecord, RunRecord } from './record.ts';
import type {
  EdgeFigures, HttpStudyRecord, RecoveryStudyRecord, SnapshotStudyRecord, StudyWindow,
} from './study-record.ts';

/** A table with its title; the first row is the head. */
export interface StudyTable {
  readonly kind: Study['kind'];
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

const none = '–';

/** The tables of a run; empty when it studied nothing. */
export function studyTables(record: RunRecord): StudyTable[] {
  const recovery = record.cells.filter((cell) => cell.study?.kind === 'recovery');
  const snapshot = record.cells.filter((cell) => cell.study?.kind === 'snapshot');
  const http = record.cells.filter((cell) => cell.study?.kind === 'http');
  return [
    ...(recovery.length === 0 ? [] : [
      recoveryTable(recovery), growthTable(recovery), ...tailTables(recovery),
    ]),
    ...(snapshot.length === 0 ? [] : [snapshotTable(snapshot)]),
    ...(http.length === 0 ? [] : [httpTable(http)]),
  ];
}

function nameOf({ target, study, perTrial: [trial] }: CellRecord): string {
  const block = trial?.cuts[0]?.block;
  const ground = block === undefined ? '' : ` on ${block.fileSystem}`;
  return `${target.name} ${study === undefined ? '' : studyLabel(study)}${ground}`;
}

function recoveryOf(cell: CellRecord): RecoveryStudyRecord[] {
  return cell.perTrial.flatMap(({ study }) => (study?.kind === 'recovery' ? [study] : []));
}

function middle<T>(items: readonly T[], read: (item: T) => number | null): number | null {
  const values = items.flatMap((item) => read(item) ?? []);
  return values.length === 0 ? null : median(values);
}

const seconds = (ms: number | null): string => (ms === null ? none : significant(ms / 1000));

function recoveryTable(cells: readonly CellRecord[]): StudyTable {
  const head = ['form / page cache', 'keys', 'on disk', 'file system, s',
    'listening, s', 'loaded by its log, s',
    'first read', 'first write', 'back to 95 %', 'of it the generator', 'µs a key', 's a GB',
    'verdict'];
  return { kind: 'recovery', title: 'Recovery', rows: [head, ...cells.map(recoveryRow)] };
}

function recoveryRow(cell: CellRecord): string[] {
  const studies = recoveryOf(cell);
  const keys = middle(studies, (study) => study.keys);
  const bytes = middle(studies, (study) => study.diskBytes);
  const { recoveryMs } = cell;
  const readyMs = recoveryMs?.median ?? null;
  const each = (unit: number | null, scale: number): string => {
    if (readyMs === null || unit === null || unit === 0) return none;
    return significant((readyMs * scale) / unit);
  };
  return [
    nameOf(cell), keys === null ? none : groupedText(keys),
    bytes === null ? none : bytesText(bytes),
    seconds(middle(cell.perTrial, ({ cuts: [cut] }) => cut?.block?.mountMs ?? null)),
    seconds(recoveryMs?.phases.listening ?? null), seconds(recoveryMs?.phases.loading ?? null),
    seconds(recoveryMs?.phases.firstRead ?? null), seconds(readyMs),
    seconds(middle(studies, (study) => study.backMs)),
    seconds(middle(studies, (study) => study.generatorMs)),
    each(keys, 1000), each(bytes, 1e6), cell.verdict,
  ];
}

/** First write by keys, form by form: the slope is what a key costs, the start the rest. */
function growthTable(cells: readonly CellRecord[]): StudyTable {
  const rows = [...new Set(cells.map(nameOf))].map((name) => [
    name, ...fitTexts(pointsOf(cells.filter((cell) => nameOf(cell) === name), 'keys')),
  ]);
  const title = 'Growth of the time to the first write';
  return { kind: 'recovery', title, rows: [['form / page cache', ...fitHead('key')], ...rows] };
}

/** First write by commands behind the base, where more than one length of them was tried. */
function tailTables(cells: readonly CellRecord[]): StudyTable[] {
  const groups = Map.groupBy(cells.filter(hasTail), (cell) => {
    const cache = cell.study?.kind === 'recovery' ? cell.study.cache : '';
    return `${cell.target.name} ${groupedText(cell.preloadKeys)} keys/${cache}`;
  });
  const rows = [...groups].flatMap(([name, group]) => {
    const points = pointsOf(group, 'tailCommands');
    const lengths = new Set(points.map(([commands]) => commands));
    return lengths.size < 3 ? [] : [[name, ...fitTexts(points)]];
  });
  if (rows.length === 0) return [];
  const head = ['keys / page cache', ...fitHead('command')];
  const title = 'Growth by the length of the log behind its base';
  return [{ kind: 'recovery', title, rows: [head, ...rows] }];
}

/** Logs on a base that is a snapshot, with no commands behind it or some. */
function hasTail({ study }: CellRecord): boolean {
  if (study?.kind !== 'recovery') return false;
  return study.form === 'aof-rdb-base' || tailShareOf(study.form) > 0;
}

function pointsOf(
  cells: readonly CellRecord[], size: 'keys' | 'tailCommands',
): (readonly [size: number, ms: number])[] {
  return cells.flatMap((cell) => {
    const at = middle(recoveryOf(cell), (study) => study[size]);
    return at === null || cell.recoveryMs === null ? [] : [[at, cell.recoveryMs.median] as const];
  });
}

function fitHead(unit: string): string[] {
  return ['growth', 'start, s', `µs a ${unit}`, 'residual, ms', 'worst point'];
}

function fitTexts(points: readonly (readonly [size: number, ms: number])[]): string[] {
  const line = fitLine(points);
  if (line === null) return [growthWord(points), none, none, none, none];
  return [
    growthWord(points), significant(line.intercept / 1000), significant(line.slope * 1000),
    line.residualSd === null ? none : significant(line.residualSd),
    `${significant(line.worstShare * 100)} %`,
  ];
}

function snapshotTable(cells: readonly CellRecord[]): StudyTable {
  const head = ['work', 'keys', 'took, s', 'file', 'writes/s', 'p50, ms', 'p99, ms', 'p99.9, ms',
    'max, ms', 'worst p99 of 100 ms', 'memory', 'copied', 'to disk', 'of payload', 'verdict'];
  const rows = [head, ...cells.flatMap(snapshotRow)];
  return { kind: 'snapshot', title: 'Before / during / after', rows };
}

function snapshotRow(cell: CellRecord): string[][] {
  const studies = cell.perTrial.flatMap(({ study }) => (study?.kind === 'snapshot' ? [study] : []));
  if (studies.length === 0) return [];
  type Read = (window: StudyWindow) => number | null;
  const phases = (read: Read, text: (value: number) => string): string =>
    (['before', 'during', 'after'] as const).map((phase) => {
      const value = middle(studies, (study) => read(study[phase]));
      return value === null ? none : text(value);
    }).join(' / ');
  const ms = (us: number): string => significant(us / 1000);
  const one = (read: (study: SnapshotStudyRecord) => number | null): number | null =>
    middle(studies, read);
  const copied = one((study) => study.copiedBytes);
  return [[
    nameOf(cell), groupedText(cell.preloadKeys), seconds(one((study) => study.tookMs)),
    bytesText(one((study) => study.fileBytes) ?? 0),
    phases((window) => window.qps, groupedText), phases((window) => window.p50Us, ms),
    phases((window) => window.p99Us, ms), phases((window) => window.p999Us, ms),
    phases((window) => window.maxUs, ms), phases((window) => window.worstP99Us, ms),
    phases((window) => window.rssBytes, bytesText), copied === null ? none : bytesText(copied),
    phases((window) => window.writtenBytes, bytesText),
    phases((window) => window.amplification, significant), cell.verdict,
  ]];
}

function httpTable(cells: readonly CellRecord[]): StudyTable {
  const head = ['way in', 'latency of', 'answers/s', 'p50, ms', 'p99, ms', 'p99.9, ms', 'max, ms',
    'outage, s', 'server CPU, µs', 'generator', 'errors', 'verdict'];
  return { kind: 'http', title: 'HTTP beside RESP', rows: [head, ...cells.flatMap(httpRows)] };
}

type Latency = EdgeFigures['latencyUs'];

/** RESP and HTTP up to the crash and through it; HTTP as corrected and as autocannon says. */
function httpRows(cell: CellRecord): string[][] {
  const studies = cell.perTrial.flatMap(({ study }) => (study?.kind === 'http' ? [study] : []));
  if (studies.length === 0) return [];
  type Side = (study: HttpStudyRecord) => EdgeFigures;
  const row = (side: Side, label: string, read: (figures: EdgeFigures) => Latency | null) => {
    const of = (one: (figures: EdgeFigures) => number | null): number | null =>
      middle(studies, (study) => one(side(study)));
    const ms = (name: keyof Latency): string => {
      const us = of((figures) => read(figures)?.[name] ?? null);
      return us === null ? none : significant(us / 1000);
    };
    const cpu = of((figures) => figures.serverCpuUsPerOp);
    const share = of((figures) => figures.generatorCpuShare) ?? 0;
    return [
      nameOf(cell).replace(/http$/, label.startsWith('RESP') ? 'resp' : 'http'), label,
      groupedText(of((figures) => figures.perSecond) ?? 0),
      ms('p50'), ms('p99'), ms('p999'), ms('max'),
      seconds(of((figures) => figures.outageMs)), cpu === null ? none : significant(cpu),
      `${significant(share * 100)} %`,
      groupedText(of((figures) => figures.errors) ?? 0), cell.verdict,
    ];
  };
  const [{ resp, http }] = studies as [HttpStudyRecord];
  const inUs = ({ statedMs }: EdgeFigures): Latency | null => statedMs === null ? null : {
    p50: statedMs.p50 * 1000, p99: statedMs.p99 * 1000, p999: statedMs.p999 * 1000,
    max: statedMs.max * 1000,
  };
  return [
    row((study) => study.resp, `RESP, ${resp.method}`, (figures) => figures.latencyUs),
    row((study) => study.http, `HTTP, ${http.method}`, (figures) => figures.latencyUs),
    ...(http.correctedUs === null ? [] : [
      row((study) => study.http, 'HTTP, corrected for what the rate left out',
        (figures) => figures.correctedUs),
    ]),
    row((study) => study.http, 'HTTP, as autocannon states it', inUs),
    ...(http.withOutageUs === null ? [] : [
      row((study) => study.resp, 'RESP, through the crash', (figures) => figures.withOutageUs),
      row((study) => study.http, `HTTP, through the crash${http.correctedUs === null ? ''
        : ', corrected'}`, (figures) => figures.withOutageUs),
    ]),
  ];
}
