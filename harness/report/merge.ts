// Records of shards → the record that the whole plan would have given on one machine.

import { HarnessError } from '../errors.ts';
import { worstVerdict } from './verdicts.ts';
import { acrossCells } from './comparisons.ts';
import { testbedDifferences } from './compare/compare.ts';
import type { CellRecord, RunRecord, ShardRecord } from './record.ts';

/** The folder, inside that of the merged run, for the files of a shard. */
export function shardFolder(index: number): string {
  return `shard-${index}`;
}

/**
 * Joins the records of all shards of one plan, in any order.
 * @throws {HarnessError} USAGE for records that are not the shards of one plan, when one is missing
 *   or there twice, and for different versions or (unless told) testbeds.
 */
export function mergeRecords(
  records: readonly RunRecord[], { acrossTestbeds }: { readonly acrossTestbeds: boolean },
): RunRecord {
  const shards = checkedShards(records);
  const [first] = shards;
  if (first === undefined) throw refused('expected at least one record of a shard');
  if (!acrossTestbeds) checkTestbeds(shards);
  checkCells(shards);
  const found = new Map(shards.flatMap(({ record, shard }) => (
    record.cells.map((cell) => [cell.id, movedFiles(cell, shard.index)] as const))));
  const cells = first.shard.planCells.flatMap((id) => found.get(id) ?? []);
  const sorted = records.map((record) => record.startedAt).sort();
  const { shard: _, ...record } = first.record;
  return {
    ...record,
    id: `${first.record.id.replace(/-shard\d+of\d+$/, '')}-merged`,
    verdict: worstVerdict(records.map(({ verdict }) => verdict)),
    interrupted: records.some(({ interrupted }) => interrupted),
    startedAt: sorted[0] ?? first.record.startedAt,
    tookMs: Math.max(...records.map(({ tookMs }) => tookMs)),
    plannedTrials: records.reduce((sum, { plannedTrials }) => sum + plannedTrials, 0),
    cells,
    ...acrossCells(cells),
    skipped: shards.flatMap((each) => each.record.skipped),
    failures: shards.flatMap((each) => each.record.failures),
  };
}

interface Part {
  readonly record: RunRecord;
  readonly shard: ShardRecord;
}

/** The shards in their order, each there once. */
function checkedShards(records: readonly RunRecord[]): Part[] {
  const shards = records.map((record): Part => {
    if (record.shard === undefined) throw refused(`${record.id} is not the record of a shard`);
    return { record, shard: record.shard };
  }).sort((one, other) => one.shard.index - other.shard.index);
  const [first, ...others] = shards;
  if (first === undefined) return [];
  for (const { record, shard } of others) {
    if (record.plugpull !== first.record.plugpull) {
      throw refused(`${record.id} is of Plugpull ${record.plugpull}, ${first.record.id} of `
        + first.record.plugpull);
    }
    if (shard.planHash !== first.shard.planHash || shard.count !== first.shard.count) {
      throw refused(`${record.id} and ${first.record.id} are shards of different plans: seed, `
        + 'flags and scenarios must be the same');
    }
  }
  const indexes = shards.map(({ shard }) => shard.index);
  const twice = indexes.find((index, at) => indexes.indexOf(index) !== at);
  if (twice !== undefined) throw refused(`shard ${twice}/${first.shard.count} is there twice`);
  const missing = Array.from({ length: first.shard.count }, (_, at) => at + 1)
    .filter((index) => !indexes.includes(index));
  if (missing.length > 0) {
    throw refused(`of ${first.shard.count} shards these are missing: ${missing.join(', ')}`);
  }
  return shards;
}

/** Shards of one plan that were balanced differently may leave a cell out, or run it twice. */
function checkCells(shards: readonly Part[]): void {
  const ids = shards.flatMap(({ record }) => record.cells.map((cell) => cell.id));
  const why = 'were the shards balanced by different --durations?';
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw refused(`two shards ran ${twice}: ${why}`);
  // What an interrupted shard did not reach is missing from it, and its record says so.
  if (shards.some(({ record }) => record.interrupted)) return;
  const left = shards[0]?.shard.planCells.find((id) => !ids.includes(id));
  if (left !== undefined) throw refused(`no shard ran ${left}: ${why}`);
}

function checkTestbeds([first, ...others]: readonly Part[]): void {
  for (const { record } of others) {
    const differences = first === undefined ? []
      : testbedDifferences(first.record.testbed, record.testbed);
    if (differences.length > 0) {
      throw refused(`${record.id} is from another testbed: ${differences.join('; ')}; `
        + '--across-testbeds joins them, with the testbed of the first');
    }
  }
}

/** The files of a shard lie in a folder of their own. */
function movedFiles(cell: CellRecord, index: number): CellRecord {
  return {
    ...cell,
    perTrial: cell.perTrial.map((trial) => ({
      ...trial,
      artefacts: Object.fromEntries(Object.entries(trial.artefacts).map(([name, path]) => (
        [name, `${shardFolder(index)}/${path}`]))),
    })),
  };
}

function refused(text: string): HarnessError {
  return new HarnessError('USAGE', `merge: ${text}`);
}
