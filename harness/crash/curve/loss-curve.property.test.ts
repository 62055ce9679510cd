// The curve against the slow way: at every instant of random runs of a toy server, sound or not,
// the crash image is built, read back command by command, and its losses counted one by one.

import test from 'ava';
import * as fc from 'fast-check';

import { ManualClock } from '../../../engine/io/clock.ts';
import { MemoryDisk } from '../../../engine/io/memory-disk.ts';
import { MemorySink, OpLogWriter, readOpLog } from '../../../engine/io/op-log.ts';
import { recordingDisk } from '../../../engine/io/recording-disk.ts';
import type { Disk } from '../../../engine/io/disk.ts';
import { Ledger, STATUS_INFO, STATUS_OK } from '../../history/ledger.ts';
import { OperationEncoder } from '../../workloads/encoder.ts';
import { Barriers } from '../../workloads/model/barriers.ts';
import { Operations } from '../../workloads/operations.ts';
import type { WorkloadSpec } from '../../workloads/spec.ts';
import { CrashImager } from '../image.ts';
import type { FileTree } from '../image.ts';
import { lossCurve } from './loss-curve.ts';
import type { LossCurve } from './loss-curve.ts';
import { layoutOf } from './recovered.ts';

const seed = Number(process.env['PLUGPULL_TEST_SEED'] ?? Date.now() % 2 ** 31);
const clients = 3;
const root = '/data';
const directory = `${root}/appendonlydir`;
const manifestPath = `${directory}/appendonly.aof.manifest`;
const workload: WorkloadSpec = {
  seed: 5, clients, keysPerClient: 4, valueSizeBytes: 40, mix: 'chaos', startWallMs: 1.76e12,
};

class StepClock extends ManualClock {
  override monotonicNs(): number {
    this.advanceNs(1);
    return super.monotonicNs();
  }
}

interface Operation {
  readonly client: number;
  readonly sentNs: number;
  ackedNs: number;
}

/** A server that logs, syncs and rewrites when it is told to, and lies when it is told to. */
class ToyLogger {
  readonly clock = new StepClock({ monotonicNs: 1000 });
  readonly operations: Operation[] = [];
  readonly timesNs: number[] = [];
  readonly sink = new MemorySink();
  readonly #disk: Disk;
  readonly #encoder = new OperationEncoder(workload);
  readonly #counts = new Float64Array(clients);
  #increment = 1;
  #listed: string[] = ['i1'];
  #logged: Buffer[] = [];
  #base = '';
  #fd = -1;
  #ends: number[] = [];
  startNs = 0;

  constructor() {
    const memory = MemoryDisk.from({ directories: [root], files: new Map() });
    const log = new OpLogWriter(this.sink, this.clock);
    this.#disk = recordingDisk(memory, log, { rootPath: root });
    this.#disk.makeDirectory(directory);
    this.#open();
    this.#manifest(true);
    this.startNs = this.clock.monotonicNs();
  }

  step([verb, one, two]: readonly [string, number, boolean]): void {
    if (verb === 'write') this.#write(one % clients, two);
    else if (verb === 'torn') this.#torn(one % clients);
    else if (verb === 'ack') this.#acknowledge(one);
    else if (verb === 'sync') this.#disk.sync(this.#fd);
    else if (verb === 'turn') this.#turn(two);
    else if (verb === 'base') this.#rewritten(two);
    else if (verb === 'remove') this.#remove();
    else if (verb === 'cut') this.#cut();
    else this.#disk.syncDirectory(directory);
    this.timesNs.push(this.clock.monotonicNs());
  }

