// A collection as it should be beside what was found: what is missing, what is too much.

import {
  change, copyOf, isSame, sizeOf,
} from '../workloads/model/content.ts';
import type { Content } from '../workloads/model/content.ts';
import { counted, grouped } from './judgement.ts';
import type { RunContext } from './context.ts';
import type { Evidence } from './survivors.ts';

/** How a collection differs from what it should be. */
export interface Difference {
  readonly kind: 'missing' | 'resurrected' | 'phantom';
  /** The operation whose effect is missing; 0 = nobody can tell which. */
  readonly sequence: number;
  /** After the key's name: "has 3 elements instead of 4". */
  readonly text: string;
}

/** What is known of one client besides its collections. */
interface WhatIsKnown {
  readonly run: RunContext;
  readonly evidence: Evidence;
  readonly sentLimit: number;
}

/** The difference; null: there is none. */
export function differenceOf(expected: Content, found: Content): Difference | null {
  if (isSame(expected, found)) return null;
  const [wanted, there] = [countsOf(expected), countsOf(found)];
  const sizes = `has ${counted(sizeOf(found), 'element')} instead of ${grouped(sizeOf(expected))}`;
  for (const [element, count] of wanted) {
    if ((there.get(element) ?? 0) >= count) continue;
    const sequence = Number(element.split('=').at(-1));
    return { kind: 'missing', sequence, text: `${sizes}, without ${wordsOf(element)}` };
  }
  for (const [element, count] of there) {
    const should = wanted.get(element) ?? 0;
    if (should >= count) continue;
    const kind = should > 0 ? 'phantom' : 'resurrected';
    return { kind, sequence: 0, text: `${sizes}, with ${wordsOf(element)}`
      + (should > 0 ? ` ${count} times` : ', which was removed') };
  }
  return { kind: 'missing', sequence: 0, text: 'has its elements in another order' };
}

/**
 * The next operation beyond the prefix on the slot, when it made the collection so and left no
 * witness; 0 = that is not how it came.
 */
export function isExplainedBy(
  { run, evidence, sentLimit }: WhatIsKnown, slot: number,
  { expected, content }: { expected: Content; content: Content },
): number {
  const { client, prefix } = evidence;
  const end = Math.min(sentLimit, prefix + lookAhead);
  for (let sequence = prefix + 1; sequence <= end; sequence++) {
    if (!run.operations.touches(client, sequence, slot)) continue;
    const changed = copyOf(expected);
    change(changed, run.operations, sequence);
    return isSame(changed, content) ? sequence : 0;
  }
  return 0;
}

/** How far past the prefix an explanation is looked for. */
export const lookAhead = 4_096;

/** How often each element is there: fields with their sequence, elements of lists by it alone. */
function countsOf(content: Content): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sequence of content.list) {
    counts.set(`=${sequence}`, (counts.get(`=${sequence}`) ?? 0) + 1);
  }
  for (const [field, sequence] of content.fields) counts.set(`${field}=${sequence}`, 1);
  return counts;
}

function wordsOf(element: string): string {
  const [field = '', sequence = '0'] = element.split('=');
  const write = sequence === '0' ? '' : `write ${grouped(Number(sequence))}`;
  if (field === '') return write;
  return `field ${field}${write === '' ? '' : ` of ${write}`}`;
}
