// Claim 13: sizes of log and snapshot for the same data, by what was done to it.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  bytesText, defineClaim, doesNotHold, holds, holdsWithin, significant,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, LabServer, Shown } from '../../harness/index.ts';
import { sets } from './support.ts';

/** Bytes after one kind of writes. */
export interface Sizes {
  readonly writes: string;
  readonly rdbBytes: number;
  readonly aofBytes: number;
  readonly rewrittenBytes: number;
}

/** All kinds. */
export interface Figures {
  readonly sizes: readonly Sizes[];
}

interface Parameters {
  readonly keys: number;
}

const rounds = 10;
const counters = 100;
const expireMs = 200;
/** A log within a twentieth of the snapshot's size is as large as it. */
const alikeShare = 1.05;

type Kind = readonly [name: string, write: (server: LabServer, keys: number) => Promise<void>];

const kinds: readonly Kind[] = [
  ['insert-only', (server, keys) => server.send(sets('k', [0, keys], 100))],
  ['overwrite-heavy', async (server, keys) => {
    for (let round = 0; round < rounds; round++) {
      await server.send(sets('k', [0, keys / rounds], 100));
    }
  }],
  ['counters', (server, keys) => server.send(Array.from({ length: keys }, (_, at) => (
    ['INCR', `counter:${at % counters}`])))],
  ['expiring', async (server, keys) => {
    await server.send(Array.from({ length: keys }, (_, key) => (
      ['SET', `k:${key}`, 'x'.repeat(100), ...(key % 10 === 0 ? [] : ['PX', String(expireMs)])])));
    // Gone by the server's own hand, so that log and snapshot are asked about the same data.
    while (await server.keys() > keys / 10) await sleep(50);
  }],
];

async function measure(lab: Lab, { keys }: Parameters): Promise<Figures> {
  const sizes: Sizes[] = [];
  for (const [writes, write] of kinds) {
    const server = await lab.start({ directory: lab.folder(), setting: 'rdb+aof/everysec' });
    await write(server, keys);
    await server.call('SAVE');
    const { rdbBytes, aofBytes } = lab.bytes(server.directory);
    await server.finish('BGREWRITEAOF');
    const rewrittenBytes = lab.bytes(server.directory).aofBytes;
    sizes.push({ writes, rdbBytes, aofBytes, rewrittenBytes });
    await server.kill();
  }
  return { sizes };
}

/** Larger before and after: holds; only before: until a rewrite. */
export function judge({ sizes }: Figures): Judgement {
  const before = sizes.map(({ aofBytes, rdbBytes }) => aofBytes / rdbBytes);
  const after = sizes.map(({ rewrittenBytes, rdbBytes }) => rewrittenBytes / rdbBytes);
  const range = (values: readonly number[]): string => (
    `${significant(Math.min(...values))}–${significant(Math.max(...values))} ×`);
  const decisive = `${range(before)} the snapshot before, ${range(after)} after a rewrite`;
  const smaller = sizes.filter((_, at) => (before[at] ?? 0) < 1).map(({ writes }) => writes);
  if (smaller.length > 0) {
    return doesNotHold({ decisive, instead: `The log is smaller after ${smaller.join(', ')}.` });
  }
  if (after.every((each) => each > alikeShare)) return holds(decisive);
  return holdsWithin('the time until a rewrite', {
    decisive,
    instead: 'A log grows with every command, up to many times the snapshot; a rewrite leaves a '
      + 'base that is a snapshot itself, and about as large.',
  });
}

function show({ sizes }: Figures): Shown {
  return {
    facts: sizes.flatMap(({ writes, rdbBytes, aofBytes, rewrittenBytes }) => [
      [writes, `snapshot ${bytesText(rdbBytes)}, log ${bytesText(aofBytes)}, rewritten `
        + bytesText(rewrittenBytes)] as const,
    ]),
    chart: {
      title: 'Bytes on disk for the same data', unit: 'bytes', isLog: true,
      bars: sizes.flatMap(({ writes, rdbBytes, aofBytes, rewrittenBytes }) => [
        { label: `${writes}: snapshot`, value: rdbBytes },
        { label: `${writes}: log`, value: aofBytes },
        { label: `${writes}: log, rewritten`, value: rewrittenBytes },
      ]),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 13,
  name: 'file-sizes',
  sentence: 'AOF files are larger than RDB files for the same data.',
  statedIn: 'redis.io, "Redis persistence", disadvantages of the AOF; textbooks',
  refutedBy: 'a log that is not larger than the snapshot of the same data',
  measured: 'insert-only, overwrite-heavy (ten rounds), counters and expiring writes; the sizes of '
    + 'snapshot and log afterwards, and of the log after a rewrite',
  estimatedMs: { quick: 12_000, nightly: 90_000 },
  parameters: { quick: { keys: 50_000 }, nightly: { keys: 1_000_000 } },
  measure,
  judge,
  show,
});

export default claim;
