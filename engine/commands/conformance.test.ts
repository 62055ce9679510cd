// One table of commands and answers, for this engine and for redis-server 7.0.15, in both
// protocols. Where the two differ, the row names the line of COMPAT.md that says why.
import test from 'ava';
import { readFileSync } from 'node:fs';
import type { Session } from './session.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { hasRedisServer, RedisProcess, skippedWithoutRedis } from './test-support/redis-process.ts';
import type { RawClient } from './test-support/redis-process.ts';
import { runRow } from './test-support/rows.ts';
import type { Row, RowServer } from './test-support/rows.ts';
import { bitmapRows } from './testdata/bitmaps.rows.ts';
import { clientRows } from './testdata/client.rows.ts';
import { commandRows } from './testdata/command.rows.ts';
import { connectionRows } from './testdata/connection.rows.ts';
import { counterRows } from './testdata/counters.rows.ts';
import { copyRows } from './testdata/copy.rows.ts';
import { expiryRows } from './testdata/expiry.rows.ts';
import { fieldDeadlineRows } from './testdata/field-deadlines.rows.ts';
import { hashRows } from './testdata/hashes.rows.ts';
import { hyperloglogRows } from './testdata/hyperloglog.rows.ts';
import { keyRows } from './testdata/keys.rows.ts';
import { listMoveRows } from './testdata/list-moves.rows.ts';
import { listRows } from './testdata/lists.rows.ts';
import { monitorRows } from './testdata/monitor.rows.ts';
import { pubsubRows } from './testdata/pubsub.rows.ts';
import { scanRows } from './testdata/scan.rows.ts';
import { sortRows } from './testdata/sort.rows.ts';
import { debugRows, serializationRows } from './testdata/serialization.rows.ts';
import { serverRows } from './testdata/server.rows.ts';
import { stringRows } from './testdata/strings.rows.ts';
import { setRows } from './testdata/set.rows.ts';
import { setAlgebraRows } from './testdata/set-algebra.rows.ts';
import { setMemberRows } from './testdata/sets.rows.ts';
import { sortedSetCombiningRows } from './testdata/sorted-set-combining.rows.ts';
import { sortedSetPoppingRows } from './testdata/sorted-set-popping.rows.ts';
import { sortedSetRangeRows } from './testdata/sorted-set-ranges.rows.ts';
import { sortedSetRows } from './testdata/sorted-sets.rows.ts';
import { transactionRows } from './testdata/transactions.rows.ts';

const tables: Readonly<Record<string, readonly Row[]>> = {
  hashes: hashRows, 'field deadlines': fieldDeadlineRows, copy: copyRows, sort: sortRows,
  bitmaps: bitmapRows, hyperloglog: hyperloglogRows, strings: stringRows, set: setRows,
  counters: counterRows, keys: keyRows, scan: scanRows,
  sets: setMemberRows, 'set algebra': setAlgebraRows, 'sorted sets': sortedSetRows,
  'sorted set ranges': sortedSetRangeRows, 'sorted set combining': sortedSetCombiningRows,
  'sorted set popping': sortedSetPoppingRows,
  expiry: expiryRows, transactions: transactionRows, connection: connectionRows,
  lists: listRows, 'list moves': listMoveRows, pubsub: pubsubRows,
  client: clientRows, monitor: monitorRows, command: commandRows, server: serverRows,
  serialization: serializationRows, debug: debugRows,
};
const allRows = Object.values(tables).flat();
const protocols = [2, 3] as const;

function engineServer(protocol: 2 | 3): RowServer {
  const server = new InProcessServer();
  const sessions = new Map([[1, server.context.session]]);
  if (protocol === 3) server.send(server.context.session, ['HELLO', '3']);
  const sessionOf = (connection: number): Session => {
    const known = sessions.get(connection);
    if (known !== undefined) return known;
    const session = server.connect();
    sessions.set(connection, session);
    if (protocol === 3) server.send(session, ['HELLO', '3']);
    return session;
  };
  return {
    isRedis: false,
    nowMs: () => server.nowMs,
    sleep: async (milliseconds) => {
      server.nowMs += milliseconds;
    },
    send: async (connection, parts) => server.send(sessionOf(connection), parts),
  };
}

function redisServer(redis: RedisProcess, protocol: 2 | 3): RowServer & { close(): void } {
  const clients = new Map<number, Promise<RawClient>>();
  const open: RawClient[] = [];
  const connect = async (): Promise<RawClient> => {
    const client = await redis.connect();
    open.push(client);
    if (protocol === 3) await client.send(['HELLO', '3']);
    return client;
  };
  return {
    isRedis: true,
    nowMs: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    send: async (connection, parts, wantsReply) => {
      const known = clients.get(connection) ?? connect();
      clients.set(connection, known);
      const client = await known;
      if (wantsReply) return client.send(parts);
      client.sendOnly(parts);
      return '';
    },
    close: () => {
      for (const client of open) client.close();
    },
  };
}

for (const [name, rows] of Object.entries(tables)) {
  test(`${name}: ${rows.length} rows in process, RESP2 and RESP3`, async (t) => {
    const problems: string[] = [];
    for (const protocol of protocols) {
      for (const row of rows) {
        problems.push(...await runRow(row, engineServer(protocol), protocol));
      }
    }
    t.deepEqual(problems, []);
  });
}

const withRedis = hasRedisServer ? test : test.skip;

for (const protocol of protocols) {
  const title = `the same rows against redis-server, RESP${protocol}`;
  withRedis(hasRedisServer ? title : `${title} ${skippedWithoutRedis}`, async (t) => {
    const redis = await RedisProcess.start();
    try {
      const control = await redis.connect();
      const problems: string[] = [];
      for (const row of allRows.filter(({ since }) => since === undefined)) {
        await control.send(['FLUSHALL']);
        const server = redisServer(redis, protocol);
        problems.push(...await runRow(row, server, protocol));
        server.close();
      }
      control.close();
      t.deepEqual(problems, []);
    } finally {
      await redis.stop();
    }
  });
}

test('the table is large, its names are unique', (t) => {
  t.true(allRows.length >= 300, `${allRows.length} rows`);
  t.is(new Set(allRows.map(({ name }) => name)).size, allRows.length);
});

test('COMPAT.md explains every difference, and each line of it is shown by a row', (t) => {
  const compat = readFileSync(new URL('../../COMPAT.md', import.meta.url), 'utf8');
  const explained = [...compat.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1] ?? '');
  const shown = new Set(allRows.flatMap((row) => row.compat ?? []));
  t.deepEqual([...shown].filter((id) => !explained.includes(id)), []);
  t.deepEqual(explained.filter((id) => !shown.has(id)), []);
  const silent = allRows.filter((row) =>
    row.compat === undefined && row.steps.some(([, , options]) => options?.redis !== undefined));
  t.deepEqual(silent.map(({ name }) => name), []);
});
