// The thread that writes snapshots, as the main thread has it: started ahead, reused, replaced when
// it dies. What it does: engine/snapshot-worker.ts.
import { Worker } from 'node:worker_threads';
import type { Arena } from '../memory/arena.ts';
import { SnapshotRing } from '../persistence/snapshot/ring.ts';
import type {
  SnapshotWriting, WritingJob, WritingOutcome,
} from '../persistence/snapshot/writing.ts';
import type { SnapshotContents } from '../persistence/snapshot/writer.ts';

/** What the thread is given when it starts. */
export interface SnapshotThreadData {
  readonly arena: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly databaseCount: number;
}

/** Asks the thread for a snapshot. */
export interface SnapshotOrder {
  readonly id: number;
  readonly fd: number;
  readonly contents: SnapshotContents;
}

/** What the thread answers. */
export interface SnapshotReport {
  readonly id: number;
  readonly error: string | null;
  readonly bytes: number;
  readonly keys: number;
}

/** What the thread shares with the main thread, and how it is started. */
export interface SnapshotThreadOptions {
  readonly arena: Arena;
  readonly databaseCount: number;
  /** The file of the thread. */
  readonly url: URL;
}

const laterMs = 1;
/** How long a new snapshot waits for the writer of an aborted one: a write to a slow disk. */
const patienceMs = 1000;

/** Writes snapshots in a thread. */
export class SnapshotThread implements SnapshotWriting {
  readonly ring: SnapshotRing = new SnapshotRing();
  readonly hasThread = true;
  private readonly options: SnapshotThreadOptions;
  private worker: Worker | null = null;
  private job: WritingJob | null = null;
  private id = 0;
  private isClosed = false;

  constructor(options: SnapshotThreadOptions) {
    this.options = options;
  }

  /** Starts the thread, if there is none: that takes the main thread a few milliseconds. */
  prepare(): void {
    if (this.worker !== null || this.isClosed) return;
    const { arena, databaseCount, url } = this.options;
    const workerData: SnapshotThreadData = {
      arena: arena.buffer, ring: this.ring.memory, databaseCount,
    };
    const worker = new Worker(url, { workerData, name: 'snapshot' });
    this.worker = worker;
    // It never keeps the process alive.
    worker.unref();
    worker.on('message', (report: SnapshotReport) => this.reported(report));
    worker.on('error', (error: Error) => this.died(worker, error));
    worker.on('exit', (code) =>
      this.died(worker, new Error(`the thread that writes snapshots ended with code ${code}`)));
  }

  begin(job: WritingJob): void {
    this.prepare();
    this.job = job;
    const order: SnapshotOrder = { id: ++this.id, fd: job.fd, contents: job.contents };
    this.worker?.postMessage(order);
  }

  pump(): void {
    this.ring.wake();
  }

  later(step: () => void): void {
    setTimeout(step, laterMs);
  }

  awaitEnd(): boolean {
    if (this.job === null) return true;
    if (!this.ring.waitForEnd(patienceMs)) return false;
    this.end({ error: new Error('the snapshot was cancelled'), bytes: 0, keys: 0 });
    return true;
  }

  /** Ends the thread; a snapshot that it writes comes to nothing. */
  close(): void {
    const { worker } = this;
    this.isClosed = true;
    this.worker = null;
    void worker?.terminate();
  }

  /** Ends the thread as if it had died; for tests. */
  kill(): void {
    void this.worker?.terminate();
  }

  private reported({ id, error, bytes, keys }: SnapshotReport): void {
    if (id !== this.id) return;
    this.end({ error: error === null ? null : new Error(error), bytes, keys });
  }

  private died(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = null;
    this.ring.end();
    this.end({ error, bytes: 0, keys: 0 });
  }

  private end(outcome: WritingOutcome): void {
    const { job } = this;
    this.job = null;
    job?.ended(outcome);
  }
}
