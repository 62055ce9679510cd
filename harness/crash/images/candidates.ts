// Which instants are booted. A candidate is every point between two storage calls; all of them when
// they are few, else a seeded sample that gives each dangerous window its turn.

import type { OpLog } from '../../../engine/io/op-log.ts';
import { countUpTo } from '../crash-tree.ts';
import type { CrashWindow, Span, WindowName } from './windows.ts';

/** Draws a whole number, bounds included; seeded by the caller. */
export type Draw = (from: number, to: number) => number;

/** An instant to be booted, and the rarest window it lies in. */
export interface Candidate {
  readonly atNs: number;
  readonly window: WindowName;
}

/** How many candidates a window has. */
export interface WindowCount {
  readonly window: WindowName;
  readonly candidates: number;
}

/** The candidates of one run. */
export class Candidates {
  /** Beginnings and ends of storage calls: between two of them nothing changes. */
  readonly #atNs: readonly number[];
  readonly #windows: readonly CrashWindow[];

  constructor(log: OpLog, windows: readonly CrashWindow[], within: Span) {
    const times = log.records.flatMap(({ beginNs, endNs }) => [beginNs, endNs]);
    const inside = times.filter((atNs) => atNs > within.fromNs && atNs < within.toNs);
    this.#atNs = [...new Set(inside)].sort((a, b) => a - b);
    this.#windows = windows;
  }

  get count(): number {
    return this.#atNs.length;
  }

  /** Candidates of each window; one that lies in several counts in each. */
  perWindow(): WindowCount[] {
    return this.#windows.map(({ name, spans }) => ({
      window: name, candidates: spans.reduce((sum, span) => sum + this.#inside(span).length, 0),
    }));
  }

  /** `count` of them in ascending order: all if there are no more, else each window in turn. */
  sample(count: number, draw: Draw): Candidate[] {
    if (this.count <= count) return this.#atNs.map((atNs) => this.named(atNs));
    const taken = new Map<number, Candidate>();
    const open = this.#windows.filter(({ spans }) => (
      spans.some((span) => this.#inside(span).length > 0)));
    for (let turn = 0; taken.size < count && turn < 4 * count; turn++) {
      const window = open[turn % open.length];
      if (window === undefined) break;
      const inside = this.#inside(pick(window.spans, draw));
      if (inside.length === 0) continue;
      const atNs = pick(inside, draw);
      taken.set(atNs, this.named(atNs));
    }
    return [...taken.values()].sort((a, b) => a.atNs - b.atNs);
  }

  /** The rarest window that an instant lies in: they are listed rarest first. */
  named(atNs: number): Candidate {
    const window = this.#windows.find(({ spans }) => (
      spans.some(({ fromNs, toNs }) => fromNs <= atNs && atNs < toNs)));
    return { atNs, window: window?.name ?? 'between syncs' };
  }

  #inside({ fromNs, toNs }: Span): readonly number[] {
    const from = countUpTo(this.#atNs, fromNs - 0.5);
    return this.#atNs.slice(from, countUpTo(this.#atNs, toNs - 0.5));
  }
}

function pick<T>(items: readonly T[], draw: Draw): T {
  return items[draw(0, items.length - 1)] as T;
}
