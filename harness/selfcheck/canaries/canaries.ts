// Known weaknesses of redis-server 7.0.15 as regressions: what it does, the verdict that it
// deserves, and the bundled engine's beside it.

import { targets } from '../../targets/targets.ts';
import type { Target } from '../../targets/target.ts';
import { fileCanaries } from './files.ts';
import type { Canary } from './files.ts';
import { liveCanaries, liveOutcome } from './live.ts';
import {
  bundledOutcome, noSyncOnRewrite, redisOutcome, whyNotRedis,
} from './no-sync-on-rewrite.ts';
import { furtherCanaries } from './predictions.ts';
import { outcomeOf } from './starts.ts';

/** What two servers did with one canary; null where redis-server could not be asked. */
export interface CanaryResult extends Canary {
  readonly redis: string | null;
  readonly bundled: string;
}

/** The version whose weaknesses are expected. */
export const documentedVersion = '7.0.15';

/** Asks both servers about the weaknesses that are known best, one canary after the other. */
export async function runCanaries(signal?: AbortSignal): Promise<CanaryResult[]> {
  const results = await askedAll(fileCanaries, outcomeOf, { lacks: null, signal });
  if (signal?.aborted === true) return results;
  const redis = await hasRedis() && whyNotRedis() === null
    ? await redisOutcome(targets.redis) : null;
  results.push({ ...noSyncOnRewrite, redis, bundled: await bundledOutcome() });
  return results;
}

/** Asks them about everything else that is said of redis-server and its files and disks. */
export async function runPredictions(signal?: AbortSignal): Promise<CanaryResult[]> {
  const files = await askedAll(furtherCanaries, outcomeOf, { lacks: null, signal });
  const lacks = whyNotRedis();
  return [...files, ...await askedAll(liveCanaries, liveOutcome, { lacks, signal })];
}

async function hasRedis(): Promise<boolean> {
  return (await targets.redis.locate()).kind === 'found';
}

async function askedAll<Kind extends Canary>(
  canaries: readonly Kind[],
  ask: (target: Target, canary: Kind) => Promise<string>,
  { lacks, signal }:
  { readonly lacks: string | null; readonly signal: AbortSignal | undefined },
): Promise<CanaryResult[]> {
  const results: CanaryResult[] = [];
  if (lacks !== null) return results;
  const redis = await hasRedis();
  for (const canary of canaries) {
    if (signal?.aborted === true) return results;
    results.push({
      ...canary,
      redis: redis ? await ask(targets.redis, canary) : null,
      bundled: await ask(targets.bundled, canary),
    });
  }
  return results;
}

/**
 * All of it as a Markdown table; whether every server did what is expected of it. After an
 * interrupt it is what was asked by then.
 */
export async function canaryTable(
  signal: AbortSignal,
): Promise<{ text: string; isAsExpected: boolean }> {
  const results = [...await runCanaries(signal), ...await runPredictions(signal)];
  const verdict = (result: CanaryResult, outcome: string | null): string => {
    if (outcome === null) return 'not asked: it, or /dev/fuse, is missing here';
    return `${result.isRight(outcome) ? 'pass' : 'FAIL'}: ${outcome}`;
  };
  const rows = results.map((each) => [
    each.name, each.what, verdict(each, each.redis), verdict(each, each.bundled),
  ]);
  const head = ['canary', 'what happens', `redis-server ${documentedVersion}`, 'bundled engine'];
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  const isAsExpected = results.every(({ redis, bundled, expected }) => (
    (redis === null || redis === expected.redis) && expected.bundled.includes(bundled)));
  const end = isAsExpected ? '' : '\nNot all did what is expected of them.\n';
  return { text: `${lines.join('\n')}\n${end}`, isAsExpected };
}
