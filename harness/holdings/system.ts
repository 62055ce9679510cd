// What the system says about mounts and loop devices, and its tools that change them.

import { execFile } from 'node:child_process';
import fs from 'node:fs';

/** How a tool ended. */
export interface Ran {
  /** Null when it could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  /** What it complained about, in one line; '' when it did not. */
  readonly words: string;
}

// Not everybody's PATH has them.
const sbin = ['/usr/sbin', '/sbin'];

/** Runs a tool without a shell; never rejects. */
export function runTool(command: string, args: readonly string[]): Promise<Ran> {
  const env = { ...process.env, PATH: [process.env['PATH'] ?? '', ...sbin].join(':'), LC_ALL: 'C' };
  return new Promise((resolve) => {
    execFile(command, args, { env, encoding: 'utf8' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      const said = stderr.trim() === '' && code !== 0 ? stdout : stderr;
      const words = said.trim().replaceAll(/\s*\n\s*/g, '; ');
      resolve({ code, stdout, words: words === '' && error !== null ? error.message : words });
    });
  });
}

/** Whether a tool is there. */
export function hasTool(command: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...sbin];
  return folders.some((folder) => fs.existsSync(`${folder}/${command}`));
}

/** One mount of this mount namespace. */
export interface Mount {
  readonly mountPoint: string;
  /** `ext4`, `fuse`. */
  readonly type: string;
  /** A device, or the name that the file system gave. */
  readonly source: string;
}

/** All mounts, in the order in which they were made; none where there is no /proc. */
export function mounts(): Mount[] {
  let text = '';
  try {
    text = fs.readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return [];
  }
  // id parent major:minor root mount-point options [fields] - type source super-options
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const escaped = before?.split(' ')[4];
    const [type, source] = after?.split(' ') ?? [];
    if (escaped === undefined || type === undefined || source === undefined) return [];
    return [{ mountPoint: unescapeOctal(escaped), type, source: unescapeOctal(source) }];
  });
}

// Space, tab, newline and backslash come as \040 and so on.
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Whether something is mounted exactly there. */
export function isMountPoint(path: string): boolean {
  return mounts().some(({ mountPoint }) => mountPoint === path);
}

/** Unmounts, by force of detaching if it is busy; resolves to null, or what went wrong. */
export async function unmountAll(mountPoint: string): Promise<string | null> {
  while (isMountPoint(mountPoint)) {
    const [now, detached] = [['-i', mountPoint], ['-l', '-i', mountPoint]];
    if ((await runTool('umount', now)).code === 0) continue;
    const { code, words } = await runTool('umount', detached);
    // Whoever held it may have gone meanwhile, and the mount with it.
    if (code !== 0 && isMountPoint(mountPoint)) return words;
  }
  return null;
}

/** The loop devices whose file this is. */
export async function loopsOf(imagePath: string): Promise<string[]> {
  const args = ['--noheadings', '--output', 'NAME', '-j', imagePath];
  const { stdout } = await runTool('losetup', args);
  return stdout.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

/** Detaches every loop device of a file; resolves to null, or what went wrong. */
export async function detachLoops(imagePath: string): Promise<string | null> {
  for (const device of await loopsOf(imagePath)) {
    const { code, words } = await runTool('losetup', ['--detach', device]);
    if (code !== 0) return words;
  }
  return null;
}
