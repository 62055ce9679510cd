// The folder of one trial: data directory, op log, ledger, server logs. Made and removed here.

import fs from 'node:fs';
import path from 'node:path';
import { fileSizes } from '../crash/materialize.ts';
import type { DiskOptions } from '../disks/disk.ts';
import { HarnessError, reasonOf } from '../errors.ts';
import { imageBytes } from '../plan/plan.ts';
import type { Trial } from '../plan/plan.ts';

/** Paths of one trial; all of them vanish with it unless it is kept. */
export interface Workspace {
  readonly root: string;
  readonly dataDirectory: string;
  readonly logPath: string;
  readonly ledgerPath: string;
  readonly opLogPath: string;
  /** A directory that does not exist yet, for the crash image of one cut. */
  imageDirectory(cut: number): string;
  /** An empty directory, for a server that is only measured. */
  scratchDirectory(): string;
  /** Where the first image stays that broke a promise. */
  readonly failedImageDirectory: string;
  remove(): void;
}

/**
 * Makes the folder of a trial.
 * @throws {HarnessError} ENVIRONMENT when it cannot be made.
 */
export function makeWorkspace(workDirectory: string, name: string): Workspace {
  return workspaceAt(path.join(workDirectory, name));
}

/** A folder within that of a trial, for a round on top of what a crash left. */
export function innerWorkspace(outer: Workspace, name: string): Workspace {
  return workspaceAt(path.join(outer.root, name));
}

function workspaceAt(root: string): Workspace {
  const dataDirectory = path.join(root, 'data');
  try {
    fs.mkdirSync(dataDirectory, { recursive: true });
  } catch (cause) {
    const why = reasonOf(cause);
    throw new HarnessError('ENVIRONMENT', `cannot make the folder of a trial: ${why}`, { cause });
  }
  return {
    root,
    dataDirectory,
    logPath: path.join(root, 'server.log'),
    ledgerPath: path.join(root, 'ledger'),
    opLogPath: path.join(root, 'op-log'),
    failedImageDirectory: path.join(root, 'failed-image'),
    imageDirectory: (cut) => path.join(root, `image-${cut}`),
    scratchDirectory: () => fs.mkdtempSync(path.join(root, 'scratch-')),
    remove: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}

/** What the disk under the data directory of a trial is made from. */
export function diskOptions({ cell }: Trial, { root, dataDirectory }: Workspace): DiskOptions {
  const { disk: kind, syncDelayMs, fileSystem, measures, study } = cell;
  // For the inclusion; where a rate is asked for, nothing stands between server and disk.
  const isWatched = kind === 'block' && study === null && !measures.includes('qps');
  const record = isWatched ? { syncDelayMs: 0 } : syncDelayMs === null ? null : { syncDelayMs };
  return {
    kind, root, dataDirectory, record,
    fileSystem: fileSystem ?? 'ext4',
    sizeBytes: imageBytes(cell),
  };
}

/** Bytes of snapshots and of logs below a data directory. */
export function persistedBytes(directory: string): { rdbBytes: number; aofBytes: number } {
  let [rdbBytes, aofBytes] = [0, 0];
  for (const [name, bytes] of fileSizes(directory)) {
    const isLog = name.includes('/') || name.endsWith('.aof');
    if (isLog) aofBytes += bytes;
    else if (name.endsWith('.rdb')) rdbBytes += bytes;
  }
  return { rdbBytes, aofBytes };
}
