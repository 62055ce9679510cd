// Claim 14: a rewritten log gives exactly the same data, for all types, also after a crash while it
// is rewritten.

import { defineClaim, doesNotHold, groupedText, holds, inconclusive } from '../../harness/index.ts';
import type { Claim, Judgement, Lab, LabServer, Shown } from '../../harness/index.ts';
import { sets } from './support.ts';

/** One round: is the digest the same after each step? */
export interface Round {
  readonly base: string;
  readonly afterRewrite: boolean;
  readonly afterRestart: boolean;
  readonly afterCrash: boolean;
  /** The rewrite was still running when the server was killed. */
  readonly wasRewriting: boolean;
}

/** All rounds. */
export interface Figures {
  readonly types: readonly string[];
  readonly keys: number;
  readonly rounds: readonly Round[];
}

interface Parameters {
  readonly keys: number;
  readonly rounds: number;
}

const setting = 'aof/everysec' as const;
const elements = 300; // more than a packed collection holds

async function measure(lab: Lab, { keys, rounds: count }: Parameters): Promise<Figures> {
  const rounds: Round[] = [];
  let types: string[] = [];
  for (let at = 0; at < count; at++) {
    const isSnapshot = at % 2 === 0;
    const directives = { 'aof-use-rdb-preamble': isSnapshot ? 'yes' : 'no' };
    const start = (directory: string): Promise<LabServer> => (
      lab.start({ directory, setting, directives }));
    const server = await start(lab.folder());
    types = await fillAllTypes(server);
    await server.send(sets('k', [0, keys]));
    const before = await server.digest();
    await server.finish('BGREWRITEAOF');
    const afterRewrite = await server.digest() === before;
    await server.kill();
    const again = await start(server.directory);
    const afterRestart = await again.digest() === before;
    await again.send(sets('k', [keys / 2, keys * 1.5]));
    const beforeCrash = await again.digest();
    await again.call('BGREWRITEAOF');
    const facts = await again.info('persistence');
    await again.kill();
    const last = await start(server.directory);
    const afterCrash = await last.digest() === beforeCrash;
    await last.kill();
    rounds.push({
      base: isSnapshot ? 'snapshot' : 'commands', afterRewrite, afterRestart, afterCrash,
      wasRewriting: facts.get('aof_rewrite_in_progress') === '1',
    });
  }
  return { types, keys, rounds };
}

/** Small and large values of every type, in two databases; the types that the server knows. */
async function fillAllTypes(server: LabServer): Promise<string[]> {
  const many = Array.from({ length: elements }, (_, at) => `member ${at}`);
  const numbered = many.flatMap((word, at) => [String(at), word]);
  await server.send([
    ['SET', 'string', 'x'.repeat(20_000)], ['SET', 'number', '-42'],
    ['SET', 'binary', Buffer.from([0, 13, 10, 255, 36])],
    ['SETBIT', 'bits', '100000', '1'], ['PFADD', 'sketch', ...many],
    ['RPUSH', 'list', ...many], ['RPUSH', 'list:small', 'a', 'b'],
    ['HSET', 'hash', ...numbered], ['HSET', 'hash:small', 'field', 'value'],
    ['SADD', 'set', ...many], ['SADD', 'set:numbers', '1', '-2', '30000000000'],
    ['ZADD', 'sorted', ...numbered], ['ZADD', 'sorted:small', '-inf', 'low', '1.5', 'mid'],
    ['SET', 'deadline', 'far', 'EX', '100000'], ['SELECT', '1'], ['SET', 'string', 'other'],
    ['RPUSH', 'list', 'other'], ['SELECT', '0'],
  ]);
  const types = ['string', 'list', 'hash', 'set', 'sorted set', 'bitmap', 'HyperLogLog'];
  try {
    await server.call('XADD', 'stream', '1-1', 'field', 'value');
    return [...types, 'stream'];
  } catch {
    return types; // not part of every server
  }
}

/** One digest that differs refutes it; a crash that hit no rewrite says nothing. */
export function judge({ types, rounds }: Figures): Judgement {
  const crashes = rounds.filter(({ wasRewriting }) => wasRewriting).length;
  const differing = rounds.flatMap(({ base, afterRewrite, afterRestart, afterCrash }) => [
    ...(afterRewrite ? [] : [`after the rewrite (${base})`]),
    ...(afterRestart ? [] : [`after a restart (${base})`]),
    ...(afterCrash ? [] : [`after a crash in the rewrite (${base})`]),
  ]);
  const decisive = `${3 * rounds.length - differing.length} of ${3 * rounds.length} digests equal, `
    + `${types.length} types, ${crashes} crashes amid a rewrite`;
  if (differing.length > 0) {
    return doesNotHold({ decisive, instead: `The data differed ${differing.join(', ')}.` });
  }
  if (crashes === 0) {
    return inconclusive(decisive, 'No crash hit a running rewrite: try larger sizes.');
  }
  return holds(decisive);
}

function show({ types, keys, rounds }: Figures): Shown {
  const word = (isSame: boolean): string => (isSame ? 'equal' : 'DIFFERENT');
  return {
    facts: [
      ['types', types.join(', ')], ['further keys', groupedText(keys)],
      ...rounds.map((round, at) => [
        `round ${at + 1}, base of ${round.base}`,
        `after the rewrite ${word(round.afterRewrite)}, after a restart ${
          word(round.afterRestart)}, after a crash ${round.wasRewriting ? 'amid' : 'behind'} the `
          + `next rewrite ${word(round.afterCrash)}`] as const),
    ],
    chart: null,
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 14,
  name: 'rewrite-exact',
  sentence: 'A log rebuilt by a rewrite gives exactly the same data set.',
  statedIn: 'older textbooks warn that it may not (BRPOPLPUSH and other bugs of early versions)',
  refutedBy: 'a DEBUG DIGEST that differs after a rewrite, a restart, or a crash while it runs',
  measured: 'all types in two databases and many keys; digests before a rewrite, after it, after '
    + 'SIGKILL and a restart, and after SIGKILL amid the next rewrite; base of snapshot and of '
    + 'commands in turn',
  estimatedMs: { quick: 15_000, nightly: 180_000 },
  parameters: { quick: { keys: 60_000, rounds: 2 }, nightly: { keys: 1_000_000, rounds: 20 } },
  measure,
  judge,
  show,
});

export default claim;
