// What the server notes about the commands it runs: counts, times, slow ones, spikes.
import type { CommandContext } from '../context.ts';
import { flag } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';
import { CommandTimes } from './command-times.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import { SlowLog } from './slow-log.ts';

/** Below this threshold of SLOWLOG quick commands matter too, and all are timed. */
const exactUs = 10000;

export class CommandMonitor {
  readonly times: CommandTimes = new CommandTimes();
  readonly slowLog: SlowLog = new SlowLog();
  readonly latency: LatencyMonitor = new LatencyMonitor();

  /** Takes over thresholds that CONFIG SET changed. */
  configure(settings: {
    readonly slowerThanUs: number;
    readonly slowLogLength: number;
    readonly latencyThresholdMs: number;
    readonly tracking: boolean;
  }): void {
    const { times, slowLog, latency } = this;
    slowLog.thresholdUs = settings.slowerThanUs;
    slowLog.setMaxLength(settings.slowLogLength);
    latency.thresholdMs = settings.latencyThresholdMs;
    if (times.tracking && !settings.tracking) times.forgetHistograms();
    times.tracking = settings.tracking;
    const exact = settings.slowerThanUs >= 0 && settings.slowerThanUs < exactUs;
    times.timeAll = exact || settings.latencyThresholdMs > 0;
  }

  /** A timed command has ended; its request is still in the context. */
  ended(ctx: CommandContext, spec: CommandSpec, durationUs: number): void {
    this.times.end(spec, durationUs);
    if ((spec.flags & flag.skip_slowlog) !== 0) return;
    this.slowLog.add(ctx, durationUs);
    if (!this.latency.enabled) return;
    const name = (spec.flags & flag.fast) === 0 ? 'command' : 'fast-command';
    this.latency.add(name, durationUs, ctx.nowMs);
  }
}
