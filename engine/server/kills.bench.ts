// kill -9 at many random moments: node engine/server/kills.bench.ts [kills] [seed]
import { hasRedis } from './test-support/bench/servers.ts';
import { killAgainAndAgain } from './test-support/kills/kills.ts';

const kills = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? 20261130);
const report = await killAgainAndAgain({ kills, seed, redis: await hasRedis() });
process.stdout.write(`seed ${seed}: ${JSON.stringify(report, null, 1)}\n`);
process.exit(report.findings.length === 0 ? 0 : 1);
