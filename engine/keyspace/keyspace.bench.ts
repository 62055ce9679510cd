// Keyspace against the prototype's bare set() (shared/prototypes/arena-server.mjs), alternating in
// one process: random SETs, GETs and DELs of 16-byte keys with 100-byte values. Ratio = the
// prototype's time / ours: above 1 we are faster.
// node engine/keyspace/keyspace.bench.ts [keys] [operations] [startGiB]

import { Arena } from '../memory/arena.ts';
import { Keyspace } from './keyspace.ts';

const keyCount = Number(process.argv[2] ?? 1_000_000);
const operationCount = Number(process.argv[3] ?? 4_000_000);
const startBytes = Number(process.argv[4] ?? 0) * 2 ** 30;
const keyBytes = 16;
const valueBytes = 100;
const sliceLength = 200_000;

interface Contender {
  readonly name: string;
  set(buffer: Buffer, keyStart: number, valueStart: number): void;
  get(buffer: Buffer, keyStart: number): number;
  delete(buffer: Buffer, keyStart: number): number;
  usedBytes(): number;
  reservedBytes(): number;
}

/** `count` keys like key:000000000001, in a random or in the natural order, end to end. */
function keysInBuffer(count: number, random: boolean): Buffer {
  const buffer = Buffer.allocUnsafeSlow(count * keyBytes);
  let state = 12345;
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let number = random ? Math.floor((state / 2 ** 32) * keyCount) : at;
    buffer.write('key:', at * keyBytes, 'latin1');
    for (let digit = keyBytes - 1; digit >= 4; digit--) {
      buffer[at * keyBytes + digit] = 48 + (number % 10);
      number = Math.floor(number / 10);
    }
  }
  return buffer;
}

function ours(): Contender {
  const arena = new Arena({ startBytes });
  const keyspace = new Keyspace({ arena, databaseCount: 16, hashSeed: 8_191_919 });
  const database = keyspace.databases[0];
  if (database === undefined) {
    throw new Error('no database');
  }
  return {
    name: 'keyspace',
    set(buffer, keyStart, valueStart) {
      database.find(buffer, keyStart, keyStart + keyBytes);
      database.put(buffer, valueStart, valueStart + valueBytes, 0);
    },
    get(buffer, keyStart) {
      const entry = database.find(buffer, keyStart, keyStart + keyBytes);
      return entry === 0 ? 0 : (arena.u8[database.valueStart(entry)] as number);
    },
    delete(buffer, keyStart) {
      const entry = database.find(buffer, keyStart, keyStart + keyBytes);
      if (entry === 0) {
        return 0;
      }
      database.remove(entry);
      return 1;
    },
    usedBytes: () => arena.usedBytes,
    reservedBytes: () => arena.reservedBytes,
  };
}

/** The prototype: one fixed table, no growth, no deletion, no deadlines, no epochs. */
function prototype(): Contender {
  const capacity = 1 << 21;
  const index = new Uint32Array(capacity);
  const hashes = new Uint32Array(capacity);
  const arena = Buffer.from(new SharedArrayBuffer(2 ** 31));
  const words = new Uint32Array(arena.buffer, 0, 2 ** 31 >>> 2);
  let top = 8;
  function hash(b: Buffer, s: number, e: number): number {
    let h = 0x811c9dc5 | 0;
    let i = s;
    for (; i + 4 <= e; i += 4) {
      h = Math.imul(h ^ ((b[i] as number) | ((b[i + 1] as number) << 8) |
        ((b[i + 2] as number) << 16) | ((b[i + 3] as number) << 24)), 0x9e3779b1);
      h ^= h >>> 15;
    }
    for (; i < e; i++) {
      h = Math.imul(h ^ (b[i] as number), 0x01000193);
    }
    h ^= h >>> 13;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 16;
    return h >>> 0;
  }
  function slotOf(b: Buffer, s: number, e: number): number {
    const h = hash(b, s, e);
    let i = h & (capacity - 1);
    for (;;) {
      const record = index[i] as number;
      if (record === 0) {
        hashes[i] = h;
        return i;
      }
      const o = record * 8;
      if (hashes[i] === h && words[o >> 2] === e - s) {
        let j = 0;
        while (j < e - s && arena[o + 8 + j] === b[s + j]) {
          j++;
        }
        if (j === e - s) {
          return i;
        }
      }
      i = (i + 1) & (capacity - 1);
    }
  }
  return {
    name: 'prototype',
    set(b, ks, vs) {
      const i = slotOf(b, ks, ks + keyBytes);
      if (index[i] !== 0) {
        b.copy(arena, (index[i] as number) * 8 + 8 + keyBytes, vs, vs + valueBytes);
        return;
      }
      const o = top;
      top = (top + 8 + keyBytes + valueBytes + 7) & ~7;
      words[o >> 2] = keyBytes;
      words[(o >> 2) + 1] = valueBytes;
      for (let j = 0; j < keyBytes; j++) {
        arena[o + 8 + j] = b[ks + j] as number;
      }
      b.copy(arena, o + 8 + keyBytes, vs, vs + valueBytes);
      index[i] = o >>> 3;
    },
    get(b, ks) {
      const i = slotOf(b, ks, ks + keyBytes);
      return index[i] === 0 ? 0 : (arena[(index[i] as number) * 8 + 8 + keyBytes] as number);
    },
    delete: () => 0,
    usedBytes: () => top + capacity * 8,
    reservedBytes: () => top + capacity * 8,
  };
}

