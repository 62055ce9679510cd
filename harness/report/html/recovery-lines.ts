// Who came back, by size of the data: each setting, and each form of files that a study of recovery
// tried. The section on downtime draws a bar for each of their sizes and a line over them.

import { recoveryForms } from '../../plan/studies.ts';
import { bytesText } from '../../plan/units.ts';
import type { CellRecord } from '../record.ts';
import { studyLook } from './chart.ts';
import type { Look } from './chart.ts';
import { recoveriesOf } from './model.ts';
import type { Model, Recovery } from './model.ts';

/** One line of recoveries, ascending by size. */
export interface RecoveryLine {
  readonly label: string;
  readonly look: Look;
  readonly recoveries: readonly Recovery[];
}

/** Lines that belong into one chart; `title` says what they have in common. */
export interface RecoveryGroup {
  readonly title: string;
  readonly lines: readonly RecoveryLine[];
}

/** The settings of each target, then the forms of each study; groups without a recovery are out. */
export function recoveryGroups(model: Model): RecoveryGroup[] {
  return [...model.targets.map((target) => settingsOf(model, target)), ...studiesOf(model)]
    .map(({ title, lines }) => (
      { title, lines: lines.filter(({ recoveries }) => recoveries.length > 0) }))
    .filter(({ lines }) => lines.length > 0);
}

function settingsOf({ targets, entries }: Model, target: string): RecoveryGroup {
  const lines = entries.filter((entry) => entry.target === target).flatMap((entry) => (
    fileSystemsOf(entry.recoveries).map((fileSystem): RecoveryLine => ({
      label: fileSystem === null ? entry.setting : `${entry.setting} on ${fileSystem}`,
      look: entry.look,
      recoveries: entry.recoveries.filter((each) => each.fileSystem === fileSystem),
    }))));
  return { title: targets.length > 1 ? target : '', lines };
}

function fileSystemsOf(recoveries: readonly Recovery[]): Recovery['fileSystem'][] {
  return [...new Set(recoveries.map(({ fileSystem }) => fileSystem))];
}

/** One group for each target, page cache and file system that forms were tried with. */
function studiesOf({ record }: Model): RecoveryGroup[] {
  const groups = new Map<string, CellRecord[]>();
  for (const cell of record.cells) {
    if (cell.study?.kind !== 'recovery') continue;
    const [block] = cell.perTrial.flatMap(({ cuts }) => cuts.flatMap((cut) => cut.block ?? []));
    const ground = block === undefined ? '' : `, ${block.fileSystem}`;
    const title = `${cell.target.name} ${cell.target.version}, ${cell.study.cache} page cache`
      + ground;
    groups.set(title, [...groups.get(title) ?? [], cell]);
  }
  return [...groups].map(([title, cells]) => ({
    title,
    lines: [...Map.groupBy(cells, lineLabel)].map(([label, own], at): RecoveryLine => {
      // A form looks alike in every chart; one of several value sizes has a look of its own.
      const [form] = recoveryForms.filter((each) => each === label);
      const position = form === undefined ? at : recoveryForms.indexOf(form);
      return { label, look: studyLook(position), recoveries: recoveriesOf(own) };
    }),
  }));
}

/** The form, and the size of the values where several were tried. */
function lineLabel({ study }: CellRecord): string {
  if (study?.kind !== 'recovery') return '';
  const { form, valueSizeBytes } = study;
  return valueSizeBytes === undefined ? form : `${form}, values of ${bytesText(valueSizeBytes)}`;
}
