// Without root: in a user and mount namespace of its own, which `unshare -Urm` makes, an ordinary
// user may mount what FUSE serves, if the kernel allows it. The target must live there, too, so the
// whole run is started in one.

import { spawnSync } from 'node:child_process';

/** What to put before a command that is to run in one. */
export const namespaceCommand: readonly string[] = ['unshare', '-Urm'];

let known: string | null | undefined;

/** Why this user can have none, in the words of the system; null when he can. */
export function namespaceForbidden(): string | null {
  known ??= tried();
  return known;
}

// Some systems (Ubuntu since 23.10) give one in which nothing may be mounted. What is mounted for
// the trial is seen by nobody else, and ends with it.
function tried(): string | null {
  const [command = '', ...args] = [...namespaceCommand, 'mount', '-t', 'tmpfs', 'plugpull', '/tmp'];
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return null;
  if (error !== undefined) return `${command} is missing (apt-get install util-linux)`;
  return stderr.trim().replaceAll(/\s*\n\s*/g, '; ') || `${command} ended with ${status}`;
}