  #write(client: number, isAnnotated: boolean): void {
    const bytes = this.#next(client);
    const note = Buffer.from(isAnnotated ? '#HDR:v1;len:9\r\n' : '');
    this.#append(Buffer.concat([note, bytes]), true);
  }

  #torn(client: number): void {
    const bytes = this.#next(client);
    const half = bytes.length >> 1;
    this.#append(bytes.subarray(0, half), false);
    this.timesNs.push(this.clock.monotonicNs());
    this.#append(bytes.subarray(half), true);
  }

  #next(client: number): Buffer {
    const sequence = (this.#counts[client] as number) + 1;
    this.#counts[client] = sequence;
    const bytes = Buffer.alloc(this.#encoder.maximumBytes);
    const end = this.#encoder.encode(bytes, 0, client, sequence);
    const sentNs = this.clock.monotonicNs();
    this.operations.push({ client, sentNs, ackedNs: Infinity });
    this.#logged.push(bytes.subarray(0, end));
    return bytes.subarray(0, end);
  }

  #acknowledge(count: number): void {
    const open = this.operations.filter((each) => each.ackedNs === Infinity);
    const atNs = this.clock.monotonicNs();
    for (const each of open.slice(0, 1 + (count % 4))) each.ackedNs = atNs;
  }

  #turn(isSafe: boolean): void {
    this.#increment++;
    this.#open();
    this.#listed.push(`i${this.#increment}`);
    this.#manifest(isSafe);
  }

  #rewritten(isSafe: boolean): void {
    this.#base = `b${this.#increment}`;
    const fd = this.#disk.open(this.#path(this.#base), 'truncate');
    const bytes = Buffer.concat(this.#logged);
    this.#disk.write(fd, bytes, 0, bytes.length);
    if (isSafe) this.#disk.sync(fd);
    this.#disk.close(fd);
    this.#turn(isSafe);
    this.#listed = [`i${this.#increment}`];
    this.#manifest(isSafe);
  }

  #remove(): void {
    for (let number = 1; number < this.#increment; number++) {
      const path = this.#path(`i${number}`);
      if (this.#disk.stat(path) === null) continue;
      this.#disk.unlink(path);
      return;
    }
  }

  #open(): void {
    this.#ends = [];
    this.#fd = this.#disk.open(this.#path(`i${this.#increment}`), 'append');
  }

  #manifest(isSafe: boolean): void {
    const names = [...(this.#base === '' ? [] : [this.#base]), ...this.#listed];
    const lines = names.map((name) => `file ${this.#path(name).slice(directory.length + 1)} seq `
      + `${name.slice(1)} type ${name[0]}\n`);
    const fd = this.#disk.open(`${directory}/temp`, 'truncate');
    const bytes = Buffer.from(lines.join(''));
    this.#disk.write(fd, bytes, 0, bytes.length);
    if (isSafe) this.#disk.sync(fd);
    this.#disk.close(fd);
    this.#disk.rename(`${directory}/temp`, manifestPath);
    if (isSafe) this.#disk.syncDirectory(directory);
  }

  #append(bytes: Buffer, isWhole: boolean): void {
    this.#disk.write(this.#fd, bytes, 0, bytes.length);
    if (isWhole) this.#ends.push(this.#fileBytes());
  }

  /** Takes the last operations back, as a server does after a short write. */
  #cut(): void {
    this.#ends.splice(-2);
    this.#disk.truncateOpen(this.#fd, this.#ends.at(-1) ?? 0);
  }

  #fileBytes(): number {
    return this.#disk.stat(this.#path(`i${this.#increment}`))?.sizeBytes ?? 0;
  }

  #path(name: string): string {
    const kind = name.startsWith('b') ? 'base' : 'incr';
    return `${directory}/appendonly.aof.${name.slice(1)}.${kind}.aof`;
  }
}

function ledgerOf(operations: readonly Operation[]): Ledger {
  const own = Array.from({ length: clients }, (_, client) => (
    operations.filter((each) => each.client === client)));
  const all = own.flat();
  return new Ledger({ clients, workload }, {
    starts: Float64Array.from({ length: clients + 1 }, (_, client) => (
      own.slice(0, client).reduce((sum, list) => sum + list.length, 0))),
    tornBytes: 0,
    sentNs: Float64Array.from(all, (each) => each.sentNs),
    ackedNs: Float64Array.from(all, (each) => each.ackedNs),
    status: Uint8Array.from(all, ({ ackedNs }) => (ackedNs < Infinity ? STATUS_OK : STATUS_INFO)),
  });
}

