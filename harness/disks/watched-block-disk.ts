// A real file system with a faultfs between it and the server: the op log of the run tells what the
// model `power` calls durable at the cut, and all of that must be found on the file system again.

import path from 'node:path';
import fs from 'node:fs';
import type {
  BlockCut, BlockDisk, DiskOptions, FaultfsDisk, FileSystemCheck, Settled,
} from './disk.ts';

/** Puts an open faultfs over an open block disk; its server is given the faultfs. */
export class WatchedBlockDisk implements BlockDisk {
  readonly kind = 'block';
  readonly #below: BlockDisk;
  readonly #watch: FaultfsDisk;

  constructor(below: BlockDisk, watch: FaultfsDisk) {
    this.#below = below;
    this.#watch = watch;
  }

  /** Of the server before the cut; `settle` tells the one after it. */
  get directory(): string {
    return this.#watch.directory;
  }

  get opLogPath(): string | null {
    return this.#watch.opLogPath;
  }

  get fileSystem(): BlockDisk['fileSystem'] {
    return this.#below.fileSystem;
  }

  get cutMs(): number {
    return this.#below.cutMs;
  }

  get mountMs(): number {
    return this.#below.mountMs;
  }

  cut(): Promise<BlockCut> {
    return this.#below.cut();
  }

  async settle(): Promise<Settled> {
    // First the faultfs: it has files open there.
    const watched = await this.#watch.settle();
    const settled = await this.#below.settle();
    return { ...settled, broken: settled.broken ?? watched.broken };
  }

  check(): Promise<FileSystemCheck> {
    return this.#below.check();
  }

  async remove(): Promise<void> {
    await this.#watch.remove();
    await this.#below.remove();
  }
}

/** The folder of the faultfs, which takes the data directory of the server for its own. */
export function watchOptions(options: DiskOptions): DiskOptions {
  const root = path.join(options.root, 'watch');
  fs.mkdirSync(root, { recursive: true });
  return { ...options, kind: 'faultfs', root };
}

/** How long the kernel may keep what was written and not synced. */
export interface KernelPatience {
  /** Writeback begins with data of that age, ms. */
  readonly dirtyExpireMs: number | null;
  /** The journal is committed so often, ms. */
  readonly commitMs: number | null;
}

/** What this kernel is set to for a file system with the mount options that we give it: none. */
export function kernelPatience(fileSystem: BlockDisk['fileSystem']): KernelPatience {
  const ext4CommitMs = 5000; // its default, unless mounted with commit=
  return {
    dirtyExpireMs: centiseconds('/proc/sys/vm/dirty_expire_centisecs'),
    commitMs: fileSystem === 'ext4' ? ext4CommitMs
      : centiseconds('/proc/sys/fs/xfs/xfssyncd_centisecs'),
  };
}

function centiseconds(file: string): number | null {
  try {
    return Number(fs.readFileSync(file, 'utf8')) * 10;
  } catch {
    return null;
  }
}
