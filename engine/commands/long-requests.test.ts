// Requests of 150,000 arguments: no command hands them to a function one by one, which V8 refuses
// above some 125,000 with a RangeError that would end the server.
import test from 'ava';
import type { EffectSink } from './context.ts';
import { noEffects } from './context.ts';
import { InProcessServer } from './test-support/in-process.ts';

const count = 150_000;

type Parts = readonly string[];

/** Only how many arguments the commands of the log have. */
class CountingSink implements EffectSink {
  readonly counts: string[] = [];
  element = noEffects.element;
  beginTransaction = noEffects.beginTransaction;
  endTransaction = noEffects.endTransaction;

  request(): void {
    this.counts.push('request');
  }

  command(_databaseIndex: number, parts: readonly (string | Uint8Array)[]): void {
    this.counts.push(`${String(parts[0])} ${parts.length}`);
  }
}

function setup(arenaBytes = 64 * 1024 * 1024): {
  run: (parts: Parts) => string;
  sink: CountingSink;
  server: InProcessServer;
} {
  const server = new InProcessServer({ arenaBytes });
  const sink = new CountingSink();
  server.context.effects = sink;
  return { run: (parts) => beginOfReply(server, parts), sink, server };
}

/** Parts are latin1; helpers that read the whole reply would take seconds. */
function beginOfReply(server: InProcessServer, parts: Parts): string {
  const request = parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('');
  server.load(server.context.session, Buffer.from(`*${parts.length}\r\n${request}`, 'latin1'));
  server.runner.run(server.context);
  const { buffer, length } = server.reply;
  return buffer.toString('latin1', 0, Math.min(length, 30)).replaceAll('\r\n', ' ');
}

const repeated = (...words: readonly string[]): string[] =>
  Array.from({ length: count }, (_, i) => words[i % words.length] as string);
const names: readonly string[] = Array.from({ length: count }, (_, i) => `f${i}`);
const pairs = names.flatMap((name) => [name, 'v']);

interface Row {
  readonly title: string;
  readonly before?: Parts;
  readonly command: Parts;
  /** How the reply begins. */
  readonly reply: string;
  /** The last command of the log. */
  readonly logged: string;
}

const fields: Parts = ['FIELDS', String(count), ...names];
/** One after the other on one server. */
const rows: readonly Row[] = [
  { title: 'BITOP', command: ['BITOP', 'OR', 'to', ...repeated('k')], before: ['SET', 'k', 'v'],
    reply: ':1', logged: 'request' },
  { title: 'BITFIELD', command: ['BITFIELD', 'k', ...repeated('SET', 'u8', '0', '1')],
    reply: `*${count / 4} :118 :1`, logged: 'request' },
  { title: 'HSETEX', command: ['HSETEX', 'h', 'PX', '1000', 'FIELDS', String(count), ...pairs],
    reply: ':1', logged: `HSETEX ${count * 2 + 6}` },
  { title: 'HPERSIST', command: ['HPERSIST', 'h', ...fields], reply: `*${count} :1 :1`,
    logged: `HPERSIST ${count + 4}` },
  { title: 'HEXPIRE', command: ['HEXPIRE', 'h', '100', ...fields], reply: `*${count} :1 :1`,
    logged: `HPEXPIREAT ${count + 5}` },
  { title: 'HGETEX', command: ['HGETEX', 'h', 'EX', '100', ...fields],
    reply: `*${count} $1 v $1 v`, logged: `HPEXPIREAT ${count + 5}` },
  { title: 'HGETDEL', command: ['HGETDEL', 'h', ...fields], reply: `*${count} $1 v $1 v`,
    logged: `HDEL ${count + 2}` },
  { title: 'HPEXPIREAT in the past', before: ['HSET', 'h', ...pairs],
    command: ['HPEXPIREAT', 'h', '1', ...fields], reply: `*${count} :2 :2`,
    logged: `HDEL ${count + 2}` },
];

const shared = setup();
for (const { title, before, command, reply, logged } of rows) {
  test.serial(`${title} takes ${count} arguments`, (t) => {
    if (before !== undefined) shared.run(before);
    t.is(shared.run(command).slice(0, reply.length), reply);
    t.is(shared.sink.counts.at(-1), logged);
  });
}

test('RESTORE takes 150000 options', (t) => {
  const { run, sink, server } = setup();
  run(['SET', 'k', 'v']);
  run(['DUMP', 'k']);
  const dump = server.reply.buffer.toString('latin1', 0, server.reply.length);
  const payload = dump.slice(dump.indexOf('\n') + 1, -2);
  t.is(run(['RESTORE', 'k', '100', payload, ...repeated('REPLACE')]), '+OK ');
  t.is(sink.counts.at(-1), `RESTORE ${count + 5}`);
});

for (const [name, ...more] of [['MSET'], ['HSET', 'h'], ['SADD', 's']] as const) {
  test(`${name} that fills the arena after 125000 arguments answers -OOM and is logged`, (t) => {
    const { run, sink } = setup(8 * 1024 * 1024);
    const long = Array.from({ length: 300_000 }, (_, i) => `${i}`.padStart(26, 'x'));
    t.regex(run([name, ...more, ...long]), /^-OOM/);
    const [logged = '', parts] = sink.counts.at(-1)?.split(' ') ?? [];
    t.is(logged, name);
    t.true(Number(parts) > 125_000, parts);
  });
}

test('UNSUBSCRIBE of everything leaves 150000 channels', (t) => {
  const { run, server } = setup();
  const { session, channels } = server.context;
  for (const name of names) channels.subscribe(session, 'channels', name);
  run(['UNSUBSCRIBE']);
  t.is(channels.size('channels'), 0);
  t.is(server.reply.errors, 0);
});
