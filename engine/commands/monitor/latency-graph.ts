// LATENCY GRAPH: one column a sample, four rows high, and below how long ago it was.
import type { LatencyEvent, LatencySample } from './latency-monitor.ts';

const columns = 80;
const rows = 4;
/** From low to high within one row; a full one below is `|`. */
const marks = '_o#';

/** The picture with its heading. */
export function latencyGraph(event: LatencyEvent, nowSec: number): string {
  const values = event.samples.map(({ latencyMs }) => latencyMs);
  const high = Math.max(...values);
  const low = Math.min(...values);
  const heading = `${event.name} - high ${high} ms, low ${low} ms (all time high `
    + `${event.worstMs} ms)\n${'-'.repeat(columns)}\n`;
  let text = '';
  for (let from = 0; from < event.samples.length; from += columns) {
    const part = event.samples.slice(from, from + columns);
    text += drawing(part, { low, high, nowSec });
  }
  return heading + text;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly nowSec: number;
}

function drawing(samples: readonly LatencySample[], { low, high, nowSec }: Scale): string {
  const range = high === low ? 1 : high - low;
  const most = rows * marks.length;
  const heights = samples.map(({ latencyMs }) =>
    Math.min(Math.floor(((latencyMs - low) * most) / range), most - 1));
  const labels = samples.map(({ atSec }) => ageLabel(Math.max(0, nowSec - atSec)));
  const lines = Array.from({ length: rows }, (_, row) => {
    const base = (rows - row - 1) * marks.length;
    return heights.map((height) => markOf(height - base)).join('');
  });
  const longest = Math.max(...labels.map(({ length }) => length));
  for (let i = 0; i < longest; i++) lines.push(labels.map((label) => label[i] ?? ' ').join(''));
  return lines.map((line) => `${line}\n`).join('');
}

function markOf(height: number): string {
  if (height < 0) return ' ';
  return marks[height] ?? '|';
}

function ageLabel(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`;
}
