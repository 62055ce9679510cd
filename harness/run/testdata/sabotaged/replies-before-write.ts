// Test-only sabotage: replies leave at once, the log is written only two seconds later.
import type { Journal } from '../../../../engine/persistence/appender.ts';
import { startSabotaged } from './start-sabotaged.ts';

function hasty(journal: Journal): Journal {
  setInterval(() => journal.commit(), 2000).unref();
  return new Proxy(journal, {
    get(target, name) {
      if (name === 'commit') return () => {};
      if (name === 'releasable') return target.appended;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}

await startSabotaged({ journal: hasty });
