// What a workload is: plain numbers from which every operation of every client follows.

import { HarnessError } from '../errors.ts';
import { distributionExpected, isDistribution } from './key-distribution.ts';
import type { KeyDistribution } from './key-distribution.ts';
import { isValueSizes, valueSizesExpected } from './value-sizes.ts';
import type { ValueSizes } from './value-sizes.ts';

/** The mixes of operations, see operations.ts for what each one sends. */
export const mixNames = ['set', 'chaos', 'full'] as const;

/**
 * `set`: plain SETs, for QPS. `chaos`: SET, INCR, DEL, absolute expiry, MULTI pairs, witnesses.
 * `full`: that and lists, hashes, sets, sorted sets, in two databases, with FLUSHALL and SWAPDB.
 */
export type MixName = (typeof mixNames)[number];

/** Everything an operation depends on besides its client and sequence. */
export interface WorkloadSpec {
  /** Any safe integer ≥ 0; two seeds give unrelated operations and values. */
  readonly seed: number;
  /** Connections, numbered from 0; 1 to 65,535. */
  readonly clients: number;
  /** Plain keys of each client; 1 (but for `set`: 2) to 99,999,999. The rest comes on top. */
  readonly keysPerClient: number;
  /** Exact size of each value in bytes; at least `minimumValueSizeBytes`. */
  readonly valueSizeBytes: number;
  readonly mix: MixName;
  /** Which keys are taken; `uniform` unless given. */
  readonly distribution?: KeyDistribution;
  /** How long values are; `fixed` (valueSizeBytes) unless given. */
  readonly valueSizes?: ValueSizes;
  /** Wall clock at which the load starts, in ms: the base of absolute deadlines. */
  readonly startWallMs: number;
}

/** A value holds its client, its sequence and at least 15 bytes of pattern. */
export const minimumValueSizeBytes = 32;

/** proto-max-bulk-len of a stock server: a longer value is refused. */
export const maximumValueSizeBytes: number = 512 * 1024 * 1024;

interface Range {
  readonly field: 'seed' | 'clients' | 'keysPerClient' | 'valueSizeBytes' | 'startWallMs';
  readonly minimum: number;
  readonly maximum: number;
}

// startWallMs ends where 13 decimal digits do (the year 2286), less the hours that deadlines add.
const ranges: readonly Range[] = [
  { field: 'seed', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  { field: 'clients', minimum: 1, maximum: 65_535 },
  { field: 'keysPerClient', minimum: 1, maximum: 99_999_999 },
  { field: 'valueSizeBytes', minimum: minimumValueSizeBytes, maximum: maximumValueSizeBytes },
  { field: 'startWallMs', minimum: 1_000_000_000_000, maximum: 9_999_900_000_000 },
];

/**
 * Checks a workload from anywhere (a scenario, the header of a ledger) and returns it typed.
 * @throws {HarnessError} SCENARIO_BAD when a field is missing or out of range; names it.
 */
export function parseWorkload(value: unknown): WorkloadSpec {
  if (typeof value !== 'object' || value === null) {
    throw bad('workload', 'an object', value);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const mix = mixNames.find((name) => name === fields['mix']);
  if (mix === undefined) throw bad('mix', mixNames.join(' or '), fields['mix']);
  const numbers = ranges.map((range) => integerIn(fields[range.field], range));
  const [seed, clients, keysPerClient, valueSizeBytes, startWallMs] = numbers as
    [number, number, number, number, number];
  if (mix !== 'set' && keysPerClient < 2) {
    throw bad('keysPerClient', `at least 2 with mix ${mix}, which writes pairs`, keysPerClient);
  }
  return {
    seed, clients, keysPerClient, valueSizeBytes, mix, startWallMs, ...shapeOf(fields),
  };
}

function shapeOf(
  { distribution = 'uniform', valueSizes = 'fixed' }: Readonly<Record<string, unknown>>,
): Required<Pick<WorkloadSpec, 'distribution' | 'valueSizes'>> {
  if (!isDistribution(distribution)) {
    throw bad('distribution', distributionExpected, distribution);
  }
  if (!isValueSizes(valueSizes)) throw bad('valueSizes', valueSizesExpected, valueSizes);
  return { distribution, valueSizes };
}

function integerIn(value: unknown, range: Range): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)
    && value >= range.minimum && value <= range.maximum) {
    return value;
  }
  throw bad(range.field, `an integer from ${range.minimum} to ${range.maximum}`, value);
}

function bad(field: string, expected: string, found: unknown): HarnessError {
  return new HarnessError('SCENARIO_BAD',
    `workload: ${field}: expected ${expected}, found ${JSON.stringify(found) ?? 'nothing'}`);
}
