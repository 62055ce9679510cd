// A disk that is read and never written: what the engine changes when it starts goes nowhere. So a
// backup can be loaded where it lies, without a copy, also from a folder that nobody may write.

import type { InspectableDisk, OpenMode, ReadAt } from '../../../engine/io/disk.ts';

/** Descriptors of files that are not there begin here. */
const firstSunk = 1 << 24;

/** Passes reads on; everything else succeeds and does nothing. */
export function readOnlyDisk(disk: InspectableDisk): InspectableDisk {
  const write: InspectableDisk['write'] = (fd, ...[, , length]) => {
    sizes.set(fd, (sizes.get(fd) ?? 0) + length);
    return length;
  };
  const sizes = new Map<number, number>();
  let next = firstSunk;
  return {
    open(path: string, mode: OpenMode): number {
      if (mode === 'read') return disk.open(path, mode);
      sizes.set(next, mode === 'append' ? disk.stat(path)?.sizeBytes ?? 0 : 0);
      return next++;
    },
    read: (fd: number, target: Uint8Array, at: ReadAt) => (
      sizes.has(fd) ? 0 : disk.read(fd, target, at)),
    write,
    sync: () => {},
    syncAsync: (_fd, done) => setImmediate(done, null),
    truncate: () => {},
    truncateOpen: (fd, lengthBytes) => {
      sizes.set(fd, lengthBytes);
    },
    hasName: (fd) => sizes.has(fd) || disk.hasName(fd),
    close(fd: number): void {
      if (!sizes.delete(fd)) disk.close(fd);
    },
    rename: () => {},
    unlink: () => {},
    makeDirectory: () => {},
    syncDirectory: () => {},
    syncDirectoryAsync: (_path, done) => setImmediate(done, null),
    list: (path) => disk.list(path),
    stat: (path) => disk.stat(path),
    inodeOf: (fd) => (sizes.has(fd) ? fd : disk.inodeOf(fd)),
    inodeAt: (path) => disk.inodeAt(path),
    sizeOf: (fd) => sizes.get(fd) ?? disk.sizeOf(fd),
  };
}
