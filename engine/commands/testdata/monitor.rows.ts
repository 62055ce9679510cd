// AUTH with a password, SLOWLOG, LATENCY, MEMORY.
import { differs, row } from '../test-support/rows.ts';
import type { Row, Step } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const syntax = '-ERR syntax error';
const wrongPass = '-WRONGPASS invalid username-password pair or user is disabled.';
const noAuth = '-NOAUTH Authentication required.';
const helloNoAuth = '-NOAUTH HELLO must be called with the client already authenticated, otherwise '
  + 'the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the '
  + 'RESP protocol version at the same time';
const badCount = '-ERR count should be greater than or equal to -1';

/** The password is set, tried on the first connection (which RESET makes a stranger), and gone. */
function withPassword(...steps: readonly Step[]): readonly Step[] {
  return [['@9 PING', '+PONG'], ['CONFIG SET requirepass secret', '+OK'], ['RESET', '+RESET'],
    ...steps, ['@9 CONFIG SET requirepass ""', '+OK']];
}

const any = /./;

export const monitorRows: readonly Row[] = [
  row('requirepass: who was there stays, who comes must say it', ...withPassword(
    ['PING', noAuth], ['GET a', noAuth], ['@9 GET a', 'nil'], ['AUTH nonsense', wrongPass],
    ['AUTH default nonsense', wrongPass], ['AUTH joe secret', wrongPass], ['GET a', noAuth],
    ['AUTH secret', '+OK'], ['GET a', 'nil', { resp3: 'nil' }], ['AUTH nonsense', wrongPass],
    ['GET a', 'nil', { resp3: 'nil' }])),
  row('requirepass: errors that come before it', ...withPassword(
    ['FOO', /^-ERR unknown command/], ['GET', arity('get')], ['CONFIG GET', arity('config|get')],
    ['CLIENT FOO', /^-ERR unknown subcommand/],
    ['EXEC', '-EXECABORT Transaction discarded because of: NOAUTH Authentication required.'],
    ['QUIT', '+OK'])),
  row('requirepass: AUTH forms', ...withPassword(['AUTH', arity('auth')],
    ['AUTH a b c', syntax], ['AUTH default secret', '+OK'],
    ['CONFIG GET requirepass', '["requirepass", "secret"]',
      { resp3: '["requirepass", "secret"]' }])),
  row('requirepass: HELLO', ...withPassword(['HELLO', helloNoAuth], ['HELLO 3', helloNoAuth],
    ['HELLO 3 SETNAME x', helloNoAuth], ['HELLO 4', '-NOPROTO unsupported protocol version'],
    ['HELLO 3 AUTH default x', wrongPass], ['HELLO 2 AUTH default secret SETNAME me', any],
    ['CLIENT GETNAME', '"me"'])),
  row('requirepass: RESET makes a stranger again', ...withPassword(['AUTH secret', '+OK'],
    ['RESET', '+RESET'], ['DBSIZE', noAuth])),
  row('requirepass taken away: nobody need say it', ...withPassword(['PING', noAuth],
    ['@9 CONFIG SET requirepass ""', '+OK'], ['PING', '+PONG'], ['AUTH x',
      /^-ERR AUTH <password> called without any password configured/])),

  row('SLOWLOG', ['SLOWLOG RESET', '+OK'], ['SLOWLOG LEN', ':0'], ['SLOWLOG GET', '[]'],
    ['SLOWLOG GET 5', '[]'], ['SLOWLOG GET -1', '[]'],
    ['SLOWLOG GET 9223372036854775807', '[]']),
  row('SLOWLOG keeps everything at 0', ['CONFIG SET slowlog-log-slower-than 0', '+OK'],
    ['CLIENT SETNAME me', '+OK'], ['SLOWLOG RESET', '+OK'], ['ECHO hi', '"hi"'],
    ['SLOWLOG GET 1',
      /^\[\[:\d+, :\d{10}, :\d+, \["ECHO", "hi"\], "127\.0\.0\.1:\d+", "me"\]\]$/],
    ['SLOWLOG GET 0', '[]'], ['CONFIG SET slowlog-log-slower-than 10000', '+OK'],
    ['SLOWLOG RESET', '+OK'], ['ECHO hi', '"hi"'], ['SLOWLOG LEN', ':0']),
  row('SLOWLOG cuts what is long', ['CONFIG SET slowlog-log-slower-than 0', '+OK'],
    [`ECHO ${'x'.repeat(150)}`, any],
    ['SLOWLOG GET 1', new RegExp(`\\["ECHO", "x{128}\\.\\.\\. \\(22 more bytes\\)"\\]`)],
    [`EXISTS ${Array.from({ length: 40 }, (_, i) => `k${i}`).join(' ')}`, ':0'],
    ['SLOWLOG GET 1', /"k29", "\.\.\. \(10 more arguments\)"\]/],
    ['CONFIG SET slowlog-log-slower-than 10000', '+OK'], ['SLOWLOG RESET', '+OK']),
  row('SLOWLOG hides passwords', ['CONFIG SET slowlog-log-slower-than 0', '+OK'],
    ['AUTH default x', '+OK'], ['SLOWLOG GET 1', /\["AUTH", "\(redacted\)", "\(redacted\)"\]/],
    ['HELLO 2 AUTH default x', any],
    ['SLOWLOG GET 1', /\["HELLO", "2", "AUTH", "\(redacted\)", "\(redacted\)"\]/],
    ['CONFIG SET requirepass ""', '+OK'],
    ['SLOWLOG GET 1', /\["CONFIG", "SET", "requirepass", "\(redacted\)"\]/],
    ['CONFIG SET slowlog-log-slower-than 10000', '+OK'], ['SLOWLOG RESET', '+OK']),
  row('SLOWLOG errors', ['SLOWLOG', arity('slowlog')], ['SLOWLOG GET x', badCount],
    ['SLOWLOG GET -2', badCount], ['SLOWLOG LEN x', arity('slowlog|len')],
    ['SLOWLOG RESET x', arity('slowlog|reset')],
    ['SLOWLOG FOO', "-ERR unknown subcommand 'FOO'. Try SLOWLOG HELP."],
    ['SLOWLOG GET 1 2',
      "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."]),

  row('LATENCY without events', ['LATENCY RESET', /^:\d$/], ['LATENCY LATEST', '[]'],
    ['LATENCY HISTORY command', '[]'], ['LATENCY RESET', ':0'], ['LATENCY RESET a b', ':0'],
    ['LATENCY GRAPH command', "-ERR No samples available for event 'command'"],
    ['LATENCY HISTOGRAM nosuch', '[]', { resp3: '{}' }]),
  row('LATENCY HISTOGRAM', ['ECHO x', '"x"'], ['LATENCY HISTOGRAM echo',
    /^\["echo", \["calls", :\d+, "histogram_usec", \[:\d+, :\d+/,
    { resp3: /^\{"echo": \{"calls": :\d+, "histogram_usec": \{:\d+: :\d+/ }],
    ['LATENCY HISTOGRAM ECHO nosuch client|id', /"echo"/]),
  row('LATENCY errors', ['LATENCY', arity('latency')], ['LATENCY LATEST x',
    arity('latency|latest')], ['LATENCY HISTORY', arity('latency|history')],
    ['LATENCY GRAPH', arity('latency|graph')],
    ['LATENCY FOO', "-ERR unknown subcommand 'FOO'. Try LATENCY HELP."]),
  differs('doctors', 'LATENCY DOCTOR and MEMORY DOCTOR have words of their own',
    ['LATENCY DOCTOR', /Nothing is watched/, { redis: /I'm sorry, Dave/ }],
    ['MEMORY DOCTOR', /No memory problem/, { redis: /Hi Sam|Sam/ }]),

  row('LOLWUT', ['LOLWUT', /Redis ver\. 7\.0\.15\\x0a/],
    ['LOLWUT VERSION x', '-ERR value is not an integer or out of range']),
  row('MONITOR', ['MONITOR x', arity('monitor')], ['MULTI', '+OK'], ['MONITOR', '+QUEUED'],
    ['EXEC', "[-ERR MONITOR isn't allowed for DENY BLOCKING client]"], ['MONITOR', '+OK']),
  differs('waitaof', 'WAITAOF as in Redis 7.2',
    ['WAITAOF 0 0 0', '[:0, :0]', { redis: /^-ERR unknown command/ }],
    ['WAITAOF 1 0 0',
      '-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
      { redis: /^-ERR unknown command/ }],
    ['WAITAOF 2 0 0', '-ERR value is out of range, value must between 0 and 1',
      { redis: /^-ERR unknown command/ }],
    ['WAITAOF 2 x x', '-ERR value is out of range, value must between 0 and 1',
      { redis: /^-ERR unknown command/ }],
    ['WAITAOF 0 -1 x', '-ERR value is out of range, must be positive',
      { redis: /^-ERR unknown command/ }],
    ['WAITAOF 1 0 x', '-ERR timeout is not an integer or out of range',
      { redis: /^-ERR unknown command/ }],
    ['WAITAOF 0 0 -1', '-ERR timeout is negative', { redis: /^-ERR unknown command/ }],
    ['WAITAOF x 0 0', '-ERR value is not an integer or out of range',
      { redis: /^-ERR unknown command/ }]),

  row('MEMORY USAGE', ['MEMORY USAGE none', 'nil'], ['SET k value', '+OK'],
    ['MEMORY USAGE k', /^:\d{2}$/], ['MEMORY USAGE k SAMPLES 5', /^:\d{2}$/],
    ['MEMORY USAGE k SAMPLES 0', /^:\d{2}$/]),
  row('MEMORY USAGE errors', ['MEMORY USAGE', arity('memory|usage')],
    ['MEMORY USAGE k SAMPLES -1', syntax], ['MEMORY USAGE k SAMPLES', syntax],
    ['MEMORY USAGE k FOO 1', syntax],
    ['MEMORY USAGE k SAMPLES x', '-ERR value is not an integer or out of range']),
  row('MEMORY', ['MEMORY', arity('memory')], ['MEMORY PURGE', '+OK'],
    ['MEMORY PURGE x', arity('memory|purge')], ['MEMORY STATS x', arity('memory|stats')],
    ['MEMORY MALLOC-STATS', any],
    ['MEMORY FOO', "-ERR unknown subcommand 'FOO'. Try MEMORY HELP."]),
  row('MEMORY STATS', ['SET k v', '+OK'],
    ['MEMORY STATS', /"peak\.allocated".*"db\.0".*"keys\.count"[,:] :1/]),
];
