// The shrinker of long differential runs, at pairs of this engine one of which has a planted bug:
// it must print the few commands that the bug needs, and nothing for a healthy pair.
import test from 'ava';
import * as fc from 'fast-check';
import { InProcessServer } from './test-support/in-process.ts';
import { collectionCommand } from './test-support/random-collections.ts';
import { differenceText, smallestDifference } from './test-support/shrink-commands.ts';
import type { Command, FindDifference } from './test-support/shrink-commands.ts';

const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
const commands = fc.sample(collectionCommand, { seed, numRuns: 700 });

type Answer = (server: InProcessServer, parts: Command) => string;

const healthy: Answer = (server, parts) => server.send(server.context.session, parts);

const newServer = (): InProcessServer => new InProcessServer({ arenaBytes: 1 << 20 });

/** Our engine as it is, and one that answers as `planted` does. */
function pairWith(planted: Answer): FindDifference {
  return async (some) => {
    const [one, other] = [newServer(), newServer()];
    for (const [at, parts] of some.entries()) {
      const [ours, theirs] = [healthy(one, parts), planted(other, parts)];
      if (ours !== theirs) return { at, ours, theirs };
    }
    return null;
  };
}

test(`shrinking: a healthy pair has no difference (seed ${seed})`, async (t) => {
  t.is(await smallestDifference(pairWith(healthy), commands), null);
});

test(`shrinking: data that differ silently come down to a few commands (seed ${seed})`,
  async (t) => {
    // Removes one element too many, of lists longer than three.
    const planted = pairWith((server, parts) => {
      const reply = healthy(server, parts);
      const isLong = Number(healthy(server, ['LLEN', 'l1']).slice(1)) > 3;
      if (parts[0] === 'LREM' && parts[1] === 'l1' && isLong) healthy(server, ['RPOP', 'l1']);
      return reply;
    });
    const found = await smallestDifference(planted, [...commands,
      ['DEL', 'l1'], ['RPUSH', 'l1', 'a', 'b', 'c', 'd', 'e'], ['LREM', 'l1', '1', 'x']]);
    t.true(found?.repeats);
    const names = found?.commands.map(([name]) => name) ?? [];
    t.deepEqual(names.slice(-2), ['LREM', 'DEBUG'], differenceText(found as never));
    t.true(names.length <= 10, differenceText(found as never));
    const words = found?.commands.flat().length ?? 0;
    t.true(words <= 30, differenceText(found as never));
    t.regex(differenceText(found as never), /^\d+ commands suffice to differ:\n\["/);
  });

test(`shrinking: a reply that differs late keeps what it depends on (seed ${seed})`, async (t) => {
  const planted = pairWith((server, parts) => {
    const reply = healthy(server, parts);
    return parts[0] === 'GET' && parts[1] === 'b' && reply === '"7"' ? '"8"' : reply;
  });
  const found = await smallestDifference(planted, [...commands.slice(0, 500),
    ['SET', 'b', '6'], ...commands.slice(500, 600).filter((parts) => !parts.includes('b')),
    ['INCR', 'b'], ['GET', 'b'], ...commands.slice(600)]);
  t.deepEqual(found?.commands,
    [['SET', 'b', '6'], ['INCR', 'b'], ['GET', 'b'], ['DEBUG', 'DIGEST']]);
  t.like(found, { at: 2, ours: '"7"', theirs: '"8"' });
});

test('shrinking: a difference that does not come again is told whole', async (t) => {
  let runs = 0;
  const found = await smallestDifference(async () =>
    (runs++ === 0 ? { at: 1, ours: '+a', theirs: '+b' } : null), [['PING'], ['GET', 'x'], ['X']]);
  t.like(found, { commands: [['PING'], ['GET', 'x']], repeats: false });
  t.regex(differenceText(found as never), /^seen once after 2 commands, not in a second run/);
});
