// What a run shows while it goes: one line redrawn on a terminal, plain lines elsewhere.

import { countText, durationText, roundedText } from '../plan/units.ts';
import type { RunEvent, TrialName } from '../plan/events.ts';
import { sparkline } from './sparkline.ts';

/** Where progress goes and how. */
export interface ProgressOptions {
  /** Standard error. */
  readonly write: (text: string) => void;
  /** Redraw one line with escape codes; false writes whole lines only. */
  readonly live: boolean;
  /** Width of the terminal, asked for at each drawing. */
  readonly columns: () => number;
  /** Any clock that does not jump, ms. */
  readonly nowMs: () => number;
}

const redrawMs = 80;
const rateWindowMs = 300;
/** Rates of the sparkline: six seconds. */
const ratesKept = 20;
const eraseLine = '\r\u001b[2K';

/** Where a run is, for views beside the terminal. */
export interface RunStatus {
  readonly trialsDone: number;
  readonly trialsPlanned: number;
  /** Null before the first trial and after the last. */
  readonly leftMs: number | null;
  /** The trial that runs; null between two. */
  readonly trial: (TrialName & { readonly fault: string }) | null;
  readonly phase: string;
  /** Operations a second of this trial's load, every 0.3 s, latest last. */
  readonly rates: readonly number[];
}

/** Follows the events of one run. */
export class Progress {
  readonly #options: ProgressOptions;
  #startedMs = 0;
  #planned = { trials: 0, estimatedMs: 0 };
  #done = { trials: 0, estimatedMs: 0 };
  #trial: {
    name: TrialName; fault: string; startedMs: number; estimatedMs: number;
  } | null = null;
  #phase = '';
  #rates: number[] = [];
  #mark = { operations: 0, atMs: 0 };
  #drawnMs = Number.NEGATIVE_INFINITY;
  #lineShown = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Takes the next event of the run. */
  onEvent(event: RunEvent): void {
    switch (event.kind) {
      case 'run-started': return this.#runStarted(event);
      case 'trial-started': return this.#trialStarted(event);
      case 'phase': return this.#setPhase(event.phase);
      case 'load-progress': return this.#loadProgress(event);
      case 'finding': return this.#finding(event);
      case 'trial-finished': return this.#trialFinished(event);
      case 'run-finished': return this.close();
    }
  }

  /** Takes the redrawn line away; lines written before stay. */
  close(): void {
    if (this.#lineShown) this.#options.write(eraseLine);
    this.#lineShown = false;
  }

  /** Writes a line that stays, above the redrawn one. */
  line(text: string): void {
    this.close();
    this.#options.write(`${text}\n`);
  }

  #runStarted(event: RunEvent & { kind: 'run-started' }): void {
    this.#startedMs = this.#options.nowMs();
    this.#planned = { trials: event.trials, estimatedMs: event.estimatedMs };
    this.line(`run ${event.id}, seed ${event.seed}: ${countText(event.trials, 'trial')}, `
      + `about ${durationText(event.estimatedMs)}`);
  }

  #trialStarted(event: RunEvent & { kind: 'trial-started' }): void {
    const { trial, estimatedMs, fault } = event;
    this.#trial = { name: trial, fault, startedMs: this.#options.nowMs(), estimatedMs };
    this.#mark = { operations: 0, atMs: 0 };
    this.#rates = [];
    this.#setPhase('start');
  }

  #setPhase(phase: string): void {
    this.#phase = phase;
    this.#draw(true);
  }

  #loadProgress({ operations, atMs }: RunEvent & { kind: 'load-progress' }): void {
    const sinceMs = atMs - this.#mark.atMs;
    if (sinceMs < 0) this.#mark = { operations, atMs };
    if (sinceMs >= rateWindowMs || (this.#rates.length === 0 && sinceMs > 0)) {
      const rate = ((operations - this.#mark.operations) * 1000) / sinceMs;
      this.#rates = [...this.#rates, rate].slice(-ratesKept);
      this.#mark = { operations, atMs };
    }
    this.#draw(false);
  }

  #finding(event: RunEvent & { kind: 'finding' }): void {
    const word = event.breaks ? 'BROKEN PROMISE' : 'note';
    const { cell, index, seed } = event.trial;
    this.line(`${word} in ${cell} #${index + 1} (seed ${seed}): ${event.text}`);
    this.#draw(true);
  }

  #trialFinished(event: RunEvent & { kind: 'trial-finished' }): void {
    const { trial, verdict, summary, tookMs, estimatedMs } = event;
    this.#done = {
      trials: this.#done.trials + 1,
      estimatedMs: this.#done.estimatedMs + estimatedMs,
    };
    this.#trial = null;
    const text = `${this.#counter()} ${trial.cell} #${trial.index + 1}: ${verdict}`
      + `${summary === '' ? '' : `, ${summary}`} (${durationText(tookMs)}${this.#leftText(', ')})`;
    if (!this.#options.live) this.line(text);
    else if (verdict !== 'pass') this.line(text);
    else this.#draw(true);
  }

  #draw(always: boolean): void {
    const { live, nowMs, columns, write } = this.#options;
    if (!live || (!always && nowMs() - this.#drawnMs < redrawMs)) return;
    this.#drawnMs = nowMs();
    write(eraseLine + cut(this.#statusText(), columns() - 1));
    this.#lineShown = true;
  }

  #statusText(): string {
    const parts = [this.#counter()];
    if (this.#trial !== null) {
      const { name, fault } = this.#trial;
      parts.push(`${name.cell} #${name.index + 1}`, this.#phase);
      const rate = this.#rates.at(-1);
      if (rate !== undefined && this.#hasLoad()) {
        parts.push(`${sparkline(this.#rates)} ${roundedText(rate)} operations/s`);
      }
      parts.push(fault);
    }
    // Time left comes second, so that a narrow terminal cuts off what matters least.
    const left = this.#leftText('');
    if (left !== '') parts.splice(1, 0, left);
    return parts.join(' · ');
  }

  /** Before and after the load there is no rate to show. */
  #hasLoad(): boolean {
    return this.#phase === 'warm-up' || this.#phase === 'load';
  }

  /** Where the run is now. */
  status(): RunStatus {
    return {
      trialsDone: this.#done.trials, trialsPlanned: this.#planned.trials, leftMs: this.#leftMs(),
      trial: this.#trial === null ? null : { ...this.#trial.name, fault: this.#trial.fault },
      phase: this.#phase, rates: this.#rates,
    };
  }

  #counter(): string {
    return `${this.#done.trials}/${this.#planned.trials}`;
  }

  #leftText(before: string): string {
    const leftMs = this.#leftMs();
    return leftMs === null ? '' : `${before}${durationText(roundUp(leftMs))} left`;
  }

  /** What the estimates say of the rest, corrected by how the finished trials compared. */
  #leftMs(): number | null {
    const { trials, estimatedMs } = this.#done;
    if (trials >= this.#planned.trials) return null;
    const now = this.#options.nowMs();
    const running = this.#trial === null ? 0 : now - this.#trial.startedMs;
    const tookMs = now - this.#startedMs - running;
    const factor = estimatedMs === 0 ? 1 : Math.min(3, Math.max(0.3, tookMs / estimatedMs));
    const rest = (this.#planned.estimatedMs - estimatedMs) * factor;
    return Math.max(0, rest - running);
  }
}

function roundUp(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}

/** Cuts to the width of the terminal: a wrapped line could not be redrawn. */
function cut(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}
