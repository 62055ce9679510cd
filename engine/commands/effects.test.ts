// What the log gets for each command: absolute times, results instead of floats, nothing for what
// changed nothing, DEL for what expired.
import test from 'ava';
import { InProcessServer } from './test-support/in-process.ts';
import { splitCommand } from './test-support/replies.ts';
import { setChanges, setEffects } from './testdata/sets.effects.ts';

/** The string "v", as DUMP answers it. */
const restorable = '"\\x00\\x01v\\x0a\\x00\\x91\\x08\\xce\\xb2\\x198\\x8a\\xce"';

/** The clock of the in-process server stands at 1,700,000,000,000 ms. */
const rows: readonly (readonly [name: string, commands: string, logged: string])[] = [
  ['a plain SET as it came', 'SET k v', '0 SET k v'],
  ['SET EX', 'SET k v EX 100', '0 SET k v PXAT 1700000100000'],
  ['SET PX', 'SET k v PX 5', '0 SET k v PXAT 1700000000005'],
  ['SET EXAT', 'SET k v EXAT 1800000000', '0 SET k v PXAT 1800000000000'],
  ['SET PXAT', 'SET k v PXAT 1800000000123', '0 SET k v PXAT 1800000000123'],
  ['SET in the past', 'SET k v PXAT 5', '0 SET k v PXAT 5'],
  ['SET NX', 'SET k v NX', '0 SET k v NX'],
  ['SET NX that fails', 'SET k 1; SET k 2 NX', '0 SET k 1'],
  ['SET XX that fails', 'SET k 1 XX', ''],
  ['SET NX EX', 'SET k v NX EX 1', '0 SET k v PXAT 1700000001000'],
  ['SET GET', 'SET k v GET', '0 SET k v'],
  ['SET GET EX', 'SET k v GET EX 1', '0 SET k v PXAT 1700000001000'],
  ['SET KEEPTTL', 'SET k v KEEPTTL', '0 SET k v KEEPTTL'],
  ['SET KEEPTTL GET', 'SET k v KEEPTTL GET', '0 SET k v KEEPTTL'],
  ['SETNX', 'SETNX k 1; SETNX k 2', '0 SETNX k 1'],
  ['SETEX', 'SETEX k 10 v', '0 SET k v PXAT 1700000010000'],
  ['PSETEX', 'PSETEX k 10 v', '0 SET k v PXAT 1700000000010'],
  ['GETSET', 'GETSET k v', '0 SET k v'],
  ['GETDEL', 'SET k v; GETDEL k; GETDEL k', '0 SET k v|0 DEL k'],
  ['GETEX without options', 'SET k v; GETEX k', '0 SET k v'],
  ['GETEX EX', 'SET k v; GETEX k EX 1', '0 SET k v|0 PEXPIREAT k 1700000001000'],
  ['GETEX in the past', 'SET k v; GETEX k PXAT 1', '0 SET k v|0 DEL k'],
  ['GETEX PERSIST', 'SET k v EX 1; GETEX k PERSIST; GETEX k PERSIST',
    '0 SET k v PXAT 1700000001000|0 PERSIST k'],
  ['APPEND and SETRANGE', 'APPEND k a; SETRANGE k 3 b; SETRANGE k 9 ""',
    '0 APPEND k a|0 SETRANGE k 3 b'],
  ['MSET', 'MSET a 1 b 2', '0 MSET a 1 b 2'],
  ['MSETNX', 'MSETNX a 1; MSETNX a 2 b 3', '0 MSETNX a 1'],
  ['counters', 'INCR k; DECR k; INCRBY k 5; DECRBY k 2',
    '0 INCR k|0 DECR k|0 INCRBY k 5|0 DECRBY k 2'],
  ['counters beyond 2^53', 'INCRBY k 9007199254740993; INCR k',
    '0 INCRBY k 9007199254740993|0 INCR k'],
  ['counters that fail', 'SET k x; INCR k', '0 SET k x'],
  ['INCRBYFLOAT', 'INCRBYFLOAT k 1.5', '0 SET k 1.5 KEEPTTL'],
  ['DEL', 'SET a 1; DEL a b; DEL a', '0 SET a 1|0 DEL a b'],
  ['UNLINK', 'SET a 1; UNLINK a', '0 SET a 1|0 UNLINK a'],
  ['RENAME', 'SET a 1; RENAME a b; RENAME b b; RENAMENX b c',
    '0 SET a 1|0 RENAME a b|0 RENAMENX b c'],
  ['EXPIRE', 'SET k v; EXPIRE k 10; PEXPIRE k 10; EXPIREAT k 1800000000; PEXPIREAT k 1800000000001',
    '0 SET k v|0 PEXPIREAT k 1700000010000|0 PEXPIREAT k 1700000000010'
    + '|0 PEXPIREAT k 1800000000000|0 PEXPIREAT k 1800000000001'],
  ['EXPIRE in the past', 'SET k v; EXPIRE k -1; EXPIRE k 5', '0 SET k v|0 DEL k'],
  ['EXPIRE that fails', 'SET k v; EXPIRE k 5 XX', '0 SET k v'],
  ['PERSIST', 'SET k v EX 10; PERSIST k; PERSIST k', '0 SET k v PXAT 1700000010000|0 PERSIST k'],
  ['reading an expired key', 'SET k v PX 5; sleep 10; GET k; GET k',
    '0 SET k v PXAT 1700000000005|0 DEL k'],
  ['writing an expired key', 'SET k 5 PX 5; sleep 10; INCR k',
    '0 SET k 5 PXAT 1700000000005|0 DEL k|0 INCR k'],
  ['SET over an expired key', 'SET k 5 PX 5; sleep 10; SET k v',
    '0 SET k 5 PXAT 1700000000005|0 SET k v'],
  ['DEL of an expired key', 'SET k v PX 5; sleep 10; DEL k',
    '0 SET k v PXAT 1700000000005|0 DEL k'],
  ['SCAN of an expired key', 'SET k v PX 5; sleep 10; SCAN 0',
    '0 SET k v PXAT 1700000000005|0 DEL k'],
  ['KEYS of an expired key', 'SET k v PX 5; sleep 10; KEYS *', '0 SET k v PXAT 1700000000005'],
  ['other databases', 'SELECT 3; SET k v; SET k v EX 1', '3 SET k v|3 SET k v PXAT 1700000001000'],
  ['RESTORE', `RESTORE k 0 ${restorable}; RESTORE k 0 ${restorable}; DUMP k`,
    `0 RESTORE k 0 ${restorable}`],
  ['RESTORE with a time to live', `RESTORE k 5000 ${restorable} REPLACE FREQ 3`,
    `0 RESTORE k 1700000005000 ${restorable} REPLACE FREQ 3 ABSTTL`],
  ['RESTORE with a deadline', `RESTORE k 1800000000000 ${restorable} ABSTTL`,
    `0 RESTORE k 1800000000000 ${restorable} ABSTTL`],
  ['RESTORE in the past', `RESTORE k 1 ${restorable} ABSTTL; SET k v;`
    + ` RESTORE k 1 ${restorable} ABSTTL REPLACE`, '0 SET k v|0 DEL k'],
  ['DEBUG POPULATE', 'DEBUG POPULATE 3', ''],
  ['FLUSHALL, FLUSHDB, SWAPDB', 'FLUSHALL; FLUSHDB ASYNC; SWAPDB 0 1',
    '0 FLUSHALL|0 FLUSHDB ASYNC|0 SWAPDB 0 1'],
  ['COPY and MOVE', 'SET a 1; COPY a b; COPY a b; COPY a b DB 1 REPLACE; MOVE a 2; MOVE a 2',
    '0 SET a 1|0 COPY a b|0 COPY a b DB 1 REPLACE|0 MOVE a 2'],
  ['COPY over an expired key', 'SET a 1; SET b 2 PX 5; sleep 10; COPY a b',
    '0 SET a 1|0 SET b 2 PXAT 1700000000005|0 DEL b|0 COPY a b'],
  ['MOVE to an expired key', 'SELECT 1; SET a 2 PX 5; SELECT 0; SET a 1; sleep 10; MOVE a 1',
    '1 SET a 2 PXAT 1700000000005|0 SET a 1|1 DEL a|0 MOVE a 1'],
  ['SORT', 'RPUSH l 2 1; SORT l; SORT l STORE d; SORT x STORE d; SORT x STORE d',
    '0 RPUSH l 2 1|0 SORT l STORE d|0 SORT x STORE d'],
  ['SORT by an expired key', 'RPUSH l 2 1; SET w_2 0 PX 5; sleep 10; SORT l BY w_* STORE d',
    '0 RPUSH l 2 1|0 SET w_2 0 PXAT 1700000000005|0 DEL w_2|0 SORT l BY "w_*" STORE d'],
  ['HSET and HDEL', 'HSET h a 1 b 2; HSETNX h a 1; HSETNX h c 1; HMSET h d 1; HDEL h a x; HDEL h x',
    '0 HSET h a 1 b 2|0 HSETNX h c 1|0 HMSET h d 1|0 HDEL h a x'],
  ['HINCRBY', 'HINCRBY h a 5; HINCRBY h a x; HINCRBYFLOAT h a 0.5',
    '0 HINCRBY h a 5|0 HSET h a 5.5'],
  ['HINCRBYFLOAT of a field with a deadline',
    'HSET h a 1; HEXPIRE h 10 FIELDS 1 a; HINCRBYFLOAT h a 1',
    '0 HSET h a 1|0 HPEXPIREAT h 1700000010000 FIELDS 1 a|0 HSETEX h KEEPTTL FIELDS 1 a 2'],
  ['HEXPIRE and its kin',
    'HSET h a 1 b 2; HEXPIRE h 10 FIELDS 2 a x; HPEXPIRE h 5 NX FIELDS 2 a b; '
    + 'HEXPIREAT h 1800000000 FIELDS 1 a; HPEXPIREAT h 1800000000001 FIELDS 1 a; '
    + 'HEXPIRE h 1 NX FIELDS 1 a',
    '0 HSET h a 1 b 2|0 HPEXPIREAT h 1700000010000 FIELDS 1 a'
    + '|0 HPEXPIREAT h 1700000000005 FIELDS 1 b|0 HPEXPIREAT h 1800000000000 FIELDS 1 a'
    + '|0 HPEXPIREAT h 1800000000001 FIELDS 1 a'],
  ['HEXPIRE in the past', 'HSET h a 1 b 2; HEXPIRE h 0 FIELDS 2 a x; HPEXPIREAT h 1 FIELDS 1 b',
    '0 HSET h a 1 b 2|0 HDEL h a|0 HDEL h b'],
  ['HPERSIST',
    'HSET h a 1 b 2; HEXPIRE h 9 FIELDS 1 a; HPERSIST h FIELDS 2 a b; HPERSIST h FIELDS 1 a',
    '0 HSET h a 1 b 2|0 HPEXPIREAT h 1700000009000 FIELDS 1 a|0 HPERSIST h FIELDS 1 a'],
  ['HGETEX and HGETDEL', 'HSET h a 1 b 2 c 3; HGETEX h FIELDS 1 a; HGETEX h EX 10 FIELDS 2 a x; '
    + 'HGETEX h PERSIST FIELDS 2 a b; HGETEX h PX 0 FIELDS 2 a x; HGETDEL h FIELDS 2 b x; '
    + 'HGETDEL h FIELDS 1 b; HTTL h FIELDS 1 c',
    '0 HSET h a 1 b 2 c 3|0 HPEXPIREAT h 1700000010000 FIELDS 1 a|0 HPERSIST h FIELDS 1 a'
    + '|0 HDEL h a'
    + '|0 HDEL h b'],
  ['HSETEX', 'HSETEX h FIELDS 1 a 1; HSETEX h FXX KEEPTTL FIELDS 1 a 2; HSETEX h FNX FIELDS 1 a 2; '
    + 'HSETEX h FNX EX 5 FIELDS 2 b 1 c 2; HSETEX h PX 0 FIELDS 2 b 1 x 2; '
    + 'HSETEX h PX 0 FIELDS 1 x 1',
    '0 HSETEX h FIELDS 1 a 1|0 HSETEX h KEEPTTL FIELDS 1 a 2'
    + '|0 HSETEX h PXAT 1700000005000 FIELDS 2 b 1 c 2|0 HDEL h b'],
  ['expired fields',
    'HSETEX h PX 5 FIELDS 2 a 1 b 2; HSET h c 3; sleep 10; HGET h c; HLEN h; HSET h a 4',
    '0 HSETEX h PXAT 1700000000005 FIELDS 2 a 1 b 2|0 HSET h c 3|0 HDEL h a b|0 HSET h a 4'],
  ['all fields expired', 'HSETEX h PX 5 FIELDS 1 a 1; sleep 10; HSET h b 2; HGETALL h',
    '0 HSETEX h PXAT 1700000000005 FIELDS 1 a 1|0 HDEL h a|0 HSET h b 2'],
  ['reading hashes', 'HSET h a 1; HGET h a; HMGET h a b; HGETALL h; HKEYS h; HVALS h; HLEN h; '
    + 'HEXISTS h a; HSTRLEN h a; HRANDFIELD h; HSCAN h 0; OBJECT ENCODING h', '0 HSET h a 1'],
  ['reads', 'SET k v; GET k; MGET k; EXISTS k; TTL k; TYPE k; STRLEN k; PING; OBJECT ENCODING k',
    '0 SET k v'],
  ['a transaction', 'MULTI; SET a 1; GET a; SET b 2 EX 1; EXEC',
    'MULTI|0 SET a 1|0 SET b 2 PXAT 1700000001000|EXEC'],
  ['a transaction over databases', 'MULTI; SET a 1; SELECT 1; SET b 2; EXEC',
    'MULTI|0 SET a 1|1 SET b 2|EXEC'],
  ['a discarded transaction', 'MULTI; SET a 1; DISCARD', ''],
  ['binary', 'SET "\\x00" "\\r\\n" GET', '0 SET "\\x00" "\\x0d\\x0a"'],
];

