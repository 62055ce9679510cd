// The thread that writes snapshots: takes entries from the ring, reads them in the arena that it
// shares with the main thread, and writes and syncs the file. An entry point of its own, started by
// server/snapshot-thread.ts; the main thread opens and closes the files.
import { reasonOf } from './errors.ts';
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { realDisk } from './io/real-disk.ts';
import { Keyspace } from './keyspace/keyspace.ts';
import { ArenaView } from './memory/view.ts';
import { ScratchCopier } from './persistence/snapshot/copier.ts';
import { SnapshotRing } from './persistence/snapshot/ring.ts';
import { Cancelled, SnapshotWriter } from './persistence/snapshot/writer.ts';
import type {
  SnapshotOrder, SnapshotReport, SnapshotThreadData,
} from './server/snapshot-thread.ts';

/** Entries between two looks whether there is more. */
const entriesPerStep = 1024;
const waitMs = 100;
/** Priorities go from -20 to 19, the least. */
const leastPriority = 19;
const stepsBack = 10;

const data = workerData as SnapshotThreadData;
const view = new ArenaView(data.arena);
const ring = new SnapshotRing(data.ring);
const keyspace = new Keyspace({ arena: view, databaseCount: data.databaseCount, hashSeed: 0 });
const copier = new ScratchCopier(view);
const disk = realDisk();

stepBack();
const port = parentPort;
port?.on('message', (order: SnapshotOrder) => {
  const report = write(order);
  // From here on neither ring nor file nor arena are touched.
  ring.end();
  port?.postMessage(report);
});

/** Where the cores are fewer than what runs, clients come first. */
function stepBack(): void {
  try {
    // "1234/task/1240": Linux has a priority for each thread, elsewhere it is that of the process.
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, Math.min(leastPriority, getPriority(thread) + stepsBack));
  } catch {
    // Not Linux, or nothing may be read of it: then side by side.
  }
}

function write({ id, fd, contents }: SnapshotOrder): SnapshotReport {
  let writer: SnapshotWriter | null = null;
  let error: string | null = null;
  try {
    writer = new SnapshotWriter({
      ring, disk, fd, contents, keyspace, copier, syncsEarly: true,
    });
    run(writer);
    disk.sync(fd);
  } catch (cause) {
    error = reasonOf(cause);
  }
  return { id, error, bytes: writer?.bytes ?? 0, keys: writer?.keys ?? 0 };
}

function run(writer: SnapshotWriter): void {
  while (!writer.done) {
    const { head } = ring;
    if (writer.step(entriesPerStep) > 0) continue;
    if (ring.isCancelled) throw new Cancelled();
    ring.waitForMore(head, waitMs);
  }
}
