// What the log gets for lists and for clients that are served, and that replaying it gives the same
// data. The lines are those of redis-server's own log.
import test from 'ava';
import type { Session } from './session.ts';
import { InProcessServer } from './test-support/in-process.ts';
import { splitCommand } from './test-support/replies.ts';

/** `@2 …` speaks on a second connection. */
const rows: readonly (readonly [name: string, commands: string, logged: string])[] = [
  ['pushes as they came', 'LPUSH l a b; RPUSH l c; LPUSHX l d; RPUSHX l e',
    '0 LPUSH l a b|0 RPUSH l c|0 LPUSHX l d|0 RPUSHX l e'],
  ['LPUSHX and RPUSHX of nothing', 'LPUSHX l a; RPUSHX l a', ''],
  ['pops as they came', 'RPUSH l a b c d e; LPOP l; RPOP l; LPOP l 2; RPOP l 9; LPOP l; RPOP l 2',
    '0 RPUSH l a b c d e|0 LPOP l|0 RPOP l|0 LPOP l 2|0 RPOP l 9'],
  ['LPOP of 0', 'RPUSH l a; LPOP l 0', '0 RPUSH l a'],
  ['LSET, LINSERT',
    'RPUSH l a b; LSET l 0 a; LINSERT l BEFORE b x; LINSERT l AFTER z x; LSET l 9 x',
    '0 RPUSH l a b|0 LSET l 0 a|0 LINSERT l BEFORE b x'],
  ['LREM', 'RPUSH l a b a; LREM l 0 a; LREM l 0 z', '0 RPUSH l a b a|0 LREM l 0 a'],
  ['LTRIM', 'RPUSH l a b c; LTRIM l 0 -1; LTRIM l 1 1; LTRIM x 0 1',
    '0 RPUSH l a b c|0 LTRIM l 1 1'],
  ['LMOVE, RPOPLPUSH', 'RPUSH l a b c; LMOVE l d LEFT RIGHT; LMOVE l l left left; RPOPLPUSH l d; '
    + 'RPOPLPUSH x d',
  '0 RPUSH l a b c|0 LMOVE l d LEFT RIGHT|0 LMOVE l l left left|0 RPOPLPUSH l d'],
  ['LMPOP', 'RPUSH l a b c d; LMPOP 2 x l LEFT; LMPOP 1 l RIGHT COUNT 2; LMPOP 1 l LEFT COUNT 9; '
    + 'LMPOP 1 l LEFT', '0 RPUSH l a b c d|0 LPOP l 1|0 RPOP l 2|0 LPOP l 1'],
  ['reads', 'RPUSH l a; LLEN l; LRANGE l 0 -1; LINDEX l 0; LPOS l a', '0 RPUSH l a'],
  ['blocking commands that need not wait', 'RPUSH l a b c d e f; BLPOP x l 0; BRPOP l 0; '
    + 'BLMOVE l d left right 0; BRPOPLPUSH l d 0; BLMPOP 0 1 l LEFT COUNT 9',
  '0 RPUSH l a b c d e f|0 LPOP l|0 RPOP l|0 LMOVE l d LEFT RIGHT|0 RPOPLPUSH l d|0 LPOP l 2'],
  ['a client that waits', 'BLPOP k 0', ''],
  ['BLPOP is served', 'BLPOP j k 0; @2 RPUSH k a b', '0 RPUSH k a b|0 LPOP k'],
  ['BRPOP is served in its own database', 'SELECT 2; BRPOP k 0; @2 SELECT 2; @2 RPUSH k a',
    '2 RPUSH k a|2 RPOP k'],
  ['BLMOVE and BRPOPLPUSH are served', 'BLMOVE k d LEFT LEFT 0; @3 BRPOPLPUSH d k 0; @2 RPUSH k a',
    '0 RPUSH k a|0 LMOVE k d LEFT LEFT|0 RPOPLPUSH d k'],
  ['BLMPOP is served', 'BLMPOP 0 1 k RIGHT COUNT 5; @2 RPUSH k a b', '0 RPUSH k a b|0 RPOP k 2'],
  ['who is served by EXEC comes after it', 'BLPOP k 0; @2 MULTI; @2 RPUSH k a; @2 RPUSH k b; '
    + '@2 EXEC', 'MULTI|0 RPUSH k a|0 RPUSH k b|EXEC|0 LPOP k'],
  ['blocking commands inside MULTI', 'RPUSH k a b; MULTI; BLPOP k 0; BLMOVE k d LEFT LEFT 0; '
    + 'BLPOP k 0; EXEC', '0 RPUSH k a b|MULTI|0 LPOP k|0 LMOVE k d LEFT LEFT|EXEC'],
  ['served by RENAME', 'BLPOP k 0; @2 RPUSH o a; @2 RENAME o k',
    '0 RPUSH o a|0 RENAME o k|0 LPOP k'],
  ['served by SWAPDB', 'BLPOP k 0; @2 SELECT 1; @2 RPUSH k a; @2 SWAPDB 0 1',
    '1 RPUSH k a|1 SWAPDB 0 1|0 LPOP k'],
  ['PUBLISH is not logged', 'PUBLISH x m; SUBSCRIBE x; @2 PUBLISH x m', ''],
];

