// PING ECHO SELECT QUIT RESET AUTH HELLO, and commands that there are not.
import { differs, row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const unknown = (name: string, rest = ''): string =>
  `-ERR unknown command '${name}', with args beginning with: ${rest}`;
const notAnInteger = '-ERR value is not an integer or out of range';
const badName = '-ERR Client names cannot contain spaces, newlines or special characters.';
const hello2 = new RegExp('^\\["server", "redis", "version", "7\\.0\\.15", "proto", :2, '
  + '"id", :\\d+, "mode", "standalone", "role", "master", "modules", \\[\\]\\]$');
const hello3 = new RegExp('^\\{"server": "redis", "version": "7\\.0\\.15", "proto": :3, '
  + '"id": :\\d+, "mode": "standalone", "role": "master", "modules": \\[\\]\\}$');
const same2 = { resp3: hello2 };
const same3 = { resp3: hello3 };

export const connectionRows: readonly Row[] = [
  row('PING', ['PING', '+PONG'], ['PING hello', '"hello"'], ['PING ""', '""'], ['ping', '+PONG'],
    ['PING a b', arity('ping')]),
  row('ECHO', ['ECHO hello', '"hello"'], ['ECHO ""', '""'],
    ['ECHO "\\x00\\r\\n"', '"\\x00\\x0d\\x0a"'],
    ['ECHO', arity('echo')], ['ECHO a b', arity('echo')]),
  row('SELECT', ['SET a 1', '+OK'], ['SELECT 1', '+OK'], ['GET a', 'nil'], ['SELECT 15', '+OK'],
    ['SELECT 0', '+OK'], ['GET a', '"1"']),
  row('SELECT out of range', ['SELECT 16', '-ERR DB index is out of range'],
    ['SELECT -1', '-ERR DB index is out of range'],
    ['SELECT 2147483647', '-ERR DB index is out of range']),
  row('SELECT with no int', ['SELECT a', notAnInteger], ['SELECT 1.5', notAnInteger],
    ['SELECT ""', notAnInteger], ['SELECT 99999999999999999999', notAnInteger],
    ['SELECT 2147483648',
      '-ERR value is out of range, value must between -2147483648 and 2147483647']),
  row('SELECT arity', ['SELECT', arity('select')], ['SELECT 1 2', arity('select')]),
  row('each connection has its database', ['SELECT 2', '+OK'], ['SET a 1', '+OK'],
    ['@2 GET a', 'nil']),
  row('QUIT', ['QUIT', '+OK']),
  row('QUIT with arguments', ['QUIT now', '+OK']),
  row('RESET', ['SELECT 3', '+OK'], ['CLIENT SETNAME x', '+OK'], ['RESET', '+RESET'],
    ['CLIENT GETNAME', 'nil',
    { resp3: 'nil' }], ['SET a 1', '+OK'], ['SELECT 0', '+OK'], ['GET a', '"1"'],
    ['RESET x', arity('reset')]),
  row('AUTH without a password set', ['AUTH secret',
    '-ERR AUTH <password> called without any password configured for the default user. '
    + 'Are you sure your configuration is correct?']),
  row('AUTH of the default user', ['AUTH default secret', '+OK'], ['AUTH default ""', '+OK']),
  row('AUTH of nobody', ['AUTH joe secret',
    '-WRONGPASS invalid username-password pair or user is disabled.']),
  row('AUTH arity', ['AUTH', arity('auth')], ['AUTH a b c', '-ERR syntax error']),
  row('HELLO', ['HELLO', hello2, same3]),
  row('HELLO 2', ['HELLO 2', hello2, same2], ['GET k', 'nil', { resp3: 'nil' }]),
  row('HELLO 3', ['HELLO 3', hello3, same3], ['GET k', '_']),
  row('HELLO back and forth', ['HELLO 3', hello3, same3], ['HELLO 2', hello2, same2],
    ['HELLO', hello2, same2]),
  row('HELLO with an unknown protocol', ['HELLO 4', '-NOPROTO unsupported protocol version'],
    ['HELLO 1', '-NOPROTO unsupported protocol version'],
    ['HELLO -3', '-NOPROTO unsupported protocol version'],
    ['HELLO a', '-ERR Protocol version is not an integer or out of range'],
    ['HELLO 3.0', '-ERR Protocol version is not an integer or out of range']),
  row('HELLO AUTH', ['HELLO 2 AUTH default x', hello2, same2],
    ['HELLO 3 AUTH joe x', '-WRONGPASS invalid username-password pair or user is disabled.'],
    ['HELLO', hello2, same2]),
  row('HELLO SETNAME', ['HELLO 3 SETNAME me', hello3, same3], ['CLIENT GETNAME', '"me"'],
    ['HELLO 3 AUTH default x SETNAME you', hello3, same3], ['CLIENT GETNAME', '"you"'],
    ['HELLO 3 SETNAME "a b"', badName]),
  row('HELLO with bad options', ['HELLO 3 FOO', "-ERR Syntax error in HELLO option 'FOO'"],
    ['HELLO 3 AUTH x', "-ERR Syntax error in HELLO option 'AUTH'"],
    ['HELLO 3 setname', "-ERR Syntax error in HELLO option 'setname'"]),
  row('an unknown command', ['FOO', unknown('FOO')], ['foo a b', unknown('foo', "'a' 'b' ")],
    ['"" a', unknown('', "'a' ")], ['GETX', unknown('GETX')], ['GE', unknown('GE')]),
  row('an unknown command with many arguments',
    [`FOO ${Array.from({ length: 60 }, (_, i) => `arg${i}`).join(' ')}`,
      /^-ERR unknown command 'FOO', with args beginning with: 'arg0' .*'arg16' 'ar' $/]),
  row('an unknown command with a long argument', [`FOO ${'x'.repeat(300)} y`,
    unknown('FOO', `'${'x'.repeat(128)}' `)]),
  row('an unknown command with a long name', [`${'N'.repeat(200)} a`, unknown('N'.repeat(128),
    "'a' ")]),
  row('an unknown command with line ends', ['"FO\\r\\nO" "a\\nb"', unknown('FO  O', "'a b' ")]),
  row('an unknown command with other bytes', ['"\\xffOO" "\\xe4"', unknown('\xffOO', "'\xe4' ")]),
  row('an unknown command with zero bytes', ['"FOO\\x00BAR" "a\\x00b"', unknown('FOO', "'a' ")]),
  differs('not-part', 'what is not part of the engine says so',
    ['XADD s * a 1',
      "-ERR unknown command 'XADD', which belongs to streams: not part of this engine",
      { redis: /^"\d+-0"$/ }],
    ['eval "return 1" 0',
      "-ERR unknown command 'EVAL', which belongs to scripting: not part of this engine",
      { redis: ':1' }]),
];
