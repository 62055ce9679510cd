// Claim 4: snapshots can be stored safely on S3. A backup goes there over connections that break,
// everything else is deleted, it comes back; then bits are flipped, and each must be found.

import fs from 'node:fs';
import {
  bytesText, defineClaim, doesNotHold, holds, holdsWithin, openS3,
} from '../../harness/index.ts';
import type { Claim, Judgement, Lab, LabS3, Shown } from '../../harness/index.ts';

/** What was seen. */
export interface Figures {
  readonly where: string;
  readonly bytes: number;
  readonly parts: number | null;
  readonly broken: number;
  readonly retried: number;
  /** The digest after the restore is that of before. */
  readonly isSame: boolean;
  /** Bits that were flipped in the store, one at a time; 0 where it is not ours to damage. */
  readonly damaged: number;
  /** Of those, restores that were refused. */
  readonly refused: number;
  readonly uploadMs: number;
  readonly restoreMs: number;
}

interface Parameters {
  readonly keys: number;
  readonly breaks: { readonly uploads: number; readonly downloads: number };
  readonly damages: number;
}

const setting = 'rdb' as const;
const valueBytes = 200;

async function measure(lab: Lab, parameters: Parameters): Promise<Figures> {
  const s3 = await openS3(lab, parameters.breaks);
  try {
    return await measureIn(s3, lab, parameters);
  } finally {
    await s3.close();
  }
}

async function measureIn(
  s3: LabS3, lab: Lab, { keys, damages }: Parameters,
): Promise<Figures> {
  const server = await lab.start({ directory: lab.folder(), setting });
  await server.send(Array.from({ length: keys }, (_, key) => (
    ['SET', `key:${key}`, valueOf(lab, key)])));
  const digest = await server.digest();
  let startedMs = performance.now();
  const record = await s3.backups.take(server, new Date());
  const uploadMs = performance.now() - startedMs;
  await server.kill();
  fs.rmSync(server.directory, { recursive: true });
  startedMs = performance.now();
  const directory = await s3.backups.restore(record.name);
  const restoreMs = performance.now() - startedMs;
  const restored = await lab.start({ directory, setting });
  const isSame = await restored.digest() === digest;
  await restored.kill();
  let [damaged, refused] = [0, 0];
  for (let place = 0; place < damages && s3.damage(place); place++) {
    damaged += 1;
    const isRefused = await s3.backups.restore(record.name).then(() => false, () => true);
    refused += isRefused ? 1 : 0;
    s3.mend();
  }
  return {
    where: s3.where, bytes: record.files.reduce((sum, file) => sum + file.bytes, 0),
    parts: s3.parts(), broken: s3.broken(), retried: s3.retried(), isSame, damaged, refused,
    uploadMs, restoreMs,
  };
}

/** Different bytes for each key, which a snapshot cannot make smaller. */
function valueOf(lab: Lab, key: number): string {
  const words: string[] = [];
  for (let at = 0; at < valueBytes / 8; at++) {
    words.push(Math.floor(lab.draw('value', key, at) * 2 ** 32).toString(16).padStart(8, '0'));
  }
  return words.join('');
}

/** One difference, or one damage that is taken for data, refutes it. */
export function judge(figures: Figures): Judgement {
  const { isSame, broken, damaged, refused, where } = figures;
  const decisive = `digest ${isSame ? 'equal' : 'different'} after ${broken} broken connections, `
    + `${refused} of ${damaged} damages refused`;
  if (!isSame || refused < damaged) {
    return doesNotHold({
      decisive, instead: isSame ? 'A damaged object was restored as if it were whole.'
        : 'What came back from the store is not what was stored.',
    });
  }
  if (damaged > 0) return holds(decisive);
  return holdsWithin('what was tried', {
    decisive, instead: `Stored in ${where} and restored with an equal digest; damage in the store`
      + ' was not tried.',
  });
}

function show(figures: Figures): Shown {
  const { where, bytes, parts, broken, retried, isSame, damaged, refused } = figures;
  return {
    facts: [
      ['where', where],
      ['size of the snapshot', bytesText(bytes)],
      ['parts that were sent, repeated ones too', parts === null ? 'not counted' : String(parts)],
      ['connections that were broken', String(broken)],
      ['tries that followed', String(retried)],
      ['digest after everything was deleted and restored', isSame ? 'equal' : 'different'],
      ['bits flipped in the store, one at a time', String(damaged)],
      ['of those refused by the restore', String(refused)],
    ],
    chart: {
      title: 'BGSAVE, check and upload; download and check', unit: 'ms',
      bars: [
        { label: 'backup', value: figures.uploadMs },
        { label: 'restore', value: figures.restoreMs },
      ],
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 4,
  name: 'remote-storage',
  sentence: 'RDB files can be stored safely on remote storage such as Amazon S3 or Alibaba Cloud.',
  statedIn: 'redis.io, "Redis persistence", advantages of RDB; guides to backups of Redis',
  refutedBy: 'a digest after the restore that differs from the one before, or a flipped bit in the '
    + 'store that is restored as data',
  measured: 'a backup goes to an S3 server of our own, which checks signatures and breaks uploads '
    + 'of parts and downloads (a real bucket: PLUGPULL_CLAIMS_S3); the data directory is deleted; '
    + 'the backup is restored, loaded by the server, its DEBUG DIGEST compared; then single bits '
    + 'of the objects are flipped, each of which a restore must refuse',
  estimatedMs: { quick: 15_000, nightly: 120_000 },
  parameters: {
    quick: { keys: 16_000, breaks: { uploads: 10, downloads: 3 }, damages: 6 },
    nightly: { keys: 400_000, breaks: { uploads: 100, downloads: 20 }, damages: 40 },
  },
  measure,
  judge,
  show,
});

export default claim;
