// A step that fails because its server died must say so, whichever of the two is heard first.
import test from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../errors.ts';
import type { ExitInfo, RunningTarget } from '../targets/target.ts';
import { orDeath } from './death.ts';

const exit: ExitInfo = {
  code: null, signal: 'SIGSEGV', atNs: 1, cause: 'alone', lastWords: ['about to fall'],
};

function dyingIn(milliseconds: number): RunningTarget {
  let seen: ExitInfo | null = null;
  const exited = sleep(milliseconds, undefined, { ref: false }).then(() => (seen = exit));
  return { exited, exitInfo: () => seen } as unknown as RunningTarget;
}

const told = { message: /^the server died on its own \(signal SIGSEGV\):\nabout to fall$/ };

test('the death is heard first', async (t) => {
  await t.throwsAsync(orDeath(dyingIn(1), new Promise<void>(() => {})), told);
});

test('the lost connection is heard first', async (t) => {
  const lost = Promise.reject(new HarnessError('TARGET_FAILED', '127.0.0.1:1: ECONNRESET'));
  await t.throwsAsync(orDeath(dyingIn(20), lost), told);
});

test('a server that lives on leaves the failure as it is, and a success too', async (t) => {
  const running = dyingIn(60_000);
  await t.throwsAsync(orDeath(running, Promise.reject(new Error('late'))), { message: 'late' });
  t.is(await orDeath(running, Promise.resolve(3)), 3);
});
