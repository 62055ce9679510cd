// The bundled engine in this process: on a disk in memory, with a clock and a scheduler that move
// only when told to, with small structures, and without sockets.

import { EngineError } from '../../../engine/errors.ts';
import type { ManualClock } from '../../../engine/io/clock.ts';
import { seededEntropy } from '../../../engine/io/entropy.ts';
import type { DiskTree } from '../../../engine/io/memory-disk.ts';
import { MemoryDisk } from '../../../engine/io/memory-disk.ts';
import { MemorySink } from '../../../engine/io/op-log.ts';
import { ManualScheduler } from '../../../engine/io/scheduler.ts';
import { Arena } from '../../../engine/memory/arena.ts';
import { Walker } from '../../../engine/persistence/snapshot/walker.ts';
import type { Server } from '../../../engine/server/server.ts';
import { startEngine } from '../../../engine/start.ts';
import type { EngineWrappers } from '../../../engine/start.ts';
import type { FileTree } from '../../crash/crash-tree.ts';
import { Random } from '../random.ts';
import { TimedDisk } from './disk.ts';

/** Where the data directory is on a simulated disk. */
export const dataDirectory = '/data';

const arenaBytes = 2 ** 20;
const noUsage = { rssBytes: 0, heapBytes: 0, cpuUserSec: 0, cpuSystemSec: 0 };
const segmentSlots = 64;
const treePageBytes = 512;
const lastWordsLines = 12;

/** Memory for one engine at a time: made once, cleared before each. */
export class ArenaMemory {
  readonly #buffer = new SharedArrayBuffer(arenaBytes);
  #arena: Arena | null = null;

  /** An arena that is as new. */
  take(): Arena {
    new Uint8Array(this.#buffer, 0, this.#arena?.touchedBytes ?? 0).fill(0);
    this.#arena = new Arena({ buffer: this.#buffer });
    return this.#arena;
  }
}

/** How an engine is started. */
export interface BootOptions {
  /** What it finds in its data directory. */
  readonly image: FileTree;
  readonly clock: ManualClock;
  /** Where its arena comes from; whatever had that before is dead. */
  readonly memory: ArenaMemory;
  readonly seed: number;
  /** Names its temporary files. */
  readonly processId: number;
  readonly directives: readonly (readonly [string, string])[];
  /** Keys that one slice of a snapshot walks. */
  readonly sliceKeys: number;
  /** What is put around its parts; a healthy engine has nothing. */
  readonly wrap: EngineWrappers;
  /** Prepares the disk, with failures say, before the engine sees it. */
  readonly prepare?: (disk: MemoryDisk) => void;
}

/** An engine that serves. */
export interface SimulatedEngine {
  readonly server: Server;
  readonly scheduler: ManualScheduler;
  readonly disk: TimedDisk;
  /** Its op log so far. */
  readonly opLog: MemorySink;
  readonly logLines: readonly string[];
}

/** An engine that serves, or its refusal to. */
export type Booted =
  | { readonly kind: 'serving'; readonly engine: SimulatedEngine }
  | { readonly kind: 'refused'; readonly words: readonly string[]; readonly disk: TimedDisk };

/** Starts an engine on an image. Bugs of ours are thrown, refusals are answered. */
export async function boot(options: BootOptions): Promise<Booted> {
  const { clock } = options;
  const random = new Random(options.seed);
  const files = MemoryDisk.from(absolute(options.image), { manualSyncs: true });
  options.prepare?.(files);
  const disk = new TimedDisk(files, clock, random);
  const arena = options.memory.take();
  const scheduler = new ManualScheduler(clock);
  const opLog = new MemorySink();
  const logLines: string[] = [];
  const starting = startEngine({
    directives: [
      ['dir', dataDirectory], ['databases', '2'],
      ...options.directives,
    ],
    wrap: options.wrap,
    ports: {
      disk, clock, scheduler, opLog,
      entropy: seededEntropy(random.seed()),
      listens: false,
      process: { processId: options.processId, isAlive: () => false, usage: () => noUsage },
      keyspace: { arena, segmentSlots, treePageBytes },
      walker: (parts) => new Walker({ ...parts, sliceKeys: options.sliceKeys }),
      writeLog: (line) => void logLines.push(line.trimEnd()),
    },
  });
  try {
    const { server } = await settled(starting, () => {
      clock.advanceNs(1000);
      // All of them: steps may wait for a sync, and come again and again meanwhile.
      const moved = [scheduler.runOne(), files.finishSyncs(1) > 0, scheduler.runDue()];
      return moved.includes(true);
    });
    const engine = { server, scheduler, disk, opLog, logLines };
    return { kind: 'serving', engine };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const words = [...logLines.slice(1 - lastWordsLines), error.message];
    return { kind: 'refused', words, disk };
  }
}

/** Promises that hang together settle within so many turns of the queue of microtasks. */
const microtasks = 8;
const idleLimit = 1000;

/** Takes steps until a promise is settled: without the event loop, so always in the same order. */
async function settled<T>(promise: Promise<T>, step: () => boolean): Promise<T> {
  const state = { isSettled: false };
  const end = (): void => {
    state.isSettled = true;
  };
  promise.then(end, end);
  for (let idle = 0; idle < idleLimit;) {
    for (let turn = 0; turn < microtasks && !state.isSettled; turn++) await Promise.resolve();
    if (state.isSettled) return promise;
    idle = step() ? 0 : idle + 1;
  }
  throw new Error('the simulated engine waits for something that never comes');
}

/** An image, whose paths are relative, as the whole content of a disk. */
function absolute({ files, directories }: FileTree): DiskTree {
  const all = new Map<string, Uint8Array>();
  for (const [path, bytes] of files) all.set(`${dataDirectory}/${path}`, bytes);
  return {
    files: all,
    directories: [dataDirectory, ...directories.map((path) => `${dataDirectory}/${path}`)],
  };
}
