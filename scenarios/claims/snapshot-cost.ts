// Claim 5: what a snapshot costs those who are served meanwhile, and how long its fork stops them.

import {
  defineClaim, doesNotHold, groupedText, holds, holdsWithin, inconclusive, significant,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, Shown } from '../../harness/index.ts';
import { busyWords, costFacts, costOf, costText, isBusy, isLittle } from './work-under-load.ts';
import type { WorkCost } from './work-under-load.ts';

/** The longest wait of one client that only sends PING, and the fork in the server's own words. */
export interface Pause {
  readonly keys: number;
  readonly idleMs: number;
  readonly snapshotMs: number;
  /** 0 where nothing is forked. */
  readonly forkMs: number;
}

/** Cost under load, pauses by size. */
export interface Figures {
  readonly cost: WorkCost | null;
  readonly pauses: readonly Pause[];
}

interface Parameters {
  readonly keys: number;
  readonly trials: number;
  readonly ratePerSecond: number;
  readonly pauseKeys: readonly number[];
}

/** A pause that people can tell from none. */
const pauseFromMs = 1;

async function measure(lab: Lab, { pauseKeys, ...load }: Parameters): Promise<Figures> {
  const cost = await costOf(lab, 'bgsave', load);
  const pauses: Pause[] = [];
  for (const keys of pauseKeys) pauses.push(await pauseAt(lab, keys));
  return { cost, pauses };
}

async function pauseAt(lab: Lab, keys: number): Promise<Pause> {
  const server = await lab.start({ directory: lab.folder(), setting: 'rdb' });
  await server.call('DEBUG', 'POPULATE', String(keys), 'key', '100');
  const client = await server.connect();
  const longestWait = async (until: () => boolean): Promise<number> => {
    let longestMs = 0;
    while (!until()) {
      const sentMs = performance.now();
      await client.call('PING');
      longestMs = Math.max(longestMs, performance.now() - sentMs);
    }
    return longestMs;
  };
  const idleEndMs = performance.now() + 500;
  const idleMs = await longestWait(() => performance.now() > idleEndMs);
  let isDone = false;
  const saving = server.finish('BGSAVE').finally(() => {
    isDone = true;
  });
  const snapshotMs = await longestWait(() => isDone);
  await saving;
  const forkUs = Number((await server.info('stats')).get('latest_fork_usec') ?? 0);
  client.close();
  await server.kill();
  return { keys, idleMs, snapshotMs, forkMs: forkUs / 1000 };
}

/** Two halves: little effect under load, and a fork whose pause grows with the data. */
export function judge({ cost, pauses }: Figures): Judgement {
  const [small, large] = [pauses[0], pauses.at(-1)];
  if (cost === null || small === undefined || large === undefined) {
    return inconclusive('not measured', 'The load or the pauses were not measured.');
  }
  const fork = large.forkMs === 0 ? 'no fork' : `fork ${significant(large.forkMs)} ms`;
  const decisive = `${costText(cost)}; ${fork} with ${groupedText(large.keys)} keys`;
  if (isBusy(cost)) return inconclusive(decisive, busyWords);
  if (!isLittle(cost)) {
    return doesNotHold({
      decisive,
      instead: 'While the snapshot is written, it takes a part of the machine that clients feel: '
        + 'here their rate or tail changed by more than little.',
    });
  }
  if (large.forkMs >= pauseFromMs && large.forkMs > small.forkMs) return holds(decisive);
  if (large.forkMs > 0) {
    return holdsWithin(`forks below ${pauseFromMs} ms`, {
      decisive, instead: 'With this much data the fork is too short to be felt: it grows with it.',
    });
  }
  return holdsWithin('its first half', {
    decisive,
    instead: 'A snapshot has little effect on clients, and as nothing is forked, no pause grows '
      + 'with the data.',
  });
}

function show({ cost, pauses }: Figures): Shown {
  return {
    facts: [
      ...(cost === null ? [] : costFacts(cost)),
      ...pauses.map(({ keys, idleMs, snapshotMs, forkMs }) => [
        `${groupedText(keys)} keys`, `fork ${significant(forkMs)} ms; longest wait for PING ${
          significant(snapshotMs)} ms during the snapshot, ${significant(idleMs)} ms before`,
      ] as const),
    ],
    chart: {
      title: 'Longest wait for a PING, and the fork', unit: 'ms',
      bars: pauses.flatMap(({ keys, idleMs, snapshotMs, forkMs }) => [
        { label: `${groupedText(keys)} keys: before`, value: idleMs },
        { label: `${groupedText(keys)} keys: during`, value: snapshotMs },
        { label: `${groupedText(keys)} keys: fork`, value: forkMs },
      ]),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 5,
  name: 'snapshot-cost',
  sentence: 'RDB has little effect on read and write performance, because a child does the disk '
    + 'work; with a large data set the fork pauses service for milliseconds to seconds.',
  statedIn: 'redis.io, "Redis persistence", advantages and disadvantages of RDB; textbooks',
  refutedBy: 'a rate below 95 % or a p99 above three times that before the snapshot; a fork that '
    + 'does not grow with the data',
  measured: 'an open loop before and during BGSAVE; without load, the longest wait of a PING and '
    + 'latest_fork_usec by size',
  estimatedMs: { quick: 30_000, nightly: 300_000 },
  parameters: {
    quick: {
      keys: 150_000, trials: 3, ratePerSecond: 4000, pauseKeys: [50_000, 1_000_000],
    },
    nightly: {
      keys: 1_000_000, trials: 9, ratePerSecond: 10_000,
      pauseKeys: [100_000, 1_000_000, 10_000_000],
    },
  },
  measure,
  judge,
  show,
});

export default claim;