type Phase = 'set' | 'get' | 'delete';

/** Runs operations `from` to `to` over the keys and returns the ns of each. */
function runSlice(contender: Contender, phase: Phase, keys: Buffer, slice: number): number {
  const from = slice * sliceLength * keyBytes;
  const to = Math.min(keys.length, from + sliceLength * keyBytes);
  let sum = 0;
  const begin = process.hrtime.bigint();
  if (phase === 'get') {
    for (let at = from; at < to; at += keyBytes) {
      sum += contender.get(keys, at);
    }
  } else if (phase === 'delete') {
    for (let at = from; at < to; at += keyBytes) {
      sum += contender.delete(keys, at);
    }
  } else {
    for (let at = from; at < to; at += keyBytes) {
      contender.set(keys, at, at & 0xffff);
    }
  }
  const ns = Number(process.hrtime.bigint() - begin);
  return sum < 0 ? 0 : (ns * keyBytes) / (to - from);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Alternates the contenders slice by slice and prints their times and the ratios of those. */
function comparePhase(title: string, contenders: readonly Contender[], keys: Buffer): void {
  const phase = title.split(' ')[0] as Phase;
  const slices = Math.ceil(keys.length / keyBytes / sliceLength);
  const timesNs = contenders.map((): number[] => []);
  for (let slice = 0; slice < slices; slice++) {
    // Whoever comes second finds the keys of the slice in the cache: take turns.
    for (let turn = 0; turn < contenders.length; turn++) {
      const which = (turn + slice) % contenders.length;
      const contender = contenders[which] as Contender;
      timesNs[which]?.push(runSlice(contender, phase, keys, slice));
    }
  }
  const figures = contenders.map((contender, which) => {
    const ns = median(timesNs[which] ?? []);
    const bestNs = Math.min(...(timesNs[which] ?? []));
    const times = `${ns.toFixed(0)} ns, best ${bestNs.toFixed(0)}`;
    return `${contender.name} ${(1000 / ns).toFixed(2)} M/s (${times})`;
  });
  console.log(`${title.padEnd(14)} ${figures.join('  ')}${ratios(timesNs)}`);
}

function ratios([our = [], peer = []]: readonly number[][]): string {
  if (peer.length === 0) {
    return '';
  }
  const sum = (times: readonly number[]): number => times.reduce((a, b) => a + b, 0);
  const total = sum(peer) / sum(our);
  const middle = median(our.map((ns, slice) => (peer[slice] ?? NaN) / ns));
  const best = Math.min(...peer) / Math.min(...our);
  const [all, half, least] = [total, middle, best].map((ratio) => ratio.toFixed(2));
  return `  ratio ${all} in total, ${half} median, ${least} best`;
}

function main(): void {
  const natural = keysInBuffer(keyCount, false);
  const random = keysInBuffer(operationCount, true);
  const subject = ours();
  const contenders = [subject, prototype()];
  comparePhase('set random', contenders, random);
  comparePhase('set all', contenders, natural);
  console.log(`bytes per key: ${(subject.usedBytes() / keyCount).toFixed(1)} in blocks, ` +
    `${(subject.reservedBytes() / keyCount).toFixed(1)} reserved`);
  for (let round = 0; round < 2; round++) {
    comparePhase('set existing', contenders, random);
    comparePhase('get', contenders, random);
  }
  comparePhase('delete', [subject], natural);
  comparePhase('set new', [subject], natural);
}

main();
