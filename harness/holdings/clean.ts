// Undoes what a process that is gone has left: nothing but what its state file names.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../errors.ts';
import { startTicks, stateFolder, thisPlace } from './holdings.ts';
import type { Holding, State } from './holdings.ts';
import { detachLoops, isMountPoint, loopsOf, unmountAll } from './system.ts';

/** What one process that is gone left behind. */
export interface Leftovers {
  readonly file: string;
  /** The process that made them. */
  readonly owner: number;
  /** Those that are still there. */
  readonly holdings: readonly Holding[];
}

/** One thing that was undone, or could not be. */
export interface Cleaned {
  readonly what: string;
  /** Null when it is gone. */
  readonly failure: string | null;
}

/** What processes that are gone have left behind; `folder` is that of the state files. */
export async function findLeftovers(folder: string | null = ourFolder()): Promise<Leftovers[]> {
  const found: Leftovers[] = [];
  for (const file of stateFiles(folder)) {
    const state = read(file);
    const [owner, ticks] = path.basename(file, '.json').split('-').map(Number);
    if (state === null || owner === undefined || !isOver(state, owner, ticks ?? 0)) continue;
    const holdings: Holding[] = [];
    for (const each of state.holdings) if (await isThere(each)) holdings.push(each);
    found.push({ file, owner, holdings });
  }
  return found;
}

/** Undoes it all: servers first, then mounts, devices and folders, the latest first. */
export async function cleanLeftovers(folder: string | null = ourFolder()): Promise<Cleaned[]> {
  const cleaned: Cleaned[] = [];
  for (const { file, holdings } of await findLeftovers(folder)) {
    const latestFirst = holdings.toReversed();
    const failures: string[] = [];
    for (const kind of ['process', 'mount', 'loop', 'folder'] as const) {
      for (const holding of latestFirst.filter((each) => each.kind === kind)) {
        const failure = await undo(holding);
        if (failure !== null) failures.push(failure);
        cleaned.push({ what: holdingText(holding), failure });
      }
    }
    if (failures.length === 0) fs.rmSync(file, { force: true });
  }
  return cleaned;
}

/** A holding in a few words. */
export function holdingText(holding: Holding): string {
  switch (holding.kind) {
    case 'process': return `process ${holding.pid}`;
    case 'mount': return `mount ${holding.mountPoint}`;
    case 'loop': return `loop device of ${holding.imagePath}`;
    case 'folder': return `folder ${holding.path}`;
  }
}

// Null: there is no place for state files, so nobody wrote any.
function ourFolder(): string | null {
  try {
    return stateFolder();
  } catch {
    return null;
  }
}

function stateFiles(folder: string | null): string[] {
  if (folder === null) return [];
  return fs.readdirSync(folder)
    .filter((name) => /^\d+-\d+\.json$/.test(name))
    .map((name) => path.join(folder, name));
}

function read(file: string): State | null {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as State;
  } catch {
    return null; // another clean-up was faster
  }
}

/** Whether the process is surely gone: elsewhere, its pid tells nothing. */
function isOver({ place }: State, owner: number, ticks: number): boolean {
  const here = thisPlace();
  if (place.host !== here.host) return false;
  if (place.boot !== here.boot) return true;
  return place.pidNamespace === here.pidNamespace && startTicks(owner) !== ticks;
}

async function isThere(holding: Holding): Promise<boolean> {
  switch (holding.kind) {
    case 'process': return isGroupAlive(holding);
    case 'mount': return isMountPoint(holding.mountPoint);
    case 'loop': return (await loopsOf(holding.imagePath)).length > 0;
    case 'folder': return fs.existsSync(holding.path);
  }
}

type ProcessHolding = Extract<Holding, { kind: 'process' }>;

// A group outlives its leader: a snapshot child, say. As long as it does, nobody gets its number.
function isGroupAlive({ pid, startTicks: ticks }: ProcessHolding): boolean {
  const now = startTicks(pid);
  if (now !== null && now !== ticks) return false;
  try {
    process.kill(-pid, 0);
    return now !== null || hasMembers(pid);
  } catch {
    return false;
  }
}

// Somebody in the group who is no zombie.
function hasMembers(group: number): boolean {
  return fs.readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, , of] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state !== 'Z' && Number(of) === group;
    } catch {
      return false;
    }
  });
}

const killPolls = 250;
const killPollMs = 20;

async function undo(holding: Holding): Promise<string | null> {
  switch (holding.kind) {
    case 'process': return kill(holding);
    case 'mount': return unmountAll(holding.mountPoint);
    case 'loop': return detachLoops(holding.imagePath);
    case 'folder': return removeFolder(holding.path);
  }
}

async function kill(holding: ProcessHolding): Promise<string | null> {
  for (let poll = 0; poll < killPolls; poll += 1) {
    if (!isGroupAlive(holding)) return null;
    try {
      process.kill(-holding.pid, 'SIGKILL');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return null;
      return String(error);
    }
    await sleep(killPollMs);
  }
  return 'it does not end';
}

function removeFolder(folder: string): string | null {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}
