// The runner: what is refused when, what a full arena does, how replay differs.
import test from 'ava';
import { ReplyWriter } from '../resp/reply-writer.ts';
import { noEffects } from './context.ts';
import { parseEventClasses } from './events/event-classes.ts';
import { runHandler } from './execute.ts';
import type { CommandSpec } from './spec.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { encodeRequest, splitCommand } from './test-support/replies.ts';

const loading = '-LOADING Redis is loading the dataset in memory';
const misconf = 'MISCONF Errors writing to the AOF file: No space left on device';
const oom = "-OOM command not allowed when used memory > 'maxmemory'.";

function setup(options: { arenaBytes?: number } = {}): {
  server: InProcessServer;
  run: (command: string) => string;
} {
  const server = new InProcessServer(options);
  return { server, run: (command) => server.send(server.context.session, splitCommand(command)) };
}

test('while loading only flagged commands run', (t) => {
  const { server, run } = setup();
  server.persistence.loading = true;
  for (const command of ['PING', 'GET k', 'SET k v', 'DEL k', 'DBSIZE', 'KEYS *', 'SAVE', 'BGSAVE',
    'FLUSHALL', 'OBJECT ENCODING k', 'WAIT 0 0']) t.is(run(command), loading, command);
  for (const command of ['INFO', 'CONFIG GET save', 'CLIENT ID', 'COMMAND COUNT', 'HELLO',
    'SELECT 1',
    'ECHO x', 'MULTI', 'DISCARD', 'WATCH k', 'UNWATCH', 'TIME', 'LASTSAVE', 'RESET', 'QUIT',
    'DEBUG SLEEP 0', 'AUTH default x']) t.not(run(command), loading, command);
});

test('while loading the arity comes first, and transactions are spoilt', (t) => {
  const { server, run } = setup();
  server.persistence.loading = true;
  t.is(run('GET'), "-ERR wrong number of arguments for 'get' command");
  t.is(run('MULTI'), '+OK');
  t.is(run('GET k'), loading);
  t.is(run('EXEC'), '-EXECABORT Transaction discarded because of previous errors.');
  server.persistence.loading = false;
  t.is(run('MULTI'), '+OK');
  t.is(run('GET k'), '+QUEUED');
  server.persistence.loading = true;
  t.is(run('EXEC'), `-EXECABORT Transaction discarded because of: ${loading.slice(1)}`);
  t.is(run('EXEC'), '-ERR EXEC without MULTI');
});

test('a refusal of persistence stops writes and PING, nothing else', (t) => {
  const { server, run } = setup();
  run('SET k v');
  server.persistence.refusalText = misconf;
  for (const command of ['SET k w', 'DEL k', 'INCR n', 'EXPIRE k 10', 'FLUSHALL', 'GETEX k', 'PING',
    'SWAPDB 0 1']) t.is(run(command), `-${misconf}`, command);
  for (const command of ['GET k', 'EXISTS k', 'INFO', 'SAVE', 'ECHO x']) {
    t.not(run(command), `-${misconf}`, command);
  }
  t.is(run('GET k'), '"v"');
  t.is(run('MULTI'), '+OK');
  t.is(run('SET k w'), `-${misconf}`);
  t.is(run('EXEC'), '-EXECABORT Transaction discarded because of previous errors.');
  server.persistence.refusalText = null;
  t.is(run('SET k w'), '+OK');
});

test('a refusal that comes after queueing aborts EXEC', (t) => {
  const { server, run } = setup();
  run('MULTI');
  run('SET k v');
  server.persistence.refusalText = misconf;
  t.is(run('EXEC'), `-EXECABORT Transaction discarded because of: ${misconf}`);
  run('MULTI');
  t.is(run('GET k'), '+QUEUED');
  t.is(run('EXEC'), '[nil]');
});

test('above the memory limit only freeing and reading go on', (t) => {
  const { server, run } = setup();
  run('MSET k v other v');
  server.context.memoryLimitBytes = 1;
  for (const command of ['SET k w', 'APPEND k x', 'INCR n', 'MSET a 1']) t.is(run(command), oom,
    command);
  t.is(run('GET k'), '"v"');
  t.is(run('DEL k'), ':1');
  t.is(run('MULTI'), '+OK');
  t.is(run('GET other'), oom);
  t.is(run('DISCARD'), '+OK');
  server.context.memoryLimitBytes = 0;
  t.is(run('SET k w'), '+OK');
});

test('a full arena answers -OOM, keeps what was there, and recovers after DEL', (t) => {
  const { server, run } = setup({ arenaBytes: 1024 * 1024 });
  t.is(run('SET kept value'), '+OK');
  let stored = 0;
  while (run(`SET big:${stored} ${'x'.repeat(20_000)}`) === '+OK') stored++;
  t.true(stored > 10, `${stored} values fit`);
  t.is(run(`SET one-more ${'x'.repeat(20_000)}`), oom);
  t.is(run('EXISTS one-more'), ':0');
  t.is(run(`SET kept ${'y'.repeat(20_000)} GET`), oom);
  t.is(run('GET kept'), '"value"');
  t.is(run('STRLEN big:0'), ':20000');
  t.is(run('DEL big:0'), ':1');
  t.is(run(`SET one-more ${'x'.repeat(20_000)}`), '+OK');
  t.is(server.sink.lines.filter((line) => line.startsWith('0 SET big:')).length, stored);
});

