// Fields of hashes whose deadline has passed go by themselves: a slice of the cron.
import type { CommandContext } from '../commands/context.ts';
import { dropDue } from '../commands/families/hashes/open.ts';
import { endPosition } from '../keyspace/database.ts';
import type { Database, Position } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';

/** Hashes looked at, and fields removed of each, before the clock is looked at. */
const hashBatch = 20;
const fieldBatch = 50;

/** Walks the hashes that hold fields with deadlines, round and round. */
export class FieldExpiry {
  private readonly context: CommandContext;
  private readonly positions: Position[];
  private readonly mortal: EntryAddress[] = [];

  constructor(context: CommandContext) {
    this.context = context;
    this.positions = context.keyspace.databases.map(() => 0);
  }

  /** Removes fields that are due; goes on while many are found and `mayGoOn`. */
  run(mayGoOn: () => boolean): void {
    for (const database of this.context.keyspace.databases) {
      if (database.fieldDeadlineCount === 0) continue;
      while (this.someOf(database) >= fieldBatch && mayGoOn());
    }
  }

  /** Looks at the next hashes; returns how many fields were removed. */
  private someOf(database: Database): number {
    const { context, mortal } = this;
    mortal.length = 0;
    const position = this.positions[database.index] ?? 0;
    const next = database.walkFieldDeadlines(position, hashBatch, (entry) => mortal.push(entry));
    let dropped = 0;
    let busy = false;
    for (const entry of mortal) {
      const hash = context.collections.hash().open(database, entry);
      const count = dropDue(context, database, { hash, most: fieldBatch });
      busy ||= count === fieldBatch;
      dropped += count;
    }
    // A hash with more to remove is looked at again.
    if (!busy) this.positions[database.index] = next === endPosition ? 0 : next;
    return dropped;
  }
}
