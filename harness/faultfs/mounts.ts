// Mounting and unmounting, and mounts that someone left behind.

import { spawn } from 'node:child_process';
import { accessSync, constants, statfs } from 'node:fs';
import { mounts } from '../holdings/system.ts';
import { namespaceCommand, namespaceForbidden } from './namespace.ts';

const source = 'plugpull-faultfs';

/** Why faultfs cannot run here, or null when it can. */
export function faultfsUnavailable(): string | null {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? '/dev/fuse is missing (modprobe fuse)' : '/dev/fuse: no permission (be root)';
  }
  if (process.getuid?.() === 0) return null;
  const forbidden = namespaceForbidden();
  return forbidden === null
    ? `mounting needs root; this kernel allows it without: ${namespaceCommand.join(' ')} plugpull …`
    : `mounting needs root (a user and mount namespace cannot be had: ${forbidden})`;
}

/** Runs `mount` on an open /dev/fuse; resolves to null, or what went wrong. */
export function mount(device: number, mountPoint: string): Promise<string | null> {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const access = 'allow_other,default_permissions';
  const options = `fd=3,rootmode=40000,user_id=${uid},group_id=${gid},${access}`;
  return run('mount', ['-i', '-t', 'fuse', '-o', options, source, mountPoint], device);
}

/** Unmounts; resolves to null, or what went wrong (files are open there, say). */
export function unmount(mountPoint: string, how: 'now' | 'detach' = 'now'): Promise<string | null> {
  return run('umount', [...(how === 'detach' ? ['-l'] : []), '-i', mountPoint]);
}

// Not spawnSync: whatever touches the mount point waits for our answers.
function run(command: string, args: string[], device?: number): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', device ?? 'ignore'] });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => {
      resolve(code === 0 ? null : words.trim() || `${command} ended with ${code}`);
    });
  });
}

/** A faultfs mount of this mount namespace. */
export interface FoundMount {
  readonly mountPoint: string;
  /** No process serves it: every call there fails with ENOTCONN. */
  readonly stale: boolean;
}

/** All faultfs mounts of this mount namespace, whoever made them. */
export async function findMounts(): Promise<FoundMount[]> {
  const found: FoundMount[] = [];
  for (const mountPoint of mountPoints()) {
    found.push({ mountPoint, stale: await isStale(mountPoint) });
  }
  return found;
}

/** Removes a mount point that was left behind; resolves to null, or what went wrong. */
export async function removeStaleMount(mountPoint: string): Promise<string | null> {
  if (!mountPoints().includes(mountPoint)) return null;
  return (await unmount(mountPoint)) === null ? null : unmount(mountPoint, 'detach');
}

/** Whether a faultfs is mounted there. */
export function isMounted(mountPoint: string): boolean {
  return mountPoints().includes(mountPoint);
}

function mountPoints(): string[] {
  return mounts().filter((each) => each.source === source).map(({ mountPoint }) => mountPoint);
}

// statfs is never held and never fails by a rule.
function isStale(mountPoint: string): Promise<boolean> {
  return new Promise((resolve) => {
    statfs(mountPoint, (error) => resolve(error?.code === 'ENOTCONN'));
  });
}
