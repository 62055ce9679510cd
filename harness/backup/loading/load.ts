// Has a data directory checked and loaded by the bundled engine, in a process of its own.

import { fork } from 'node:child_process';
import { HarnessError } from '../../errors.ts';
import { bundleOf, entryNear } from '../../metrics/bundle.ts';
import type { LoadAnswer, LoadRequest } from './messages.ts';

const wordsKept = 2000;

/**
 * Loads it; changes nothing but a tail that was asked to be cut.
 * @throws {HarnessError} ENVIRONMENT when the process dies, of memory for instance; INTERRUPTED.
 */
export async function loadData(
  request: LoadRequest, signal: AbortSignal,
): Promise<LoadAnswer> {
  const child = fork(await bundleOf(entryNear(import.meta.filename, 'process')), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = `${words}${chunk.toString()}`.slice(-wordsKept);
  });
  const stop = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<LoadAnswer>((resolve, reject) => {
      child.once('message', (answer: LoadAnswer) => resolve(answer));
      child.once('error', reject);
      child.once('close', (code, killed) => {
        reject(signal.aborted ? new HarnessError('INTERRUPTED', 'interrupted')
          : new HarnessError('ENVIRONMENT', `the process that loads ${request.directory} to check`
            + ` it ended by itself (${killed ?? `code ${code}`}): ${words.trim()
              || 'is there enough memory?'}`));
      });
      child.send(request);
    });
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.exitCode === null) stop();
  }
}
