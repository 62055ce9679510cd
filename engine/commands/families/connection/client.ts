// CLIENT: who is connected, under which name, and how they want their replies.
import {
  argumentLower, argumentText, int64Argument, notAnInteger, syntaxError,
} from '../../arguments.ts';
import { clientLine, plainArgument, setClientName } from '../../client-lines.ts';
import type { CommandContext } from '../../context.ts';
import { helpHandler, wrongSubcommand } from '../../help.ts';
import type { Session } from '../../session.ts';
import type { CommandHandler, CommandRow } from '../../spec.ts';

/** Kinds of clients; ours are normal, or pubsub while they listen. */
const clientTypes = new Set(['normal', 'master', 'slave', 'replica', 'pubsub']);

type SessionTest = (session: Session) => boolean;

function setname(ctx: CommandContext): void {
  if (setClientName(ctx, 2)) ctx.reply.ok();
}

function getname(ctx: CommandContext): void {
  if (ctx.session.name === '') ctx.reply.nil();
  else ctx.reply.bulkText(ctx.session.name);
}

function setinfo(ctx: CommandContext): void {
  const attribute = argumentLower(ctx, 2);
  if (attribute !== 'lib-name' && attribute !== 'lib-ver') {
    ctx.reply.error(`ERR Unrecognized option '${argumentText(ctx, 2)}'`);
    return;
  }
  const value = plainArgument(ctx, 3, attribute);
  if (value === null) return;
  if (attribute === 'lib-name') ctx.session.libraryName = value;
  else ctx.session.libraryVersion = value;
  ctx.reply.ok();
}

function info(ctx: CommandContext): void {
  ctx.reply.verbatim('txt', `${clientLine(ctx, ctx.session)}\n`);
}

function list(ctx: CommandContext): void {
  const wanted = listFilter(ctx);
  if (wanted === null) return;
  let text = '';
  for (const session of ctx.server.sessions()) {
    if (wanted(session)) text += `${clientLine(ctx, session)}\n`;
  }
  ctx.reply.verbatim('txt', text);
}

function listFilter(ctx: CommandContext): SessionTest | null {
  if (ctx.argc === 2) return () => true;
  const option = argumentLower(ctx, 2);
  if (option === 'type' && ctx.argc === 4) return typeFilter(ctx, 3);
  if (option !== 'id' || ctx.argc < 4) return refuse(ctx, syntaxError);
  const ids = new Set<number>();
  for (let i = 3; i < ctx.argc; i++) {
    const id = int64Argument(ctx, i);
    if (id === null) return refuse(ctx, 'ERR Invalid client ID');
    ids.add(Number(id));
  }
  return (session) => ids.has(session.id);
}

function typeFilter(ctx: CommandContext, index: number): SessionTest | null {
  const type = argumentLower(ctx, index);
  if (!clientTypes.has(type)) {
    return refuse(ctx, `ERR Unknown client type '${argumentText(ctx, index)}'`);
  }
  return ({ subscriptions }) => type === (subscriptions === null ? 'normal' : 'pubsub');
}

function refuse(ctx: CommandContext, error: string): null {
  ctx.reply.error(error);
  return null;
}

function kill(ctx: CommandContext): void {
  if (ctx.argc === 3) {
    killAddress(ctx);
    return;
  }
  const tests: SessionTest[] = [];
  let skipSelf = true;
  if (ctx.argc % 2 !== 0) {
    ctx.reply.error(syntaxError);
    return;
  }
  for (let i = 2; i < ctx.argc; i += 2) {
    if (argumentLower(ctx, i) === 'skipme') {
      const answer = argumentLower(ctx, i + 1);
      if (answer !== 'yes' && answer !== 'no') {
        ctx.reply.error(syntaxError);
        return;
      }
      skipSelf = answer === 'yes';
      continue;
    }
    const test = killFilter(ctx, i);
    if (test === null) return;
    tests.push(test);
  }
  const victims = [...ctx.server.sessions()].filter((session) =>
    tests.every((test) => test(session)) && !(skipSelf && session === ctx.session));
  for (const session of victims) close(ctx, session);
  ctx.reply.integer(victims.length);
}

