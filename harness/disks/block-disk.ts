// A real file system on a loop device of our own: cut by the file system's own shutdown without a
// flush of its log, which is the state in which a power cut would have left the device, but for a
// cache of the device's. What the journal and writeback had brought there by then survives.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../errors.ts';
import { hold } from '../holdings/holdings.ts';
import { detachLoops, loopsOf, mounts, runTool, unmountAll } from '../holdings/system.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import type {
  BlockCut, BlockDisk, DiskOptions, FileSystem, FileSystemCheck, Settled,
} from './disk.ts';

const mkfs: Readonly<Record<FileSystem, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'nodiscard'],
  xfs: ['mkfs.xfs', '-q', '-f', '-K'],
};

const fsck: Readonly<Record<FileSystem, readonly string[]>> = {
  ext4: ['e2fsck', '-f', '-n'],
  xfs: ['xfs_repair', '-n'],
};

/** The tools that a `block` disk of this type needs. */
export function toolsOf(fileSystem: FileSystem): string[] {
  const [make = '', check = ''] = [mkfs[fileSystem][0], fsck[fileSystem][0]];
  return ['losetup', 'mount', 'umount', 'xfs_io', make, check];
}

/**
 * Makes the image, the device and the file system, and mounts it on the data directory.
 * @throws {HarnessError} ENVIRONMENT when the disk is too full, or a tool fails.
 */
export async function openBlockDisk(options: DiskOptions): Promise<BlockDisk> {
  const imagePath = path.join(options.root, 'disk.img');
  mustFit(options);
  fs.closeSync(fs.openSync(imagePath, 'wx', 0o600));
  fs.truncateSync(imagePath, options.sizeBytes);
  const mountPoint = fs.realpathSync(options.dataDirectory);
  const releases = [
    hold({ kind: 'loop', imagePath }), hold({ kind: 'mount', mountPoint }),
  ];
  const { fileSystem } = options;
  const disk = new LoopDisk({ imagePath, mountPoint, fileSystem, releases });
  try {
    await disk.make();
    return disk;
  } catch (error) {
    await disk.remove();
    throw error;
  }
}

/** A sparse image that outgrows its disk would look like a failing one. */
function mustFit({ root, sizeBytes }: DiskOptions): void {
  const { bavail, bsize } = fs.statfsSync(root);
  const freeBytes = bavail * bsize;
  if (sizeBytes <= freeBytes) return;
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  throw cannot(`the image would have ${megabytes(sizeBytes)}, ${root} has ${megabytes(freeBytes)} `
    + 'free: choose another disk with --out, or a shorter --duration');
}

function cannot(why: string): HarnessError {
  return new HarnessError('ENVIRONMENT', `no file system for crash model block: ${why}`);
}

const freePolls = 1500;
const freePollMs = 20;

interface Parts {
  readonly imagePath: string;
  readonly mountPoint: string;
  readonly fileSystem: FileSystem;
  readonly releases: readonly (() => void)[];
}

