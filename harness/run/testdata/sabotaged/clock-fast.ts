// Test-only sabotage: the engine's clock is three hours fast, so that keys with far deadlines are gone
// at once, and a client that reads what it has just written finds nothing.
import type { Clock } from '../../../../engine/io/clock.ts';
import { startSabotaged } from './start-sabotaged.ts';

const fastMs = 3 * 3_600_000;

function fast(clock: Clock): Clock {
  return new Proxy(clock, {
    get(target, name) {
      if (name === 'wallMs') return () => clock.wallMs() + fastMs;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

await startSabotaged({ clock: fast });
