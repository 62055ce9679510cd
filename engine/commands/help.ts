// HELP of the commands with subcommands, made from the registry itself.
import { replyErrorBytes } from './arguments.ts';
import type { CommandContext } from './context.ts';
import type { CommandHandler, CommandRow } from './spec.ts';

/** The error for a subcommand with arguments that it does not take. */
export function wrongSubcommand(ctx: CommandContext, container: string): void {
  const given = ctx.buffer.toString('latin1', ctx.argStart[1], ctx.argEnd[1]).slice(0, 128);
  replyErrorBytes(ctx, `ERR unknown subcommand or wrong number of arguments for '${given}'. `
    + `Try ${container} HELP.`);
}

/** A handler that lists the subcommands with their arguments and summaries. */
export function helpHandler(name: string, rows: () => readonly CommandRow[]): CommandHandler {
  return (ctx) => replyHelp(ctx, name, rows());
}

/** Writes the lines of a HELP reply. */
export function replyHelp(ctx: CommandContext, name: string, rows: readonly CommandRow[]): void {
  const lines = [`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  const sorted = rows.filter((row) => row.name !== 'help');
  for (const row of sorted) {
    lines.push([row.name.toUpperCase(), row.syntax ?? ''].join(' ').trimEnd());
    lines.push(`    ${row.summary}`);
  }
  lines.push('HELP', '    Prints this help.');
  ctx.reply.array(lines.length);
  for (const line of lines) ctx.reply.simple(line);
}
