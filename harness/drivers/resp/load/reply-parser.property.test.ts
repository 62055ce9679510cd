// Any sequence of replies, cut anywhere: the counting parser finds the ends that were written.

import test from 'ava';
import * as fc from 'fast-check';
import { ReplyParser } from './reply-parser.ts';

interface Written {
  readonly bytes: string;
  /** An error or null array anywhere in it. */
  readonly hasError: boolean;
  readonly isError: boolean;
}

const line = fc.string({ unit: fc.constantFrom('a', ' ', '-', '+', '*', '$', '1'), maxLength: 8 });

const leaf: fc.Arbitrary<Written> = fc.oneof(
  line.map((text) => written(`+${text}\r\n`)),
  fc.integer().map((value) => written(`:${value}\r\n`)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => {
    const text = Buffer.from(bytes).toString('latin1');
    return written(`$${text.length}\r\n${text}\r\n`);
  }),
  fc.constant(written('$-1\r\n')),
  line.map((text) => written(`-${text}\r\n`, true)),
  fc.constant(written('*-1\r\n', true)),
);

const { reply } = fc.letrec<{ reply: Written }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('reply'), { maxLength: 4 }).map((elements) => ({
      bytes: `*${elements.length}\r\n${elements.map(({ bytes }) => bytes).join('')}`,
      hasError: elements.some(({ hasError }) => hasError),
      isError: false,
    })),
  ),
}));

function written(bytes: string, isError: boolean = false): Written {
  return { bytes, hasError: isError, isError };
}

test('the parser ends each reply where it ends, however the stream is cut', (t) => {
  const property = fc.property(
    fc.array(reply, { minLength: 1, maxLength: 8 }),
    fc.array(fc.nat(60), { minLength: 1, maxLength: 30 }),
    (replies, cuts) => {
      const stream = Buffer.from(replies.map(({ bytes }) => bytes).join(''), 'latin1');
      const parser = new ReplyParser();
      const found: string[] = [];
      let start = 0;
      for (let round = 0; start < stream.length; round++) {
        const end = Math.min(stream.length, start + 1 + (cuts[round % cuts.length] as number));
        let at = start;
        while (at < end) {
          at = parser.next(stream, at, end);
          if (at < 0) break;
          found.push(`${at} ${parser.failed} ${parser.failedInside}`);
        }
        start = end;
      }
      let offset = 0;
      const expected = replies.map(({ bytes, hasError, isError }) => {
        offset += bytes.length;
        return `${offset} ${isError} ${hasError && !isError}`;
      });
      t.deepEqual(found, expected);
      t.false(parser.broken);
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 300 })); // the failure prints its seed
});
