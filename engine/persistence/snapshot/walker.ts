// Runs snapshots: takes the picture, feeds the writer in small steps on the main thread, gives back
// what was kept, and reports.
//
//   start     the file is opened, the epoch raised: O(1), whatever there is
//   feeding   steps of at most 0.2 ms: addresses into the ring, old versions given back
//   writing   the writer has all it needs: the snapshot of the keyspace is over
//   ended     the file is synced, or something failed
//
// A run that is aborted lingers until its writer, which may be in the middle of a large value, has
// seen it; only then may what it reads be changed.
import { asError } from '../../errors.ts';
import type { Clock } from '../../io/clock.ts';
import { writeFully } from '../../io/disk.ts';
import type { Disk } from '../../io/disk.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { noCosts } from '../snapshot.ts';
import type {
  SnapshotCosts, SnapshotRequest, SnapshotResult, SnapshotRun, SnapshotWalker,
} from '../snapshot.ts';
import { defaultLead, SnapshotFeed } from './feed.ts';
import { Gathering } from './gathering.ts';
import { SnapshotRing } from './ring.ts';
import { SnapshotEncoder } from './writer.ts';
import type { SnapshotContents } from './writer.ts';
import { StepWriting } from './writing.ts';
import type { SnapshotWriting, WritingOutcome } from './writing.ts';

/** What a walker needs. */
export interface WalkerOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly keyspace: Keyspace;
  readonly schedule: (step: () => void) => void;
  /** The thread that writes; without one it is done here, in steps. */
  readonly snapshotThread?: SnapshotWriting | null;
  /** Keys in one step at most; simulations make it small. */
  readonly sliceKeys?: number;
  /** Entries ahead of the writer at most, a power of two; tests make it small. */
  readonly lead?: number;
}

// A step is that long, and the one of a writer without a thread of its own.
const feedingNs = 200_000;
const writingHereNs = 1_000_000;
/** A longer step is counted. */
const longStepNs = 1_000_000;
const defaultSliceKeys = 65536;
/** Keys between two looks at the clock. */
const keysPerLook = 256;
/** Old versions given back in one step. */
const releasedPerStep = 100;

/** Runs snapshots of one keyspace. */
export class Walker implements SnapshotWalker {
  private readonly options: WalkerOptions;
  private readonly here: StepWriting;
  /** The run that began last and may still be writing. */
  private current: WalkerRun | null = null;

  constructor(options: WalkerOptions) {
    this.options = options;
    const { snapshotThread } = options;
    this.here = new StepWriting(options, snapshotThread?.ring ?? new SnapshotRing());
  }

  start(request: SnapshotRequest, done: (result: SnapshotResult) => void): SnapshotRun {
    const { snapshotThread } = this.options;
    const writing = request.inSteps === true ? this.here : snapshotThread ?? this.here;
    const run = new WalkerRun(this.options, writing, { request, done });
    if (run.start(this.current)) this.current = run;
    return run;
  }

  runNow(request: SnapshotRequest): SnapshotResult {
    const { disk, keyspace } = this.options;
    let fd = -1;
    const encoder = new SnapshotEncoder(contentsOf(request, keyspace), {
      keyspace, largeValues: null,
      write: (bytes, start, end) => writeFully(disk, fd, bytes, start, end - start),
    });
    let error: Error | null = null;
    try {
      fd = disk.open(request.path, 'truncate');
      encoder.begin();
      const gathering = new Gathering(keyspace, encoder);
      for (const database of keyspace.databases) gathering.encode(database);
      encoder.finish();
      disk.sync(fd);
    } catch (cause) {
      error = asError(cause);
    }
    error ??= closeFile(disk, fd);
    return { error, flushed: false, bytes: encoder.bytes, keys: encoder.keys, costs: noCosts };
  }
}

function contentsOf(request: SnapshotRequest, keyspace: Keyspace): SnapshotContents {
  const { format, header, version, compress, checksum } = request;
  const keys = keyspace.databases.map((database) => database.size);
  const deadlines = keyspace.databases.map((database) => database.deadlineCount);
  return { format, header, version, compress, checksum, keys, deadlines };
}

/** Closes; the error, if it cannot be done. */
function closeFile(disk: Disk, fd: number): Error | null {
  try {
    if (fd >= 0) disk.close(fd);
    return null;
  } catch (error) {
    return asError(error);
  }
}

interface RunParts {
  readonly request: SnapshotRequest;
  readonly done: (result: SnapshotResult) => void;
}

/** One snapshot. */
class WalkerRun implements SnapshotRun {
  readonly keysTotal: number;
  private readonly options: WalkerOptions;
  private readonly writing: SnapshotWriting;
  private readonly request: SnapshotRequest;
  private readonly keyspace: Keyspace;
  private readonly feed: SnapshotFeed;
  private done: ((result: SnapshotResult) => void) | null;
  private fd = -1;
  private failure: Error | null = null;
  private isFlushed = false;
  /** The writer was told to begin and has not ended. */
  private isWriting = false;
  /** The keyspace protects what the snapshot has. */
  private isWalking = false;
  private isInCommand = false;
  private treesBytes = 0;
  private startNs = 0;
  private longestNs = 0;
  private steps = 0;
  private longSteps = 0;
  private totalNs = 0;

