// PFADD PFCOUNT PFMERGE PFDEBUG PFSELFTEST: the bytes of the value count, so GET shows them too.
import { row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const notASketch = '-WRONGTYPE Key is not a valid HyperLogLog string value.';
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const corrupt = '-INVALIDOBJ Corrupted HLL object detected';
const many = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `e${from + i}`).join(' ');
const empty = '"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff"';

export const hyperloglogRows: readonly Row[] = [
  row('PFADD and PFCOUNT', ['PFADD k a b c', ':1'], ['PFADD k a', ':0'], ['PFCOUNT k', ':3'],
    ['PFADD k d', ':1'], ['PFCOUNT k', ':4'], ['PFCOUNT nokey', ':0']),
  row('PFADD without elements makes an empty one', ['PFADD k', ':1'], ['PFADD k', ':0'],
    ['GET k', empty], ['PFCOUNT k', ':0'], ['GET k', empty.replace('\\x80', '\\x00')]),
  row('the bytes after PFADD', ['PFADD k foo bar', ':1'],
    ['GET k', '"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80'
      + '\\\\\\xb3\\x90Ja\\x80X\\xe7"']),
  row('PFCOUNT keeps the count in the value', ['PFADD k a b', ':1'], ['PFCOUNT k', ':2'],
    ['GETRANGE k 8 15', '"\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00"'], ['PFCOUNT k', ':2']),
  row('PFCOUNT of several', ['PFADD a 1 2 3', ':1'], ['PFADD b 3 4', ':1'],
    ['PFCOUNT a b', ':4'], ['PFCOUNT a b nokey', ':4'], ['PFCOUNT nokey nokey2', ':0']),
  row('many elements: sparse, then dense', [`PFADD k ${many(0, 500)}`, ':1'],
    ['PFDEBUG ENCODING k', '+sparse'], ['STRLEN k', /^:\d+$/], ['PFCOUNT k', /^:(49|50)\d$/],
    [`PFADD k ${many(500, 4000)}`, ':1'], ['PFDEBUG ENCODING k', '+dense'], ['STRLEN k', ':12304'],
    ['PFCOUNT k', /^:(39|40)\d\d$/]),
  row('PFMERGE', ['PFADD a 1 2 3', ':1'], ['PFADD b 3 4 5', ':1'], ['PFMERGE d a b', '+OK'],
    ['PFCOUNT d', ':5'], ['PFMERGE d', '+OK'], ['PFCOUNT d', ':5'], ['PFMERGE e', '+OK'],
    ['GET e', empty], ['PFMERGE a b', '+OK'], ['PFCOUNT a', ':5']),
  row('PFMERGE of sparse and dense', [`PFADD a ${many(0, 4000)}`, ':1'], ['PFADD b x y', ':1'],
    ['PFMERGE b a', '+OK'], ['PFDEBUG ENCODING b', '+dense'], ['PFCOUNT b', /^:(39|40)\d\d$/]),
  row('PFADD keeps the deadline', ['PFADD k a', ':1'], ['EXPIRE k 100', ':1'], ['PFADD k b', ':1'],
    ['TTL k', ':100']),
  row('PFDEBUG TODENSE', ['PFADD k a b', ':1'], ['PFDEBUG TODENSE k', ':1'],
    ['PFDEBUG TODENSE k', ':0'], ['STRLEN k', ':12304'], ['PFCOUNT k', ':2'], ['PFADD k c', ':1'],
    ['PFCOUNT k', ':3'], ['PFADD k c', ':0']),
  row('PFDEBUG errors', ['PFDEBUG ENCODING nokey', '-ERR The specified key does not exist'],
    ['PFADD k a', ':1'], ['PFDEBUG FOO k', "-ERR Unknown PFDEBUG subcommand 'FOO'"]),
  row('strings that are no sketch', ['SET k abc', '+OK'], ['PFADD k a', notASketch],
    ['PFCOUNT k', notASketch], ['PFCOUNT k k', notASketch], ['PFMERGE d k', notASketch],
    ['PFMERGE k', notASketch], ['SET k "HYLL\\x02aaaaaaaaaaaaaaa"', '+OK'],
    ['PFADD k a', notASketch],
    ['SET k "HYLL\\x00aaaaaaaaaaaaaaa"', '+OK'], ['PFCOUNT k', notASketch]),
  row('corrupt sketches', ['PFADD k a b c', ':1'], ['SETRANGE k 15 "\\x80\\x00"', /^:/],
    ['PFCOUNT k', corrupt], ['PFCOUNT k k', corrupt], ['PFMERGE d k', corrupt]),
  row('other types', ['RPUSH l a', ':1'], ['PFADD l a', wrongType], ['PFCOUNT l', wrongType],
    ['PFMERGE l', wrongType]),
  row('PF arity', ['PFADD', arity('pfadd')], ['PFCOUNT', arity('pfcount')],
    ['PFMERGE', arity('pfmerge')]),
  row('PFSELFTEST', ['PFSELFTEST', '+OK']),
];