/** What a text of commands names, up to its last whole unit; null: it ends inside one. */
function named(bytes: Uint8Array, mayEndInside: boolean): string[] | null {
  const text = Buffer.from(bytes).toString('latin1');
  const units: string[] = [];
  let rest = text;
  for (;;) {
    rest = rest.replace(/^(#[^\n]*\n)+/, '');
    const end = unitEnd(rest);
    if (end < 0) break;
    units.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  if (rest !== '' && !mayEndInside) return null;
  return units;
}

function unitEnd(text: string): number {
  let [at, depth] = [0, 0];
  do {
    const head = /^\*(\d+)\r\n/.exec(text.slice(at));
    if (head === null) return -1;
    at += head[0].length;
    for (let left = Number(head[1]); left > 0; left--) {
      const bulk = /^\$(\d+)\r\n/.exec(text.slice(at));
      if (bulk === null) return -1;
      const from = at + bulk[0].length;
      at = from + Number(bulk[1]) + 2;
      if (at > text.length) return -1;
      const word = text.slice(from, at - 2);
      if (word === 'MULTI') depth = 1;
      if (word === 'EXEC') depth = 0;
    }
  } while (depth > 0);
  return at;
}

interface Slow {
  readonly prefixes: number[];
  readonly writes: number;
  readonly bytes: number;
  readonly windowMs: number;
  readonly isRefused: boolean;
}

function slowly(image: FileTree, operations: readonly Operation[], atNs: number): Slow {
  const prefixes = Array.from({ length: clients }, () => 0);
  const isRefused = !recovered(image, prefixes);
  if (isRefused) prefixes.fill(0);
  const counts = Array.from({ length: clients }, () => 0);
  let [writes, bytes, oldestNs] = [0, 0, Infinity];
  const payload = new Operations(workload);
  for (const { client, ackedNs } of operations) {
    const sequence = (counts[client] = (counts[client] as number) + 1);
    if (ackedNs > atNs || sequence <= (prefixes[client] as number)) continue;
    writes++;
    bytes += payload.payloadBytes(client, sequence);
    oldestNs = Math.min(oldestNs, ackedNs);
  }
  const windowMs = writes === 0 ? 0 : (atNs - oldestNs) / 1e6;
  return { prefixes, writes, bytes, windowMs, isRefused };
}

/** Raises the prefixes by what an image holds; false: it would be refused. */
function recovered({ files }: FileTree, prefixes: number[]): boolean {
  const manifest = files.get('appendonlydir/appendonly.aof.manifest');
  if (manifest === undefined) return true;
  const lines = Buffer.from(manifest).toString().split('\n').filter((line) => line !== '');
  if (lines.length === 0) return false;
  for (const [index, line] of lines.entries()) {
    const bytes = files.get(`appendonlydir/${line.split(' ')[1]}`);
    const isLast = index === lines.length - 1;
    const units = bytes === undefined ? null : named(bytes, isLast && !line.endsWith('b'));
    if (units === null) return false;
    for (const unit of units) {
      for (const match of unit.matchAll(/(\d{5}):(\d{10}):|w:(\d{5})\r\n\$10\r\n(\d{10})/g)) {
        const client = Number(match[1] ?? match[3]);
        const sequence = Number(match[2] ?? match[4]);
        prefixes[client] = Math.max(prefixes[client] as number, sequence);
      }
    }
  }
  return true;
}

const verbs = fc.constantFrom(
  'write', 'write', 'write', 'write', 'torn', 'ack', 'ack', 'sync', 'sync', 'turn', 'base',
  'remove', 'cut', 'sync-directory',
);
const steps = fc.array(fc.tuple(verbs, fc.nat(11), fc.boolean()), {
  minLength: 1, maxLength: 60, size: 'max',
});

function told(story: readonly (readonly [string, number, boolean])[]):
{ curve: LossCurve; slow: Slow[] } {
  const toy = new ToyLogger();
  for (const step of story) toy.step(step);
  const log = readOpLog(toy.sink.bytes());
  const imager = new CrashImager(log, { loadStartNs: toy.startNs });
  const ledger = ledgerOf(toy.operations);
  const operations = new Operations(workload);
  const curve = lossCurve({
    log, timeline: imager.timeline, layout: layoutOf('aof', new Map()), ledger,
    operations, barriers: new Barriers(operations, ledger), ackedNs: ledger.ackedNs,
    startNs: toy.startNs, endNs: toy.clock.monotonicNs(), askedNs: toy.timesNs,
  });
  const slow = toy.timesNs.map((atNs) => slowly(imager.at(atNs), toy.operations, atNs));
  return { curve, slow };
}

test(`the curve and the crash images agree at every instant (seed ${seed})`, (t) => {
  const seen = { losses: 0, refusals: 0, survivors: 0 };
  fc.assert(fc.property(steps, (story) => {
    const { curve, slow } = told(story);
    for (const [index, want] of slow.entries()) {
      const got = curve.asked[index];
      const gotText = JSON.stringify([got?.writes, got?.bytes, got?.windowMs,
        got?.refusal !== null, [...got?.prefixes ?? []]]);
      const wantText = JSON.stringify([want.writes, want.bytes, want.windowMs, want.isRefused,
        want.prefixes]);
      if (gotText !== wantText) throw new Error(`step ${index}: ${gotText}, not ${wantText}`);
      if (want.writes > 0) seen.losses++;
      if (want.isRefused) seen.refusals++;
      if (want.prefixes.some((prefix) => prefix > 0)) seen.survivors++;
    }
    const most = Math.max(0, ...slow.map(({ writes }) => writes));
    return curve.maximum.writes >= most
      && curve.maximum.writes === Math.max(...curve.envelope.writes);
  }), { seed, numRuns: 300, includeErrorInReport: true });
  t.true(seen.losses > 100 && seen.refusals > 20 && seen.survivors > 100, JSON.stringify(seen));
});

test('an interval tells its oldest lost write, and a gap', (t) => {
  const steps: [string, number, boolean][] = [
    ['write', 0, false], ['write', 1, false], ['ack', 3, false], ['sync', 0, false],
    ['write', 0, false], ['turn', 0, true], ['ack', 0, false], ['write', 0, false],
    ['sync', 0, false],
  ];
  const { curve } = told(steps);
  const worst = curve.intervals.find(({ writes }) => writes === 2);
  t.deepEqual([worst?.oldest?.client, worst?.oldest?.sequence], [0, 1]);
  t.is(curve.maximum.writes, 2);
  const last = curve.intervals.at(-1);
  t.deepEqual(last?.gap ?? null, { client: 0, sequence: 2, survivor: 3 });
});