test('what FLUSHDB left to be given back does not stand in the way of the next write', (t) => {
  const { server, run } = setup();
  run('SELECT 1');
  run('SET kept v');
  run('SELECT 0');
  for (let i = 0; i < 3000; i++) run(`SET key:${i} ${'x'.repeat(500)}`);
  server.context.memoryLimitBytes = server.keyspace.arena.usedBytes / 2;
  t.is(run('SET more v'), oom);
  run('FLUSHDB');
  t.is(run('SET more v'), '+OK');
});

test('nor does what DEL left of a huge hash', (t) => {
  const { server, run } = setup();
  for (let i = 0; i < 3000; i++) run(`HSET hash field:${i} ${'x'.repeat(500)}`);
  server.context.memoryLimitBytes = server.keyspace.arena.usedBytes / 2;
  t.is(run('SET more v'), oom);
  run('DEL hash');
  t.is(run('SET more v'), '+OK');
});

test('a transaction that outgrows the limit of requests is given up and takes no memory', (t) => {
  const { server, run } = setup();
  const { session } = server.context;
  server.context.maxQueuedBytes = 100_000;
  run('MULTI');
  let queued = 0;
  while (run(`SET k ${'x'.repeat(500)}`) === '+QUEUED') queued++;
  t.true(queued > 50 && queued < 200, `${queued}`);
  t.is(session.queuedBytes, 0);
  for (let i = 0; i < 1000; i++) t.is(run(`SET k ${'x'.repeat(500)}`), '+QUEUED');
  t.is(session.queuedBytes, 0);
  t.is(run('EXEC'), '-EXECABORT Transaction discarded because of previous errors.');
  run('MULTI');
  t.is(run('SET k v'), '+QUEUED');
  t.is(run('EXEC'), '[+OK]');
  t.is(session.queuedBytes, 0);
});

test('SPOP of many draws and logs some at a time, and is one change to those who listen', (t) => {
  const { server, run } = setup();
  const { context, sink } = server;
  run(`SADD s ${Array.from({ length: 5000 }, (_, i) => `m${i}`).join(' ')}`);
  const listener = server.connect();
  context.channels.subscribe(listener, 'channels', '__keyevent@0__:spop');
  context.events.configure(parseEventClasses('Es') ?? 0);
  const changes = server.keyspace.changes;
  const popped = new Set(run('SPOP s 2500').slice(1, -1).split(', '));
  t.is(popped.size, 2500);
  t.is(run('SCARD s'), ':2500');
  t.is(server.keyspace.changes - changes, 2500);
  t.deepEqual(sink.commands.slice(1).map(({ parts }) => parts.length), [1002, 1002, 502]);
  t.regex(server.take(listener), /spop/);
  t.is(server.take(listener), '');
});

test('MSET into a full arena logs what it has done', (t) => {
  const { server, run } = setup({ arenaBytes: 1024 * 1024 });
  const value = 'x'.repeat(100_000);
  const pairs = Array.from({ length: 20 }, (_, i) => `k${i} ${value}`).join(' ');
  t.is(run(`MSET ${pairs}`), oom);
  const stored = Number(run('DBSIZE').slice(1));
  t.true(stored > 0 && stored < 20);
  t.is(server.sink.commands.length, 1);
  t.is(server.sink.commands[0]?.parts.length, 1 + 2 * stored);
});

test('DEBUG is closed unless it is allowed', (t) => {
  const { server, run } = setup();
  server.debugAllowed = false;
  t.regex(run('DEBUG SLEEP 0'), /^-ERR DEBUG command not allowed\. If the enable-debug-command/);
  server.debugAllowed = true;
  t.is(run('DEBUG SLEEP 0.5'), '+OK');
  t.is(run('DEBUG SET-ACTIVE-EXPIRE 0'), '+OK');
  t.deepEqual(server.calls, ['sleep 500', 'activeExpire false']);
});

test('SHUTDOWN, SAVE and CLIENT KILL reach their ports', (t) => {
  const { server, run } = setup();
  const other = server.connect();
  t.is(run('SHUTDOWN NOSAVE FORCE'), '');
  t.is(run('SHUTDOWN now'), '');
  t.is(run('SAVE'), '+OK');
  t.is(run('BGSAVE'), '+Background saving started');
  t.is(run('BGREWRITEAOF'), '+Background append only file rewriting started');
  t.is(run(`CLIENT KILL ID ${other.id}`), ':1');
  t.is(run('CLIENT KILL TYPE normal SKIPME no'), ':2');
  t.true(server.context.session.closeAfterReply);
  t.deepEqual(server.calls, ['shutdown false false true', 'shutdown null true false', 'close 2',
    'close 2']);
  t.is(server.persistence.saves, 1);
  t.is(run('FLUSHALL'), '+OK');
  t.is(server.persistence.flushes, 1);
});

