// A faultfs over the data directory of a trial, its op log in memory.

import fs from 'node:fs';
import path from 'node:path';
import { mountFaultfs } from '../faultfs/client.ts';
import type { FaultRule, FaultfsMount, HeldCall } from '../faultfs/client.ts';
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
  const listeners = new Set<(held: HeldCall) => void>();
  try {
    const mount = await mountFaultfs({
      backing: dataDirectory,
      mountPoint,
      rules: recordingRules(record),
      onHeld: (held) => listeners.forEach((listener) => listener(held)),
      ...(log === null ? {} : { opLogPath: log.opLogPath }),
    });
    const opLogPath = log?.opLogPath ?? null;
    const base = recordingRules(record);
    return new MountedDisk(mount, { dataDirectory, opLogPath, undo, base, listeners });
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
  /** Always in force. */
  readonly base: readonly FaultRule[];
  /** They hear of every held call. */
  readonly listeners: Set<(held: HeldCall) => void>;
}

class MountedDisk implements FaultfsDisk {
  readonly kind = 'faultfs';
  readonly directory: string;
  readonly opLogPath: string | null;
  readonly #mount: FaultfsMount;
  readonly #parts: Parts;
  readonly #faults = new Map<string, { rules: readonly FaultRule[]; hits: number }>();

  constructor(mount: FaultfsMount, parts: Parts) {
    this.#mount = mount;
    this.directory = mount.mountPoint;
    this.opLogPath = parts.opLogPath;
    this.#parts = parts;
  }

  async addFault(name: string, rules: readonly FaultRule[]): Promise<void> {
    await this.#countHits();
    this.#faults.set(name, { rules, hits: 0 });
    await this.#apply();
  }

  async removeFault(name: string): Promise<number> {
    await this.#countHits();
    const hits = this.#faults.get(name)?.hits ?? 0;
    this.#faults.delete(name);
    await this.#apply();
    return hits;
  }

  nextHeld(timeoutMs: number): Promise<HeldCall | null> {
    const { listeners } = this.#parts;
    return new Promise((resolve) => {
      const finish = (held: HeldCall | null): void => {
        clearTimeout(timer);
        listeners.delete(listener);
        resolve(held);
      };
      const listener = (held: HeldCall): void => {
        if (held.delayMs === null) finish(held);
      };
      const timer = setTimeout(() => finish(null), timeoutMs);
      listeners.add(listener);
    });
  }

  // New rules start counting anew.
  async #countHits(): Promise<void> {
    if (this.#faults.size === 0) return;
    const hits = [...await this.#mount.hits()];
    for (const fault of this.#faults.values()) {
      fault.hits += hits.splice(0, fault.rules.length).reduce((sum, each) => sum + each, 0);
    }
  }

  #apply(): Promise<void> {
    const rules = [...this.#faults.values()].flatMap((fault) => fault.rules);
    return this.#mount.setRules([...rules, ...this.#parts.base]);
  }

  async settle(): Promise<Settled> {
    const { clean, words } = await this.#mount.unmount();
    const directory = this.#parts.dataDirectory;
    if (clean) return { directory, broken: null };
    const why = words === '' ? 'it was killed, or somebody had files open' : words;
    return { directory, broken: `faultfs did not end in good order: ${why}` };
  }

  async remove(): Promise<void> {
    await this.#mount.unmount();
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
