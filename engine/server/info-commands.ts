// INFO commandstats and latencystats: what was counted and timed of each command.

import type { CommandTimes } from '../commands/monitor/command-times.ts';
import { registry } from '../commands/registry.ts';

type Field = readonly [name: string, value: string | number];

const specs = registry.specs.flatMap((spec) => [spec, ...(spec.subcommands?.specs ?? [])]);

/** `cmdstat_get:calls=…`, for every command that was called or refused. */
export function commandFields(times: CommandTimes): readonly Field[] {
  return specs.flatMap((spec) => {
    const calls = times.calls(spec);
    const rejected = times.rejected[spec.index] as number;
    const failed = times.failed[spec.index] as number;
    if (calls === 0 && rejected === 0 && failed === 0) return [];
    const usedUs = times.usedUs(spec);
    const perCall = (calls === 0 ? 0 : usedUs / calls).toFixed(2);
    return [[`cmdstat_${spec.fullName}`, `calls=${calls},usec=${usedUs},usec_per_call=${perCall},`
      + `rejected_calls=${rejected},failed_calls=${failed}`] as const];
  });
}

/** `latency_percentiles_usec_get:p50=…`. */
export function latencyFields(
  times: CommandTimes, percentiles: readonly string[],
): readonly Field[] {
  return specs.flatMap((spec) => {
    const histogram = times.histogram(spec);
    if (histogram === null) return [];
    const shown = percentiles.map((text) =>
      `p${Number(text)}=${histogram.percentileUs(Number(text)).toFixed(3)}`);
    return [[`latency_percentiles_usec_${spec.fullName}`, shown.join(',')] as const];
  });
}
