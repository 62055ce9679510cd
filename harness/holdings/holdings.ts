// What this process holds outside itself: folders, servers, mounts, loop devices. It is written
// down before it is made, so that whoever comes after a kill -9 can undo it (clean.ts).
//
// One file a process, `<state folder>/<pid>-<start>.json`: where it ran, and its holdings in the
// order in which they were made. The start of the process, in clock ticks since boot, tells it from
// a later one with the same pid.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HarnessError, reasonOf } from '../errors.ts';

/** One thing that must not be left behind. */
export type Holding =
  | { readonly kind: 'folder'; readonly path: string }
  /** The leader of a process group. */
  | { readonly kind: 'process'; readonly pid: number; readonly startTicks: number }
  | { readonly kind: 'mount'; readonly mountPoint: string }
  /** Whatever loop device has this file. */
  | { readonly kind: 'loop'; readonly imagePath: string };

/** Where a pid means something. A home folder may be shared by machines and containers. */
export interface Place {
  readonly host: string;
  readonly boot: string;
  readonly pidNamespace: string;
}

/** What a state file says. */
export interface State {
  readonly place: Place;
  readonly holdings: readonly Holding[];
}

const held: Holding[] = [];

/**
 * Writes down what is about to be made; the result takes it off the list once it is gone.
 * @throws {HarnessError} ENVIRONMENT when a mount or loop device could not be written down.
 */
export function hold(holding: Holding): () => void {
  held.push(holding);
  try {
    write();
  } catch (cause) {
    // Folders and servers are also undone by whoever made them, and harm nobody.
    if (holding.kind === 'mount' || holding.kind === 'loop') {
      held.splice(held.lastIndexOf(holding), 1);
      const why = reasonOf(cause);
      const text = `what is mounted cannot be written down for a later clean-up: ${why}`;
      throw new HarnessError('ENVIRONMENT', text, { cause });
    }
  }
  return () => {
    const at = held.indexOf(holding);
    if (at < 0) return;
    held.splice(at, 1);
    try {
      write();
    } catch {
      // The next clean-up finds nothing at that place, and takes it off.
    }
  };
}

/** Where this process runs. */
export function thisPlace(): Place {
  const orNothing = (read: () => string): string => {
    try {
      return read().trim();
    } catch {
      return '';
    }
  };
  return {
    host: os.hostname(),
    boot: orNothing(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    pidNamespace: orNothing(() => fs.readlinkSync('/proc/self/ns/pid')),
  };
}

/** A process as a holding; null when it is gone already. */
export function processHolding(pid: number): Extract<Holding, { kind: 'process' }> | null {
  const ticks = startTicks(pid);
  return ticks === null ? null : { kind: 'process', pid, startTicks: ticks };
}

/** When a process started, in clock ticks since boot; null when it is gone, or without /proc. */
export function startTicks(pid: number): number | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more.
    return fields[0] === 'Z' ? null : Number(fields[19]);
  } catch {
    return null;
  }
}

/**
 * The folder of the state files; made if need be.
 * @throws {Error} when there is no place for it that belongs to this user alone.
 */
export function stateFolder(): string {
  const { XDG_STATE_HOME: state, PLUGPULL_STATE_DIR: chosen } = process.env;
  const folder = chosen ?? path.join(state ?? path.join(os.homedir(), '.local/state'), 'plugpull');
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Whoever can write there decides what a clean-up removes.
  const { uid } = fs.statSync(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new Error(`${folder} belongs to somebody else (uid ${uid}); set PLUGPULL_STATE_DIR`);
  }
  return folder;
}

function write(): void {
  const file = path.join(stateFolder(), `${process.pid}-${startTicks(process.pid) ?? 0}.json`);
  if (held.length === 0) {
    fs.rmSync(file, { force: true });
    return;
  }
  const state: State = { place: thisPlace(), holdings: held };
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}
