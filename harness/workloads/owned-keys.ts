// All keys that a client owns: the list that the read-back asks for, in a fixed order.

import { briefKey, slotKey, witnessKey } from './keys.ts';
import { KIND_BRIEF, type Operations } from './operations.ts';

/** All keys that a client's operations 1 … upTo may have touched, in a fixed order. */
export interface OwnedKeys {
  readonly client: number;
  readonly upTo: number;
  /** Plain keys by slot, counters by slot, the witness, brief keys by sequence. */
  readonly names: readonly string[];
  /** Index of the witness in `names`, −1 when the mix has none. */
  readonly witnessIndex: number;
  /** Sequences of the brief operations; their keys are the last of `names`. */
  readonly briefSequences: Uint32Array;
  /** Whether names[i] may bear a deadline, so that PEXPIRETIME has to be asked as well. */
  readonly deadlineMatters: Uint8Array;
}

/** Lists what a client owns after `upTo` operations; linear in upTo. */
export function ownedKeys(operations: Operations, client: number, upTo: number): OwnedKeys {
  const { spec } = operations;
  const names: string[] = [];
  for (let slot = 0; slot < operations.slotCount; slot++) names.push(slotKey(spec, client, slot));
  const isChaos = spec.mix === 'chaos';
  const witnessIndex = isChaos ? names.push(witnessKey(client)) - 1 : -1;
  const briefs = isChaos ? briefSequencesOf(operations, client, upTo) : [];
  for (const sequence of briefs) names.push(briefKey(client, sequence));
  const deadlineMatters = new Uint8Array(names.length);
  if (isChaos) {
    deadlineMatters.fill(1, 0, spec.keysPerClient);
    deadlineMatters.fill(1, witnessIndex + 1);
  }
  const briefSequences = Uint32Array.from(briefs);
  return { client, upTo, names, witnessIndex, briefSequences, deadlineMatters };
}

/** The commands that read owned keys back, in order: a GET each, PEXPIRETIME where it matters. */
export function readBackCommands(keys: OwnedKeys): [string, string][] {
  const commands: [string, string][] = [];
  keys.names.forEach((name, index) => {
    commands.push(['GET', name]);
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