function killFilter(ctx: CommandContext, index: number): SessionTest | null {
  const value = argumentText(ctx, index + 1);
  switch (argumentLower(ctx, index)) {
    case 'id': {
      const id = int64Argument(ctx, index + 1);
      if (id === null || id < 1n) return refuse(ctx, 'ERR client-id should be greater than 0');
      return (session) => session.id === Number(id);
    }
    case 'type': return typeFilter(ctx, index + 1);
    case 'addr': return (session) => session.address === value;
    case 'laddr': return (session) => session.localAddress === value;
    case 'user':
      return value === 'default' ? () => true : refuse(ctx, `ERR No such user '${value}'`);
    default: return refuse(ctx, syntaxError);
  }
}

function killAddress(ctx: CommandContext): void {
  const address = argumentText(ctx, 2);
  for (const session of ctx.server.sessions()) {
    if (session.address !== address) continue;
    close(ctx, session);
    ctx.reply.ok();
    return;
  }
  ctx.reply.error('ERR No such client');
}

/** The caller still gets the answer before its own connection goes. */
function close(ctx: CommandContext, session: Session): void {
  if (session === ctx.session) session.closeAfterReply = true;
  else ctx.server.close(session);
}

function reply(ctx: CommandContext): void {
  switch (argumentLower(ctx, 2)) {
    case 'on':
      ctx.session.replyMode = 'on';
      ctx.reply.ok();
      return;
    case 'off':
      ctx.session.replyMode = 'off';
      return;
    case 'skip':
      if (ctx.session.replyMode !== 'off') ctx.session.replyMode = 'skipNext';
      return;
    default:
      ctx.reply.error(syntaxError);
  }
}

/** ON or OFF, or null after writing the error. */
function onOrOff(ctx: CommandContext): boolean | null {
  const value = argumentLower(ctx, 2);
  if (value === 'on') return true;
  return value === 'off' ? false : refuse(ctx, syntaxError);
}

function noEvict(ctx: CommandContext): void {
  const value = onOrOff(ctx);
  if (value === null) return;
  ctx.session.noEvict = value;
  ctx.reply.ok();
}

function noTouch(ctx: CommandContext): void {
  const value = onOrOff(ctx);
  if (value === null) return;
  ctx.session.noTouch = value;
  ctx.reply.ok();
}

function unblock(ctx: CommandContext): void {
  const reason = ctx.argc > 3 ? argumentLower(ctx, 3) : 'timeout';
  if (ctx.argc > 4) {
    wrongSubcommand(ctx, 'CLIENT');
  } else if (reason !== 'timeout' && reason !== 'error') {
    ctx.reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  } else if (int64Argument(ctx, 2) === null) ctx.reply.error(notAnInteger);
  else ctx.reply.integer(unblockSession(ctx, Number(int64Argument(ctx, 2)), reason) ? 1 : 0);
}

function unblockSession(ctx: CommandContext, id: number, reason: string): boolean {
  for (const session of ctx.server.sessions()) {
    if (session.id === id) return ctx.blocking.unblock(ctx, session, reason === 'error');
  }
  return false;
}

function tracking(ctx: CommandContext): void {
  const mode = argumentLower(ctx, 2);
  if (mode === 'off' && ctx.argc === 3) ctx.reply.ok();
  else if (mode !== 'on') ctx.reply.error(syntaxError);
  else ctx.reply.error('ERR CLIENT TRACKING is not part of this engine');
}

/** Nothing is tracked; as Redis says it then. */
function trackinginfo({ reply }: CommandContext): void {
  reply.map(3);
  reply.bulkText('flags');
  reply.set(1);
  reply.bulkText('off');
  reply.bulkText('redirect');
  reply.integer(-1);
  reply.bulkText('prefixes');
  reply.array(0);
}

const cachingNeedsTracking = 'ERR CLIENT CACHING can be called only when the client is in tracking '
  + 'mode with OPTIN or OPTOUT mode enabled';

function pause(ctx: CommandContext): void {
  const mode = ctx.argc > 3 ? argumentLower(ctx, 3) : 'all';
  if (ctx.argc > 4) {
    wrongSubcommand(ctx, 'CLIENT');
    return;
  }
  if (mode !== 'all' && mode !== 'write') {
    ctx.reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL');
    return;
  }
  const milliseconds = int64Argument(ctx, 2);
  if (milliseconds === null) ctx.reply.error('ERR timeout is not an integer or out of range');
  else if (milliseconds < 0n) ctx.reply.error('ERR timeout is negative');
  else {
    ctx.server.pauseClients(ctx.nowMs + Number(milliseconds), mode === 'write');
    ctx.reply.ok();
  }
}

