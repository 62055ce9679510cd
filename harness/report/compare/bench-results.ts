// What `npm run bench -- --json` prints, and two of them compared: the ratios to the peer of each
// round, which ran beside it, so that a faster machine changes nothing.

import * as v from 'valibot';
import { compareMetrics } from '../../metrics/comparison.ts';
import { median } from '../../metrics/statistics.ts';
import { identityDifferences } from '../../metrics/testbed.ts';
import type { Testbed } from '../../metrics/testbed.ts';
import type { Comparison } from './compare.ts';

/** One measured thing beside its peer. */
export interface BenchFigure {
  readonly name: string;
  readonly unit: string;
  /** ours ÷ theirs, round by round; null where there is no peer. */
  readonly ratios: readonly number[] | null;
}

/** The results of one run of the benches. */
export interface BenchFigures {
  /** How it is named in the comparison. */
  readonly id: string;
  readonly figures: readonly BenchFigure[];
  /** Where it ran; null of earlier versions. */
  readonly testbed: Omit<Testbed, 'fingerprint'> | null;
}

const ratioSchema = v.pipe(v.number(), v.finite(), v.gtValue(0));
const orNull = v.nullable(v.number());
const testbedSchema = v.object({
  cpu: v.string(), cores: v.number(), memoryBytes: v.number(), kernel: v.string(), fs: v.string(),
  mountOptions: v.string(), device: v.string(), governor: v.nullable(v.string()),
  node: v.string(), limits: v.object({ cpus: orNull, memoryBytes: orNull, openFiles: orNull }),
});
const schema = v.object({ testbed: v.optional(testbedSchema), results: v.array(v.object({
  name: v.string(), unit: v.string(),
  ratio: v.nullable(v.object({ rounds: v.array(ratioSchema) })),
})) });

/**
 * Reads what a bench printed; null when it is something else. npm says which script it runs above
 * it, unless it is told to be silent, so it begins with the first line that begins with a brace.
 */
export function parseBench(text: string, id: string): BenchFigures | null {
  const result = v.safeParse(schema, jsonOrNull(text.slice(Math.max(0, text.search(/^\{/m)))));
  if (!result.success) return null;
  const figures = result.output.results.map(({ name, unit, ratio }) => (
    { name, unit, ratios: ratio?.rounds ?? null }));
  return { id, figures, testbed: result.output.testbed ?? null };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** A change of a ratio smaller than this does not matter. */
const minimumEffect = 0.05;

/** Compares the ratios of everything that both have measured beside a peer. */
export function compareBenches(before: BenchFigures, after: BenchFigures): Comparison {
  const earlier = new Map(before.figures.map((figure) => [figure.name, figure]));
  const left: { cell: string; reason: string }[] = [];
  const pairs = after.figures.flatMap((figure) => {
    const other = earlier.get(figure.name);
    earlier.delete(figure.name);
    if (figure.ratios !== null && other !== undefined && other.ratios !== null) {
      return [{ figure, samples: { before: other.ratios, after: figure.ratios } }];
    }
    const reason = other === undefined ? 'only in the later run' : 'no peer ran beside it';
    left.push({ cell: figure.name, reason });
    return [];
  });
  for (const cell of earlier.keys()) left.push({ cell, reason: 'only in the earlier run' });
  const compared = compareMetrics(pairs.map(({ figure, samples }) => ({
    ...samples, name: 'ours ÷ theirs', paired: false, noiseFloor: null, minimumEffect,
    better: figure.unit === 'operations a second' ? 'higher' as const : 'lower' as const,
  })));
  const metrics = pairs.flatMap(({ figure, samples }, at) => {
    const result = compared[at];
    return result === undefined ? [] : [{
      ...result, cell: figure.name, unit: `(${figure.unit})`,
      beforeMedian: median(samples.before), afterMedian: median(samples.after),
      trials: Math.min(samples.before.length, samples.after.length),
    }];
  });
  const testbed = before.testbed === null || after.testbed === null ? []
    : identityDifferences(before.testbed, after.testbed);
  return { before: before.id, after: after.id, metrics, broken: [], left, testbed };
}
