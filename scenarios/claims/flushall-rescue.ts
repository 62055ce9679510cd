// Claim 11: a FLUSHALL that nobody meant is taken out of the log with edit-aof, and everything is
// there again, also what was written after it.

import fs from 'node:fs';
import path from 'node:path';
import { defineClaim, doesNotHold, groupedText, holds, holdsWithin } from '../../harness/index.ts';
import type { Claim, Judgement, Lab, LabServer, Shown } from '../../harness/index.ts';

/** What the rescue brought. */
export interface Figures {
  readonly keys: number;
  readonly keysAfterFlush: number;
  /** Commands that were taken out of the log. */
  readonly removed: number;
  readonly keysRescued: number;
  /** The digest equals that of a server that never got the FLUSHALL. */
  readonly isSame: boolean;
  readonly rescueMs: number;
  /** Commands that could be taken out after the log had been rewritten. */
  readonly removedAfterRewrite: number;
}

interface Parameters {
  readonly keys: number;
  readonly keysAfterFlush: number;
}

const setting = 'aof/everysec' as const;
const logFolder = 'appendonlydir';

async function measure(lab: Lab, { keys, keysAfterFlush }: Parameters): Promise<Figures> {
  const accident = await lab.start({ directory: lab.folder(), setting });
  await fill(accident, 'before', keys);
  await accident.call('FLUSHALL');
  await fill(accident, 'after', keysAfterFlush);
  await accident.kill();
  const { directory } = accident;

  const startedMs = performance.now();
  const rescue = lab.folder();
  const removed = lab.removeCommands(path.join(directory, logFolder), {
    names: ['flushall'], into: path.join(rescue, logFolder),
  });
  const rescued = await lab.start({ directory: rescue, setting });
  const rescueMs = performance.now() - startedMs;

  const expected = await lab.start({ directory: lab.folder(), setting });
  await fill(expected, 'before', keys);
  await fill(expected, 'after', keysAfterFlush);
  const isSame = await rescued.digest() === await expected.digest();
  const keysRescued = await rescued.keys();
  await expected.kill();
  await rescued.kill();
  return {
    keys, keysAfterFlush, removed, keysRescued, isSame, rescueMs,
    removedAfterRewrite: await afterRewrite(lab, directory),
  };
}

async function fill(server: LabServer, prefix: string, count: number): Promise<void> {
  await server.send(Array.from({ length: count }, (_, key) => (
    ['SET', `${prefix}:${key}`, `value ${key}`])));
}

/** The same accident with a rewrite before anybody noticed. */
async function afterRewrite(lab: Lab, accident: string): Promise<number> {
  const server = await lab.start({ directory: lab.folder(accident), setting });
  await server.finish('BGREWRITEAOF');
  await server.kill();
  const into = path.join(lab.folder(), logFolder);
  const removed = lab.removeCommands(path.join(server.directory, logFolder), {
    names: ['flushall'], into,
  });
  fs.rmSync(into, { recursive: true, force: true });
  return removed;
}

/** The digest decides; after a rewrite nothing may be left to undo. */
export function judge(figures: Figures): Judgement {
  const { keys, keysAfterFlush, isSame, keysRescued, removedAfterRewrite } = figures;
  const decisive = `${groupedText(keysRescued)} of ${groupedText(keys + keysAfterFlush)} keys, `
    + `digest ${isSame ? 'equal' : 'different'}`;
  if (!isSame) {
    return doesNotHold({
      decisive, instead: 'Taking FLUSHALL out of the log did not bring the data back.',
    });
  }
  if (removedAfterRewrite === 0) return holds(decisive);
  return holdsWithin('any time', {
    decisive, instead: 'The log still held the FLUSHALL after a rewrite.',
  });
}

function show(figures: Figures): Shown {
  const { keys, keysAfterFlush, removed, keysRescued, rescueMs, removedAfterRewrite } = figures;
  return {
    facts: [
      ['keys before the FLUSHALL', groupedText(keys)],
      ['keys written after it', groupedText(keysAfterFlush)],
      ['commands taken out of the log', String(removed)],
      ['keys after the rescue', groupedText(keysRescued)],
      ['digest', figures.isSame ? 'equal to that of a server without the FLUSHALL' : 'different'],
      ['from edit-aof to the first write', `${Math.round(rescueMs)} ms`],
      ['commands to take out after a rewrite', String(removedAfterRewrite)],
    ],
    chart: {
      title: 'Keys after the accident, after the rescue, and as they should be', unit: 'count',
      bars: [
        { label: 'after the FLUSHALL', value: keysAfterFlush },
        { label: 'after the rescue', value: keysRescued },
        { label: 'without the accident', value: keys + keysAfterFlush },
      ],
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 11,
  name: 'flushall-rescue',
  sentence: 'A mistaken FLUSHALL can be undone by editing the AOF before the next rewrite.',
  statedIn: 'redis.io, "Redis persistence", advantages of the AOF; runbooks and interviews',
  refutedBy: 'a digest after the rescue that differs from that of a server which never got the '
    + 'FLUSHALL but all other commands',
  measured: 'keys, FLUSHALL, more keys, SIGKILL; edit-aof writes a copy of the log without the '
    + 'FLUSHALL; the same server is started on it and its DEBUG DIGEST compared; once more with a '
    + 'rewrite in between',
  estimatedMs: { quick: 10_000, nightly: 60_000 },
  parameters: {
    quick: { keys: 100_000, keysAfterFlush: 10_000 },
    nightly: { keys: 1_000_000, keysAfterFlush: 100_000 },
  },
  measure,
  judge,
  show,
});

export default claim;
