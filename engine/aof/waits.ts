// Work on files that waits for syncs, written once as a generator and run in two ways: while nobody
// is served each sync ends before it goes on; else each runs off the main thread, and clients are
// served meanwhile.
//
// What is broken off is told by `finally`: the generator then returns from where it waits.
import { asError } from '../errors.ts';
import type { Disk, SyncDone } from '../io/disk.ts';

/** Something to wait for: `done` is called once, at once or later. */
export interface Wait {
  readonly later: (done: SyncDone) => void;
}

/** A wait that can also be sat out. */
export interface SyncWait extends Wait {
  /** @throws what the disk throws */
  readonly now: () => void;
}

/** Work that waits; a failed wait is thrown into it. */
export type Waiting<T = void, W extends Wait = SyncWait> = Generator<W, T, undefined>;

/** Work on its way. */
export interface Work {
  /** Goes no further; nobody is told. */
  stop(): void;
}

/** The sync of an open file. */
export function fileSynced(disk: Disk, fd: number): SyncWait {
  return { now: () => disk.sync(fd), later: (done) => disk.syncAsync(fd, done) };
}

/** The sync of a directory's names. */
export function directorySynced(disk: Disk, path: string): SyncWait {
  return {
    now: () => disk.syncDirectory(path),
    later: (done) => disk.syncDirectoryAsync(path, done),
  };
}

/**
 * Does all of it before this returns.
 * @throws what the work throws
 */
export function atOnce<T>(work: Waiting<T>): T {
  let step = work.next();
  while (step.done !== true) {
    let failure: { readonly error: unknown } | null = null;
    try {
      step.value.now();
    } catch (error) {
      failure = { error };
    }
    step = failure === null ? work.next() : work.throw(failure.error);
  }
  return step.value;
}

/**
 * Begins it; `done` is told once how it ended, which may be before this returns. Work that stops
 * itself goes on to its next wait.
 */
export function inTurn(work: Waiting<void, Wait>, done: SyncDone): Work {
  let stopped = false;
  let running = false;
  const advance = (resume: () => IteratorResult<Wait, void>): void => {
    let failure: Error | null = null;
    let step: IteratorResult<Wait, void> | null = null;
    running = true;
    try {
      step = resume();
    } catch (error) {
      failure = asError(error);
    }
    running = false;
    if (stopped) work.return();
    else if (step === null || step.done === true) done(failure);
    else wait(step.value);
  };
  const wait = ({ later }: Wait): void => {
    const ended = (error: Error | null): void => {
      if (!stopped) advance(() => (error === null ? work.next() : work.throw(error)));
    };
    try {
      later(ended);
    } catch (error) {
      ended(asError(error));
    }
  };
  advance(() => work.next());
  return {
    stop: (): void => {
      stopped = true;
      if (!running) work.return();
    },
  };
}
