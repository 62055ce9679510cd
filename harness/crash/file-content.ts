// The bytes of a file after its first n changes, without copying more than each change once.

import type { CrashFile, DataChange } from './crash-tree.ts';

/**
 * Replays a file's changes. Ascending counts go on from the last one: a file that only grows has
 * one buffer, and every result is a view of it.
 */
export class FileContent {
  readonly #file: CrashFile;
  readonly #capacity: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #applied = 0;
  // Bytes below this are visible to callers: they are never written again, only copied.
  #lent = 0;

  constructor(file: CrashFile) {
    this.#file = file;
    let capacity = file.initial.length;
    for (const { offsetBytes, bytes } of file.changes) {
      capacity = Math.max(capacity, offsetBytes + (bytes?.length ?? 0));
    }
    this.#capacity = capacity;
    this.#restart();
  }

  /** The content after the first `count` changes: a view that stays as it is. */
  at(count: number): Uint8Array {
    if (count < this.#applied) this.#restart();
    while (this.#applied < count) {
      const change = this.#file.changes[this.#applied];
      if (change === undefined) break;
      this.#apply(change);
      this.#applied += 1;
    }
    this.#lent = Math.max(this.#lent, this.#length);
    return this.#bytes.subarray(0, this.#length);
  }

  #apply(change: DataChange): void {
    const { offsetBytes, bytes } = change;
    if (bytes === null && offsetBytes <= this.#length) {
      this.#length = offsetBytes;
      return;
    }
    if (Math.min(offsetBytes, this.#length) < this.#lent) this.#detach();
    if (this.#bytes.length < this.#capacity) this.#detach();
    if (offsetBytes > this.#length) this.#bytes.fill(0, this.#length, offsetBytes);
    if (bytes !== null) this.#bytes.set(bytes, offsetBytes);
    this.#length = Math.max(this.#length, offsetBytes + (bytes?.length ?? 0));
  }

  // Leaves the lent bytes to their holders.
  #detach(): void {
    const copy = new Uint8Array(this.#capacity);
    copy.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = copy;
    this.#lent = 0;
  }

  #restart(): void {
    this.#bytes = this.#file.initial;
    this.#length = this.#file.initial.length;
    this.#lent = this.#length;
    this.#applied = 0;
  }
}
