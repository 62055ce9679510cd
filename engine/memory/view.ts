// An arena as another thread sees it: for reading only, with a scratch pad that is addressed like
// the arena, so that whoever reads entries reads a copy of one just as well.

import { Arena, windowShift } from './arena.ts';
import type { Address } from './arena.ts';

const firstScratchBytes = 2 ** 18;

/** Reads the arena of another thread. Nothing may be allocated or freed through it. */
export class ArenaView extends Arena {
  /**
   * Address of the scratch pad, the window behind the last one of the arena. May be negative:
   * what counts are its 32 bits.
   */
  readonly scratch: Address;
  /** The scratch pad itself; others than this thread do not see it. */
  scratchBuffer: Buffer;
  scratchWords: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    super({ viewOf: buffer });
    this.scratch = this.windows.length << windowShift;
    this.scratchBuffer = Buffer.alloc(0);
    this.scratchWords = new Int32Array(0);
    this.ensureScratch(firstScratchBytes);
  }

  /** Makes the scratch pad hold at least so many bytes; what it held is lost when it grows. */
  ensureScratch(bytes: number): void {
    if (bytes <= this.scratchBuffer.length) return;
    // Shared like the other windows: code that reads both stays fast.
    const memory = new SharedArrayBuffer(Math.ceil(bytes / firstScratchBytes) * firstScratchBytes);
    const at = this.scratch >>> windowShift;
    this.scratchBuffer = Buffer.from(memory);
    this.scratchWords = new Int32Array(memory);
    (this.windows as Buffer[])[at] = this.scratchBuffer;
    (this.words as Int32Array[])[at] = this.scratchWords;
  }
}