  constructor(options: WalkerOptions, writing: SnapshotWriting, { request, done }: RunParts) {
    this.options = options;
    this.writing = writing;
    this.request = request;
    this.keyspace = options.keyspace;
    this.keysTotal = options.keyspace.size;
    this.done = done;
    this.feed = new SnapshotFeed(options.keyspace, writing.ring, {
      lead: options.lead ?? defaultLead,
      listener: {
        failed: (error) => this.fail(error),
        flushed: () => this.flushed(),
      },
    });
  }

  get keysDone(): number {
    return Math.min(this.writing.ring.keys, this.keysTotal);
  }

  get costs(): SnapshotCosts {
    const { kept, treeHost } = this.keyspace;
    if (this.isWalking) this.treesBytes = treeHost.retiredBytes;
    const trees = this.treesBytes;
    return {
      startUs: this.startNs / 1000,
      steps: this.steps,
      longSteps: this.longSteps,
      longestStepUs: this.longestNs / 1000,
      mainThreadUs: (this.totalNs + this.startNs) / 1000,
      keptBytes: kept.bytes + (this.isWalking ? trees : 0),
      keptPeakBytes: kept.peakBytes + trees,
      keptTotalBytes: kept.totalBytes + trees,
    };
  }

  /** False: it could not begin, which is reported as its end. */
  start(previous: WalkerRun | null): boolean {
    const { disk, schedule } = this.options;
    const beganNs = this.options.clock.monotonicNs();
    try {
      previous?.finishAborted();
      this.fd = disk.open(this.request.path, 'truncate');
      const contents = contentsOf(this.request, this.keyspace);
      this.feed.begin();
      this.isWalking = true;
      this.isWriting = true;
      this.writing.begin({ fd: this.fd, contents, ended: (outcome) => this.ended(outcome) });
    } catch (error) {
      this.isWriting = false;
      if (this.isWalking) this.endWalk();
      schedule(() => this.finish({ error: asError(error), bytes: 0, keys: 0 }));
      return false;
    }
    schedule(() => this.step());
    this.startNs = this.options.clock.monotonicNs() - beganNs;
    return true;
  }

  abort(): void {
    this.done = null;
    this.stop();
  }

  /** Before another run begins: an aborted one may linger. */
  finishAborted(): void {
    if (!this.isWriting) return;
    if (this.done !== null) throw new Error('snapshot: one is running already');
    if (!this.writing.awaitEnd()) {
      throw new Error('the writer of the snapshot before is still busy; try again');
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.stop();
  }

  private flushed(): void {
    if (!this.request.stopOnFlushAll || !this.isWalking) return;
    this.isFlushed = true;
    this.stop();
  }

  /** Nothing is fed any more; the writer ends when it sees that. */
  private stop(): void {
    this.feed.stop();
    if (!this.isWriting) return;
    this.writing.ring.cancel();
    // A writer without a thread is between two steps: it can end here and now.
    if (this.writing.hasThread) return;
    this.isInCommand = true;
    this.writing.awaitEnd();
    this.isInCommand = false;
  }

  // ---- steps -----------------------------------------------------------------------------------

  private step(): void {
    if (!this.isWriting) return;
    const beganNs = this.options.clock.monotonicNs();
    const mayGoOn = this.feedSome();
    if (this.isWalking && this.feed.isRead) this.endWalk();
    this.keyspace.kept.release(releasedPerStep);
    const tookNs = this.options.clock.monotonicNs() - beganNs;
    this.totalNs += tookNs;
    this.longestNs = Math.max(this.longestNs, tookNs);
    this.steps++;
    if (tookNs > longStepNs) this.longSteps++;
    if (!this.isWriting) return;
    if (mayGoOn) this.options.schedule(() => this.step());
    else this.writing.later(() => this.step());
  }

  /** False: nothing can be done before the writer has come on. */
  private feedSome(): boolean {
    const { clock, sliceKeys = defaultSliceKeys, lead = defaultLead } = this.options;
    const { hasThread, ring } = this.writing;
    const stopNs = clock.monotonicNs() + (hasThread ? feedingNs : writingHereNs);
    const keys = Math.min(keysPerLook, sliceKeys, lead / 2);
    for (let fed = 0; fed < sliceKeys && this.isWriting; fed += keys) {
      const more = this.feed.advance(keys);
      this.writing.pump(keys);
      this.feed.collect();
      if (!more && (hasThread || ring.tail >= ring.head)) return false;
      if (clock.monotonicNs() >= stopNs) break;
    }
    return true;
  }

  private endWalk(): void {
    this.treesBytes = this.keyspace.treeHost.retiredBytes;
    this.isWalking = false;
    this.feed.end();
  }

  // ---- end -------------------------------------------------------------------------------------

  /** The writer touches neither ring nor file any more. */
  private ended(outcome: WritingOutcome): void {
    this.isWriting = false;
    if (this.isWalking) this.endWalk();
    const closing = closeFile(this.options.disk, this.fd);
    this.fd = -1;
    const error = this.failure ?? outcome.error ?? closing;
    const result = { ...outcome, error: this.isFlushed ? null : error };
    if (this.isInCommand) this.options.schedule(() => this.finish(result));
    else this.finish(result);
  }

  private finish({ error, bytes, keys }: WritingOutcome): void {
    closeFile(this.options.disk, this.fd);
    this.fd = -1;
    const { done } = this;
    this.done = null;
    done?.({ error, flushed: this.isFlushed, bytes, keys, costs: this.costs });
  }
}
