// What a collection holds, told as the operations that made it: a list as the sequences in its
// elements, a hash as field → sequence, a set as field → 0, a sorted set as field → score.

import {
  ADD, ADD_FIRST, CLEAR, fieldIn, holdsIntegers, REMAIN_UNTIL, REMOVE_FIRST,
} from '../changes.ts';
import type { Operations } from '../operations.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET } from '../slots.ts';
import { VALUE_OF_ANOTHER, VALUE_TORN } from '../value.ts';
import type { ValueCodec } from '../value.ts';

/** A collection as a model has it; empty = its key is absent. */
export interface Content {
  readonly list: number[];
  readonly fields: Map<number, number>;
  /** Absolute deadline in ms, 0 = none. */
  deadlineMs: number;
}

/** What was read of a collection: its content, or what is wrong with it. */
export type ReadContent =
  | { readonly kind: 'content'; readonly content: Content }
  | { readonly kind: 'torn' | 'phantom'; readonly text: string };

/** A collection that is not there. */
export function noContent(): Content {
  return { list: [], fields: new Map(), deadlineMs: 0 };
}

/** Elements of a collection. */
export function sizeOf({ list, fields }: Content): number {
  return list.length + fields.size;
}

/** Does what the loaded operation, a change of a collection, does. */
export function change(content: Content, operations: Operations, sequence: number): void {
  const { action, field, slotA, slots, deadlineMs } = operations;
  const type = slots.typeOf(slotA);
  if (action === CLEAR) clear(content);
  else if (action === REMAIN_UNTIL) {
    if (sizeOf(content) > 0) content.deadlineMs = deadlineMs;
  } else if (type === TYPE_LIST) changeList(content.list, action, sequence);
  else if (action <= ADD_FIRST) content.fields.set(field, type === TYPE_SET ? 0 : sequence);
  else content.fields.delete(field);
  if (sizeOf(content) === 0) content.deadlineMs = 0;
}

/** Makes it empty. */
export function clear(content: Content): void {
  content.list.length = 0;
  content.fields.clear();
  content.deadlineMs = 0;
}

/** A copy that may be changed. */
export function copyOf({ list, fields, deadlineMs }: Content): Content {
  return { list: [...list], fields: new Map(fields), deadlineMs };
}

/** Whether two collections hold the same, deadlines aside. */
export function isSame(one: Content, other: Content): boolean {
  if (one.list.length !== other.list.length || one.fields.size !== other.fields.size) return false;
  for (let at = 0; at < one.list.length; at++) if (one.list[at] !== other.list[at]) return false;
  for (const [field, sequence] of one.fields) {
    if (other.fields.get(field) !== sequence) return false;
  }
  return true;
}

/** Every sequence that a collection's elements name; none in a set. */
export function sequencesIn({ list, fields }: Content): number[] {
  return [...list, ...fields.values()].filter((sequence) => sequence > 0);
}

/** Reads the elements of a slot's collection, in the order of LRANGE, HGETALL, …. */
export function readContent(
  elements: readonly Uint8Array[],
  about: { operations: Operations; values: ValueCodec; client: number; slot: number },
): ReadContent {
  const { slots } = about.operations;
  const type = slots.typeOf(about.slot);
  const content = noContent();
  const step = type === TYPE_LIST || type === TYPE_SET ? 1 : 2;
  for (let at = 0; at < elements.length; at += step) {
    const [first, second] = [elements[at] as Uint8Array, elements[at + step - 1] as Uint8Array];
    const field = type === TYPE_LIST ? 0
      : fieldIn(first, type === TYPE_SET && holdsIntegers(slots.indexOf(about.slot)));
    if (field < 0) return torn(first, 'a field');
    if (type !== TYPE_LIST && content.fields.has(field)) {
      return { kind: 'phantom', text: `its field ${field} twice` };
    }
    const sequence = type === TYPE_SET ? 0 : sequenceOf(second, type, about);
    if (sequence === VALUE_TORN && type !== TYPE_SET) return torn(second, 'an element');
    if (sequence === VALUE_OF_ANOTHER) {
      return { kind: 'phantom', text: 'an element of another client' };
    }
    if (type === TYPE_LIST) content.list.push(sequence);
    else content.fields.set(field, sequence);
  }
  return { kind: 'content', content };
}

function changeList(list: number[], action: number, sequence: number): void {
  if (action === ADD) list.push(sequence);
  else if (action === ADD_FIRST) list.unshift(sequence);
  else if (action === REMOVE_FIRST) list.shift();
  else list.pop();
}

function sequenceOf(
  bytes: Uint8Array, type: number, { values, client }: { values: ValueCodec; client: number },
): number {
  if (type === TYPE_LIST || type === TYPE_HASH) return values.read(bytes, client);
  const text = Buffer.from(bytes).toString('latin1');
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : VALUE_TORN;
}

function torn(bytes: Uint8Array, what: string): ReadContent {
  const head = JSON.stringify(Buffer.from(bytes.subarray(0, 17)).toString('latin1'));
  return {
    kind: 'torn',
    text: `${bytes.length} bytes that match no operation and are not ${what} as it was sent; they `
      + `begin with ${head}`,
  };
}
