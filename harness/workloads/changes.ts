// What is done to a collection: the actions, how often each comes, and the fields they are done to.
//
//   action         list          hash        set        sorted set      share of 64
//   ADD            RPUSH l v     HSET h f v  SADD s f   ZADD z sequence f   19
//   ADD_FIRST      LPUSH l v     as ADD      as ADD     as ADD              19
//   REMOVE_FIRST   LPOP l        HDEL h f    SREM s f   ZREM z f            10
//   REMOVE_LAST    RPOP l        as above    as above   as above            10
//   REMAIN_UNTIL   PEXPIREAT key far                                         5
//   CLEAR          DEL key                                                   1
//
// v is the value of the operation (value.ts). A field has four characters, `f042`; in every second
// set `1042`, so that it stays a set of integers.

import { TYPE_HASH, TYPE_LIST, TYPE_SORTED_SET } from './slots.ts';

export const ADD = 0;
export const ADD_FIRST = 1;
export const REMOVE_FIRST = 2;
export const REMOVE_LAST = 3;
export const REMAIN_UNTIL = 4;
export const CLEAR = 5;
export const actionCount = 6;

/** Characters of a field. */
export const fieldBytes = 4;
const fieldCount = 256;
const likelyFields = 8;

/** The action that 32 random bits stand for. */
export function drawAction(bits: number): number {
  const place = bits & 63;
  if (place < 38) return place < 19 ? ADD : ADD_FIRST;
  if (place < 58) return place < 48 ? REMOVE_FIRST : REMOVE_LAST;
  return place < 63 ? REMAIN_UNTIL : CLEAR;
}

/** The field: half the time one of a few, which are then overwritten and removed again. */
export function drawField(bits: number): number {
  return (bits >>> 8) % ((bits & 1) === 0 ? likelyFields : fieldCount);
}

/** Whether a set holds integers, by its number. */
export function holdsIntegers(index: number): boolean {
  return index % 2 === 1;
}

/** The number of a field by its name; −1 when it is none. */
export function fieldIn(bytes: Uint8Array, isInteger: boolean): number {
  const text = Buffer.from(bytes).toString('latin1');
  if (!(isInteger ? /^1\d{3}$/ : /^f\d{3}$/).test(text)) return -1;
  const field = Number(text.slice(1));
  return field < fieldCount ? field : -1;
}

/** Bytes of fields and values that an action gives, beside the key. */
export function changePayloadBytes(type: number, action: number, valueBytes: number): number {
  if (action >= REMAIN_UNTIL) return 0;
  const isAdding = action <= ADD_FIRST;
  if (type === TYPE_LIST) return isAdding ? valueBytes : 0;
  if (type === TYPE_HASH && isAdding) return fieldBytes + valueBytes;
  return fieldBytes + (type === TYPE_SORTED_SET && isAdding ? 8 : 0);
}