interface Connections {
  send(command: string): void;
}

function connections(server: InProcessServer): Connections {
  const sessions = new Map<string, Session>([['1', server.context.session]]);
  return {
    send(command) {
      const [, id = '1', text = command] = /^@(\d) (.*)$/s.exec(command) ?? [];
      const session = sessions.get(id) ?? server.connect();
      sessions.set(id, session);
      server.send(session, splitCommand(text));
    },
  };
}

for (const [name, commands, logged] of rows) {
  test(`logged: ${name}`, (t) => {
    const server = new InProcessServer();
    const { send } = connections(server);
    for (const command of commands.split('; ')) send(command);
    t.is(server.sink.lines.join('|'), logged);
    const copy = new InProcessServer();
    const session = copy.connect();
    for (const { databaseIndex, parts } of server.sink.commands) {
      session.databaseIndex = databaseIndex;
      t.is(copy.replay(session, parts), 'applied');
    }
    t.is(digest(copy), digest(server));
  });
}

function digest(server: InProcessServer): string {
  return server.send(server.connect(), ['DEBUG', 'DIGEST']);
}

test('changes of lists are counted as Redis counts its dirty keys', (t) => {
  const server = new InProcessServer();
  const { send } = connections(server);
  const changesOf = (command: string): number => {
    const before = server.keyspace.changes;
    send(command);
    return server.keyspace.changes - before;
  };
  const counts: readonly (readonly [command: string, changes: number])[] = [
    ['RPUSH l a b c d e f g', 7], ['LPUSHX l x y', 2], ['LPOP l', 1], ['LPOP l 0', 0],
    ['RPOP l 2', 2], ['LMPOP 1 l LEFT COUNT 2', 2], ['LSET l 0 q', 1], ['LTRIM l 0 -1', 0],
    ['LINSERT l BEFORE q z', 1], ['LINSERT l BEFORE nothing z', 0], ['LMOVE l d LEFT LEFT', 1],
    ['LMOVE l l LEFT RIGHT', 1], ['BLPOP l 0', 1], ['RPUSH m a a b a', 4], ['LREM m 0 a', 3],
    ['LREM m 0 a', 0], ['LTRIM m 1 0', 1], ['@2 BLPOP k 0', 0], ['RPUSH k a', 2],
  ];
  for (const [command, changes] of counts) t.is(changesOf(command), changes, command);
});

test('a full arena: what fails changes nothing that the log does not say', (t) => {
  const server = new InProcessServer({ arenaBytes: 1024 * 1024 });
  const { session } = server.context;
  const copy = new InProcessServer({ arenaBytes: 4 * 1024 * 1024 });
  const follower = copy.connect();
  let refused = 0;
  let state = 7;
  const draw = (bound: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const keyOf = (): string => `k${draw(4)}`;
  const letter = (): string => String.fromCharCode(97 + draw(26));
  const valueOf = (): string => letter().repeat(draw(10) === 0 ? 3000 : 60);
  const commands: readonly (() => string[])[] = [
    () => ['RPUSH', keyOf(), ...Array.from({ length: 40 }, valueOf)],
    () => ['LPUSH', keyOf(), ...Array.from({ length: 40 }, valueOf)],
    () => ['LMOVE', keyOf(), keyOf(), 'LEFT', 'RIGHT'], () => ['RPOPLPUSH', keyOf(), `m${draw(9)}`],
    () => ['LSET', keyOf(), String(draw(20)), valueOf()], () => ['LPOP', keyOf()],
    () => ['LREM', keyOf(), String(draw(9) - 4), 'a'.repeat(60)],
    () => ['LINSERT', keyOf(), 'BEFORE', 'a'.repeat(60), valueOf()],
  ];
  for (let step = 0; step < 1500; step++) {
    const make = commands[draw(commands.length)] as () => string[];
    const parts = step % 200 === 199 ? ['LTRIM', keyOf(), '10', '-10'] : make();
    if (server.send(session, parts).startsWith('-OOM')) refused++;
  }
  for (const { parts } of server.sink.commands) copy.replay(follower, parts);
  t.true(refused > 100, `${refused} refused`);
  t.is(digest(copy), digest(server));
});
