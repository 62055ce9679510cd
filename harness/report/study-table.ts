// The tables of studies: recovery form by form with its growth, background work before, during and
// after, HTTP beside RESP. Rows of texts; the terminal and the Markdown summary lay them out.

import { median } from '../metrics/statistics.ts';
import type { Study } from '../plan/studies.ts';
import { bytesText, groupedText, significant } from '../plan/units.ts';
import type { CellRecord, RunRecord } from './record.ts';
import { growthsOf, studyName } from './study-growth.ts';
import type { GrowthRecord } from './study-growth.ts';
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
      recoveryTable(recovery), ...growthTables(recovery, 'recovery'),
    ]),
    ...(snapshot.length === 0 ? [] : [
      snapshotTable(snapshot), ...growthTables(snapshot, 'snapshot'),
    ]),
    ...(http.length === 0 ? [] : [httpTable(http)]),
  ];
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
    studyName(cell), keys === null ? none : groupedText(keys),
    bytes === null ? none : bytesText(bytes),
    seconds(middle(cell.perTrial, ({ cuts: [cut] }) => cut?.block?.mountMs ?? null)),
    seconds(recoveryMs?.phases.listening ?? null), seconds(recoveryMs?.phases.loading ?? null),
    seconds(recoveryMs?.phases.firstRead ?? null), seconds(readyMs),
    seconds(middle(studies, (study) => study.backMs)),
    seconds(middle(studies, (study) => study.generatorMs)),
    each(keys, 1000), each(bytes, 1e6), cell.verdict,
  ];
}

interface GrowthKind {
  readonly kind: Study['kind'];
  readonly title: string;
  /** Of the column of names. */
  readonly head: string;
  /** Of the slope, and what one ms for one of the size is in it. */
  readonly slope: readonly [unit: string, scale: number];
  /** Of the time for nothing at all. */
  readonly start: readonly [unit: string, scale: number];
}

const inSeconds = ['start, s', 0.001] as const;
const inMs = ['start, ms', 1] as const;
const form = 'form / page cache';

const growthKinds: Readonly<Record<string, GrowthKind>> = {
  'firstWriteMs keys': {
    kind: 'recovery', title: 'Growth of the time to the first write', head: form,
    slope: ['µs a key', 1000], start: inSeconds,
  },
  'firstWriteMs diskBytes': {
    kind: 'recovery', title: 'Growth of the time to the first write by bytes of all files',
    head: form, slope: ['s a GB', 1e6], start: inSeconds,
  },
  'firstWriteMs tailCommands': {
    kind: 'recovery', title: 'Growth by the length of the log behind its base',
    head: 'keys / page cache', slope: ['µs a command', 1000], start: inSeconds,
  },
  'tookMs keys': {
    kind: 'snapshot', title: 'Growth of the time that the work takes', head: 'work',
    slope: ['µs a key', 1000], start: inSeconds,
  },
  'tookMs ratePerSecond': {
    kind: 'snapshot', title: 'Growth of the time that the work takes by writes a second',
    head: 'work', slope: ['ms for 1,000 writes/s', 1000], start: inSeconds,
  },
  'duringP99Ms keys': {
    kind: 'snapshot', title: 'Growth of the p99 during the work', head: 'work',
    slope: ['ms for 1,000,000 keys', 1e6], start: inMs,
  },
  'duringP99Ms ratePerSecond': {
    kind: 'snapshot', title: 'Growth of the p99 during the work by writes a second', head: 'work',
    slope: ['ms for 1,000 writes/s', 1000], start: inMs,
  },
};

/** A table for each measure and size: the slope is what one more costs, the start the rest. */
function growthTables(cells: readonly CellRecord[], kind: Study['kind']): StudyTable[] {
  const groups = Map.groupBy(growthsOf(cells), ({ measure, by }) => `${measure} ${by}`);
  return [...groups].flatMap(([name, growths]) => {
    const found = growthKinds[name];
    if (found === undefined || found.kind !== kind) return [];
    const { title, head, slope, start } = found;
    const heads = [head, 'growth', start[0], slope[0], 'residual, ms', 'worst point'];
    return [{ kind, title, rows: [heads, ...growths.map((each) => growthRow(each, found))] }];
  });
}

function growthRow(each: GrowthRecord, { slope, start }: GrowthKind): string[] {
  const text = (value: number | null, scale: number): string => (
    value === null ? none : significant(value * scale));
  return [
    each.name, each.growth, text(each.startMs, start[1]), text(each.slopeMs, slope[1]),
    text(each.residualMs, 1),
    each.worstShare === null ? none : `${significant(each.worstShare * 100)} %`,
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
    studyName(cell), groupedText(cell.preloadKeys), seconds(one((study) => study.tookMs)),
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
      studyName(cell).replace(/http$/, label.startsWith('RESP') ? 'resp' : 'http'), label,
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
