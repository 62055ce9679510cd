// Ctrl-C and its kin during long work: the first ends it in order, a second Ctrl-C at once. A
// second SIGTERM does not: timeout(1) sends two, one to the process and one to its group.

import { Progress } from '../report/progress.ts';
import { mayStyle } from './context.ts';
import type { CliContext } from './context.ts';
import { exitInterrupted } from './exit-codes.ts';

/** Runs work whose signal is aborted by the first of them; `onEnd`: however it ended. */
export async function untilInterrupted<TResult>(
  context: CliContext,
  { onFirst, onEnd }: { readonly onFirst: () => void; readonly onEnd: () => void },
  work: (signal: AbortSignal) => Promise<TResult>,
): Promise<TResult> {
  const abort = new AbortController();
  const onInterrupt = (isByHand: boolean): void => {
    if (!abort.signal.aborted) {
      onFirst();
      abort.abort();
    } else if (isByHand) {
      context.exitNow(exitInterrupted);
    }
  };
  const unlisten = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    .map((name) => context.onSignal(name, () => onInterrupt(name === 'SIGINT')));
  try {
    return await work(abort.signal);
  } finally {
    onEnd();
    for (const stop of unlisten) stop();
  }
}

/** What runs while its progress is shown. */
export interface Shown {
  /** The first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Shows the progress of `work`. */
export function interruptibly<TResult>(
  context: CliContext, work: (shown: Shown) => Promise<TResult>,
): Promise<TResult> {
  const progress = progressOf(context);
  return untilInterrupted(context, {
    onFirst: () => progress.line('stopping: what was measured is kept; once more to leave at once'),
    onEnd: () => progress.close(),
  }, (signal) => work({ signal, progress }));
}

function progressOf(context: CliContext): Progress {
  const { stderr } = context;
  return new Progress({
    write: (text) => stderr.write(text),
    live: mayStyle(context, stderr),
    columns: () => stderr.columns(),
    nowMs: () => context.monotonicMs(),
  });
}
