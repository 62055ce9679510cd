// Claim 3: one file for each moment, for cold backups. A server keeps one snapshot and replaces it;
// copies with retention are what makes them many, and each must come back as it was.

import fs from 'node:fs';
import {
  bytesText, defineClaim, doesNotHold, holds, holdsWithin, LabBackups,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, Shown } from '../../harness/index.ts';

/** What was seen. */
export interface Figures {
  readonly taken: number;
  /** Snapshots in the data directory after all of them. */
  readonly filesOfServer: number;
  readonly kept: number;
  /** Kept ones whose data, loaded by the server, has the digest of their moment. */
  readonly equal: number;
  readonly bytes: number;
  readonly longestMs: number;
}

interface Parameters {
  readonly moments: number;
  readonly keysPerMoment: number;
}

const hourMs = 3_600_000;
const setting = 'rdb' as const;
const hourly = 2;
const daily = 2;
/** The newest of the last two hours, 02:00 and 01:00, and of the day before, 23:00. */
const keptExpected = 3;

async function measure(lab: Lab, { moments, keysPerMoment }: Parameters): Promise<Figures> {
  const backups = LabBackups.inFolder(lab);
  const server = await lab.start({ directory: lab.folder(), setting });
  const digests = new Map<string, string>();
  // The last at 02:00, so that the moments are of two days.
  const last = Date.UTC(2026, 0, 2, 2);
  let [bytes, longestMs] = [0, 0];
  for (let moment = 0; moment < moments; moment++) {
    await server.send(Array.from({ length: keysPerMoment }, (_, key) => (
      ['SET', `moment:${moment}:${key}`, `value ${key} of ${moment}`])));
    await server.call('INCR', 'moment');
    const startedMs = performance.now();
    const record = await backups.take(server, new Date(last - (moments - 1 - moment) * hourMs));
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    bytes += record.files.reduce((sum, file) => sum + file.bytes, 0);
    digests.set(record.name, await server.digest());
  }
  const filesOfServer = fs.readdirSync(server.directory)
    .filter((name) => name.endsWith('.rdb')).length;
  await server.kill();
  await backups.prune({ last: null, hourly, daily });
  const names = await backups.names();
  let equal = 0;
  for (const name of names) {
    const restored = await lab.start({ directory: await backups.restore(name), setting });
    if (await restored.digest() === digests.get(name)) equal += 1;
    await restored.kill();
  }
  return { taken: moments, filesOfServer, kept: names.length, equal, bytes, longestMs };
}

/** Every kept copy must be what it was; how many files the server keeps decides the rest. */
export function judge(figures: Figures): Judgement {
  const { taken, filesOfServer, kept, equal } = figures;
  const decisive = `${equal} of ${kept} copies equal; the server keeps ${filesOfServer} file`
    + `${filesOfServer === 1 ? '' : 's'}`;
  if (equal < kept || kept !== keptExpected) {
    return doesNotHold({
      decisive, instead: `Of ${kept} copies kept (${keptExpected} expected) only ${equal} came back`
        + ' with the data of their moment.',
    });
  }
  if (filesOfServer >= taken) return holds(decisive);
  return holdsWithin('what is copied away', {
    decisive, instead: `The server keeps ${filesOfServer} snapshot and replaces it; a file for each`
      + ' moment is what a backup of it makes, and each of those comes back as it was.',
  });
}

function show(figures: Figures): Shown {
  const { taken, filesOfServer, kept, equal, bytes, longestMs } = figures;
  return {
    facts: [
      ['snapshots taken, an hour apart by their names', String(taken)],
      ['snapshot files that the server kept', String(filesOfServer)],
      [`copies that stay with ${hourly} hourly and ${daily} daily`, String(kept)],
      ['of those with the digest of their moment after a restore', String(equal)],
      ['bytes of all copies', bytesText(bytes)],
      ['longest backup, with BGSAVE and check', `${Math.round(longestMs)} ms`],
    ],
    chart: {
      title: 'Snapshots taken, kept by the server, kept as copies, restored with an equal digest',
      unit: 'count',
      bars: [
        { label: 'taken', value: taken }, { label: 'kept by the server', value: filesOfServer },
        { label: 'kept as copies', value: kept }, { label: 'restored, equal', value: equal },
      ],
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 3,
  name: 'cold-backups',
  sentence: 'RDB makes many files, one per moment, fit for cold backups.',
  statedIn: 'redis.io, "Redis persistence", advantages of RDB; most comparisons of RDB and AOF',
  refutedBy: 'a data directory with fewer snapshots than were taken; a copy of one that does not '
    + 'come back with the digest of its moment',
  measured: 'writes and a backup (BGSAVE, copy, check) for each of several moments; the snapshots '
    + 'that the server kept; retention of 2 hourly and 2 daily; every copy left is restored, '
    + 'loaded by the server, and its DEBUG DIGEST compared with that of its moment',
  estimatedMs: { quick: 20_000, nightly: 180_000 },
  parameters: {
    quick: { moments: 4, keysPerMoment: 5000 },
    nightly: { moments: 30, keysPerMoment: 50_000 },
  },
  measure,
  judge,
  show,
});

export default claim;
