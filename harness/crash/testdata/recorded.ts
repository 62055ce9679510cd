// Runs a disk script on a recorded memory disk: the log, and what the memory disk itself says.

import { ManualClock } from '../../../engine/io/clock.ts';
import { MemoryDisk } from '../../../engine/io/memory-disk.ts';
import type { DiskTree } from '../../../engine/io/memory-disk.ts';
import { MemorySink, OpLogWriter, readOpLog } from '../../../engine/io/op-log.ts';
import type { OpLog } from '../../../engine/io/op-log.ts';
import { recordingDisk } from '../../../engine/io/recording-disk.ts';
import { DiskScript, rootPath } from '../../../engine/io/testdata/disk-script.ts';
import type { FileTree } from '../image.ts';

// Every reading of the clock moves it by 1 ns: no two events at the same time.
class StepClock extends ManualClock {
  override monotonicNs(): number {
    this.advanceNs(1);
    return super.monotonicNs();
  }
}

/** A recorded script. */
export interface Recorded {
  log: OpLog;
  /** The instant after each step. */
  timesNs: number[];
  loadStartNs: number;
}

/** Runs the steps; `after` is called after each of them. */
export function record(
  steps: readonly string[],
  initial?: FileTree,
  after: (memory: MemoryDisk) => void = () => {},
): Recorded {
  const memory = MemoryDisk.from(absolute(initial), { manualSyncs: true });
  const clock = new StepClock();
  const sink = new MemorySink();
  const disk = recordingDisk(memory, new OpLogWriter(sink, clock), { rootPath });
  const script = new DiskScript(disk, memory);
  const timesNs: number[] = [];
  let loadStartNs = 0;
  for (const step of steps) {
    script.run(step);
    const nowNs = clock.monotonicNs();
    timesNs.push(nowNs);
    if (step === 'settle') loadStartNs = nowNs;
    after(memory);
  }
  return { log: readOpLog(sink.bytes()), timesNs, loadStartNs };
}

function absolute(tree?: FileTree): DiskTree {
  const files = new Map<string, Uint8Array>();
  for (const [path, bytes] of tree?.files ?? []) files.set(`${rootPath}/${path}`, bytes);
  const directories = (tree?.directories ?? []).map((path) => `${rootPath}/${path}`);
  return { files, directories: [rootPath, ...directories] };
}
