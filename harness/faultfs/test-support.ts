// What the tests of this room share: a fresh mount for each, and its removal.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext, TestFn } from 'ava';
import { readOpLog } from '../../engine/io/op-log.ts';
import type { OpLog } from '../../engine/io/op-log.ts';
import type { FileTree } from '../crash/image.ts';
import { faultfsUnavailable, mountFaultfs } from './client.ts';
import type { FaultfsMount, FaultRule, HeldCall } from './client.ts';

const unavailable = faultfsUnavailable();

/** `test`, or `test.skip` where nothing can be mounted. */
export const testMount: TestFn | TestFn['skip'] = unavailable === null ? test : test.skip;

/** The title, with the reason where the test is skipped. */
export function mountTitle(title: string): string {
  return unavailable === null ? title : `${title} (skipped: ${unavailable})`;
}

/** A mount on an empty directory of its own. */
export interface Bench {
  readonly directory: string;
  readonly backing: string;
  readonly mount: FaultfsMount;
  /** A path on the mount. */
  at(name: string): string;
  /** Unmounts and reads the op log. */
  finish(): Promise<OpLog>;
}

/** Makes one; it is gone when the test ends. */
export async function benchOf(
  t: ExecutionContext,
  options: { rules?: FaultRule[]; onHeld?: (held: HeldCall) => void; name?: string } = {},
): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), 'plugpull-faultfs-'));
  const backing = join(directory, `${options.name ?? ''}backing`);
  const mountPoint = join(directory, `${options.name ?? ''}mount`);
  const opLogPath = join(directory, 'op.log');
  mkdirSync(backing);
  const { rules, onHeld } = options;
  const mount = await mountFaultfs({
    backing,
    mountPoint,
    opLogPath,
    ...(rules === undefined ? {} : { rules }),
    ...(onHeld === undefined ? {} : { onHeld }),
  });
  t.teardown(async () => {
    await mount.unmount();
    rmSync(directory, { recursive: true });
  });
  return {
    directory,
    backing,
    mount,
    at: (name) => join(mount.mountPoint, name),
    finish: async () => {
      const exit = await mount.unmount();
      t.deepEqual(exit, { clean: true, words: '' });
      return readOpLog(readFileSync(opLogPath));
    },
  };
}

/** A mount namespace that somebody makes, with a copy of every mount; lives until `end`. */
export async function copyOfMounts(t: ExecutionContext): Promise<{ end(): Promise<void> }> {
  const child = spawn('unshare', ['-m', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  child.stdin.write('made');
  await once(child.stdout, 'data');
  return {
    end: async () => {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}

/** The error code of what a call throws, or `ok`. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** A tree as plain text: path → digest and length, directories with a slash. */
export function listingOf({ files, directories }: FileTree): Record<string, string> {
  const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
  return Object.fromEntries(
    [
      ...[...files].map(([path, bytes]) => [path, `${bytes.length} ${digest(bytes)}`]),
      ...directories.map((path) => [`${path}/`, '']),
    ].toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  );
}
