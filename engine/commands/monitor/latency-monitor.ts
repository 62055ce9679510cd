// LATENCY: when parts of the server took longer than a threshold, as short histories by event.

/** Seconds that an event's history has room for. */
const historyLength = 160;

export interface LatencySample {
  readonly atSec: number;
  /** Of several in one second the worst. */
  latencyMs: number;
}

/** History of one event, oldest first. */
export interface LatencyEvent {
  readonly name: string;
  worstMs: number;
  readonly samples: LatencySample[];
}

export class LatencyMonitor {
  /** `latency-monitor-threshold` in ms; 0 = off. */
  thresholdMs = 0;
  readonly events: Map<string, LatencyEvent> = new Map();

  get enabled(): boolean {
    return this.thresholdMs > 0;
  }

  /** Keeps it if it took that long. */
  add(name: string, durationUs: number, nowMs: number): void {
    const latencyMs = Math.floor(durationUs / 1000);
    if (this.thresholdMs === 0 || latencyMs < this.thresholdMs) return;
    let event = this.events.get(name);
    if (event === undefined) {
      event = { name, worstMs: 0, samples: [] };
      this.events.set(name, event);
    }
    event.worstMs = Math.max(event.worstMs, latencyMs);
    const atSec = Math.floor(nowMs / 1000);
    const last = event.samples.at(-1);
    if (last !== undefined && last.atSec === atSec) {
      last.latencyMs = Math.max(last.latencyMs, latencyMs);
      return;
    }
    event.samples.push({ atSec, latencyMs });
    if (event.samples.length > historyLength) event.samples.shift();
  }

  /** Forgets these events, or all; returns how many there were. */
  reset(names: readonly string[]): number {
    const wanted = names.length === 0 ? [...this.events.keys()] : names;
    return wanted.filter((name) => this.events.delete(name)).length;
  }
}
