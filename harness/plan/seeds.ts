// Where the randomness of a plan comes from: hashes of names, so that nothing depends on what else
// is in the plan, and small seeded draws.

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A uint32 from the parts: FNV-1a with the final mix of MurmurHash3. */
export function hashOf(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  const text = parts.join('\n');
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Draws whole numbers, bounds included. */
export type Draw = (from: number, to: number) => number;

/** The same seed draws the same numbers. */
export function seededDraw(seed: number): Draw {
  const random = xoroshiro128plus(seed);
  return (from, to) => uniformInt(random, from, to);
}

/** One whole number from each of `count` equal parts of [from, to]: ascending and spread out. */
export function drawSpread(draw: Draw, count: number, [from, to]: [number, number]): number[] {
  return Array.from({ length: count }, (_, part) => {
    const low = from + Math.floor(((to - from) * part) / count);
    const high = from + Math.floor(((to - from) * (part + 1)) / count);
    return draw(low, Math.max(low, high - (part + 1 < count ? 1 : 0)));
  });
}
