// A faultfs over the data directory of a trial, its op log in memory.

import fs from 'node:fs';
import path from 'node:path';
import { mountFaultfs } from '../faultfs/client.ts';
import type { FaultRule, FaultfsMount } from '../faultfs/client.ts';
import { hold } from '../holdings/holdings.ts';
import type { DiskOptions, FaultfsDisk, Settled } from './disk.ts';

/**
 * Mounts it beside the data directory.
 * @throws {HarnessError} ENVIRONMENT when it cannot be mounted.
 */
export async function openFaultfsDisk(options: DiskOptions): Promise<FaultfsDisk> {
  const { root, dataDirectory, record } = options;
  const mountPoint = path.join(fs.realpathSync(root), 'mount');
  const log = record === null ? null : logFolder(root);
  const release = hold({ kind: 'mount', mountPoint });
  const undo = (): void => {
    release();
    log?.remove();
  };
  try {
    const mount = await mountFaultfs({
      backing: dataDirectory,
      mountPoint,
      rules: recordingRules(record),
      ...(log === null ? {} : { opLogPath: log.opLogPath }),
    });
    return new MountedDisk(mount, { dataDirectory, opLogPath: log?.opLogPath ?? null, undo });
  } catch (error) {
    undo();
    throw error;
  }
}

/** Rules that are always in force: a reply sent before its sync must not hide behind a fast one. */
export function recordingRules(record: DiskOptions['record']): FaultRule[] {
  if (record === null || record.syncDelayMs === 0) return [];
  return [{ calls: ['sync'], fault: { kind: 'delay', delayMs: record.syncDelayMs } }];
}

interface Parts {
  readonly dataDirectory: string;
  readonly opLogPath: string | null;
  readonly undo: () => void;
}

class MountedDisk implements FaultfsDisk {
  readonly kind = 'faultfs';
  readonly mount: FaultfsMount;
  readonly directory: string;
  readonly opLogPath: string | null;
  readonly #parts: Parts;

  constructor(mount: FaultfsMount, parts: Parts) {
    this.mount = mount;
    this.directory = mount.mountPoint;
    this.opLogPath = parts.opLogPath;
    this.#parts = parts;
  }

  async settle(): Promise<Settled> {
    const { clean, words } = await this.mount.unmount();
    const directory = this.#parts.dataDirectory;
    if (clean) return { directory, broken: null };
    const why = words === '' ? 'it was killed, or somebody had files open' : words;
    return { directory, broken: `faultfs did not end in good order: ${why}` };
  }

  async remove(): Promise<void> {
    await this.mount.unmount();
    this.#parts.undo();
  }
}

// Below this a log might not fit: in containers /dev/shm often has 64 MB.
const memoryFreeBytes = 2e9;
const tmpfsType = 0x01021994;

/** Off the disk under test where it can be: its own writes would slow the syncs it records. */
function logFolder(root: string): { opLogPath: string; remove(): void } {
  if (!hasRoomInMemory()) return { opLogPath: path.join(root, 'op-log'), remove: () => {} };
  const folder = fs.mkdtempSync('/dev/shm/plugpull-');
  const release = hold({ kind: 'folder', path: folder });
  return {
    opLogPath: path.join(folder, 'op-log'),
    remove: () => {
      fs.rmSync(folder, { recursive: true, force: true });
      release();
    },
  };
}

function hasRoomInMemory(): boolean {
  try {
    fs.accessSync('/dev/shm', fs.constants.W_OK);
    const { type, bavail, bsize } = fs.statfsSync('/dev/shm');
    return type === tmpfsType && bavail * bsize >= memoryFreeBytes;
  } catch {
    return false;
  }
}
