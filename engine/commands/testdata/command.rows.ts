// COMMAND: what the registry says of itself, compared with what Redis says of the same commands.
import { differs, row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const noKeys = '-ERR The command has no key arguments';

const docs2 = new RegExp('^\\["get", \\["summary", ".*", "since", "1\\.0\\.0", "group", "string", '
  + '"complexity", "O\\(1\\)", '
  + '"arguments", \\[\\["name", "key", "type", "key", "key_spec_index", :0\\]\\]\\]\\]$');
const docs3 = new RegExp('^\\{"get": \\{"summary": ".*", "since": "1\\.0\\.0", "group": "string", '
  + '"complexity": "O\\(1\\)", '
  + '"arguments": \\[\\{"name": "key", "type": "key", "key_spec_index": :0\\}\\]\\}\\}$');

export const commandRows: readonly Row[] = [
  row('COMMAND GETKEYS', ['COMMAND GETKEYS GET k', '["k"]'],
    ['COMMAND GETKEYS SET k v EX 10', '["k"]'],
    ['COMMAND GETKEYS MSET a 1 b 2', '["a", "b"]'],
    ['COMMAND GETKEYS DEL a b c', '["a", "b", "c"]'],
    ['COMMAND GETKEYS RENAME a b', '["a", "b"]'], ['COMMAND GETKEYS OBJECT ENCODING k', '["k"]'],
    ['COMMAND GETKEYS watch a b', '["a", "b"]']),
  row('COMMAND GETKEYS without keys', ['COMMAND GETKEYS PING x', noKeys],
    ['COMMAND GETKEYS CLIENT ID', noKeys],
    ['COMMAND GETKEYS SCAN 0', noKeys]),
  row('COMMAND GETKEYS errors', ['COMMAND GETKEYS', arity('command|getkeys')],
    ['COMMAND GETKEYS GET', arity('command|getkeys')],
    ['COMMAND GETKEYS FOO bar', '-ERR Invalid command specified'],
    ['COMMAND GETKEYS GET a b', '-ERR Invalid number of arguments specified for command']),
  row('COMMAND GETKEYSANDFLAGS',
    ['COMMAND GETKEYSANDFLAGS MSET a 1 b 2', '[["a", [+OW, +update]], ["b", [+OW, +update]]]',
      { resp3: '[["a", ~[+OW, +update]], ["b", ~[+OW, +update]]]' }],
    ['COMMAND GETKEYSANDFLAGS SET k v', '[["k", [+OW, +update]]]',
      { resp3: '[["k", ~[+OW, +update]]]' }],
    ['COMMAND GETKEYSANDFLAGS SET k v XX get', '[["k", [+RW, +access, +update]]]',
      { resp3: '[["k", ~[+RW, +access, +update]]]' }],
    ['COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 OVERFLOW SAT', '[["k", [+RO, +access]]]',
      { resp3: '[["k", ~[+RO, +access]]]' }],
    ['COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 SET u8 0 1',
      '[["k", [+RW, +access, +update]]]', { resp3: '[["k", ~[+RW, +access, +update]]]' }],
    ['COMMAND GETKEYSANDFLAGS BITFIELD k GET u8', '[["k", [+RW, +access, +update]]]',
      { resp3: '[["k", ~[+RW, +access, +update]]]' }],
    ['COMMAND GETKEYSANDFLAGS GET k', '[["k", [+RO, +access]]]',
      { resp3: '[["k", ~[+RO, +access]]]' }]),
  row('COMMAND INFO of nothing', ['COMMAND INFO nosuch', '[nil]'], ['COMMAND INFO get|x', '[nil]'],
    ['COMMAND INFO client|nosuch', '[nil]']),
  row('COMMAND LIST', ['COMMAND LIST FILTERBY MODULE x', '[]'],
    ['COMMAND LIST FILTERBY ACLCAT transaction', '["discard", "exec", "multi", "unwatch", "watch"]',
      { sorted: true }],
    ['COMMAND LIST FILTERBY ACLCAT nosuch', '[]'],
    ['COMMAND LIST FILTERBY PATTERN *BYFLOAT', /"incrbyfloat"/]),
  row('COMMAND LIST errors', ['COMMAND LIST FOO', '-ERR syntax error'],
    ['COMMAND LIST FILTERBY PATTERN', '-ERR syntax error'],
    ['COMMAND LIST FILTERBY FOO x', '-ERR syntax error'],
    ['COMMAND LIST FILTERBY MODULE x y', '-ERR syntax error']),
  row('COMMAND errors', ['COMMAND FOO', "-ERR unknown subcommand 'FOO'. Try COMMAND HELP."],
    ['COMMAND COUNT x', arity('command|count')]),
  row('COMMAND DOCS of nothing', ['COMMAND DOCS nosuch', '[]', { resp3: '{}' }]),
  differs('command-docs', 'COMMAND DOCS has summaries of our own and no history',
    ['COMMAND DOCS get',
      docs2,
      { resp3: docs3 }]),
  differs('command-count', 'COMMAND COUNT counts what there is',
    ['COMMAND COUNT', /^:\d{2,3}$/, { redis: ':240' }]),
];
