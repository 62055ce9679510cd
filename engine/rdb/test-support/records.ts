// RDB bytes by hand: lengths, strings and packs of every format, as old and new servers write them.
import { valueType } from '../format.ts';
import { PackBuilder } from '../pack-builder.ts';

export function length(value: number): Buffer {
  if (value < 64) return Buffer.from([value]);
  if (value < 16384) return Buffer.from([0x40 | (value >> 8), value & 255]);
  const long = Buffer.from([0x80, 0, 0, 0, 0]);
  long.writeUInt32BE(value, 1);
  return long;
}

export function string(text: string | Uint8Array): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text);
  return Buffer.concat([length(bytes.length), bytes]);
}

export function int64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

export function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** One record: type, key and what follows. */
export function record(type: number, key: string, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([type]), string(key), ...parts]);
}

export function listpack(elements: readonly string[]): Buffer {
  const builder = new PackBuilder();
  for (const element of elements) {
    const bytes = Buffer.from(element, 'latin1');
    builder.append(bytes, 0, bytes.length);
  }
  return Buffer.from(builder.buffer.subarray(0, builder.finish()));
}

/** An element of a ziplist without the length of the one before. */
function ziplistElement(element: string): Buffer {
  if (/^-?\d{1,18}$/.test(element) && String(BigInt(element)) === element) {
    const value = BigInt(element);
    if (value >= 0n && value <= 12n) return Buffer.from([0xf1 + Number(value)]);
    for (const [mark, bits] of [[0xfe, 8], [0xc0, 16], [0xf0, 24], [0xd0, 32]] as const) {
      if (BigInt.asIntN(bits, value) !== value) continue;
      const bytes = Buffer.alloc(1 + bits / 8);
      bytes[0] = mark;
      bytes.writeIntLE(Number(value), 1, bits / 8);
      return bytes;
    }
    return Buffer.concat([Buffer.from([0xe0]), int64(value)]);
  }
  const bytes = Buffer.from(element, 'latin1');
  if (bytes.length < 64) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  if (bytes.length < 16384) {
    return Buffer.concat([Buffer.from([0x40 | (bytes.length >> 8), bytes.length & 255]), bytes]);
  }
  const head = Buffer.from([0x80, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export function ziplist(elements: readonly string[]): Buffer {
  const pieces: Buffer[] = [];
  let previous = 0;
  let tail = 10;
  let at = 10;
  for (const element of elements) {
    const head = previous < 254 ? Buffer.from([previous]) : Buffer.from([254, 0, 0, 0, 0]);
    if (previous >= 254) head.writeUInt32LE(previous, 1);
    const piece = Buffer.concat([head, ziplistElement(element)]);
    pieces.push(piece);
    tail = at;
    at += piece.length;
    previous = piece.length;
  }
  const header = Buffer.alloc(10);
  header.writeUInt32LE(at + 1, 0);
  header.writeUInt32LE(tail, 4);
  header.writeUInt16LE(elements.length, 8);
  return Buffer.concat([header, ...pieces, Buffer.from([255])]);
}

export function zipmap(pairs: readonly (readonly [string, string])[]): Buffer {
  const size = (bytes: Buffer): Buffer => {
    if (bytes.length < 254) return Buffer.from([bytes.length]);
    const long = Buffer.from([254, 0, 0, 0, 0]);
    long.writeUInt32LE(bytes.length, 1);
    return long;
  };
  const pieces = pairs.flatMap(([field, value], i) => {
    const [fieldBytes, valueBytes] = [Buffer.from(field, 'latin1'), Buffer.from(value, 'latin1')];
    const unused = i % 3;
    return [size(fieldBytes), fieldBytes, size(valueBytes), Buffer.from([unused]), valueBytes,
      Buffer.alloc(unused, 'u')];
  });
  const count = Buffer.from([Math.min(pairs.length, 254)]);
  return Buffer.concat([count, ...pieces, Buffer.from([255])]);
}

export function intset(integers: readonly bigint[]): Buffer {
  const sorted = integers.toSorted((left, right) => (left < right ? -1 : 1));
  const fits = (bits: number): boolean =>
    sorted.every((integer) => BigInt.asIntN(bits, integer) === integer);
  const width = fits(16) ? 2 : fits(32) ? 4 : 8;
  const header = Buffer.alloc(8);
  header.writeUInt32LE(width, 0);
  header.writeUInt32LE(sorted.length, 4);
  return Buffer.concat([header, ...sorted.map((integer) => int64(integer).subarray(0, width))]);
}

/** A value in one encoding, and what it holds. */
export interface Sample {
  readonly name: string;
  readonly type: number;
  readonly body: Buffer;
  readonly valkey?: boolean;
  /** As contents.ts describes values. */
  readonly holds: string;
}

const elements = ['a', '', '0', '12', '13', '-1', '127', '128', '-129', '32768', '-8388609',
  '2147483648', '-9007199254740993', '007', 'x'.repeat(70), 'y'.repeat(300)];
const fields: readonly (readonly [string, string])[] = [
  ['f', 'v'], ['1', '2'], ['empty', ''], ['wide', 'w'.repeat(90)], ['-77777', '9999999999'],
];
const scored: readonly (readonly [string, string])[] = [
  ['low', '-1.5'], ['17', '0'], ['b', '3'], ['c', '3'], ['high', '1e+20'],
];
const integers = [-5n, 0n, 7n, 1000n];
const wide = [-(2n ** 63n), -70000n, 3n, 2n ** 53n + 1n, 2n ** 63n - 1n];
const deadlines = [4_102_444_800_000, 0, 4_102_444_800_500, 0, 4_200_000_000_000];
const earliest = 4_102_444_800_000;

const listed = `list ${JSON.stringify(elements)}`;
const hashed = (times: readonly number[] = []): string => `hash ${JSON.stringify(fields
  .map(([field, value], i) => [field, value, times[i] ?? 0])
  .sort(([left], [right]) => (String(left) < String(right) ? -1 : 1)))}`;
const setOf = (members: readonly string[]): string => `set ${JSON.stringify(members.toSorted())}`;
const ranked = `sorted set ${JSON.stringify(scored
  .map(([member, score]) => [member, Number(score)]))}`;
const flat = (pairs: readonly (readonly string[])[]): string[] => pairs.flat();
const triples = (order: readonly number[]): string[] => order.flatMap((i) =>
  [...(fields[i] as readonly string[]), String(deadlines[i])]);
const text = (score: string): Buffer => Buffer.concat([Buffer.from([score.length]),
  Buffer.from(score)]);

/** Every encoding that is read. */
export const samples: readonly Sample[] = [
  {
    name: 'list', type: valueType.list, holds: listed,
    body: Buffer.concat([length(elements.length), ...elements.map(string)]),
  },
  {
    name: 'list, ziplist', type: valueType.listZiplist, body: string(ziplist(elements)),
    holds: listed,
  },
  {
    name: 'list, quicklist', type: valueType.listQuicklist, holds: listed,
    body: Buffer.concat([length(3), string(ziplist(elements.slice(0, 5))),
      string(ziplist([])), string(ziplist(elements.slice(5)))]),
  },
  {
    name: 'list, quicklist 2', type: valueType.listQuicklist2, holds: listed,
    body: Buffer.concat([length(3), length(2), string(listpack(elements.slice(0, 5))), length(1),
      string(elements[5] as string), length(2), string(listpack(elements.slice(6)))]),
  },
  {
    name: 'list, one packed node', type: valueType.listQuicklist2, holds: listed,
    body: Buffer.concat([length(1), length(2), string(listpack(elements))]),
  },
  {
    name: 'set', type: valueType.set, holds: setOf(elements),
    body: Buffer.concat([length(elements.length), ...elements.map(string)]),
  },
  {
    name: 'set, intset', type: valueType.setIntset, body: string(intset(integers)),
    holds: setOf(integers.map(String)),
  },
  {
    name: 'set, wide intset', type: valueType.setIntset, body: string(intset(wide)),
    holds: setOf(wide.map(String)),
  },
  {
    name: 'set, listpack', type: valueType.setListpack, body: string(listpack(elements)),
    holds: setOf(elements),
  },
  {
    name: 'sorted set, text', type: valueType.sortedSetText, holds: ranked,
    body: Buffer.concat([length(scored.length), ...scored.flatMap(([member, score]) =>
      [string(member), text(score)])]),
  },
  {
    name: 'sorted set, infinities', type: valueType.sortedSetText,
    body: Buffer.concat([length(2), string('a'), Buffer.from([254]), string('b'),
      Buffer.from([255])]),
    holds: 'sorted set [["b","-inf"],["a","inf"]]',
  },
  {
    name: 'sorted set', type: valueType.sortedSet, holds: ranked,
    body: Buffer.concat([length(scored.length), ...scored.toReversed().flatMap(([member, score]) =>
      [string(member), double(Number(score))])]),
  },
  {
    name: 'sorted set, ziplist', type: valueType.sortedSetZiplist, holds: ranked,
    body: string(ziplist(flat(scored))),
  },
  {
    name: 'sorted set, listpack', type: valueType.sortedSetListpack, holds: ranked,
    body: string(listpack(flat(scored))),
  },
  {
    name: 'hash', type: valueType.hash, holds: hashed(),
    body: Buffer.concat([length(fields.length), ...flat(fields).map(string)]),
  },
  {
    name: 'hash, zipmap', type: valueType.hashZipmap, body: string(zipmap(fields)),
    holds: hashed(),
  },
  {
    name: 'hash, ziplist', type: valueType.hashZiplist, body: string(ziplist(flat(fields))),
    holds: hashed(),
  },
  {
    name: 'hash, listpack', type: valueType.hashListpack, body: string(listpack(flat(fields))),
    holds: hashed(),
  },
  {
    name: 'hash, deadlines', type: valueType.hashDeadlines, holds: hashed(deadlines),
    body: Buffer.concat([int64(earliest), length(fields.length), ...fields.flatMap(([f, v], i) => {
      const deadline = deadlines[i] as number;
      return [deadline === 0 ? length(0) : longLength(deadline - earliest + 1), string(f),
        string(v)];
    })]),
  },
  {
    name: 'hash, deadlines, before release', type: valueType.hashDeadlinesEarly,
    holds: hashed(deadlines),
    body: Buffer.concat([length(fields.length), ...fields.flatMap(([f, v], i) =>
      [longLength(deadlines[i] as number), string(f), string(v)])]),
  },
  {
    name: 'hash, listpack of deadlines', type: valueType.hashListpackDeadlines,
    holds: hashed(deadlines),
    body: Buffer.concat([int64(earliest), string(listpack(triples([0, 2, 4, 1, 3])))]),
  },
  // Redis keeps the encoding of a hash whose fields all lost their deadlines, and writes 0.
  {
    name: 'hash, listpack of deadlines, none left', type: valueType.hashListpackDeadlines,
    holds: hashed(),
    body: Buffer.concat([int64(0), string(listpack(fields.flatMap(([f, v]) => [f, v, '0'])))]),
  },
  {
    name: 'hash, deadlines, none left', type: valueType.hashDeadlines, holds: hashed(),
    body: Buffer.concat([int64(0), length(fields.length),
      ...fields.flatMap(([f, v]) => [length(0), string(f), string(v)])]),
  },
  {
    name: 'hash, listpack of deadlines, before release',
    type: valueType.hashListpackDeadlinesEarly, holds: hashed(deadlines),
    body: string(listpack(triples([0, 2, 4, 1, 3]))),
  },
  {
    name: 'hash, deadlines of Valkey', type: 22, valkey: true, holds: hashed(deadlines),
    body: Buffer.concat([length(fields.length), ...fields.flatMap(([f, v], i) => {
      const deadline = deadlines[i] as number;
      return [string(f), string(v), int64(deadline === 0 ? -1 : deadline)];
    })]),
  },
];

function longLength(value: number): Buffer {
  if (value < 16384) return length(value);
  const bytes = Buffer.alloc(9);
  bytes[0] = 0x81;
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}