class LoopDisk implements BlockDisk {
  readonly kind = 'block';
  readonly directory: string;
  readonly opLogPath: null = null;
  readonly fileSystem: FileSystem;
  readonly #parts: Parts;
  #device = '';
  #cutMs = 0;
  #mountMs = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.directory = parts.mountPoint;
    this.fileSystem = parts.fileSystem;
  }

  get cutMs(): number {
    return this.#cutMs;
  }

  get mountMs(): number {
    return this.#mountMs;
  }

  async make(): Promise<void> {
    const { imagePath, fileSystem, mountPoint } = this.#parts;
    const [command = '', ...args] = mkfs[fileSystem];
    await mustRun(command, [...args, imagePath]);
    await mustRun('losetup', ['--find', imagePath]);
    const [device, ...others] = await loopsOf(imagePath);
    if (device === undefined || others.length > 0) throw cannot(`${imagePath} has no device`);
    this.#device = device;
    await mustRun('mount', ['-i', '-t', fileSystem, device, mountPoint]);
  }

  async cut(): Promise<BlockCut> {
    this.#mustBeOurs();
    const cutNs = monotonicNs();
    // Without -f: the log is not flushed.
    const { code, words } = await runTool('xfs_io', ['-x', '-c', 'shutdown', this.directory]);
    this.#cutMs = sinceMs(cutNs);
    const said = code === 0 ? '' : `xfs_io: ${words}; `;
    const probed = this.#probe();
    return { cutNs, tookMs: this.#cutMs, unproven: probed === null ? null : said + probed };
  }

  #mustBeOurs(): void {
    const { mountPoint, fileSystem } = this.#parts;
    const [top] = mounts().filter((each) => each.mountPoint === mountPoint).slice(-1);
    if (top?.source === this.#device && top.type === fileSystem && this.#device !== '') return;
    const found = top === undefined ? 'nothing' : `${top.source} (${top.type})`;
    throw cannot(`expected ${this.#device} on ${mountPoint}, found ${found}: it is not cut`);
  }

  /** Null when writing fails with EIO. */
  #probe(): string | null {
    try {
      const file = fs.openSync(path.join(this.directory, '.probe'), 'w');
      fs.writeSync(file, 'written after the cut');
      fs.closeSync(file);
      return 'a write after the cut succeeded';
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : String(error);
      return code === 'EIO' ? null : `a write after the cut failed with ${String(code)}, not EIO`;
    }
  }

  /** Mounts it again, which replays the journal; the target must be gone. */
  async settle(): Promise<Settled> {
    const { mountPoint, fileSystem } = this.#parts;
    const left = await unmountAll(mountPoint);
    if (left !== null) throw cannot(`${mountPoint} cannot be unmounted: ${left}`);
    if (!await this.#isFree()) return { directory: mountPoint, broken: this.#heldElsewhere() };
    const beganNs = monotonicNs();
    const args = ['-i', '-t', fileSystem, this.#device, mountPoint];
    const { code, words } = await runTool('mount', args);
    this.#mountMs = sinceMs(beganNs);
    const broken = code === 0 ? null : `the file system did not mount again: ${words}`;
    return { directory: mountPoint, broken };
  }

  async check(): Promise<FileSystemCheck> {
    const left = await unmountAll(this.#parts.mountPoint);
    if (left !== null) return { clean: false, words: `cannot be unmounted: ${left}` };
    if (!await this.#isFree()) return { clean: false, words: this.#heldElsewhere() };
    const [command = '', ...args] = fsck[this.fileSystem];
    const { code, stdout, words } = await runTool(command, [...args, this.#device]);
    const last = stdout.trim().split('\n').at(-1) ?? words;
    const clean = code === 0;
    return { clean, words: `${command}: ${clean ? 'clean' : `exit ${code}, ${last}`}` };
  }

  /**
   * A mount namespace that somebody made meanwhile (unshare, a container) has a copy of the mount.
   * As long as it lives so does the file system, as it was cut: a mount would show that again, and
   * replay no journal.
   */
  async #isFree(): Promise<boolean> {
    for (let poll = 0; poll < freePolls; poll += 1) {
      try {
        fs.closeSync(fs.openSync(this.#device, fs.constants.O_RDONLY | fs.constants.O_EXCL));
        return true;
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code !== 'EBUSY') throw error;
      }
      await sleep(freePollMs);
    }
    return false;
  }

  #heldElsewhere(): string {
    return `${this.#device} is still mounted in another mount namespace (a container, unshare)`;
  }

  async remove(): Promise<void> {
    const { imagePath, mountPoint, releases } = this.#parts;
    const failure = await unmountAll(mountPoint) ?? await detachLoops(imagePath);
    if (failure !== null) throw cannot(`${mountPoint} cannot be removed: ${failure}`);
    fs.rmSync(imagePath, { force: true });
    for (const release of releases) release();
  }
}

async function mustRun(command: string, args: readonly string[]): Promise<void> {
  const { code, words } = await runTool(command, args);
  if (code !== 0) throw cannot(`${command} ${args.join(' ')}: ${words}`);
}

function sinceMs(beganNs: number): number {
  return Math.round((monotonicNs() - beganNs) / 1e4) / 100;
}
