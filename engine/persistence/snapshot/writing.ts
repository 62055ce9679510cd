// Where the writer of a snapshot runs: the port, and the version of it on the main thread, in
// steps, as tests, simulations and recordings want it. The thread: server/snapshot-thread.ts.
import { asError } from '../../errors.ts';
import type { Disk } from '../../io/disk.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { SnapshotRing } from './ring.ts';
import { Cancelled, SnapshotWriter } from './writer.ts';
import type { SnapshotContents } from './writer.ts';

/** How the writing went. `error` null: the file is complete and synced. */
export interface WritingOutcome {
  readonly error: Error | null;
  readonly bytes: number;
  readonly keys: number;
}

/** What to write, and into which open file; whoever opened it closes it afterwards. */
export interface WritingJob {
  readonly fd: number;
  readonly contents: SnapshotContents;
  /** Called once, from `pump` or later, when neither ring nor file are touched any more. */
  readonly ended: (outcome: WritingOutcome) => void;
}

/** Runs writers, one at a time. */
export interface SnapshotWriting {
  /** Shared with the writer. */
  readonly ring: SnapshotRing;
  /** Whether the writer runs beside the main thread. */
  readonly hasThread: boolean;
  /** Begins to take from the ring, which was reset. */
  begin(job: WritingJob): void;
  /** There is more in the ring. Where the writer has no thread, it writes so many entries now. */
  pump(entries: number): void;
  /** Runs a step when the writer may have come on a bit. */
  later(step: () => void): void;
  /** After `ring.cancel`: waits for the end and reports it; false when it takes too long. */
  awaitEnd(): boolean;
}

/** What the main thread's own writer needs. */
export interface StepWritingOptions {
  readonly disk: Disk;
  readonly keyspace: Keyspace;
  readonly schedule: (step: () => void) => void;
}

/** Writes in steps, between which commands run. */
export class StepWriting implements SnapshotWriting {
  readonly ring: SnapshotRing;
  readonly hasThread = false;
  private readonly options: StepWritingOptions;
  private job: WritingJob | null = null;
  private writer: SnapshotWriter | null = null;

  constructor(options: StepWritingOptions, ring: SnapshotRing) {
    this.options = options;
    this.ring = ring;
  }

  begin(job: WritingJob): void {
    this.job = job;
    this.writer = null;
  }

  pump(entries: number): void {
    const { job } = this;
    if (job === null || this.writer?.done === true) return;
    try {
      const writer = this.writer ??= this.newWriter(job);
      writer.step(entries);
      if (writer.done) {
        this.options.disk.syncAsync(job.fd, (error) => {
          if (this.job === job) this.end(error);
        });
      }
    } catch (error) {
      this.end(asError(error));
    }
  }

  later(step: () => void): void {
    this.options.schedule(step);
  }

  awaitEnd(): boolean {
    if (this.job !== null) this.end(new Cancelled());
    return true;
  }

  private newWriter({ fd, contents }: WritingJob): SnapshotWriter {
    const { ring } = this;
    const { disk, keyspace } = this.options;
    return new SnapshotWriter({
      ring, disk, fd, contents, keyspace, copier: null, syncsEarly: false,
    });
  }

  private end(error: Error | null): void {
    const { job, writer } = this;
    this.job = null;
    this.ring.end();
    job?.ended({ error, bytes: writer?.bytes ?? 0, keys: writer?.keys ?? 0 });
  }
}
