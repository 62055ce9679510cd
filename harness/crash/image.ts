// What a crash at one instant leaves of a data directory, rebuilt from the op log. Pure.

import type { OpLog } from '../../engine/io/op-log.ts';
import { contentAfterDrops } from './dropped-content.ts';
import { FileContent } from './file-content.ts';
import { countUpTo } from './crash-tree.ts';
import type { CrashFile, CrashNode, FileTree, TimelineOptions } from './crash-tree.ts';
import { durableNodes, liveNodes } from './names.ts';
import { Timeline } from './timeline.ts';

export type { FileTree, TimelineOptions } from './crash-tree.ts';

/** A data directory as a crash left it; the bytes are shared between images: do not change them. */
export type CrashImage = FileTree;

/** Makes the crash images of one log. Cuts in ascending order share their work and their bytes. */
export class CrashImager {
  readonly timeline: Timeline;
  readonly #durable = new Map<CrashFile, FileContent>();
  readonly #live = new Map<CrashFile, FileContent>();

  /** @throws {EngineError} OP_LOG_BAD when the log names what neither it nor `initial` made. */
  constructor(log: OpLog, options: TimelineOptions) {
    this.timeline = new Timeline(log, options);
  }

  /** The least that a power cut at this instant (CLOCK_MONOTONIC ns) leaves. */
  at(cutNs: number): CrashImage {
    return imageOf(durableNodes(this.timeline, cutNs), (file) =>
      file.drops.length > 0
        ? contentAfterDrops(file, cutNs)
        : contentOf(this.#durable, file).at(file.durableCount(cutNs)),
    );
  }

  /**
   * What callers saw at this instant, synced or not: what SIGKILL leaves. Its equality with the
   * directory itself, at the end of the log, shows that the log is whole.
   */
  liveAt(cutNs: number): CrashImage {
    return imageOf(liveNodes(this.timeline, cutNs), (file) =>
      contentOf(this.#live, file).at(countUpTo(file.endedNs, cutNs)),
    );
  }
}

/** One image of one log; for several cuts of the same log use a `CrashImager`. */
export function crashImage(log: OpLog, cutNs: number, options: TimelineOptions): CrashImage {
  return new CrashImager(log, options).at(cutNs);
}

function imageOf(
  nodes: ReadonlyMap<string, CrashNode>,
  bytesOf: (file: CrashFile) => Uint8Array,
): CrashImage {
  const files = new Map<string, Uint8Array>();
  const directories: string[] = [];
  for (const [path, node] of nodes) {
    if (node.kind === 'file') files.set(path, bytesOf(node));
    else directories.push(path);
  }
  return { files, directories };
}

function contentOf(contents: Map<CrashFile, FileContent>, file: CrashFile): FileContent {
  let found = contents.get(file);
  if (found === undefined) contents.set(file, (found = new FileContent(file)));
  return found;
}
