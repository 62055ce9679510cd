// All keys that a client owns: the list that the read-back asks for, in a fixed order.

import { briefKey, slotName, witnessKey } from './keys.ts';
import { KIND_BRIEF, type Operations } from './operations.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_PLAIN, TYPE_SET, TYPE_SORTED_SET } from './slots.ts';

/** All keys that a client's operations 1 … upTo may have touched, in a fixed order. */
export interface OwnedKeys {
  readonly client: number;
  readonly upTo: number;
  /** The keys of all slots, the witness, brief keys by sequence. */
  readonly names: readonly string[];
  /** Index of the witness in `names`, −1 when the mix has none. */
  readonly witnessIndex: number;
  /** Sequences of the brief operations; their keys are the last of `names`. */
  readonly briefSequences: Uint32Array;
  /** Whether names[i] may bear a deadline, so that PEXPIRETIME has to be asked as well. */
  readonly deadlineMatters: Uint8Array;
  /** Type of names[i], see slots.ts. */
  readonly types: Uint8Array;
  /** Database of the client, and whether the other one must be read as well. */
  readonly database: number;
  readonly isInBoth: boolean;
}

/** Lists what a client owns after `upTo` operations; linear in upTo. */
export function ownedKeys(operations: Operations, client: number, upTo: number): OwnedKeys {
  const { spec } = operations;
  const names: string[] = [];
  for (let slot = 0; slot < operations.slotCount; slot++) {
    names.push(slotName(operations.slots, client, slot));
  }
  const isChaos = spec.mix !== 'set';
  const witnessIndex = isChaos ? names.push(witnessKey(client)) - 1 : -1;
  const briefs = isChaos ? briefSequencesOf(operations, client, upTo) : [];
  for (const sequence of briefs) names.push(briefKey(client, sequence));
  const deadlineMatters = new Uint8Array(names.length);
  const types = new Uint8Array(names.length);
  const { slots } = operations;
  for (let slot = 0; slot < slots.count; slot++) types[slot] = slots.typeOf(slot);
  if (isChaos) {
    deadlineMatters.fill(1, 0, spec.keysPerClient);
    deadlineMatters.fill(1, slots.collectionsFrom, slots.count);
    deadlineMatters.fill(1, witnessIndex + 1);
  }
  const briefSequences = Uint32Array.from(briefs);
  return {
    client, upTo, names, witnessIndex, briefSequences, deadlineMatters, types,
    database: operations.databaseOf(client), isInBoth: spec.mix === 'full',
  };
}

/** What reads a key of a type whole. */
export function readCommand(type: number, name: string): string[] {
  switch (type) {
    case TYPE_LIST: return ['LRANGE', name, '0', '-1'];
    case TYPE_HASH: return ['HGETALL', name];
    case TYPE_SET: return ['SMEMBERS', name];
    case TYPE_SORTED_SET: return ['ZRANGE', name, '0', '-1', 'WITHSCORES'];
    default: return ['GET', name];
  }
}

/** The commands that read owned keys back, in order: one each, PEXPIRETIME where it matters. */
export function readBackCommands(keys: OwnedKeys): string[][] {
  const commands: string[][] = [];
  keys.names.forEach((name, index) => {
    commands.push(readCommand(keys.types[index] ?? TYPE_PLAIN, name));
    if (keys.deadlineMatters[index] === 1) commands.push(['PEXPIRETIME', name]);
  });
  return commands;
}

function briefSequencesOf(operations: Operations, client: number, upTo: number): number[] {
  const sequences: number[] = [];
  for (let sequence = 1; sequence <= upTo; sequence++) {
    operations.load(client, sequence);
    if (operations.kind === KIND_BRIEF) sequences.push(sequence);
  }
  return sequences;
}
