// Wakes the worker out of its read(2): a helper process opens the root of the mount.
//
// No thread of the faultfs process may do that: killed between its call and our answer, it would
// wait for ever, keep /dev/fuse open, and the mount would hang with everyone on it. And it must be
// a call that needs no lock of the directory: a rename that we hold has locked it.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

// Ends with the pipe, when we do.
const script = 'while read -r n; do true < "$1"; done';

/** The helper of one mount. */
export class Waker {
  readonly #helper: ChildProcess;

  constructor(mountPoint: string) {
    const args = ['-c', script, 'sh', mountPoint];
    this.#helper = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
    this.#helper.on('error', () => {});
    this.#helper.stdin?.on('error', () => {});
  }

  /** Makes one request come, soon. */
  wake(): void {
    this.#helper.stdin?.write('\n');
  }
}