for (const [name, commands, logged] of [...rows, ...setEffects]) {
  test(`logged: ${name}`, (t) => {
    const server = new InProcessServer();
    for (const command of commands.split('; ')) {
      if (command.startsWith('sleep ')) server.nowMs += Number(command.slice(6));
      else server.send(server.context.session, splitCommand(command));
    }
    t.is(server.sink.lines.join('|'), logged);
  });
}

test('changes are counted as Redis counts its dirty keys', (t) => {
  const server = new InProcessServer();
  const changesOf = (command: string): number => {
    const before = server.keyspace.changes;
    server.send(server.context.session, splitCommand(command));
    return server.keyspace.changes - before;
  };
  t.is(changesOf('SET a 1'), 1);
  t.is(changesOf('MSET a 1 b 2 c 3'), 3);
  t.is(changesOf('DEL a b x'), 2);
  t.is(changesOf('RENAME c d'), 1);
  t.is(changesOf('EXPIRE d 100'), 1);
  t.is(changesOf('GET d'), 0);
  t.is(changesOf('INCR d'), 1);
  t.is(changesOf('COPY d e'), 1);
  t.is(changesOf('MOVE e 1'), 1);
  t.is(changesOf('HSET h a 1 b 2'), 2);
  t.is(changesOf('HINCRBY h a 2'), 1);
  t.is(changesOf('HDEL h a b x'), 2);
  t.is(changesOf('RPUSH l 1 2'), 2);
  t.is(changesOf('SORT l STORE m'), 2);
  t.is(changesOf('SWAPDB 0 1'), 1);
  for (const [command, changes] of setChanges) t.is(changesOf(command), changes, command);
});
