// Publish and subscribe as far as one client sees it; several are in server/conversations.test.ts.
import { differs, row } from '../test-support/rows.ts';
import type { Row } from '../test-support/rows.ts';

const arity = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
const only = 'only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this '
  + 'context';

export const pubsubRows: readonly Row[] = [
  row('PUBLISH to nobody', ['PUBLISH x m', ':0'], ['SPUBLISH x m', ':0']),
  row('publish and subscribe: arities', ['PUBLISH x', arity('publish')],
    ['PUBLISH x y z', arity('publish')], ['SPUBLISH x', arity('spublish')],
    ['SUBSCRIBE', arity('subscribe')], ['PSUBSCRIBE', arity('psubscribe')],
    ['SSUBSCRIBE', arity('ssubscribe')], ['PUBSUB', arity('pubsub')],
    ['PUBSUB NUMPAT x', arity('pubsub|numpat')]),
  row('SUBSCRIBE and UNSUBSCRIBE', ['SUBSCRIBE x', '["subscribe", "x", :1]',
    { resp3: '>["subscribe", "x", :1]' }],
  ['UNSUBSCRIBE x', '["unsubscribe", "x", :0]', { resp3: '>["unsubscribe", "x", :0]' }],
  ['GET k', 'nil']),
  row('UNSUBSCRIBE from nothing', ['UNSUBSCRIBE', '["unsubscribe", nil, :0]',
    { resp3: '>["unsubscribe", _, :0]' }], ['PUNSUBSCRIBE', '["punsubscribe", nil, :0]',
    { resp3: '>["punsubscribe", _, :0]' }], ['SUNSUBSCRIBE x', '["sunsubscribe", "x", :0]',
    { resp3: '>["sunsubscribe", "x", :0]' }]),
  row('listeners in RESP2 and RESP3', ['SUBSCRIBE x', '["subscribe", "x", :1]',
    { resp3: '>["subscribe", "x", :1]' }], ['GET k', `-ERR Can't execute 'get': ${only}`,
    { resp3: '_' }], ['PING', '["pong", ""]', { resp3: '+PONG' }],
  ['PING m', '["pong", "m"]', { resp3: '"m"' }], ['RESET', '+RESET'], ['GET k', 'nil',
    { resp3: 'nil' }]),
  row('PUBSUB with a listener', ['@2 SUBSCRIBE x', '["subscribe", "x", :1]',
    { resp3: '>["subscribe", "x", :1]' }], ['PUBSUB CHANNELS', '["x"]'],
  ['PUBSUB CHANNELS [xy]', '["x"]'], ['PUBSUB CHANNELS y', '[]'],
  ['PUBSUB NUMSUB x y', '["x", :1, "y", :0]'], ['PUBSUB NUMSUB', '[]'], ['PUBSUB NUMPAT', ':0'],
  ['PUBSUB SHARDCHANNELS', '[]'], ['PUBSUB SHARDNUMSUB x', '["x", :0]'],
  ['@2 RESET', '+RESET']),
  row('PUBSUB oddities', ['PUBSUB FOO', "-ERR unknown subcommand 'FOO'. Try PUBSUB HELP."],
    ['PUBSUB CHANNELS a b', '-ERR unknown subcommand or wrong number of arguments for '
      + "'CHANNELS'. Try PUBSUB HELP."]),
  differs('help-texts', 'PUBSUB HELP', ['PUBSUB HELP',
    /^\[\+PUBSUB <subcommand> .*\+ {4}Prints this help\.\]$/]),
];
