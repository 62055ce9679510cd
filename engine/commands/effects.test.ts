// What the log gets for each command: absolute times, results instead of floats, nothing for what
// changed nothing, DEL for what expired.
import test from 'ava';
import { InProcessServer } from './test-support/in-process.ts';
import { splitCommand } from './test-support/replies.ts';

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
  ['FLUSHALL, FLUSHDB, SWAPDB', 'FLUSHALL; FLUSHDB ASYNC; SWAPDB 0 1',
    '0 FLUSHALL|0 FLUSHDB ASYNC|0 SWAPDB 0 1'],
  ['reads', 'SET k v; GET k; MGET k; EXISTS k; TTL k; TYPE k; STRLEN k; PING; OBJECT ENCODING k',
    '0 SET k v'],
  ['a transaction', 'MULTI; SET a 1; GET a; SET b 2 EX 1; EXEC',
    'MULTI|0 SET a 1|0 SET b 2 PXAT 1700000001000|EXEC'],
  ['a transaction over databases', 'MULTI; SET a 1; SELECT 1; SET b 2; EXEC',
    'MULTI|0 SET a 1|1 SET b 2|EXEC'],
  ['a discarded transaction', 'MULTI; SET a 1; DISCARD', ''],
  ['binary', 'SET "\\x00" "\\r\\n" GET', '0 SET "\\x00" "\\x0d\\x0a"'],
];

for (const [name, commands, logged] of rows) {
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
  t.is(changesOf('SWAPDB 0 1'), 1);
});
