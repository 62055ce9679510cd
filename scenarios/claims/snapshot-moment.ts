// Claim 2: each snapshot is one moment of the data, whatever is written meanwhile.

import fs from 'node:fs';
import path from 'node:path';
import { defineClaim, doesNotHold, groupedText, holds, inconclusive } from '../../harness/index.ts';
import type { Claim, Judgement, Lab, LabServer, Shown } from '../../harness/index.ts';

/** One snapshot under a load that writes 0, 1, 2, … round and round over the keys. */
export interface Snapshot {
  /** The last write that is in it. */
  readonly moment: number;
  /** Keys that do not hold what they held at that moment. */
  readonly keysWrong: number;
  /** Writes acknowledged before it was asked for, and sent before the server said yes. */
  readonly acknowledgedBefore: number;
  readonly sentAfter: number;
  /** Writes acknowledged until it was done. */
  readonly writesMeanwhile: number;
}

/** Every snapshot of one server. */
export interface Figures {
  readonly keys: number;
  readonly snapshots: readonly Snapshot[];
}

interface Parameters {
  readonly keys: number;
  readonly snapshots: number;
}

const batch = 100;

async function measure(lab: Lab, { keys, snapshots: count }: Parameters): Promise<Figures> {
  const server = await lab.start({ directory: lab.folder(), setting: 'rdb' });
  const writer = new Writer(server, keys);
  await writer.write(keys);
  const running = writer.run();
  const snapshots: Snapshot[] = [];
  while (snapshots.length < count) {
    const acknowledgedBefore = writer.acknowledged;
    await server.call('BGSAVE');
    const sentAfter = writer.sent;
    await server.until((facts) => facts.get('rdb_bgsave_in_progress') === '0');
    const writesMeanwhile = writer.acknowledged - sentAfter;
    const copy = lab.folder();
    fs.copyFileSync(path.join(server.directory, 'dump.rdb'), path.join(copy, 'dump.rdb'));
    const found = await momentOf(lab, copy, keys);
    snapshots.push({ ...found, acknowledgedBefore, sentAfter, writesMeanwhile });
  }
  writer.stop();
  await running;
  await server.kill();
  return { keys, snapshots };
}

/** One client, one order: write n sets key n mod keys to n. */
class Writer {
  sent = 0;
  acknowledged = 0;
  readonly #server: LabServer;
  readonly #keys: number;
  #isStopped = false;

  constructor(server: LabServer, keys: number) {
    this.#server = server;
    this.#keys = keys;
  }

  async write(count: number): Promise<void> {
    const first = this.sent;
    this.sent += count;
    await this.#server.send(Array.from({ length: count }, (_, at) => (
      ['SET', `w:${(first + at) % this.#keys}`, String(first + at)])));
    this.acknowledged += count;
  }

  async run(): Promise<void> {
    while (!this.#isStopped) await this.write(batch);
  }

  stop(): void {
    this.#isStopped = true;
  }
}

async function momentOf(
  lab: Lab, directory: string, keys: number,
): Promise<Pick<Snapshot, 'moment' | 'keysWrong'>> {
  const server = await lab.start({ directory, setting: 'rdb' });
  const values: number[] = [];
  while (values.length < keys) {
    const names = Array.from({ length: Math.min(1000, keys - values.length) },
      (_, at) => `w:${values.length + at}`);
    for (const value of await server.call('MGET', ...names) as unknown[]) {
      values.push(value === null ? -1 : Number(String(value)));
    }
  }
  await server.kill();
  const moment = values.reduce((most, value) => Math.max(most, value), -1);
  const keysWrong = values.filter((value, key) => value !== expectedAt(moment, key, keys)).length;
  return { moment, keysWrong };
}

/** What a key holds when write `moment` was the last one. */
export function expectedAt(moment: number, key: number, keys: number): number {
  const expected = key + keys * Math.floor((moment - key) / keys);
  return expected < 0 ? -1 : expected;
}

/** One wrong key, or a moment outside the call, refutes it; without writes nothing was tried. */
export function judge({ keys, snapshots }: Figures): Judgement {
  const wrong = snapshots.reduce((sum, each) => sum + each.keysWrong, 0);
  const misplaced = snapshots.filter(({ moment, acknowledgedBefore, sentAfter }) => (
    moment < acknowledgedBefore - 1 || moment >= sentAfter)).length;
  const writes = snapshots.reduce((sum, each) => sum + each.writesMeanwhile, 0);
  const decisive = `${snapshots.length} snapshots of ${groupedText(keys)} keys, ${
    groupedText(writes)} writes meanwhile: ${groupedText(wrong)} keys of another moment`;
  if (wrong > 0) {
    return doesNotHold({ decisive, instead: 'A snapshot mixes values of several moments.' });
  }
  if (misplaced > 0) {
    return doesNotHold({
      decisive: `${decisive}; ${misplaced} of a moment before or after the call`,
      instead: 'A snapshot is one moment, but not that of BGSAVE.',
    });
  }
  if (writes === 0 || snapshots.length === 0) {
    return inconclusive(decisive, 'Nothing was written while a snapshot ran: try larger sizes.');
  }
  return holds(decisive);
}

function show({ snapshots }: Figures): Shown {
  return {
    facts: snapshots.map(({ moment, keysWrong, writesMeanwhile }, at) => [
      `snapshot ${at + 1}`, `write ${groupedText(moment)}, ${groupedText(writesMeanwhile)} writes `
        + `meanwhile, ${keysWrong} keys of another moment`,
    ]),
    chart: {
      title: 'Writes acknowledged while each snapshot was written', unit: 'count',
      bars: snapshots.map(({ writesMeanwhile }, at) => (
        { label: `snapshot ${at + 1}`, value: writesMeanwhile })),
    },
  };
}

const claim: Claim = defineClaim<Figures, Parameters>({
  number: 2,
  name: 'snapshot-moment',
  sentence: 'RDB snapshots are point-in-time copies: each file is one consistent moment, also '
    + 'under '
    + 'write load.',
  statedIn: 'redis.io, "Redis persistence", advantages of RDB; textbooks',
  refutedBy: 'a snapshot in which one key is older or newer than the others, or whose moment lies '
    + 'outside the call of BGSAVE',
  measured: 'one client writes 0, 1, 2, … round and round over the keys while BGSAVEs run; each '
    + 'file is loaded by a server of its own, and every key must hold what it held at the last '
    + 'write in the file',
  estimatedMs: { quick: 12_000, nightly: 120_000 },
  parameters: {
    quick: { keys: 50_000, snapshots: 4 }, nightly: { keys: 1_000_000, snapshots: 20 },
  },
  measure,
  judge,
  show,
});

export default claim;
