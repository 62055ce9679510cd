// WATCH: which sessions wait for which keys. One table per server; empty in the common case, and
// then a change costs one comparison (`count`).
import type { Database } from '../keyspace/database.ts';
import type { EntryAddress } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Session } from './session.ts';

interface Watch {
  readonly session: Session;
  readonly databaseIndex: number;
  readonly key: Buffer;
  /** The key was past its deadline when WATCH came: its removal is then no change. */
  expired: boolean;
}

/** Watched keys of all sessions. */
export class WatchTable {
  /** Watches in force; callers skip `touch` while it is 0. */
  count = 0;
  private readonly byKey = new Map<string, Watch[]>();
  private readonly bySession = new Map<Session, Watch[]>();

  /** Watches one key; a key that is watched already keeps its first state. */
  watch(session: Session, database: Database, state: { key: Buffer; expired: boolean }): void {
    const id = idOf(database.index, state.key);
    const watches = this.byKey.get(id) ?? [];
    if (watches.some((watch) => watch.session === session)) return;
    const watch: Watch = { session, databaseIndex: database.index, ...state };
    watches.push(watch);
    this.byKey.set(id, watches);
    const own = this.bySession.get(session) ?? [];
    own.push(watch);
    this.bySession.set(session, own);
    session.watchedCount++;
    this.count++;
  }

  /** Forgets what the session watches, changed or not. */
  unwatchAll(session: Session): void {
    session.watchBroken = false;
    this.release(session);
  }

  /** A key was written or removed: sessions that watch it will not EXEC. */
  touch(database: Database, key: Buffer): void {
    const watches = this.byKey.get(idOf(database.index, key));
    if (watches === undefined) return;
    for (const watch of watches) {
      if (watch.expired) {
        if (database.find(key, 0, key.length) === 0) watch.expired = false;
        continue;
      }
      this.break(watch.session);
    }
  }

  /** Before FLUSHDB or FLUSHALL: watched keys that exist are about to go. */
  flushing(database: Database): void {
    for (const watch of this.inDatabase(database.index)) {
      if (database.find(watch.key, 0, watch.key.length) === 0) continue;
      if (watch.expired) watch.expired = false;
      else this.break(watch.session);
    }
  }

  /** After SWAPDB: a watched key changed unless both databases lack it. */
  swapped(first: Database, second: Database, isExpired: ExpiryTest): void {
    this.replaced(first, second, isExpired);
    this.replaced(second, first, isExpired);
  }

  /** Whether a key that was alive at WATCH has reached its deadline since. */
  anyExpired(session: Session, keyspace: Keyspace, isExpired: ExpiryTest): boolean {
    for (const watch of this.bySession.get(session) ?? []) {
      const database = keyspace.databases[watch.databaseIndex];
      if (database === undefined || watch.expired) continue;
      const entry = database.find(watch.key, 0, watch.key.length);
      if (entry !== 0 && isExpired(database, entry)) return true;
    }
    return false;
  }

  private replaced(now: Database, before: Database, isExpired: ExpiryTest): void {
    for (const watch of this.inDatabase(now.index)) {
      const entry = now.find(watch.key, 0, watch.key.length);
      if (entry === 0 && before.find(watch.key, 0, watch.key.length) === 0) continue;
      if (watch.expired && entry === 0) watch.expired = false;
      else if (!watch.expired && entry !== 0 && isExpired(now, entry)) watch.expired = true;
      else if (!(watch.expired && isExpired(now, entry))) this.break(watch.session);
    }
  }

  private inDatabase(index: number): Watch[] {
    const all = [...this.byKey.values()].flat();
    return all.filter((watch) => watch.databaseIndex === index);
  }

  private break(session: Session): void {
    session.watchBroken = true;
    this.release(session);
  }

  private release(session: Session): void {
    const own = this.bySession.get(session);
    if (own === undefined) return;
    this.bySession.delete(session);
    session.watchedCount = 0;
    this.count -= own.length;
    for (const watch of own) {
      const id = idOf(watch.databaseIndex, watch.key);
      const rest = (this.byKey.get(id) ?? []).filter((other) => other !== watch);
      if (rest.length === 0) this.byKey.delete(id);
      else this.byKey.set(id, rest);
    }
  }
}

/** Tells whether an entry is past its deadline. */
export type ExpiryTest = (database: Database, entry: EntryAddress) => boolean;

function idOf(databaseIndex: number, key: Buffer): string {
  return `${databaseIndex}:${key.toString('latin1')}`;
}
