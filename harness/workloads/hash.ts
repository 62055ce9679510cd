// The mixing functions from which operations and values follow: 32 bits, no allocation.

/** Mixes 32 bits so that every input bit reaches every output bit; the result is unsigned. */
export function mix32(bits: number): number {
  // Constants of the "lowbias32" search by Chris Wellons: lower bias than murmur's finaliser.
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The salt of one client: all 53 bits of the seed count. */
export function saltOf(seed: number, client: number): number {
  const low = mix32(seed >>> 0);
  const high = mix32(Math.floor(seed / 4_294_967_296) ^ 0x5bd1e995);
  return mix32(low + Math.imul(high, 0x2c1b3c6d) + Math.imul(client + 1, 0x297a2d39));
}

/** Maps 32 random bits to 0 … limit − 1, evenly. */
export function scale(bits: number, limit: number): number {
  return Math.floor((bits / 4_294_967_296) * limit);
}
