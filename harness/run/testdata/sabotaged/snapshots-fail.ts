// Test-only sabotage: no snapshot can be written, as on a disk that refuses temporary files.
import type { Disk } from '../../../../engine/io/disk.ts';
import { startSabotaged } from './start-sabotaged.ts';

function refusing(disk: Disk): Disk {
  return new Proxy(disk, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === 'open') {
        return (path: string, mode: Parameters<Disk['open']>[1]): number => {
          if (!/temp-.*\.rdb$/.test(path)) return target.open(path, mode);
          throw Object.assign(new Error('EIO: no temporary file'), { code: 'EIO' });
        };
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

await startSabotaged({ disk: refusing });
