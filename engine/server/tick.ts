// One turn of the event loop: the requests of all sockets are run as they come, then the journal
// is committed once, then the replies that it covers leave. That is what makes one fdatasync serve
// every client of the turn.

import type { Scheduler } from '../io/scheduler.ts';
import type { CommittingJournal } from './commit-timer.ts';
import { afterReceiving } from './ring/ring-sockets.ts';

/** What a tick needs from a session. */
export interface TickMember {
  /** Is it in the tick's list already? Owned by the tick. */
  queued: boolean;
  /** Sends or holds the replies of this turn; true while some are held. */
  endTick(releasable: number): boolean;
  /** More of the log is durable; true while some replies are still held. */
  release(releasable: number): boolean;
}

/** Collects the sessions that ran something, and ends their turn. */
export class Tick {
  /** Called at the end of a turn, before the commit: sessions may still run requests. */
  beforeCommit: (() => void) | null = null;
  private readonly journal: CommittingJournal;
  private readonly begin: () => void;
  private readonly scheduler: Scheduler;
  private members: TickMember[] = [];
  private spare: TickMember[] = [];
  private readonly waiting: Set<TickMember> = new Set();
  private scheduled = false;
  private stopped = false;

  /** `begin` is called before the first request of a turn (it sets the clock). */
  constructor(journal: CommittingJournal, scheduler: Scheduler, begin: () => void) {
    this.journal = journal;
    this.scheduler = scheduler;
    this.begin = begin;
    journal.onRelease = () => this.releaseWaiting();
  }

  /** Call before running requests: opens the turn and sees to its end after all sockets' input. */
  open(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.begin();
    // A ring passes on the input of all sockets at once, and knows when that was the last.
    const atOnce = this.scheduler.isEventLoop && afterReceiving(this.end);
    if (!atOnce) this.scheduler.soon(this.end);
  }

  /** The session has replies to send at the end of this turn. */
  add(member: TickMember): void {
    if (member.queued) return;
    member.queued = true;
    this.members.push(member);
  }

  /** The session is gone. */
  forget(member: TickMember): void {
    this.waiting.delete(member);
  }

  /** Nothing is committed or sent any more. */
  stop(): void {
    this.stopped = true;
  }

  /** Ends the turn now; shutdown does it with the last requests. */
  readonly end = (): void => {
    if (this.stopped) return;
    this.beforeCommit?.();
    this.scheduled = false;
    if (this.stopped) return;
    this.journal.commit();
    // A journal that lost its disk stops the server from within commit().
    if (this.stopped) return;
    const releasable = this.journal.releasable;
    const members = this.members;
    this.members = this.spare;
    for (const member of members) {
      member.queued = false;
      if (member.endTick(releasable)) this.waiting.add(member);
    }
    members.length = 0;
    this.spare = members;
    // The commit may have written what an earlier turn could not: those replies leave too.
    this.releaseWaiting();
  };

  private releaseWaiting(): void {
    if (this.stopped) return;
    if (this.waiting.size === 0) return;
    const releasable = this.journal.releasable;
    for (const member of this.waiting) {
      if (!member.release(releasable)) this.waiting.delete(member);
    }
  }
}
