// Fixed pieces of requests, in which names and numbers of fixed width are patched.

import {
  actionCount, ADD_FIRST, CLEAR, fieldBytes, REMAIN_UNTIL, REMOVE_FIRST,
} from './changes.ts';
import { clientDigits, indexDigits, sequenceDigits } from './keys.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_SORTED_SET } from './slots.ts';

/** Digits of a deadline in milliseconds. */
export const deadlineDigits = 13;

/** Bytes with a name in them that is patched. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly nameAt: number;
}

/** A change of a collection; places that it does not have are 0. */
export interface ChangePiece extends Piece {
  readonly fieldAt: number;
  readonly sequenceAt: number;
  /** Whether the value follows as the last argument. */
  readonly hasValue: boolean;
  readonly isSet: boolean;
}

const name = `?:${'?'.repeat(clientDigits)}:${'?'.repeat(indexDigits)}`;
const field = '!'.repeat(fieldBytes);
const digits = '9'.repeat(sequenceDigits);
const deadline = '0'.repeat(deadlineDigits);

/** The pieces of all changes, by type and action (changes.ts). */
export function changePieces(): ChangePiece[][] {
  const byType: ChangePiece[][] = [];
  for (const type of [TYPE_LIST, TYPE_HASH, TYPE_SET, TYPE_SORTED_SET]) {
    byType[type] = Array.from({ length: actionCount }, (_, action) => changePiece(type, action));
  }
  return byType;
}

function changePiece(type: number, action: number): ChangePiece {
  const words = wordsOf(type, action);
  const hasValue = action <= ADD_FIRST && (type === TYPE_LIST || type === TYPE_HASH);
  const head = `*${words.length + (hasValue ? 1 : 0)}\r\n`;
  const text = head + words.map(bulk).join('');
  const placeOf = (hole: string): number => Math.max(0, text.indexOf(hole));
  return {
    ...makePiece(text, name), hasValue, isSet: type === TYPE_SET,
    fieldAt: placeOf(field), sequenceAt: placeOf(digits),
  };
}

function wordsOf(type: number, action: number): string[] {
  if (action === CLEAR) return ['DEL', name];
  if (action === REMAIN_UNTIL) return ['PEXPIREAT', name, deadline];
  const isAdding = action <= ADD_FIRST;
  if (type === TYPE_LIST) {
    const isFirst = action === ADD_FIRST || action === REMOVE_FIRST;
    return [`${isFirst ? 'L' : 'R'}${isAdding ? 'PUSH' : 'POP'}`, name];
  }
  if (type === TYPE_HASH) return [isAdding ? 'HSET' : 'HDEL', name, field];
  if (type === TYPE_SET) return [isAdding ? 'SADD' : 'SREM', name, field];
  return isAdding ? ['ZADD', name, digits, field] : ['ZREM', name, field];
}

/** A request of these words. */
export function array(...parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.map(bulk).join('')}`;
}

/** A word of a request. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** A text that contains a name, as a piece. */
export function makePiece(text: string, named: string): Piece {
  return { bytes: latin1(text), nameAt: text.indexOf(named) };
}

/** A text as bytes. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

// A loop beats TypedArray.set here: the pieces are a few dozen bytes.
/** Copies a piece to `at`; returns the offset after it. */
export function copy(piece: Uint8Array, target: Uint8Array, at: number): number {
  for (let index = 0; index < piece.length; index++) target[at + index] = piece[index] as number;
  return at + piece.length;
}
