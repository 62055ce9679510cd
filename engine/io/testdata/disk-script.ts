// Runs a few words per line as storage calls: the tables and property tests of durability speak it.
//
//   open a | new a | trunc a | read a    open with mode append, create-new, truncate, read
//   write a text | cut a 3 | cut-open a 3 | close a
//   sync a | begin-sync a | end-sync     end-sync ends the oldest one in flight
//   sync-dir d | mkdir d | mv a b | rm a
//   fail CALL CODE | short N             the next such call fails; the next write takes N bytes
//   settle                               everything visible becomes durable: the load starts
//
// Handles keep the name under which they were opened. '.' is the data directory.

import type { Disk, OpenMode } from '../disk.ts';
import type { FaultCall, MemoryDisk } from '../memory-disk.ts';

export const rootPath = '/data';

const modes: Record<string, OpenMode> = {
  open: 'append',
  new: 'create-new',
  trunc: 'truncate',
  read: 'read',
};

/** One run: `disk` is what the calls go to, `memory` is the bottom below it. */
export class DiskScript {
  readonly #disk: Disk;
  readonly #memory: MemoryDisk;
  readonly #handles = new Map<string, number>();

  constructor(disk: Disk, memory: MemoryDisk) {
    this.#disk = disk;
    this.#memory = memory;
  }

  /** Runs one line; returns the code of the error that it met, or null. */
  run(line: string): string | null {
    const [verb = '', first = '', second = ''] = line.split(' ');
    try {
      this.#step(verb, first, second);
      return null;
    } catch (error) {
      if (error instanceof Error && 'code' in error) return String(error.code);
      throw error;
    }
  }

  #step(verb: string, first: string, second: string): void {
    const disk = this.#disk;
    const path = first === '.' ? rootPath : `${rootPath}/${first}`;
    const mode = modes[verb];
    if (mode !== undefined) this.#handles.set(first, disk.open(path, mode));
    else if (verb === 'write') this.#write(first, second);
    else if (verb === 'cut') disk.truncate(path, Number(second));
    else if (verb === 'cut-open') disk.truncateOpen(this.#fd(first), Number(second));
    else if (verb === 'close') disk.close(this.#fd(first));
    else if (verb === 'sync') disk.sync(this.#fd(first));
    else if (verb === 'begin-sync') disk.syncAsync(this.#fd(first), () => {});
    else if (verb === 'end-sync') this.#memory.finishSyncs(1);
    else if (verb === 'sync-dir') disk.syncDirectory(path);
    else if (verb === 'mkdir') disk.makeDirectory(path);
    else if (verb === 'mv') disk.rename(path, `${rootPath}/${second}`);
    else if (verb === 'rm') disk.unlink(path);
    else if (verb === 'fail') this.#memory.inject({ call: first as FaultCall, code: second });
    else if (verb === 'short') this.#memory.inject({ call: 'write', shortBytes: Number(first) });
    else if (verb === 'settle') this.#memory.settle();
    else throw new Error(`no such step: ${verb}`);
  }

  #fd(name: string): number {
    return this.#handles.get(name) ?? 9999;
  }

  #write(name: string, text: string): void {
    const bytes = Buffer.from(text);
    this.#disk.write(this.#fd(name), bytes, 0, bytes.length);
  }
}

/** A tree as one object: paths below the data directory → text of files, null of directories. */
export function readable(tree: {
  files: ReadonlyMap<string, Uint8Array>;
  directories: readonly string[];
}): Record<string, string | null> {
  const found: [string, string | null][] = [];
  for (const path of tree.directories) found.push([path, null]);
  for (const [path, bytes] of tree.files) found.push([path, Buffer.from(bytes).toString()]);
  const inside = found
    .filter(([path]) => path !== rootPath)
    .map(([path, text]): [string, string | null] => [path.replace(`${rootPath}/`, ''), text]);
  return Object.fromEntries(inside.sort(([a], [b]) => (a < b ? -1 : 1)));
}
