// BZPOPMIN, BZPOPMAX and BZMPOP that wait: who is served, with what, and what the log gets.
import test from 'ava';
import { InProcessServer } from '../../test-support/in-process.ts';

interface Waiting {
  readonly server: InProcessServer;
  send(text: string): string;
  /** What another client, which sent `command` and waits, is answered. */
  answer(): string;
}

function waiting(command: string, before: readonly string[] = []): Waiting {
  const server = new InProcessServer();
  const send = (text: string): string => server.send(server.context.session, text.split(' '));
  for (const text of before) send(text);
  const waiter = server.connect();
  if (server.send(waiter, command.split(' ')) !== '') throw new Error('it does not wait');
  server.sink.lines.length = 0;
  return { server, send, answer: () => server.take(waiter) };
}

const rows: readonly (readonly [command: string, given: string, answer: string, log: string])[] = [
  ['BZPOPMIN x z 0', 'ZADD z 1 a 2 b', '["z", "a", "1"]', '0 ZADD z 1 a 2 b|0 ZPOPMIN z'],
  ['BZPOPMAX x z 0', 'ZADD z 1 a 2 b', '["z", "b", "2"]', '0 ZADD z 1 a 2 b|0 ZPOPMAX z'],
  ['BZPOPMIN z 0', 'ZINCRBY z 2.5 a', '["z", "a", "2.5"]', '0 ZINCRBY z 2.5 a|0 ZPOPMIN z'],
  ['BZMPOP 0 2 x z MAX COUNT 5', 'ZADD z 1 a 2 b', '["z", [["b", "2"], ["a", "1"]]]',
    '0 ZADD z 1 a 2 b|0 ZPOPMAX z 2'],
  ['BZPOPMIN z 0', 'ZUNIONSTORE z 1 source', '["z", "m", "7"]',
    '0 ZUNIONSTORE z 1 source|0 ZPOPMIN z'],
  ['BZPOPMIN z 0', 'ZRANGESTORE z source 0 -1', '["z", "m", "7"]',
    '0 ZRANGESTORE z source 0 -1|0 ZPOPMIN z'],
];

for (const [command, given, answer, log] of rows) {
  test(`${command} waits for ${given}`, (t) => {
    const { server, send, answer: answered } = waiting(command, ['ZADD source 7 m']);
    send('SADD x a');
    t.is(answered(), '');
    send('DEL x');
    server.sink.lines.length = 0;
    send(given);
    t.is(answered(), answer);
    t.is(server.sink.lines.join('|'), log);
    t.is(send('EXISTS z'), command.startsWith('BZMPOP') || !given.includes('a 2') ? ':0' : ':1');
  });
}

test('a transaction that adds and removes serves nobody', (t) => {
  const { send, answer } = waiting('BZPOPMIN z 0');
  for (const text of ['MULTI', 'ZADD z 1 a', 'ZREM z a', 'EXEC']) send(text);
  t.is(answer(), '');
  for (const text of ['MULTI', 'ZADD z 1 a', 'ZADD z 0 b', 'EXEC']) send(text);
  t.is(answer(), '["z", "b", "0"]');
});

test('two that wait: first come, first served', (t) => {
  const { server, send, answer } = waiting('BZPOPMIN z 0');
  const second = server.connect();
  t.is(server.send(second, ['BZPOPMAX', 'z', '0']), '');
  send('ZADD z 1 a');
  t.is(answer(), '["z", "a", "1"]');
  t.is(server.take(second), '');
  send('ZADD z 2 b 3 c');
  t.is(server.take(second), '["z", "c", "3"]');
});
