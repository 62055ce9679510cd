// SCAN with cursors, MATCH, COUNT, TYPE. Redis' cursors differ, so rows go in one step.
import { row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const syntax = '-ERR syntax error';
const notAnInteger = '-ERR value is not an integer or out of range';
const few = ['MSET a 1 b 2 c 3 aa 4', '+OK'] as const;
const sorted = { sorted: true };

export const scanRows: readonly Row[] = [
  row('SCAN of nothing', ['SCAN 0', '["0", []]']),
  row('SCAN of one', ['SET k v', '+OK'], ['SCAN 0', '["0", ["k"]]']),
  row('SCAN of few', few, ['SCAN 0 COUNT 100', /^\["0", \[("(a|b|c|aa)"(, )?){4}\]\]$/]),
  row('SCAN MATCH', few, ['SCAN 0 COUNT 100 MATCH a?', '["0", ["aa"]]'],
    ['SCAN 0 MATCH x* COUNT 100', '["0", []]']),
  row('SCAN MATCH of an exact name', few, ['SCAN 0 COUNT 100 MATCH b', '["0", ["b"]]']),
  row('SCAN MATCH is given twice: the last counts', few,
    ['SCAN 0 COUNT 100 MATCH x MATCH c', '["0", ["c"]]']),
  row('SCAN TYPE', few, ['SCAN 0 COUNT 100 TYPE string MATCH c', '["0", ["c"]]'],
    ['SCAN 0 COUNT 100 TYPE list', '["0", []]'], ['SCAN 0 COUNT 100 TYPE nosuch', '["0", []]'],
    ['SCAN 0 COUNT 100 TYPE STRING MATCH c', '["0", ["c"]]']),
  row('SCAN leaves expired keys out and removes them', ['SET a 1 PX 10', '+OK'], ['SET b 2', '+OK'],
    ['sleep 20', ''], ['SCAN 0 COUNT 100', '["0", ["b"]]'], ['DBSIZE', ':1']),
  row('SCAN with a large COUNT', few,
    ['SCAN 0 COUNT 9223372036854775807 MATCH c', '["0", ["c"]]']),
  row('SCAN with a bad cursor', ['SCAN a', '-ERR invalid cursor'], ['SCAN ""', '["0", []]'],
    ['SCAN " 0"', '-ERR invalid cursor'], ['SCAN 0x', '-ERR invalid cursor'],
    ['SCAN 1.5', '-ERR invalid cursor'], ['SCAN 18446744073709551616', '-ERR invalid cursor']),
  row('SCAN with a bad COUNT', ['SCAN 0 COUNT 0', syntax], ['SCAN 0 COUNT -1', syntax],
    ['SCAN 0 COUNT a', notAnInteger], ['SCAN 0 COUNT', syntax]),
  row('SCAN with bad options', ['SCAN 0 FOO', syntax], ['SCAN 0 FOO bar', syntax],
    ['SCAN 0 MATCH', syntax], ['SCAN 0 TYPE', syntax], ['SCAN 0 MATCH a COUNT', syntax]),
  row('SCAN looks at the cursor first', ['SCAN x COUNT 0', '-ERR invalid cursor']),
  row('SCAN with any cursor', ['SCAN 18446744073709551615', /^\["\d+", \[\]\]$/],
    ['SCAN 12345', /^\["\d+", \[\]\]$/]),
  row('SCAN arity', ['SCAN', "-ERR wrong number of arguments for 'scan' command"]),
  row('SCAN sees one database', ['SET a 1', '+OK'], ['SELECT 3', '+OK'],
    ['SCAN 0', '["0", []]', sorted]),
];
