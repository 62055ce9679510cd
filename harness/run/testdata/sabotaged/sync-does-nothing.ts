// Test-only sabotage: every sync reports success and does nothing. SIGKILL cannot tell; a power
// cut can.
import type { Disk } from '../../../../engine/io/disk.ts';
import { startSabotaged } from './start-sabotaged.ts';

function lying(disk: Disk): Disk {
  return new Proxy(disk, {
    get(target, name) {
      if (name === 'sync' || name === 'syncDirectory') return () => {};
      if (name === 'syncAsync' || name === 'syncDirectoryAsync') {
        return (_file: unknown, done: (error: null) => void) => setImmediate(() => done(null));
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

await startSabotaged({ disk: lying });
