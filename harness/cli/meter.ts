// How far long work with bytes is: one line redrawn on a terminal, a line every few seconds
// elsewhere.

import { bytesText, durationText } from '../plan/units.ts';
import { mayStyle } from './context.ts';
import type { CliContext } from './context.ts';

const redrawMs = 100;
const lineEveryMs = 5000;
const eraseLine = '\r\u001b[2K';

/** Steps of one command, one after the other. */
export class Meter {
  readonly #context: CliContext;
  readonly #live: boolean;
  #step = '';
  #total: number | null = null;
  #done = 0;
  #startedMs = 0;
  #shownMs = 0;
  #lineShown = false;

  constructor(context: CliContext) {
    this.#context = context;
    this.#live = mayStyle(context, context.stderr);
  }

  /** A step begins; with null nobody knows how many bytes it has. */
  step(name: string, totalBytes: number | null): void {
    this.close();
    this.#step = name;
    this.#total = totalBytes;
    this.#done = 0;
    this.#startedMs = this.#context.monotonicMs();
    this.#shownMs = this.#live ? -Infinity : this.#startedMs;
    this.#draw();
  }

  /** So many more bytes are done. */
  bytes(count: number): void {
    this.#done += count;
    this.#draw();
  }

  /** A line that stays. */
  line(text: string): void {
    this.close();
    this.#context.stderr.write(`${text}\n`);
  }

  /** Takes the redrawn line away. */
  close(): void {
    if (this.#lineShown) this.#context.stderr.write(eraseLine);
    this.#lineShown = false;
  }

  #draw(): void {
    const nowMs = this.#context.monotonicMs();
    if (nowMs - this.#shownMs < (this.#live ? redrawMs : lineEveryMs)) return;
    this.#shownMs = nowMs;
    const text = this.#text(nowMs);
    this.#context.stderr.write(this.#live
      ? `${eraseLine}${text.slice(0, this.#context.stderr.columns() - 1)}` : `${text}\n`);
    this.#lineShown = this.#live;
  }

  #text(nowMs: number): string {
    const seconds = (nowMs - this.#startedMs) / 1000;
    const perSecond = seconds > 0 ? this.#done / seconds : 0;
    const rate = perSecond > 0 ? `, ${bytesText(perSecond)}/s` : '';
    if (this.#total === null) {
      return `${this.#step}${this.#done > 0 ? ` ${bytesText(this.#done)}${rate}` : ''}`;
    }
    const left = perSecond > 0 && this.#done < this.#total
      ? `, ${durationText((this.#total - this.#done) / perSecond * 1000)} left` : '';
    return `${this.#step} ${bytesText(this.#done)} of ${bytesText(this.#total)}${rate}${left}`;
  }
}
