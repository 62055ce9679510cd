// Records of earlier versions, read as today's. Schema 1 only ever gains fields: what a record was
// written without is filled in here as "not measured", once, before it is checked; nothing else of
// the house knows of older shapes. A field that changes its meaning would be schema 2.

import { shareBounds } from '../metrics/bounds.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fills in what a record of an earlier version lacks; one of today comes back as it is. */
export function upgraded(value: unknown): unknown {
  if (!isFields(value)) return value;
  const { testbed, cells } = value;
  // Every later version told the fingerprint, and before the cells: a record of today that was cut
  // in half is not taken for an old one.
  if (!isFields(testbed) || testbed['fingerprint'] !== undefined) return value;
  return {
    comparisons: [], noise: null, ...value,
    testbed: upgradedTestbed(testbed),
    cells: Array.isArray(cells) ? cells.map(upgradedCell) : cells,
  };
}

/** Then one call was timed, fdatasync, under the name of the other. */
function upgradedTestbed(testbed: Fields): Fields {
  return {
    mountOptions: 'not told', device: 'not told', governor: null,
    limits: { cpus: null, memoryBytes: null, openFiles: null },
    fdatasyncUs: testbed['fsyncUs'], fdatasyncUsAfter: testbed['fsyncUsAfter'] ?? null,
    loadAverage: { before: 0, after: 0 }, stealShare: null, fingerprint: 'not told', ...testbed,
  };
}

function upgradedCell(cell: unknown): unknown {
  if (!isFields(cell)) return cell;
  const { perTrial } = cell;
  return {
    furtherTrials: null, outliers: [], latencyWithOutageUs: null, ...cell,
    load: over({
      ratePercent: null, arrivals: 'even', profile: 'flat', distribution: 'uniform',
      valueSizes: 'fixed', readShare: 0,
    }, cell['load']),
    qps: over({ range: null }, cell['qps']),
    recoveryMs: over({ range: null }, cell['recoveryMs']),
    loss: upgradedLoss(cell['loss']),
    perTrial: !Array.isArray(perTrial) ? perTrial : perTrial.map((trial: unknown) => over({
      readsPerSecond: null, offeredPerSecond: null, latencyWithOutageUs: null, generator: null,
    }, trial)),
  };
}

function upgradedLoss(loss: unknown): unknown {
  if (!isFields(loss)) return loss;
  const [runs, lossy] = [Number(loss['runs']), Number(loss['runsWithLoss'])];
  return over({ shareBounds95: shareBounds(lossy, { trials: runs }) }, loss);
}

/** The fields of a value over defaults; what is no object stays as it is. */
function over(defaults: Fields, value: unknown): unknown {
  return isFields(value) ? { ...defaults, ...value } : value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
