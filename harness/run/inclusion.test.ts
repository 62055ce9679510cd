// What a real file system kept, beside what the model calls durable.
import test from 'ava';
import { comparePrefixes } from './inclusion.ts';

test('what is beyond the model is counted, and breaks nothing', (t) => {
  t.deepEqual(comparePrefixes([], []), { beyondWrites: 0, finding: null });
  t.deepEqual(comparePrefixes([7, 3], [7, 3]), { beyondWrites: 0, finding: null });
  t.deepEqual(comparePrefixes([9, 3], [7, 0]), { beyondWrites: 5, finding: null });
});

test('one write less than durable breaks it, whatever others have more', (t) => {
  const { beyondWrites, finding } = comparePrefixes([9, 2], [7, 3]);
  t.is(beyondWrites, 2);
  t.true(finding?.breaks);
  t.regex(finding?.text ?? '', /of client 1 the first 2 writes came back .* 3 were durable/);
});
