// Known weaknesses of redis-server 7.0.15 as regressions: what it does, the verdict that it
// deserves, and the bundled engine's beside it.

import { targets } from '../../targets/targets.ts';
import { fileCanaries } from './files.ts';
import type { Canary } from './files.ts';
import {
  bundledOutcome, noSyncOnRewrite, redisOutcome, whyNotRedis,
} from './no-sync-on-rewrite.ts';
import { outcomeOf } from './starts.ts';

/** What two servers did with one canary; null where redis-server could not be asked. */
export interface CanaryResult extends Canary {
  readonly redis: string | null;
  readonly bundled: string;
}

/** The version whose weaknesses are expected. */
export const documentedVersion = '7.0.15';

/** Asks both servers, one canary after the other. */
export async function runCanaries(): Promise<CanaryResult[]> {
  const located = await targets.redis.locate();
  const hasRedis = located.kind === 'found';
  const results: CanaryResult[] = [];
  for (const canary of fileCanaries) {
    results.push({
      ...canary,
      redis: hasRedis ? await outcomeOf(targets.redis, canary) : null,
      bundled: await outcomeOf(targets.bundled, canary),
    });
  }
  const redis = hasRedis && whyNotRedis() === null ? await redisOutcome(targets.redis) : null;
  results.push({ ...noSyncOnRewrite, redis, bundled: await bundledOutcome() });
  return results;
}

/** All of it as a Markdown table; whether every server did what is expected of it. */
export async function canaryTable(): Promise<{ text: string; isAsExpected: boolean }> {
  const results = await runCanaries();
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
