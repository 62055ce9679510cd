// Ctrl-C and its kin during long work: the first ends it in order, a second one at once.

import type { CliContext } from './context.ts';
import { exitInterrupted } from './exit-codes.ts';

/** Runs work whose signal is aborted by the first of them; `onEnd`: however it ended. */
export async function untilInterrupted<TResult>(
  context: CliContext,
  { onFirst, onEnd }: { readonly onFirst: () => void; readonly onEnd: () => void },
  work: (signal: AbortSignal) => Promise<TResult>,
): Promise<TResult> {
  const abort = new AbortController();
  const onInterrupt = (): void => {
    if (abort.signal.aborted) {
      context.exitNow(exitInterrupted);
      return;
    }
    onFirst();
    abort.abort();
  };
  const unlisten = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    .map((name) => context.onSignal(name, onInterrupt));
  try {
    return await work(abort.signal);
  } finally {
    onEnd();
    for (const stop of unlisten) stop();
  }
}
