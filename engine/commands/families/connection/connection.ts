// The connection itself: which protocol, which database, is anybody there.
import {
  argumentLower, argumentText, indexArgument, replyErrorBytes, syntaxError,
} from '../../arguments.ts';
import { plainArgument, setClientName } from '../../client-lines.ts';
import { redisVersion } from '../../context.ts';
import type { CommandContext } from '../../context.ts';
import type { Protocol } from '../../session.ts';
import type { CommandRow } from '../../spec.ts';

const int32Limit = 2 ** 31;
const helloNeedsPassword = 'NOAUTH HELLO must be called with the client already authenticated, '
  + 'otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and '
  + 'select the RESP protocol version at the same time';

function ping(ctx: CommandContext): void {
  if (ctx.session.subscriptions !== null && ctx.session.protocol === 2) pingListener(ctx);
  else if (ctx.argc === 1) ctx.reply.pong();
  else if (ctx.argc === 2) echo(ctx);
  else ctx.reply.error("ERR wrong number of arguments for 'ping' command");
}

/** In RESP2 a listener takes everything for a message, so the answer looks like one. */
function pingListener(ctx: CommandContext): void {
  ctx.reply.array(2);
  ctx.reply.bulkText('pong');
  if (ctx.argc > 1) echo(ctx);
  else ctx.reply.bulkText('');
}

function echo(ctx: CommandContext): void {
  ctx.reply.bulk(ctx.buffer, ctx.argStart[1] as number, ctx.argEnd[1] as number);
}

function quit(ctx: CommandContext): void {
  ctx.session.closeAfterReply = true;
  ctx.reply.ok();
}

function select(ctx: CommandContext): void {
  const index = indexArgument(ctx, 1);
  if (Number.isNaN(index)) return;
  if (index < -int32Limit || index >= int32Limit) {
    ctx.reply.error('ERR value is out of range, value must between -2147483648 and 2147483647');
    return;
  }
  const database = ctx.keyspace.databases[index];
  if (database === undefined) {
    ctx.reply.error('ERR DB index is out of range');
    return;
  }
  ctx.session.databaseIndex = index;
  ctx.database = database;
  ctx.reply.ok();
}

function reset(ctx: CommandContext): void {
  const { session } = ctx;
  session.endMulti();
  ctx.watches.unwatchAll(session);
  ctx.channels.forget(session);
  ctx.feed.forget(session);
  session.name = '';
  session.databaseIndex = 0;
  session.replyMode = 'on';
  session.noTouch = false;
  session.authenticated = !ctx.server.access.required;
  setProtocol(ctx, 2);
  ctx.reply.simple('RESET');
}

function setProtocol(ctx: CommandContext, protocol: Protocol): void {
  ctx.session.protocol = protocol;
  ctx.reply.protocol = protocol;
}

/** There is one user, `default`; the password is argument `index`. */
function authenticate(ctx: CommandContext, user: string, index: number): boolean {
  const { access } = ctx.server;
  const password = ctx.buffer.subarray(ctx.argStart[index], ctx.argEnd[index]);
  if (user === 'default' && (!access.required || access.accepts(password))) {
    ctx.session.authenticated = true;
    return true;
  }
  ctx.reply.error('WRONGPASS invalid username-password pair or user is disabled.');
  return false;
}

function auth(ctx: CommandContext): void {
  if (ctx.argc > 3) ctx.reply.error(syntaxError);
  else if (ctx.argc === 2 && !ctx.server.access.required) {
    ctx.reply.error('ERR AUTH <password> called without any password configured for the default '
      + 'user. Are you sure your configuration is correct?');
  } else {
    const user = ctx.argc === 2 ? 'default' : argumentText(ctx, 1);
    if (authenticate(ctx, user, ctx.argc - 1)) ctx.reply.ok();
  }
}

function hello(ctx: CommandContext): void {
  let protocol: Protocol = ctx.session.protocol;
  if (ctx.argc > 1) {
    const wanted = ctx.buffer.toString('latin1', ctx.argStart[1], ctx.argEnd[1]);
    if (!/^(?:0|-?[1-9]\d{0,17})$/.test(wanted)) {
      ctx.reply.error('ERR Protocol version is not an integer or out of range');
      return;
    }
    if (wanted !== '2' && wanted !== '3') {
      ctx.reply.error('NOPROTO unsupported protocol version');
      return;
    }
    protocol = wanted === '2' ? 2 : 3;
  }
  if (!helloOptions(ctx)) return;
  setProtocol(ctx, protocol);
  replyHello(ctx);
}

function helloOptions(ctx: CommandContext): boolean {
  let user = -1;
  let name = -1;
  for (let i = 2; i < ctx.argc; i++) {
    const option = argumentLower(ctx, i);
    const left = ctx.argc - 1 - i;
    if (option === 'auth' && left >= 2) {
      user = i + 1;
      i += 2;
    } else if (option === 'setname' && left >= 1) {
      name = ++i;
      if (plainArgument(ctx, name, 'Client names') === null) return false;
    } else {
      const given = ctx.buffer.toString('latin1', ctx.argStart[i], ctx.argEnd[i]);
      replyErrorBytes(ctx, `ERR Syntax error in HELLO option '${given}'`);
      return false;
    }
  }
  if (user > 0 && !authenticate(ctx, argumentText(ctx, user), user + 1)) return false;
  if (ctx.server.access.required && !ctx.session.authenticated) {
    ctx.reply.error(helloNeedsPassword);
    return false;
  }
  return name < 0 || setClientName(ctx, name);
}

function replyHello(ctx: CommandContext): void {
  const { reply, session } = ctx;
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(redisVersion);
  reply.bulkText('proto');
  reply.integer(session.protocol);
  reply.bulkText('id');
  reply.integer(session.id);
  reply.bulkText('mode');
  reply.bulkText('standalone');
  reply.bulkText('role');
  reply.bulkText('master');
  reply.bulkText('modules');
  reply.array(0);
}

const always = 'noscript loading stale fast no_auth allow_busy';

export const connectionRows: readonly CommandRow[] = [
  {
    name: 'ping', arity: -1, flags: 'fast', group: 'connection', since: '1.0.0',
    summary: 'Answers PONG, or what it was given.', complexity: 'O(1)', syntax: '[message]',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'], handler: ping,
  },
  {
    name: 'echo', arity: 2, flags: 'loading stale fast', group: 'connection', since: '1.0.0',
    summary: 'Answers what it was given.', complexity: 'O(1)', syntax: 'message', handler: echo,
  },
  {
    name: 'quit', arity: -1, flags: always, group: 'connection', since: '1.0.0',
    summary: 'Closes the connection.', complexity: 'O(1)', handler: quit,
  },
  {
    name: 'select', arity: 2, flags: 'loading stale fast', group: 'connection', since: '1.0.0',
    summary: 'Chooses the database of this connection.', complexity: 'O(1)', syntax: 'index',
    handler: select,
  },
  {
    name: 'reset', arity: 1, flags: always, group: 'connection', since: '6.2.0',
    summary: 'Brings the connection back to how it began.', complexity: 'O(1)', handler: reset,
  },
  {
    name: 'auth', arity: -2, flags: always, group: 'connection', since: '1.0.0',
    summary: 'Authenticates the connection.', complexity: 'O(1)', syntax: '[username] password',
    handler: auth,
  },
  {
    name: 'hello', arity: -1, flags: always, group: 'connection', since: '6.0.0',
    summary: 'Chooses the protocol and tells who the server is.', complexity: 'O(1)',
    syntax: '[protover [AUTH {username password}] [SETNAME clientname]]', handler: hello,
  },
];
