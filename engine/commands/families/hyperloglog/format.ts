// A HyperLogLog as Redis keeps it in a string, byte for byte, so that files and digests agree.
//
//   'HYLL'  u8 encoding (0 dense, 1 sparse)  3 zero bytes  u64 cached count, little-endian: its
//   highest bit says that the cache is stale; then 16384 registers of 6 bits:
//
//   dense   register r at bit 6 r, low bits first: 12288 bytes
//   sparse  00xxxxxx           x + 1 registers of 0
//           01xxxxxx yyyyyyyy  xy + 1 registers of 0
//           1vvvvvxx           x + 1 registers of v + 1
//
// Source: the HyperLogLog paper (Flajolet et al. 2007), Heule et al. 2013 for 64 bit hashes, and
// for the estimate Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017.

export const headerBytes = 16;
export const registerCount = 16384;
export const denseBytes: number = headerBytes + (registerCount * 6) / 8;
export const encodingDense = 0;
export const encodingSparse = 1;
/** The largest register that the sparse encoding can hold. */
export const sparseMaxValue = 32;

const hashBits = 50;
const alpha = 0.7213475204444817;
const staleBit = 0x80;
const staleByte = 15;
const magic = Buffer.from('HYLL', 'latin1');

/** An empty one: sparse, one run of zeros. */
export function emptySketch(): Buffer {
  const sketch = Buffer.alloc(headerBytes + 2);
  magic.copy(sketch);
  sketch[4] = encodingSparse;
  sketch[headerBytes] = 0x7f;
  sketch[headerBytes + 1] = 0xff;
  return sketch;
}

/** Whether these bytes can be a HyperLogLog. */
export function isSketch(bytes: Buffer): boolean {
  return bytes.length >= headerBytes && bytes.compare(magic, 0, 4, 0, 4) === 0
    && (bytes[4] as number) <= encodingSparse
    && (bytes[4] !== encodingDense || bytes.length === denseBytes);
}

/** Says that the cached count is stale. */
export function invalidate(sketch: Buffer): void {
  sketch[staleByte] = (sketch[staleByte] as number) | staleBit;
}

/** The cached count, or -1 when it is stale. */
export function cachedCount(sketch: Buffer): number {
  return ((sketch[staleByte] as number) & staleBit) !== 0 ? -1 : Number(sketch.readBigUInt64LE(8));
}

/** Keeps a count in the cache. */
export function cacheCount(sketch: Buffer, count: number): void {
  sketch.writeBigUInt64LE(BigInt(count), 8);
}

/** Register `index` of a dense sketch. */
export function denseRegister(sketch: Buffer, index: number): number {
  const bit = index * 6;
  const at = headerBytes + (bit >> 3);
  const shift = bit & 7;
  const next = at + 1 < sketch.length ? (sketch[at + 1] as number) : 0;
  return (((sketch[at] as number) >> shift) | (next << (8 - shift))) & 63;
}

/** Raises register `index` of a dense sketch to `value`; false when it was that high. */
export function raiseDense(sketch: Buffer, index: number, value: number): boolean {
  if (denseRegister(sketch, index) >= value) return false;
  const bit = index * 6;
  const at = headerBytes + (bit >> 3);
  const shift = bit & 7;
  sketch[at] = ((sketch[at] as number) & ~(63 << shift)) | (value << shift);
  if (at + 1 < sketch.length) {
    const rest = 8 - shift;
    sketch[at + 1] = ((sketch[at + 1] as number) & ~(63 >> rest)) | (value >> rest);
  }
  return true;
}

/**
 * The estimate from how many registers hold each value (Ertl 2017, algorithm 6).
 * `histogram[v]` counts the registers that hold v.
 */
export function estimate(histogram: Int32Array): number {
  const m = registerCount;
  let z = m * tau((m - (histogram[hashBits + 1] as number)) / m);
  for (let j = hashBits; j >= 1; j--) z = (z + (histogram[j] as number)) * 0.5;
  z += m * sigma((histogram[0] as number) / m);
  return Math.round((alpha * m * m) / z);
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let y = 1;
  let z = x;
  for (let previous = NaN; previous !== z;) {
    x *= x;
    previous = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (let previous = NaN; previous !== z;) {
    x = Math.sqrt(x);
    previous = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}

const murmurFactor = 0xc6a4a7935bd1e995n;
const murmurSeed = 0xadc83b19n;
const shift47 = 47n;

function low64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** MurmurHash64A by Austin Appleby, with the seed that Redis uses. */
export function murmur64(bytes: Buffer, start: number, end: number): bigint {
  let hash = murmurSeed ^ low64(BigInt(end - start) * murmurFactor);
  let at = start;
  for (; at + 8 <= end; at += 8) {
    let part = low64(bytes.readBigUInt64LE(at) * murmurFactor);
    part ^= part >> shift47;
    hash = low64((hash ^ low64(part * murmurFactor)) * murmurFactor);
  }
  if (at < end) {
    let rest = 0n;
    for (let i = end - 1; i >= at; i--) rest = (rest << 8n) | BigInt(bytes[i] as number);
    hash = low64((hash ^ rest) * murmurFactor);
  }
  hash = low64((hash ^ (hash >> shift47)) * murmurFactor);
  return hash ^ (hash >> shift47);
}

/** Register of an element in the low 14 bits, the value that it raises it to above. */
export function placeOf(bytes: Buffer, start: number, end: number): number {
  const hash = murmur64(bytes, start, end);
  let rest = (hash >> 14n) | (1n << BigInt(hashBits));
  let value = 1;
  while ((rest & 1n) === 0n) {
    value++;
    rest >>= 1n;
  }
  return Number(hash & 0x3fffn) + value * registerCount;
}
