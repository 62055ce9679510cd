// Writes what was done on the backing disk into the op log (format: engine/io/op-log-format.ts):
// the begin before the call, the end before the kernel gets its answer. The inode is the node
// number, which unlike the disk's is never used again. Symbolic links, sockets and the like are
// not recorded: the crash models know files and directories.

import { opFlags } from '../../engine/io/op-log.ts';
import type {
  OpBegin, OpCall, OpData, OpLogWriter, OpOutcome,
} from '../../engine/io/op-log.ts';
import type { FileNode, NodeTable } from './nodes.ts';
import { errnoOf } from './protocol.ts';

/** One call on a name or a node. */
export interface Recorded {
  readonly call: OpCall;
  /** Its number goes into the log; null when the call makes it. */
  readonly node: FileNode | null;
  /** Absent: the node's. */
  readonly path?: string;
  readonly newPath?: string;
  readonly flags?: number;
  readonly offsetBytes?: number;
}

/**
 * How much of the log may be in this process: if it is killed its trial proves nothing anyway, and
 * whoever waits for a write must not wait for the log of it.
 */
export const keepBytes: number = 4 << 20;
const flushAtBytes = 64 * 1024;

const nothing = new Uint8Array(0);

/** The bytes of a write, when it ran, and how many of them were taken. */
export type Written = OpData & OpOutcome;

/** Records calls; does nothing but run them when there is no log. */
export class Recorder {
  readonly #log: OpLogWriter | null;
  readonly #nodes: NodeTable;
  // Reused for every call.
  readonly #op: OpBegin = {
    call: 'write', inode: 0, path: nothing, newPath: nothing, flags: 0, offsetBytes: 0,
  };
  // A write that `#op` tells of and the log does not yet.
  #unrecorded: Written | null = null;
  #flushAtBytes = flushAtBytes;

  constructor(log: OpLogWriter | null, nodes: NodeTable) {
    this.#log = log;
    this.#nodes = nodes;
  }

  /** Runs a call between its begin and its end; `made` tells the node that it made. */
  run<T>(recorded: Recorded, call: () => T, made?: (result: T) => FileNode): T {
    const id = this.begin(recorded);
    let result: T;
    try {
      result = call();
    } catch (error) {
      this.end(id, -errnoOf(error));
      throw error;
    }
    this.end(id, 0, made === undefined ? 0 : made(result).id);
    return result;
  }

  /** @returns the id for `end` */
  begin(recorded: Recorded): number {
    if (this.#log === null || recorded.node?.kind === 'other') return 0;
    this.#recordWrite(this.#log);
    const { node, path, newPath } = recorded;
    const op = this.#op;
    op.call = recorded.call;
    op.inode = node?.id ?? 0;
    op.path = path !== undefined ? Buffer.from(path) : nothing;
    if (path === undefined && node !== null) op.path = this.#nodes.pathBytes(node);
    op.newPath = newPath === undefined ? nothing : Buffer.from(newPath);
    op.flags = recorded.flags ?? 0;
    op.offsetBytes = recorded.offsetBytes ?? 0;
    return this.#log.begin(op);
  }

  /** The clock of the records, ns; 0 when nothing is recorded. */
  nowNs(): number {
    return this.#log === null ? 0 : this.#log.clock.monotonicNs();
  }

  /**
   * The hot path: a write that has ended and landed at `offsetBytes`. It is recorded when its
   * caller has his answer, so its bytes must lie still until `answered`.
   */
  wrote(node: FileNode, offsetBytes: number, written: Written): void {
    if (this.#log === null) return;
    const op = this.#op;
    op.call = 'write';
    op.inode = node.id;
    op.path = this.#nodes.pathBytes(node);
    op.newPath = nothing;
    op.flags = 0;
    op.offsetBytes = offsetBytes;
    this.#unrecorded = written;
  }

  #recordWrite(log: OpLogWriter): void {
    const written = this.#unrecorded;
    if (written === null) return;
    this.#unrecorded = null;
    log.wrote(this.#op, written, written);
  }

  /** The hot path of `begin`: a sync, which on failure drops what it covers (see `opFlags`). */
  beginSync(node: FileNode, drops: boolean): number {
    if (this.#log === null) return 0;
    this.#recordWrite(this.#log);
    const op = this.#op;
    op.call = node.kind === 'directory' ? 'sync-directory' : 'sync';
    op.inode = node.id;
    op.path = this.#nodes.pathBytes(node);
    op.newPath = nothing;
    op.flags = drops ? opFlags.dropped : 0;
    op.offsetBytes = 0;
    return this.#log.begin(op);
  }

  /** @param result ≥ 0, or -errno */
  end(id: number, result: number, inode: number = 0): void {
    if (this.#log !== null && id !== 0) this.#log.end(id, result, inode);
  }

  /** The caller goes on: now the log may take its time. */
  answered(): void {
    if (this.#log === null) return;
    this.#recordWrite(this.#log);
    if (this.#log.keptBytes > this.#flushAtBytes) this.#log.flush();
  }

  /** From here on nothing of the log stays in this process: its end may come at any moment. */
  keepNothing(): void {
    this.#flushAtBytes = 0;
    this.flush();
  }

  /** Hands what was recorded to the OS. */
  flush(): void {
    this.#log?.flush();
  }
}
