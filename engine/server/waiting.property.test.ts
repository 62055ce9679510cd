// Random pushes and pops by several clients over sockets, many of which wait: nothing that was
// pushed is lost or comes twice, and the log gives the same data again.

import * as fc from 'fast-check';
import test from 'ava';
import { RawClient } from '../commands/test-support/redis-process.ts';
import { startTestEngine } from './test-support/engine.ts';

const key = fc.constantFrom('q', 'r');
/** `#` stands for a value of its own in each place. */
const step = fc.oneof(
  fc.tuple(fc.constantFrom('RPUSH', 'LPUSH'), key, fc.constant('#')),
  fc.tuple(fc.constant('RPUSH'), key, fc.constant('#'), fc.constant('#'), fc.constant('#')),
  fc.tuple(fc.constantFrom('LPOP', 'RPOP'), key),
  fc.tuple(fc.constantFrom('BLPOP', 'BRPOP'), fc.constant('q'), fc.constant('r'),
    fc.constantFrom('0', '0.002')),
  fc.tuple(fc.constantFrom('BLPOP', 'BRPOP'), key, fc.constant('0')),
  fc.tuple(fc.constant('BLMOVE'), key, key, fc.constantFrom('LEFT', 'RIGHT'),
    fc.constantFrom('LEFT', 'RIGHT'), fc.constant('0')),
  fc.tuple(fc.constant('BLMPOP'), fc.constant('0'), fc.constant('2'), fc.constant('r'),
    fc.constant('q'), fc.constant('LEFT'), fc.constant('COUNT'), fc.constant('2')),
  fc.constantFrom(['PING'], ['RENAME', 'q', 'r2'], ['RENAMENX', 'r2', 'r']),
);
/** No moves in it: in the reply of EXEC they look like pops. */
const transaction = fc.constantFrom(
  [['MULTI'], ['RPUSH', 'q', '#', '#'], ['LPUSH', 'r', '#'], ['EXEC']],
  [['MULTI'], ['RPUSH', 'r', '#'], ['BLPOP', 'r', 'q', '0'], ['EXEC']],
  [['MULTI'], ['RPUSH', 'q', '#'], ['RPOP', 'q'], ['BLPOP', 'q', '0'], ['EXEC']],
);
const packet = fc.array(
  fc.oneof({ weight: 8, arbitrary: step.map((one) => [one]) },
    { weight: 1, arbitrary: transaction }),
  { minLength: 1, maxLength: 5 },
).map((steps): (readonly string[])[] => steps.flat());
/** Clients, each with packets of commands. */
const scripts = fc.array(
  fc.array(packet, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 6 },
);
const directives = { appendonly: 'yes', 'enable-debug-command': 'yes' };

interface Outcome {
  readonly pushed: string[];
  readonly found: string[];
  readonly digest: string;
  readonly digestAfterRestart: string;
}

/** Values in a reply to a pop; a move leaves its value where it can still be found. */
function valuesIn(command: readonly string[], reply: string): string[] {
  const isPop = /^(B?[LR]POP|BLMPOP|EXEC)$/.test(command[0] ?? '');
  return isPop ? [...reply.matchAll(/"(v\d+)"/g)].map((match) => match[1] ?? '') : [];
}

async function play(
  script: readonly (readonly (readonly (readonly string[])[])[])[],
): Promise<Outcome> {
  const { engine, port, disk } = await startTestEngine(directives);
  const control = await RawClient.connect(port);
  const clients = await Promise.all(script.map(() => RawClient.connect(port)));
  const ids = await Promise.all(clients.map((client) => client.send(['CLIENT', 'ID'])));
  const pushed: string[] = [];
  const found: string[] = [];
  const replies: Promise<void>[] = [];
  let answered = 0;
  let count = 0;
  const say = (client: RawClient, command: readonly string[]): void => {
    const parts = command.map((part) => (part === '#' ? `v${count++}` : part));
    if (parts[0]?.endsWith('PUSH') === true) pushed.push(...parts.slice(2));
    replies.push(client.send(parts).then((reply) => {
      answered++;
      found.push(...valuesIn(parts, reply));
    }));
  };
  const rounds = Math.max(...script.map((packets) => packets.length));
  for (let round = 0; round < rounds; round++) {
    for (const [i, client] of clients.entries()) {
      for (const command of script[i]?.[round] ?? []) say(client, command);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let rest = replies.length - answered; rest > 0; rest = replies.length - answered) {
    for (const id of ids) await control.send(['CLIENT', 'UNBLOCK', id.slice(1)]);
  }
  const left = await Promise.all(['q', 'r', 'r2'].map((name) =>
    control.send(['LRANGE', name, '0', '-1'])));
  found.push(...left.flatMap((reply) => valuesIn(['LPOP'], reply)));
  const digest = await control.send(['DEBUG', 'DIGEST']);
  for (const client of [control, ...clients]) client.close();
  await engine.close();
  const again = await startTestEngine(directives, { disk });
  const reader = await RawClient.connect(again.port);
  const digestAfterRestart = await reader.send(['DEBUG', 'DIGEST']);
  reader.close();
  await again.engine.close();
  return { pushed, found, digest, digestAfterRestart };
}

test('nothing is lost, nothing comes twice, and the log says the same', async (t) => {
  await fc.assert(fc.asyncProperty(scripts, async (script) => {
    const { pushed, found, digest, digestAfterRestart } = await play(script);
    // RENAME drops what is under the new name: values may be lost there, but never come twice.
    const renames = script.flat(2).some(([name]) => name === 'RENAME');
    if (new Set(found).size !== found.length) throw new Error(`twice: ${found.sort().join()}`);
    const lost = pushed.filter((value) => !found.includes(value));
    if (!renames && lost.length > 0) throw new Error(`lost: ${lost.join()}`);
    if (digest !== digestAfterRestart) throw new Error('the log gives other data');
  }), { numRuns: 40 });
  t.pass();
});