test('replay applies what a server would refuse, and says what it cannot understand', (t) => {
  const { server, run } = setup();
  const { session } = server.context;
  const replay = (command: string): string => server.replay(session, splitCommand(command));
  server.context.effects = noEffects;
  server.persistence.loading = true;
  server.persistence.refusalText = misconf;
  server.context.memoryLimitBytes = 1;
  t.is(replay('SET k v'), 'applied');
  t.is(replay('SET old v PXAT 1000'), 'applied');
  t.is(replay('APPEND old w'), 'applied');
  t.is(replay('SELECT 2'), 'applied');
  t.is(replay('MULTI'), 'applied');
  t.is(replay('SET a 1'), 'applied');
  t.is(server.keyspace.databases[2]?.size, 0);
  t.is(replay('EXEC'), 'applied');
  t.is(server.keyspace.databases[2]?.size, 1);
  t.is(server.keyspace.databases[0]?.size, 2);
  t.is(replay('XADD s * f v'), 'unknown-command');
  t.is(replay('CLIENT FOO'), 'unknown-command');
  t.is(replay('SET k'), 'wrong-arity');
  server.persistence.loading = false;
  run('SELECT 0');
  t.is(run('GET k'), '"v"');
  t.is(run('GET old'), 'nil');
});

test('replay into a full arena throws', (t) => {
  const { server } = setup({ arenaBytes: 1024 * 1024 });
  const parts = ['SET', 'k', 'x'.repeat(2_000_000)];
  t.throws(() => server.replay(server.context.session, parts), { code: 'ARENA_FULL' });
});

test('a connection that ends forgets its watches', (t) => {
  const { server, run } = setup();
  run('WATCH a b');
  t.is(server.context.watches.count, 2);
  server.runner.forget(server.context, server.context.session);
  t.is(server.context.watches.count, 0);
});

test('hits, misses and expired keys are counted', (t) => {
  const { server, run } = setup();
  run('SET a 1 PX 10');
  run('GET a');
  run('GET x');
  server.nowMs += 20;
  run('GET a');
  run('INCR a');
  const { keyspaceHits, keyspaceMisses, expiredKeys,
    commandsProcessed } = server.context.statistics;
  t.deepEqual([keyspaceHits, keyspaceMisses, expiredKeys, commandsProcessed], [1, 2, 1, 5]);
});

test('a reading command whose reply gets too long ends; a writing one does what it has to', (t) => {
  const { server, run } = setup();
  t.is(run(`RPUSH l ${'x'.repeat(3000)} b c`), ':3');
  t.is(run(`SET k ${'x'.repeat(3000)}`), '+OK');
  const { context } = server;
  const call = (text: string): ReplyWriter => {
    server.load(context.session, encodeRequest(splitCommand(text)));
    context.reply = new ReplyWriter(64, 4096);
    server.runner.run(context);
    const { reply } = context;
    context.reply = server.reply;
    return reply;
  };
  const read = call('MGET k k k k');
  t.true(read.overflowed);
  t.is(read.buffer.toString('latin1', 0, read.length),
    '-ERR a reply may have 4096 bytes at most\r\n');
  const before = server.sink.lines.length;
  t.true(call('MULTI').overflowed === false);
  for (const text of ['LPOP l 3', 'GET k', 'INCR n']) call(text);
  t.true(call('EXEC').overflowed);
  t.is(run('LLEN l'), ':0');
  t.is(run('GET n'), '"1"');
  t.deepEqual(server.sink.lines.slice(before), ['MULTI', '0 LPOP l 3', '0 INCR n', 'EXEC']);
});

test('a result of more than a Map, an array or a string can hold is an error', (t) => {
  const { server, run } = setup();
  run('PING');
  const spec = server.context.command as CommandSpec;
  const running = (handler: () => unknown): string => {
    server.reply.clear();
    runHandler(server.context, Object.create(spec, { handler: { value: handler } }) as CommandSpec);
    return server.reply.buffer.toString('latin1', 0, server.reply.length);
  };
  const error = '-ERR the result has too many elements to be put together: ask for less\r\n';
  t.is(running(() => Object.assign([], { length: 2 ** 32 })), error);
  t.is(running(() => 'x'.repeat(2 ** 29)), error);
  t.is(running(() => {
    throw new RangeError('Map maximum size exceeded');
  }), error);
  t.throws(() => running(() => Buffer.alloc(1).readUInt32LE(0)), { instanceOf: RangeError });
});

test('an argument or value that is too long to be a string is an error', (t) => {
  const { server, run } = setup();
  const { context, decoder } = server;
  decoder.maxBulkBytes = 2 ** 30;
  const big = Buffer.alloc(2 ** 29 + 1, 'x');
  t.is(server.send(context.session, ['PUBLISH', big, 'x']),
    '-ERR value is too long to be read as text');
  t.regex(server.send(context.session, ['nosuch', big]), /^-ERR unknown command 'nosuch'/);
  t.regex(server.send(context.session, [big]), /^-ERR unknown command 'x{128}'/);
  t.is(run('DEBUG POPULATE 1 k 99999999999'),
    '-ERR string exceeds maximum allowed size (proto-max-bulk-len)');
});
