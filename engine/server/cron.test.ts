// The cron by a clock and a schedule that move only when told to.
import test from 'ava';
import { InProcessServer } from '../commands/test-support/in-process.ts';
import { splitCommand } from '../commands/test-support/replies.ts';
import { Configuration } from '../config/configuration.ts';
import type { DirectiveEntry } from '../config/source.ts';
import { ManualClock } from '../io/clock.ts';
import { ManualScheduler } from '../io/scheduler.ts';
import { Cron } from './cron.ts';
import { ServerStatistics } from './info.ts';
import type { NetworkSession } from './session.ts';

const periodMs = 100;

interface Setup {
  readonly server: InProcessServer;
  readonly clock: ManualClock;
  readonly sessions: NetworkSession[];
  readonly run: (command: string) => string;
  /** Lets time pass, and runs what comes due. */
  readonly pass: (milliseconds: number) => void;
}

/** Each look at the clock costs 1 ms: a slice of 2 ms ends after one batch or two. */
function setup(directives: readonly DirectiveEntry[] = []): Setup {
  const server = new InProcessServer();
  const { context } = server;
  const clock = new ManualClock({ wallMs: server.nowMs });
  const scheduler = new ManualScheduler(clock);
  const sessions: NetworkSession[] = [];
  let looks = 0;
  const cron = new Cron({
    context, scheduler, loading: false, statistics: new ServerStatistics(),
    configuration: new Configuration(directives),
    monotonicNs: () => clock.monotonicNs() + looks++ * 1e6,
    networkSessions: () => sessions,
    openTick: () => {
      context.nowMs = clock.wallMs();
      server.nowMs = clock.wallMs();
    },
    persistenceCron() {}, cut() {}, isPaused: () => false,
  });
  cron.start();
  return {
    server, clock, sessions,
    run: (command) => server.send(context.session, splitCommand(command)),
    pass: (milliseconds) => {
      for (let i = 0; i < milliseconds; i++) {
        clock.advanceMs(1);
        while (scheduler.runDue());
      }
    },
  };
}

test('keys that are due together go in slices that follow one another soon', (t) => {
  const { run, pass } = setup();
  for (let i = 0; i < 3000; i++) run(`SET key:${i} v PX 50`);
  pass(periodMs);
  const left = Number(run('DBSIZE').slice(1));
  t.true(left > 2000, `one turn of the cron was not enough: ${left} are left`);
  pass(periodMs - 1);
  t.is(run('DBSIZE'), ':0');
});

test('what FLUSHDB left to be given back is given back in slices that follow soon', (t) => {
  const { run, pass, server } = setup();
  const { arena } = server.keyspace;
  run('SELECT 1');
  run('SET kept v');
  run('SELECT 0');
  const emptyBytes = arena.usedBytes;
  for (let i = 0; i < 6000; i++) run(`SET key:${i} v`);
  run('FLUSHDB');
  pass(periodMs);
  t.true(arena.usedBytes > emptyBytes, 'one turn of the cron was not enough');
  pass(periodMs - 1);
  t.is(arena.usedBytes, emptyBytes);
});

test('timeout closes who idles, not who waits, listens or watches all commands', (t) => {
  const { server, sessions, pass } = setup([{ name: 'timeout', values: ['1'], where: 'test' }]);
  const { context } = server;
  const closed: string[] = [];
  const connect = (name: string): NetworkSession['state'] => {
    const state = server.connect();
    const socket = { destroy: () => closed.push(name) };
    const fake = { state, socket, endedMs: 0, lastInputMs: server.nowMs, output: {} };
    sessions.push(fake as unknown as NetworkSession);
    return state;
  };
  connect('idle');
  context.channels.subscribe(connect('listener'), 'channels', 'c');
  server.send(connect('monitor'), ['MONITOR']);
  pass(1200);
  t.deepEqual([...new Set(closed)], ['idle']);
});
