// Draws the courses of trials once the page is open. It is carried by the page as text, so it uses
// nothing from outside itself but the drawing library, which the page carries as well.
/// <reference lib="dom" />

import type uPlot from 'uplot';

/** One trial as `timelineData` writes it: seconds, operations a second, ms. */
export interface TimelineData {
  readonly seconds: readonly number[];
  readonly rate: readonly number[];
  readonly p50Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
  readonly spans: readonly { readonly kind: string; readonly from: number; readonly to: number }[];
}

/** The two charts: of one trial, and of all crashes laid over one another. */
export interface TimelineCharts {
  one(place: HTMLElement, data: TimelineData): uPlot;
  overlay(place: HTMLElement, all: readonly TimelineData[]): uPlot;
  sizeOf(place: HTMLElement): { width: number; height: number };
}

/** Makes the charts with the colours that the page has now. */
export function timelineCharts(Plot: typeof uPlot): TimelineCharts {
  const colour = (name: string): string => (
    getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  const shade = (spans: TimelineData['spans']) => (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    const colours: Record<string, string> = {
      crash: colour('--fail'), snapshot: colour('--c4'), rewrite: colour('--c5'),
    };
    ctx.save();
    ctx.globalAlpha = 0.22;
    for (const { kind, from, to } of spans) {
      const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
      ctx.fillStyle = colours[kind] ?? colour('--edge');
      ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
    }
    ctx.restore();
  };
  const axis = (more: uPlot.Axis): uPlot.Axis => ({
    stroke: colour('--soft'), grid: { stroke: colour('--grid'), width: 1 },
    ticks: { stroke: colour('--grid'), width: 1 }, ...more,
  });
  const sizeOf: TimelineCharts['sizeOf'] = (place) => (
    { width: Math.max(280, place.clientWidth), height: 280 });
  const one: TimelineCharts['one'] = (place, data) => new Plot({
    ...sizeOf(place),
    scales: { x: { time: false }, ms: { distr: 3 } },
    axes: [axis({ label: 's from the start of the load' }),
      axis({ label: 'operations a second', size: 70 }),
      axis({ scale: 'ms', side: 1, label: 'reply time, ms', grid: { show: false }, size: 60 })],
    series: [{ label: 's' },
      { label: 'operations a second', stroke: colour('--c3'), width: 2 },
      { label: 'p50, ms', scale: 'ms', stroke: colour('--c4'), width: 1.5, dash: [6, 3] },
      { label: 'p99, ms', scale: 'ms', stroke: colour('--c1'), width: 1.5, dash: [2, 3] }],
    hooks: { drawClear: [shade(data.spans)] },
  }, [data.seconds, data.rate, data.p50Ms, data.p99Ms].map((each) => (
    [...each])) as uPlot.AlignedData, place);
  const overlay: TimelineCharts['overlay'] = (place, all) => {
    const crashed = all.flatMap((data) => {
      const crash = data.spans.find(({ kind }) => kind === 'crash');
      return crash === undefined ? [] : [new Map(data.seconds.map((at, index) => (
        [Math.round((at - crash.from) * 10) / 10, data.rate[index] ?? 0] as const)))];
    });
    const times = [...new Set(crashed.flatMap((points) => [...points.keys()]))]
      .sort((first, second) => first - second);
    return new Plot({
      ...sizeOf(place),
      scales: { x: { time: false } },
      legend: { show: crashed.length <= 8 }, // more of them cannot be told apart
      axes: [axis({ label: 's from the crash' }), axis({ label: 'operations a second', size: 70 })],
      series: [{ label: 's' }, ...crashed.map((_, at): uPlot.Series => ({
        label: `trial ${at + 1}`, stroke: colour(`--c${at % 8}`), width: 1.5, spanGaps: true,
        dash: at % 2 === 0 ? [] : [5, 3],
      }))],
      hooks: { drawClear: [shade([{ kind: 'crash', from: 0, to: 0 }])] },
    }, [times, ...crashed.map((points) => (
      times.map((at) => points.get(at) ?? null)))] as uPlot.AlignedData, place);
  };
  return { one, overlay, sizeOf };
}

/** Fills every place of the page that waits for a time series, again when the colours change. */
export function drawTimelines({ one, overlay, sizeOf }: TimelineCharts): void {
  const text = document.querySelector('#series')?.textContent ?? '[]';
  const all = JSON.parse(text) as readonly TimelineData[];
  for (const place of document.querySelectorAll<HTMLElement>('.timeline')) {
    const data = all[Number(place.dataset['series'])];
    const draw = (): uPlot | null => {
      if (place.dataset['overlay'] === 'yes') return overlay(place, all);
      return data === undefined ? null : one(place, data);
    };
    let plot = draw();
    new ResizeObserver(() => plot?.setSize(sizeOf(place))).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      plot?.destroy();
      plot = draw();
    });
  }
}
