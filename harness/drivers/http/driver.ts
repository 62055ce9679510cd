// The parent's side of a load over HTTP: autocannon in a process of its own, so that it shares no
// event loop with what measures beside it. autocannon is installed by who wants HTTP.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { HarnessError } from '../../errors.ts';
import { entryNear } from '../../metrics/bundle.ts';
import type { HttpEvent, HttpLoad, HttpResult } from './messages.ts';

export type { HttpLoad, HttpResult, StatedMs } from './messages.ts';

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

/**
 * Sends the whole load and resolves to what came of it.
 * @throws {HarnessError} INTERRUPTED when the signal fires, DRIVER_FAILED when the process dies.
 */
export async function driveHttp(load: HttpLoad, signal: AbortSignal): Promise<HttpResult> {
  if (signal.aborted) throw interrupted();
  const child = fork(entryNear(import.meta.filename, 'process'), [], {
    execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const onAbort = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await resultOf(child, load);
  } catch (error) {
    if (signal.aborted) throw interrupted();
    const why = error instanceof Error ? error.message : String(error);
    throw new HarnessError('DRIVER_FAILED', `the generator of HTTP failed: ${why}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function interrupted(): HarnessError {
  return new HarnessError('INTERRUPTED', 'the generator of HTTP was ended: interrupted');
}

async function resultOf(child: ChildProcess, load: HttpLoad): Promise<HttpResult> {
  let said: HttpEvent | null = null;
  let lastWords = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-keptOutputCharacters);
    });
  }
  child.on('message', (event: HttpEvent) => (said = event));
  child.send(load, () => {}); // to a process that is gone: 'close' says it better
  const [code, signal] = await once(child, 'close');
  const event = said as HttpEvent | null;
  if (event?.kind === 'result') return event.result;
  if (event?.kind === 'failed') throw new Error(event.text);
  const words = lastWords.trim() || 'it said nothing';
  throw new Error(`it ended by itself (${code ?? signal}); ${words}`);
}
