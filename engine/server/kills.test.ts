// A few kills here; 200 of them: node engine/server/kills.bench.ts 200
import test from 'ava';
import { hasRedis } from './test-support/bench/servers.ts';
import { killAgainAndAgain } from './test-support/kills/kills.ts';

const seed = 20261130;
const kills = 3;
const redis = await hasRedis();
const note = redis ? '' : ' (without redis-server, which is not here)';

test(`${kills} kills while saving and rewriting, always: nothing acknowledged is lost${note}`,
  async (t) => {
    t.timeout(120_000);
    const report = await killAgainAndAgain({ kills, seed, redis });
    t.log(`seed ${seed}: ${JSON.stringify(report)}`);
    t.deepEqual(report.findings, []);
    t.is(report.kills, kills);
    t.true(report.acknowledged > 0);
    t.true(report.savesSeen >= kills && report.rewritesSeen >= kills);
    t.is(report.redisLoads, redis ? kills : 0);
  });
