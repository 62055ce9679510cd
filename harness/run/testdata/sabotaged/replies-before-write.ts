// Test-only sabotage: writes to the log are two hundred behind. Their success is reported, and so
// their replies leave, before they reach the operating system.
import { writeFully } from '../../../../engine/io/disk.ts';
import type { Disk } from '../../../../engine/io/disk.ts';
import { startSabotaged } from './start-sabotaged.ts';

// More than there are clients: each has one batch in flight at most, so the others were answered.
const behind = 200;

function writeBehind(disk: Disk): Disk {
  const held = new Map<number, Uint8Array[]>();
  const passOn = (fd: number, keep: number): void => {
    const writes = held.get(fd) ?? [];
    for (const bytes of writes.splice(0, Math.max(0, writes.length - keep))) {
      writeFully(disk, fd, bytes, 0, bytes.length);
    }
  };
  return new Proxy(disk, {
    get(target, name) {
      if (name === 'open') {
        return (path: string, mode: 'read') => {
          const fd = disk.open(path, mode);
          if (path.endsWith('.incr.aof') && mode !== 'read') held.set(fd, []);
          return fd;
        };
      }
      if (name === 'write') {
        return (fd: number, bytes: Uint8Array, offset: number, length: number) => {
          const writes = held.get(fd);
          if (writes === undefined) return disk.write(fd, bytes, offset, length);
          writes.push(Uint8Array.from(bytes.subarray(offset, offset + length)));
          passOn(fd, behind);
          return length;
        };
      }
      if (name === 'close') {
        return (fd: number) => {
          passOn(fd, 0);
          held.delete(fd);
          disk.close(fd);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

await startSabotaged({ disk: writeBehind });