function unpause(ctx: CommandContext): void {
  ctx.server.unpauseClients();
  ctx.reply.ok();
}

const open = 'noscript loading stale';
const admin = 'admin noscript loading stale';

interface Details {
  readonly flags?: string;
  readonly syntax?: string;
  readonly since: string;
  readonly summary: string;
  readonly tips?: readonly string[];
}

function row(name: string, arity: number, details: Details, handler: CommandHandler): CommandRow {
  return { name, arity, flags: open, group: 'connection', complexity: 'O(1)', handler, ...details };
}

const killSyntax = '(ip:port | [ID client-id] [TYPE (NORMAL | MASTER | REPLICA | PUBSUB)] '
  + '[USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME yes/no])';

const subcommands: readonly CommandRow[] = [
  row('id', 2, { since: '5.0.0', summary: 'The number of this connection.' },
    (ctx) => ctx.reply.integer(ctx.session.id)),
  row('info', 2, { since: '6.2.0', summary: 'This connection as CLIENT LIST shows it.',
    tips: ['nondeterministic_output'] }, info),
  row('list', -2, { since: '2.4.0', summary: 'All connections, one a line.', flags: admin,
    syntax: '[TYPE (NORMAL | MASTER | REPLICA | PUBSUB)] [ID {client-id...}]',
    tips: ['nondeterministic_output'] }, list),
  row('setname', 3, { since: '2.6.9', summary: 'Names this connection.',
    syntax: 'connection-name' }, setname),
  row('getname', 2, { since: '2.6.9', summary: 'The name of this connection.' }, getname),
  row('setinfo', 4, { since: '7.2.0', summary: 'Tells which client library this is.',
    syntax: '(LIB-NAME libname | LIB-VER libver)' }, setinfo),
  row('kill', -3, { since: '2.4.0', summary: 'Closes connections.', flags: admin,
    syntax: killSyntax }, kill),
  row('reply', 3, { since: '3.2.0', summary: 'Whether this connection wants replies.',
    syntax: '(ON | OFF | SKIP)' }, reply),
  row('no-evict', 3, { since: '7.0.0', summary: 'Spares this connection when memory is short.',
    flags: admin, syntax: '(ON | OFF)' }, noEvict),
  row('no-touch', 3, { since: '7.2.0', summary: 'Keeps reads from marking keys as used.',
    syntax: '(ON | OFF)' }, noTouch),
  row('unblock', -3, { since: '5.0.0', summary: 'Ends the waiting of a blocked connection.',
    flags: admin, syntax: 'client-id [TIMEOUT | ERROR]' }, unblock),
  row('getredir', 2, { since: '6.0.0', summary: 'Where tracking messages go: nowhere, -1.' },
    (ctx) => ctx.reply.integer(-1)),
  row('tracking', -3, { since: '6.0.0', summary: 'Client-side caching; not part of this engine.',
    syntax: '(ON | OFF)' }, tracking),
  row('trackinginfo', 2, { since: '6.2.0', summary: 'What is tracked: nothing.' }, trackinginfo),
  row('caching', 3, { since: '6.0.0', summary: 'For tracking; not part of this engine.',
    syntax: '(YES | NO)' }, (ctx) => ctx.reply.error(cachingNeedsTracking)),
  row('pause', -3, { since: '2.9.50', summary: 'Lets requests wait for so many milliseconds.',
    flags: admin, syntax: 'timeout [WRITE | ALL]' }, pause),
  row('unpause', 2, { since: '6.2.0', summary: 'Ends the pause.', flags: admin }, unpause),
  row('help', 2, { since: '5.0.0', summary: 'What CLIENT can do.', flags: 'loading stale' },
    helpHandler('CLIENT', () => subcommands)),
];

export const clientRows: readonly CommandRow[] = [{
  name: 'client', arity: -2, flags: '', group: 'connection', since: '2.4.0',
  summary: 'Connections and how they are served.', complexity: 'As the subcommand',
  handler: null, subcommands,
}];
