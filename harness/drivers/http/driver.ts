// The parent's side of a load over HTTP: autocannon in a process of its own, so that it shares no
// event loop with what measures beside it. autocannon is installed by who wants HTTP.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { HarnessError, reasonOf } from '../../errors.ts';
import { entryNear } from '../../metrics/bundle.ts';
import type { HttpCommand, HttpEvent, HttpLoad, HttpResult } from './messages.ts';

export type { HttpCrash, HttpLoad, HttpResult, StatedMs } from './messages.ts';

const keptOutputCharacters = 4000;

/** Why nothing can be driven over HTTP here, and what to do about it; null when it can. */
export function httpMissing(): string | null {
  try {
    import.meta.resolve('autocannon');
    return null;
  } catch {
    return 'autocannon, which sends HTTP, is not installed: npm install autocannon';
  }
}

/** A load over HTTP that runs; what it promises rejects with the codes of `startHttp`. */
export interface HttpDriver {
  /** The warm-up is over. */
  readonly measuring: Promise<void>;
  readonly result: Promise<HttpResult>;
  /** Ends it, whoever still waits for an answer. */
  finish(): void;
}

/**
 * Sends a whole load.
 * @throws {HarnessError} INTERRUPTED when the signal fires, DRIVER_FAILED when the process dies.
 */
export function startHttp(load: HttpLoad, signal: AbortSignal): HttpDriver {
  const measuring = Promise.withResolvers<void>();
  if (signal.aborted) {
    const result = Promise.reject<HttpResult>(interrupted());
    for (const promise of [result, measuring.promise]) promise.catch(() => {}); // told later
    measuring.reject(interrupted());
    return { measuring: measuring.promise, result, finish: () => {} };
  }
  const child = fork(entryNear(import.meta.filename, 'process'), [], {
    execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const tell = (command: HttpCommand): void => {
    if (child.connected) child.send(command, () => {}); // to one that is gone: 'close' says it
  };
  child.on('message', ({ kind }: HttpEvent) => {
    if (kind === 'measuring') measuring.resolve();
  });
  const result = endOf(child, signal);
  result.catch((error: unknown) => measuring.reject(error as Error));
  measuring.promise.catch(() => {});
  tell({ kind: 'start', load });
  return { measuring: measuring.promise, result, finish: () => tell({ kind: 'finish' }) };
}

function interrupted(): HarnessError {
  return new HarnessError('INTERRUPTED', 'the generator of HTTP was ended: interrupted');
}

async function endOf(child: ChildProcess, signal: AbortSignal): Promise<HttpResult> {
  const onAbort = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await resultOf(child);
  } catch (error) {
    if (signal.aborted) throw interrupted();
    const why = reasonOf(error);
    throw new HarnessError('DRIVER_FAILED', `the generator of HTTP failed: ${why}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function resultOf(child: ChildProcess): Promise<HttpResult> {
  let said: HttpEvent | null = null;
  let lastWords = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-keptOutputCharacters);
    });
  }
  child.on('message', (event: HttpEvent) => (said = event));
  const [code, ended] = await once(child, 'close');
  const event = said as HttpEvent | null;
  if (event?.kind === 'result') return event.result;
  if (event?.kind === 'failed') throw new Error(event.text);
  const words = lastWords.trim() || 'it said nothing';
  throw new Error(`it ended by itself (${code ?? ended}); ${words}`);
}
