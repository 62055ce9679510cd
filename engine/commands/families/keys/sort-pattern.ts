// The patterns of SORT's BY and GET: `weight_*`, `object_*->field`, `#`.
import type { CommandContext } from '../../context.ts';
import { isExpired, expireEntry } from '../../lookup.ts';
import { copyBytes, misfits, newScratch } from '../../../collections/bytes.ts';
import { typeHash, typeString } from '../../../keyspace/entry.ts';
import type { EntryAddress } from '../../../keyspace/entry.ts';
import type { ByteRows } from '../byte-rows.ts';
import { findLiving } from '../hashes/open.ts';

const star = 42;
const hash = 35;
const arrow = Buffer.from('->');
const nothing = Buffer.alloc(0);

/** A pattern cut at its star. */
export interface SortPattern {
  /** `#`: the element itself. */
  readonly isElement: boolean;
  /** null: without a star a pattern finds nothing. */
  readonly before: Buffer | null;
  readonly after: Buffer;
  readonly field: Buffer | null;
}

/** Cuts a pattern into its parts. */
export function sortPattern(text: Buffer): SortPattern {
  const isElement = text.length === 1 && text[0] === hash;
  const at = text.indexOf(star);
  if (isElement || at < 0) return { isElement, before: null, after: nothing, field: null };
  const end = text.indexOf(arrow, at + 1);
  // An arrow at the very end belongs to the key.
  const hasField = end >= 0 && end + arrow.length < text.length;
  return {
    isElement: false,
    before: text.subarray(0, at),
    after: text.subarray(at + 1, hasField ? end : text.length),
    field: hasField ? text.subarray(end + arrow.length) : null,
  };
}

/** The key last asked for, and where it ends. */
let key: Buffer = newScratch(0);
let keyEnd = 0;

/** Adds to `found` what the pattern finds for a row of `elements`: its bytes, or nil. */
export function addValueFor(
  ctx: CommandContext, pattern: SortPattern, elements: ByteRows, row: number, found: ByteRows,
): void {
  if (pattern.isElement) found.add(elements.buffer, elements.start(row), elements.end(row));
  else if (pattern.before === null) found.addNil();
  else {
    buildKey(pattern.before, elements, row, pattern.after);
    const entry = livingEntry(ctx);
    if (entry === 0 || !addValue(ctx, entry, pattern.field, found)) found.addNil();
  }
}

function buildKey(before: Buffer, elements: ByteRows, row: number, after: Buffer): void {
  const start = elements.start(row);
  const end = elements.end(row);
  const elementEnd = before.length + end - start;
  keyEnd = elementEnd + after.length;
  if (misfits(key.length, keyEnd)) key = newScratch(keyEnd);
  copyBytes(key, 0, before, 0, before.length);
  copyBytes(key, before.length, elements.buffer, start, end);
  copyBytes(key, elementEnd, after, 0, after.length);
}

function livingEntry(ctx: CommandContext): EntryAddress {
  const { database } = ctx;
  let entry = database.find(key, 0, keyEnd);
  if (entry !== 0 && isExpired(ctx, database, entry)) {
    expireEntry(ctx, database, entry);
    entry = 0;
  }
  if (entry === 0) ctx.statistics.keyspaceMisses++;
  else ctx.statistics.keyspaceHits++;
  return entry;
}

/** False when the entry has another type than the pattern asks for, or lacks the field. */
function addValue(
  ctx: CommandContext, entry: EntryAddress, field: Buffer | null, found: ByteRows,
): boolean {
  const { database } = ctx;
  if (field === null) {
    if (database.type(entry) !== typeString) return false;
    const start = database.valueOffset(entry);
    found.add(database.valueBuffer(entry), start, start + database.valueLength(entry));
    return true;
  }
  if (database.type(entry) !== typeHash) return false;
  const fields = ctx.collections.hash(1).open(database, entry);
  if (!findLiving(ctx, fields, field, 0, field.length)) return false;
  found.add(fields.valueBuffer, fields.valueStart, fields.valueEnd);
  return true;
}
