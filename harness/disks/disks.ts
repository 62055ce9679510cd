// The registry of disks: which one a cell stands on, whether this machine has it, opening it.

import fs from 'node:fs';
import { faultfsUnavailable } from '../faultfs/client.ts';
import { hasTool } from '../holdings/system.ts';
import { WatchedBlockDisk, watchOptions } from './watched-block-disk.ts';
import { openBlockDisk, toolsOf } from './block-disk.ts';
import type { DiskOptions, FileSystem, TrialDisk } from './disk.ts';
import { openFaultfsDisk } from './faultfs-disk.ts';

/**
 * Makes the disk of a trial.
 * @throws {HarnessError} ENVIRONMENT when this machine cannot.
 */
export function openDisk(options: DiskOptions): Promise<TrialDisk> {
  switch (options.kind) {
    case 'block': return openBlock(options);
    case 'faultfs': return openFaultfsDisk(options);
    case 'plain': return Promise.resolve(plainDisk(options.dataDirectory));
  }
}

async function openBlock(options: DiskOptions): Promise<TrialDisk> {
  const below = await openBlockDisk(options);
  if (options.record === null || faultfsUnavailable() !== null) return below;
  try {
    return new WatchedBlockDisk(below, await openFaultfsDisk(watchOptions(options)));
  } catch (error) {
    await below.remove();
    throw error;
  }
}

/** A directory as it is. */
export function plainDisk(directory: string): TrialDisk {
  return {
    kind: 'plain',
    directory,
    opLogPath: null,
    settle: () => Promise.resolve({ directory, broken: null }),
    remove: () => Promise.resolve(),
  };
}

/** What this machine lacks for a kind of disk, and what to do about it; null when nothing. */
export function diskUnavailable(kind: TrialDisk['kind'], fileSystem: FileSystem): string | null {
  switch (kind) {
    case 'plain': return null;
    case 'faultfs': return faultfsUnavailable();
    case 'block': return blockUnavailable(fileSystem);
  }
}

const packages: Readonly<Record<string, string>> = {
  'xfs_io': 'xfsprogs', 'mkfs.xfs': 'xfsprogs', 'xfs_repair': 'xfsprogs',
  'mkfs.ext4': 'e2fsprogs', 'e2fsck': 'e2fsprogs',
  'losetup': 'mount', 'mount': 'mount', 'umount': 'mount',
};

function blockUnavailable(fileSystem: FileSystem): string | null {
  if (process.platform !== 'linux') return 'loop devices need Linux';
  if (process.getuid?.() !== 0) return 'loop devices and mounts need root';
  if (!isInitialUser()) return 'loop devices need root outside of user namespaces';
  try {
    fs.accessSync('/dev/loop-control', fs.constants.R_OK | fs.constants.W_OK);
  } catch {
    return '/dev/loop-control is missing (modprobe loop; in a container: --privileged)';
  }
  const missing = toolsOf(fileSystem).filter((tool) => !hasTool(tool));
  if (missing.length === 0) return null;
  const from = [...new Set(missing.map((tool) => packages[tool] ?? tool))];
  return `${missing.join(', ')} missing (apt-get install ${from.join(' ')})`;
}

// In a user namespace root is root of little.
function isInitialUser(): boolean {
  try {
    const [first = ''] = fs.readFileSync('/proc/self/uid_map', 'utf8').split('\n');
    return /^\s*0\s+0\s+4294967295$/.test(first);
  } catch {
    return false;
  }
}
