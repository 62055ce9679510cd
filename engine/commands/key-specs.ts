// Where commands have their keys: the few shapes that rows of the registry use.
import type { KeySpec } from './spec.ts';

/** One key, argument 1; `access` as COMMAND INFO says it, e.g. `RW access update`. */
export function oneKey(access: string, notes?: string): readonly KeySpec[] {
  const spec = { first: 1, last: 1, step: 1, access: access.split(' ') };
  return [notes === undefined ? spec : { ...spec, notes }];
}

/** Every argument is a key. */
export function allKeys(access: string): readonly KeySpec[] {
  return [{ first: 1, last: -1, step: 1, access: access.split(' ') }];
}

/** Keys and values in turn. */
export function keyValuePairs(access: string): readonly KeySpec[] {
  return [{ first: 1, last: -1, step: 2, access: access.split(' ') }];
}

/** A number of keys at `position`, and then so many keys. */
export function countedKeys(position: number, access: string): KeySpec {
  return { first: position, last: position, step: 1, access: access.split(' '), counted: true };
}

/** A key after the last `keyword`, which may stand anywhere; '': keys made from values. */
export function keyAfter(keyword: string, access: string, notes: string): KeySpec {
  return { first: 0, last: 0, step: 0, access: access.split(' '), notes, after: keyword };
}

/** One key in another place. */
export function keyAt(position: number, access: string): KeySpec {
  return { first: position, last: position, step: 1, access: access.split(' ') };
}
