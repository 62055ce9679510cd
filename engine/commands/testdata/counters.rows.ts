// INCR DECR INCRBY DECRBY INCRBYFLOAT.
import { row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const notAnInteger = '-ERR value is not an integer or out of range';
const overflow = '-ERR increment or decrement would overflow';
const notAFloat = '-ERR value is not a valid float';
const max = '9223372036854775807';
const min = '-9223372036854775808';

const refused = (value: string): Row =>
  row(`INCR of ${value}`, [`SET k ${value}`, '+OK'], ['INCR k', notAnInteger],
    ['DECRBY k 2', notAnInteger], ['INCRBY k 5', notAnInteger]);

const float = (start: string, delta: string, sum: string): Row =>
  row(`INCRBYFLOAT ${start} + ${delta}`, [`SET k ${start}`, '+OK'],
    [`INCRBYFLOAT k ${delta}`, `"${sum}"`], ['GET k', `"${sum}"`]);

export const counterRows: readonly Row[] = [
  row('INCR starts at 0', ['INCR k', ':1'], ['INCR k', ':2'], ['GET k', '"2"']),
  row('DECR starts at 0', ['DECR k', ':-1'], ['DECR k', ':-2'], ['GET k', '"-2"']),
  row('INCR across 0', ['SET k -1', '+OK'], ['INCR k', ':0'], ['GET k', '"0"'], ['INCR k', ':1']),
  row('DECR across 0', ['SET k 1', '+OK'], ['DECR k', ':0'], ['DECR k', ':-1']),
  row('INCR gains a digit', ['SET k 9', '+OK'], ['INCR k', ':10'], ['SET k 99999', '+OK'],
    ['INCR k', ':100000'], ['SET k 999999', '+OK'], ['INCR k', ':1000000'], ['GET k', '"1000000"']),
  row('DECR loses a digit', ['SET k 10', '+OK'], ['DECR k', ':9'], ['SET k 1000000', '+OK'],
    ['DECR k', ':999999'], ['GET k', '"999999"']),
  row('INCR keeps the deadline', ['SET k 1 EX 100', '+OK'], ['INCR k', ':2'], ['TTL k', ':100'],
    ['INCRBY k 1000', ':1002'], ['TTL k', ':100']),
  row('INCR of an expired key', ['SET k 5 PX 10', '+OK'], ['sleep 20', ''], ['INCR k', ':1'],
    ['TTL k', ':-1']),
  row('INCRBY and DECRBY', ['INCRBY k 10', ':10'], ['DECRBY k 3', ':7'], ['INCRBY k -10', ':-3'],
    ['DECRBY k -5', ':2'], ['INCRBY k 0', ':2'], ['DECRBY k 0', ':2']),
  row('DECRBY 0 of nothing', ['DECRBY k 0', ':0'], ['GET k', '"0"']),
  row('INCR in twelve digits', ['SET k 999999999999', '+OK'], ['INCR k', ':1000000000000'],
    ['GET k', '"1000000000000"'], ['DECR k', ':999999999999'], ['GET k', '"999999999999"']),
  row('INCR up to 2^53', ['SET k 9007199254740990', '+OK'], ['INCR k', ':9007199254740991'],
    ['INCR k', ':9007199254740992'], ['INCR k', ':9007199254740993'],
    ['GET k', '"9007199254740993"'],
    ['DECR k', ':9007199254740992'], ['DECR k', ':9007199254740991'],
    ['DECR k', ':9007199254740990']),
  row('DECR down to -2^53', ['SET k -9007199254740990', '+OK'], ['DECR k', ':-9007199254740991'],
    ['DECR k', ':-9007199254740992'], ['DECR k', ':-9007199254740993'],
    ['INCR k', ':-9007199254740992']),
  row('INCR at the top', [`SET k ${max}`, '+OK'], ['INCR k', overflow], ['GET k', `"${max}"`],
    ['DECR k', ':9223372036854775806'], ['INCRBY k 1', `:${max}`]),
  row('DECR at the bottom', [`SET k ${min}`, '+OK'], ['DECR k', overflow], ['GET k', `"${min}"`],
    ['INCR k', ':-9223372036854775807']),
  row('INCRBY over the top', ['SET k 1', '+OK'], [`INCRBY k ${max}`, overflow],
    ['SET k 0', '+OK'], [`INCRBY k ${max}`, `:${max}`], [`INCRBY k -${max}`, ':0']),
  row('INCRBY to the bottom', [`INCRBY k ${min}`, `:${min}`], ['INCRBY k -1', overflow],
    [`INCRBY k ${max}`, ':-1']),
  row('DECRBY of the least integer', ['SET k 0', '+OK'],
    [`DECRBY k ${min}`, '-ERR decrement would overflow'], [`DECRBY k -${max}`, `:${max}`]),
  row('INCRBY past int64', ['INCRBY k 9223372036854775808', notAnInteger],
    ['INCRBY k -9223372036854775809', notAnInteger], ['EXISTS k', ':0']),
  row('INCRBY with no integer', ['INCRBY k a', notAnInteger], ['INCRBY k 1.0', notAnInteger],
    ['INCRBY k ""', notAnInteger], ['INCRBY k +1', notAnInteger], ['INCRBY k 01', notAnInteger],
    ['INCRBY k " 1"', notAnInteger], ['INCRBY k -0', notAnInteger], ['INCRBY k -', notAnInteger],
    ['INCRBY k 1e2', notAnInteger], ['INCRBY k 0x10', notAnInteger], ['EXISTS k', ':0']),
  ...['""', 'abc', '"1 "', '" 1"', '+1', '01', '-0', '-', '1.0', '1e3', '0x1', '1a',
    '9223372036854775808', '-9223372036854775809', '123456789012345678901', '"1\\x00"']
    .map((value) => refused(value)),
  row('counter arity', ['INCR', arity('incr')], ['INCR a b', arity('incr')],
    ['DECR', arity('decr')],
    ['INCRBY k', arity('incrby')], ['DECRBY k', arity('decrby')],
    ['INCRBYFLOAT k', arity('incrbyfloat')]),

  row('INCRBYFLOAT starts at 0', ['INCRBYFLOAT k 1.5', '"1.5"'], ['INCRBYFLOAT k -1.5', '"0"']),
  row('INCRBYFLOAT keeps the deadline', ['SET k 1 EX 100', '+OK'], ['INCRBYFLOAT k 0.5', '"1.5"'],
    ['TTL k', ':100']),
  float('10.50', '0.1', '10.6'),
  float('5.0e3', '2.0e2', '5200'),
  float('3.0e-3', '1', '1.003'),
  float('0.1', '0.2', '0.3'),
  float('1', '-1.0000000000000001', '-0.0000000000000001'),
  float('1e17', '0.1', '100000000000000000.1015625'),
  float('12345678901234567890', '1', '12345678901234567891'),
  float('1e20', '1', '100000000000000000000'),
  float('9223372036854775807', '1', '9223372036854775808'),
  float('0.00000000000000000001', '0', '0'),
  float('-0.00000000000000000001', '0', '0'),
  float('0x10', '0x1p4', '32'),
  float('.5', '5.', '5.5'),
  float('+3', '+4', '7'),
  float('1e-4950', '1', '1'),
  row('INCRBYFLOAT of large exponents', ['SET k 1e4000', '+OK'],
    ['INCRBYFLOAT k 1e4000', /^"1999999999999999999993092774619924756986\d{3961}"$/]),
  row('INCRBYFLOAT with no float', ['INCRBYFLOAT k a', notAFloat], ['INCRBYFLOAT k ""', notAFloat],
    ['INCRBYFLOAT k " 1"', notAFloat], ['INCRBYFLOAT k "1 "', notAFloat],
    ['INCRBYFLOAT k 1.5.5', notAFloat], ['INCRBYFLOAT k nan', notAFloat],
    ['INCRBYFLOAT k 1e', notAFloat], ['INCRBYFLOAT k .', notAFloat],
    ['INCRBYFLOAT k 0x', notAFloat],
    ['INCRBYFLOAT k 1e99999', notAFloat], ['INCRBYFLOAT k 1e-99999', notAFloat],
    ['INCRBYFLOAT k "1\\x00"', notAFloat], ['EXISTS k', ':0']),
  row('INCRBYFLOAT of no float', ['SET k abc', '+OK'], ['INCRBYFLOAT k 1', notAFloat],
    ['SET k ""', '+OK'], ['INCRBYFLOAT k 1', notAFloat]),
  row('INCRBYFLOAT to infinity',
    ['INCRBYFLOAT k inf', '-ERR increment would produce NaN or Infinity'],
    ['INCRBYFLOAT k -Infinity', '-ERR increment would produce NaN or Infinity'],
    ['SET k 1e4932', '+OK'],
    ['INCRBYFLOAT k 1e4932', '-ERR increment would produce NaN or Infinity'],
    ['SET k inf', '+OK'], ['INCRBYFLOAT k -inf', '-ERR increment would produce NaN or Infinity']),
];
