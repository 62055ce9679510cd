// Names of the keys that a workload makes.
//
//   k:CCCCC:IIIIIIII   plain key I of client C      16 bytes
//   n:CCCCC:IIIIIIII   counter I of client C        16 bytes
//   l: h: s: z:        list, hash, set, sorted set I of client C, likewise
//   x:CCCCC:SSSSSSSSSS brief key of operation S     18 bytes
//   w:CCCCC            the witness of client C      value: the sequence, 10 digits
//   p:IIIIIIIIII       preloaded key I, nobody's    12 bytes
//
// All digits are decimal and zero-padded, so that the encoder writes them in place.

import { slotsOf } from './slots.ts';
import type { Slots } from './slots.ts';
import type { WorkloadSpec } from './spec.ts';

export const clientDigits = 5;
export const indexDigits = 8;
export const sequenceDigits = 10;
/** Bytes of a plain key's or counter's name. */
export const keyNameBytes = 16;
/** Bytes of a brief key's name. */
export const briefNameBytes = 18;

/** The name of a slot's key, see slots.ts. */
export function slotKey(spec: WorkloadSpec, client: number, slot: number): string {
  return slotName(slotsOf(spec), client, slot);
}

/** The same where the slots are at hand. */
export function slotName(slots: Slots, client: number, slot: number): string {
  const letter = String.fromCharCode(slots.letterOf(slot));
  return `${letter}:${digits(client, clientDigits)}:${digits(slots.indexOf(slot), indexDigits)}`;
}

/** The name of the key that one brief operation writes. */
export function briefKey(client: number, sequence: number): string {
  return `x:${digits(client, clientDigits)}:${digits(sequence, sequenceDigits)}`;
}

/** The name of a client's witness. */
export function witnessKey(client: number): string {
  return `w:${digits(client, clientDigits)}`;
}

/** The name of a preloaded key, which no operation touches. */
export function preloadKey(index: number): string {
  return `p:${digits(index, sequenceDigits)}`;
}

/** Whose a key is, by its name alone; `unknown` = neither the workload nor the preload makes it. */
export function ownerOf(spec: WorkloadSpec, name: string): 'client' | 'preload' | 'unknown' {
  if (/^p:\d{10}$/.test(name)) return 'preload';
  const match = /^(?:[knlhsz]:(\d{5}):\d{8}|x:(\d{5}):\d{10}|w:(\d{5}))$/.exec(name);
  const client = Number(match?.[1] ?? match?.[2] ?? match?.[3] ?? Infinity);
  return client < spec.clients ? 'client' : 'unknown';
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
