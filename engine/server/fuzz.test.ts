// A few thousand inputs of the fuzzer, whose long run is `npm run fuzz`; and the fuzzer's own eyes.
import test from 'ava';
import { hasRedis } from './test-support/bench/servers.ts';
import { compareWithRedis } from './test-support/fuzz/differential.ts';
import { fuzz } from './test-support/fuzz/fuzzer.ts';
import { wholeReplies } from './test-support/fuzz/replies.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

// Before the first test: AVA wants all of them declared in one go.
const redisThere = await hasRedis();

test(`4000 damaged inputs are borne (FUZZ_SEED=${seed})`, async (t) => {
  const report = await fuzz(seed, 4000);
  t.is(report.failure, null);
  t.true(report.closed > 100, `${report.closed} closed`);
  t.true(report.replies > 3000, `${report.replies} replies`);
});

const compared = `400 damaged inputs are answered as by redis-server (FUZZ_SEED=${seed})`;
if (redisThere) {
  test(compared, async (t) => {
    const { differences } = await compareWithRedis(seed, 400);
    t.deepEqual(differences, []);
  });
} else {
  test.skip(`${compared} (skipped: redis-server is not on the PATH)`, () => {});
}

const wholes: readonly (readonly [bytes: string, count: number, errors: number])[] = [
  ['', 0, 0], ['+OK\r\n', 1, 0], ['-ERR x\r\n:1\r\n', 2, 1], ['$-1\r\n$2\r\nab\r\n', 2, 0],
  ['*2\r\n*1\r\n:1\r\n$0\r\n\r\n', 1, 0], ['%1\r\n+a\r\n_\r\n', 1, 0], ['*-1\r\n', 1, 0],
];
for (const [bytes, count, errors] of wholes) {
  test(`whole replies: ${JSON.stringify(bytes)}`, (t) => {
    t.deepEqual(wholeReplies(Buffer.from(bytes)), { count, errors });
  });
}

for (const bytes of ['+OK', '$2\r\nabc\r\n', '*2\r\n:1\r\n', '$5\r\nab\r\n', 'x\r\n', '*x\r\n']) {
  test(`no whole replies: ${JSON.stringify(bytes)}`, (t) => {
    t.is(typeof wholeReplies(Buffer.from(bytes)), 'string');
  });
}
