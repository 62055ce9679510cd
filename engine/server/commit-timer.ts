// The journal as the tick uses it, with a watch on how long a commit takes, for LATENCY.

import type { CommandContext } from '../commands/context.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Journal } from '../persistence/appender.ts';

/** What the tick needs of the journal. */
export type CommittingJournal = Pick<Journal, 'commit' | 'releasable' | 'onRelease'>;

export class CommitTimer implements CommittingJournal {
  private readonly journal: Journal;
  private readonly context: CommandContext;
  private readonly configuration: Configuration;

  constructor(journal: Journal, context: CommandContext, configuration: Configuration) {
    this.journal = journal;
    this.context = context;
    this.configuration = configuration;
  }

  get releasable(): number {
    return this.journal.releasable;
  }

  get onRelease(): (() => void) | null {
    return this.journal.onRelease;
  }

  set onRelease(listener: (() => void) | null) {
    this.journal.onRelease = listener;
  }

  commit(): void {
    const { context, journal } = this;
    const { latency } = context.monitor;
    if (!latency.enabled) {
      journal.commit();
      return;
    }
    const beganUs = context.server.monotonicUs();
    journal.commit();
    const always = this.configuration.text('appendfsync') === 'always';
    const event = always ? 'aof-fsync-always' : 'aof-write';
    latency.add(event, context.server.monotonicUs() - beganUs, context.nowMs);
  }
}
