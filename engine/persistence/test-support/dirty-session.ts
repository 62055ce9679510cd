// A client of a TestEngine as far as waiting for the log goes.
import type { DirtyKeys } from '../../commands/dirty-keys.ts';
import type { TestEngine } from './test-engine.ts';

export interface DirtySession {
  readonly dirty: DirtyKeys;
  /** Ends the turn. */
  commit(): void;
  /** Runs a command in a turn of its own; must its reply wait? What it logs is its own matter. */
  waits(...parts: readonly string[]): boolean;
}

export function dirtySession(engine: TestEngine): DirtySession {
  const { appender } = engine.persistence;
  const { dirty } = appender;
  return {
    dirty,
    commit: () => appender.commit(),
    waits: (...parts) => {
      dirty.take();
      engine.run(...parts);
      return Math.max(dirty.take(), dirty.floor) > appender.releasable;
    },
  };
}
