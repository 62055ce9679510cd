// Glob patterns: the rows that Redis' manual and habits teach, and agreement with a slow, plain
// matcher on random patterns.
import test from 'ava';
import * as fc from 'fast-check';
import { globMatches, globMatchesRange } from './glob.ts';

const matches = (pattern: string, text: string, fold = false): boolean =>
  globMatches(Buffer.from(pattern, 'latin1'), Buffer.from(text, 'latin1'), fold);

for (const [pattern, yes, no] of [
  ['', [''], ['a']],
  ['*', ['', 'a', 'abc'], []],
  ['a*', ['a', 'ab'], ['', 'ba']],
  ['*a', ['a', 'ba', 'aa'], ['ab']],
  ['*a*b*', ['ab', 'xaybz', 'aabb'], ['ba', 'a']],
  ['a*b*c', ['abc', 'aXbYc', 'abcbc'], ['abcb', 'ac']],
  ['***', ['', 'x'], []],
  ['?', ['a', '*'], ['', 'ab']],
  ['a?c', ['abc'], ['ac', 'abbc']],
  ['[abc]', ['a', 'b', 'c'], ['d', '', 'ab']],
  ['[^abc]', ['d', '^'], ['a', '']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
  ['[c-a]x', ['ax', 'cx'], ['dx']],
  ['[a-]', ['a', ']', '^'], ['b', '-']],
  ['[-a]', ['a', '-'], ['b']],
  ['[]', [], ['', 'a', ']']],
  ['[^]', ['a', ']'], ['']],
  ['[]a]', [], ['a]', 'a']],
  ['[abc', ['a', 'c'], ['[', 'd']],
  ['[a-', ['a', '-'], ['b']],
  ['[\\]]', [']'], ['\\', 'a']],
  ['[\\a-c]', ['a', '-', 'c'], ['b', '\\']],
  ['\\*', ['*'], ['a', '\\*']],
  ['\\', ['\\'], ['', 'a']],
  ['a\\', ['a\\'], ['a']],
  ['\\\\', ['\\'], ['\\\\']],
  ['a]', ['a]'], ['a']],
  ['A', ['A'], ['a']],
] as const) {
  test(`pattern ${JSON.stringify(pattern)}`, (t) => {
    for (const text of yes) t.true(matches(pattern, text), `must match ${JSON.stringify(text)}`);
    for (const text of no) t.false(matches(pattern, text), `may not match ${JSON.stringify(text)}`);
  });
}

test('without case', (t) => {
  t.true(matches('MaX*', 'maxMEMORY', true));
  t.true(matches('[A-C]', 'b', true));
  t.true(matches('[^A]', 'b', true));
  t.false(matches('[^A]', 'a', true));
  t.false(matches('[A-C]', 'b'));
});

test('a part of a larger buffer', (t) => {
  t.true(globMatchesRange(Buffer.from('b*d'), Buffer.from('abcde'), 1, 4, false));
  t.false(globMatchesRange(Buffer.from('b*e'), Buffer.from('abcde'), 1, 4, false));
});

test('many stars take no exponential time', (t) => {
  t.false(matches(`${'a*'.repeat(40)}b`, 'a'.repeat(2000)));
});

/** As Redis' own matcher goes about it: one token at a time, trying every length for a star. */
function slowMatch(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) {
    const rest = pattern.slice(1);
    return Array.from({ length: text.length + 1 }).some((_, i) => slowMatch(rest, text.slice(i)));
  }
  if (text === '') return false;
  const first = pattern[0] ?? '';
  if (first === '?') return slowMatch(pattern.slice(1), text.slice(1));
  if (first === '\\' && pattern.length > 1) {
    return pattern[1] === text[0] && slowMatch(pattern.slice(2), text.slice(1));
  }
  return first === text[0] && slowMatch(pattern.slice(1), text.slice(1));
}

test('random patterns without sets match as a plain recursion says', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\'), maxLength: 8 });
  fc.assert(fc.property(pattern, text, (one, other) =>
    matches(one, other) === slowMatch(one, other)), { numRuns: 3000 });
  t.pass();
});
