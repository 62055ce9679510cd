// SHUTDOWN and the signals that do the same. A sync of the log that is under way is waited for: a
// failure is told to it alone, and a second one of the same file might call all durable. Nobody's
// requests run meanwhile, so that the answer of a SHUTDOWN that is refused comes in its place.
import type { CommandOutcome, ShutdownMode } from '../commands/context.ts';
import type { Persistence } from '../persistence/persistence.ts';
import type { Log } from './host.ts';
import type { Pause } from './pause.ts';

/** The error of a SHUTDOWN that is refused; the log says why. */
export const shutdownRefused = 'ERR Errors trying to SHUTDOWN. Check logs.';

/** What ending needs of a server. */
export interface ShutdownParts {
  readonly persistence: Persistence;
  readonly pause: Pause;
  readonly log: Log;
  readonly stop: (exitCode: number) => void;
}

/** Is told why the server goes on after all. */
export type Refused = (refusal: CommandOutcome) => void;

/** Ends a server in good order. */
export class Shutdown {
  private readonly parts: ShutdownParts;
  private waits = false;

  constructor(parts: ShutdownParts) {
    this.parts = parts;
  }

  /** The refusal; null: it ends, now or after a sync, when `refused` may be told otherwise. */
  begin(mode: ShutdownMode, refused: Refused): CommandOutcome | null {
    const { log, pause, persistence } = this.parts;
    if (mode.force) return this.finish(mode);
    if (this.waits) return null;
    this.waits = persistence.afterSync(() => {
      this.waits = false;
      const refusal = this.finish(mode);
      if (refusal === null) return;
      refused(refusal);
      pause.end();
    });
    if (!this.waits) return this.finish(mode);
    log('notice', 'Waiting for a sync of the AOF before exiting.');
    pause.begin(Infinity, false);
    return null;
  }

  private finish(mode: ShutdownMode): CommandOutcome | null {
    const { log, persistence, stop } = this.parts;
    const outcome = persistence.shutdown(mode.save, mode.force);
    if (outcome.kind === 'error' && !mode.force) {
      log('warning', `Errors trying to shut down the server: ${outcome.text}`);
      return { kind: 'error', text: shutdownRefused };
    }
    log('warning', 'Plugpull is now ready to exit, bye bye...');
    stop(0);
    return null;
  }
}
