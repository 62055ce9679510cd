// The heap of deadlines against a sorted array.
import * as fc from 'fast-check';
import test from 'ava';
import { WaitDeadlines } from './wait-deadlines.ts';
import type { TimedWait } from './wait-deadlines.ts';

/** A number: a wait with this deadline begins. `end`: one of those that run is done. */
const steps = fc.array(fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 50 }) },
  { weight: 2, arbitrary: fc.record({ end: fc.nat() }) },
), { maxLength: 400 });

test('the next to end is always the one with the earliest deadline', (t) => {
  fc.assert(fc.property(steps, (sequence) => {
    const deadlines = new WaitDeadlines<TimedWait>();
    const model: TimedWait[] = [];
    for (const one of sequence) {
      if (typeof one === 'number') {
        const wait = { deadlineMs: one, done: false };
        model.push(wait);
        deadlines.add(wait);
      } else if (model.length > 0) {
        const [wait] = model.splice(one.end % model.length, 1) as [TimedWait];
        wait.done = true;
        deadlines.finished();
      }
      const earliest = Math.min(...model.map(({ deadlineMs }) => deadlineMs));
      if ((deadlines.next()?.deadlineMs ?? Infinity) !== earliest) throw new Error('another one');
      if (deadlines.live !== model.length) throw new Error('miscounted');
    }
  }));
  t.pass();
});
