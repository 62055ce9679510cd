// Claim 15: which file a server believes when it has both.

import { defineClaim, doesNotHold, groupedText, holds } from '../../harness/index.ts';
import type { Claim, Judgement, Lab, Shown } from '../../harness/index.ts';
import { sets } from './support.ts';

/** Keys by what a server was started with. */
export interface Figures {
  /** In the snapshot, and written after it. */
  readonly keysSaved: number;
  readonly keysAfter: number;
  readonly keysBackWithBoth: number;
  readonly isSame: boolean;
  /** The same directory with the log switched off. */
  readonly keysBackFromSnapshot: number;
}

interface Parameters {
  readonly keys: number;
}

async function measure(lab: Lab, { keys }: Parameters): Promise<Figures> {
  const setting = 'rdb+aof/everysec';
  const server = await lab.start({ directory: lab.folder(), setting });
  await server.send(sets('saved', [0, keys]));
  await server.call('SAVE');
  await server.send(sets('after', [0, keys]));
  const digest = await server.digest();
  await server.kill();
  const fromSnapshot = await lab.start({ directory: lab.folder(server.directory), setting: 'rdb' });
  const keysBackFromSnapshot = await fromSnapshot.keys();
  await fromSnapshot.kill();
  const back = await lab.start({ directory: server.directory, setting });
  const [keysBackWithBoth, isSame] = [await back.keys(), await back.digest() === digest];
  await back.kill();
  return { keysSaved: keys, keysAfter: keys, keysBackWithBoth, isSame, keysBackFromSnapshot };
}

/** With both everything must be back, of which the snapshot alone has a part. */
export function judge(figures: Figures): Judgement {
  const { keysSaved, keysAfter, keysBackWithBoth, isSame, keysBackFromSnapshot } = figures;
  const all = groupedText(keysSaved + keysAfter);
  const decisive = `${groupedText(keysBackWithBoth)} of ${all} keys back with both, ${
    groupedText(keysBackFromSnapshot)} from the snapshot alone`;
  if (isSame && keysBackFromSnapshot < keysSaved + keysAfter) return holds(decisive);
  const instead = isSame ? 'The snapshot was as complete as the log.'
    : 'With both on, what was written after the snapshot did not come back.';
  return doesNotHold({ decisive, instead });
}

function show(figures: Figures): Shown {
  const { keysSaved, keysAfter, keysBackWithBoth, keysBackFromSnapshot } = figures;
  return {
    facts: [
      ['keys in the snapshot', groupedText(keysSaved)],
      ['keys written after it', groupedText(keysAfter)],
      ['keys back with both on', groupedText(keysBackWithBoth)],
      ['digest with both on', figures.isSame ? 'equal' : 'different'],
      ['keys back from the snapshot alone', groupedText(keysBackFromSnapshot)],
    ],
    chart: {
      title: 'Keys after SIGKILL and a start', unit: 'count',
      bars: [
        { label: 'RDB and AOF on', value: keysBackWithBoth },
        { label: 'the same files, AOF off', value: keysBackFromSnapshot },
      ],
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 15,
  name: 'both-prefers-log',
  sentence: 'With both on, AOF is preferred at restart because it is more complete.',
  statedIn: 'redis.io, "Redis persistence", interactions between AOF and RDB; interviews',
  refutedBy: 'a server with both files that comes back without what was written after the snapshot',
  measured: 'keys, SAVE, more keys, SIGKILL; started with both on, and a copy with the log off',
  estimatedMs: { quick: 5000, nightly: 30_000 },
  parameters: { quick: { keys: 20_000 }, nightly: { keys: 1_000_000 } },
  measure,
  judge,
  show,
});

export default claim;
