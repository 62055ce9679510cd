// LATENCY: spikes by event, and how the times of commands are spread.
import { argumentLower, argumentText } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';
import { helpHandler } from '../../help.ts';
import type { LatencyEvent } from '../../monitor/latency-monitor.ts';
import { latencyGraph } from '../../monitor/latency-graph.ts';
import type { CommandRow, CommandSpec, SpecTable } from '../../spec.ts';

function latest(ctx: CommandContext): void {
  const { events } = ctx.monitor.latency;
  ctx.reply.array(events.size);
  for (const { name, samples, worstMs } of events.values()) {
    const last = samples.at(-1);
    ctx.reply.array(4);
    ctx.reply.bulkText(name);
    ctx.reply.integer(last?.atSec ?? 0);
    ctx.reply.integer(last?.latencyMs ?? 0);
    ctx.reply.integer(worstMs);
  }
}

function history(ctx: CommandContext): void {
  const samples = eventOf(ctx)?.samples ?? [];
  ctx.reply.array(samples.length);
  for (const { atSec, latencyMs } of samples) {
    ctx.reply.array(2);
    ctx.reply.integer(atSec);
    ctx.reply.integer(latencyMs);
  }
}

function eventOf(ctx: CommandContext): LatencyEvent | undefined {
  return ctx.monitor.latency.events.get(argumentText(ctx, 2));
}

function graph(ctx: CommandContext): void {
  const event = eventOf(ctx);
  if (event === undefined) {
    ctx.reply.error(`ERR No samples available for event '${argumentText(ctx, 2)}'`);
    return;
  }
  ctx.reply.verbatim('txt', latencyGraph(event, Math.floor(ctx.nowMs / 1000)));
}

function reset(ctx: CommandContext): void {
  const names = Array.from({ length: ctx.argc - 2 }, (_, i) => argumentText(ctx, i + 2));
  ctx.reply.integer(ctx.monitor.latency.reset(names));
}

function doctor(ctx: CommandContext): void {
  const { latency } = ctx.monitor;
  if (!latency.enabled && latency.events.size === 0) {
    ctx.reply.verbatim('txt', 'Nothing is watched: set latency-monitor-threshold to the '
      + 'milliseconds that count as a spike, e.g. CONFIG SET latency-monitor-threshold 10.\n');
    return;
  }
  if (latency.events.size === 0) {
    ctx.reply.verbatim('txt', `Nothing took ${latency.thresholdMs} ms or longer so far.\n`);
    return;
  }
  const lines = [...latency.events.values()].map((event) => eventReport(event));
  lines.push('SLOWLOG GET shows which commands were slow. Commands over many elements (KEYS, SORT, '
    + 'LRANGE 0 -1, HGETALL of large values) hold up everybody: take SCAN and ranges instead.');
  ctx.reply.verbatim('txt', `${lines.join('\n')}\n`);
}

function eventReport({ name, samples, worstMs }: LatencyEvent): string {
  const sum = samples.reduce((total, { latencyMs }) => total + latencyMs, 0);
  const mean = Math.round(sum / samples.length);
  const seconds = (samples.at(-1)?.atSec ?? 0) - (samples[0]?.atSec ?? 0);
  const every = samples.length > 1 ? `, one every ${(seconds / (samples.length - 1)).toFixed(1)} s`
    : '';
  return `${name}: ${samples.length} spikes, mean ${mean} ms, worst ${worstMs} ms${every}.`;
}

/** The commands asked for by name, containers with their subcommands; all without a name. */
function specsAsked(ctx: CommandContext, table: SpecTable): Set<CommandSpec> {
  const found = new Set<CommandSpec>();
  const add = (spec: CommandSpec): void => {
    found.add(spec);
    for (const sub of spec.subcommands?.specs ?? []) found.add(sub);
  };
  if (ctx.argc === 2) for (const spec of table.specs) add(spec);
  for (let i = 2; i < ctx.argc; i++) {
    const name = argumentLower(ctx, i);
    for (const spec of table.specs) {
      if (spec.row.name === name) add(spec);
      for (const sub of spec.subcommands?.specs ?? []) if (sub.fullName === name) found.add(sub);
    }
  }
  return found;
}

function histogram(ctx: CommandContext, table: SpecTable): void {
  const { reply, times } = ctx;
  const shown = [...specsAsked(ctx, table)].filter((spec) => times.histogram(spec) !== null);
  reply.map(shown.length);
  for (const spec of shown) {
    const bounds = times.histogram(spec)?.byPowerOfTwo() ?? [];
    reply.bulkText(spec.fullName);
    reply.map(2);
    reply.bulkText('calls');
    reply.integer(times.calls(spec));
    reply.bulkText('histogram_usec');
    reply.map(bounds.length);
    for (const [boundUs, count] of bounds) {
      reply.integer(boundUs);
      reply.integer(count);
    }
  }
}

/** The rows of LATENCY; HISTOGRAM asks for the registry when it runs. */
export function latencyRows(table: () => SpecTable): readonly CommandRow[] {
  const base = {
    flags: 'admin noscript loading stale', group: 'server', since: '2.8.13',
  } as const;
  const everywhere = ['nondeterministic_output', 'request_policy:all_nodes',
    'response_policy:special'];
  const subcommands: readonly CommandRow[] = [
    { ...base, name: 'doctor', arity: 2, complexity: 'O(1)', handler: doctor, tips: everywhere,
      summary: 'The spikes so far in words.' },
    { ...base, name: 'graph', arity: 3, complexity: 'O(1)', syntax: 'event', handler: graph,
      summary: 'The spikes of an event as a picture.', tips: everywhere },
    { ...base, name: 'history', arity: 3, complexity: 'O(1)', syntax: 'event', handler: history,
      summary: 'Times and milliseconds of the spikes of an event.', tips: everywhere },
    { ...base, name: 'latest', arity: 2, complexity: 'O(1)', handler: latest, tips: everywhere,
      summary: 'The last and the worst spike of each event.' },
    { ...base, name: 'reset', arity: -2, complexity: 'O(1)', syntax: '[event...]', handler: reset,
      summary: 'Forgets events.',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'] },
    { ...base, name: 'histogram', arity: -2, since: '7.0.0', syntax: '[command...]',
      complexity: 'O(N) with N commands', tips: everywhere,
      summary: 'How often each command stayed below which µs.',
      handler: (ctx) => histogram(ctx, table()) },
    { ...base, name: 'help', arity: 2, flags: 'loading stale', complexity: 'O(1)',
      summary: 'What LATENCY can do.', handler: helpHandler('LATENCY', () => subcommands) },
  ];
  return [{
    ...base, name: 'latency', arity: -2, flags: '', complexity: 'As the subcommand',
    summary: 'Where time was lost.', handler: null, subcommands,
  }];
}
