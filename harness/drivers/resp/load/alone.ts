// Lets an operation run alone: when its turn comes the clients are drained, it is sent by itself,
// and all go on when it is answered (FLUSHALL and SWAPDB of mix `full`). In a closed loop only.

import type { Connection } from './connection.ts';

/** Which operations run alone; the workload's encoder knows. */
export interface AloneRule {
  runsAlone(client: number, sequence: number): boolean;
}

/** Sends for idle connections, in a closed loop. */
export class TakingTurns {
  readonly #rule: AloneRule;
  readonly #connections: readonly Connection[];
  readonly #pipeline: number;
  #waiting: Connection | null = null;
  #isSent = false;

  constructor(rule: AloneRule, connections: readonly Connection[], pipeline: number) {
    this.#rule = rule;
    this.#connections = connections;
    this.#pipeline = pipeline;
  }

  /** A connection has nothing unanswered: it sends, or waits for the one that runs alone. */
  next(connection: Connection): void {
    if (this.#waiting === connection && this.#isSent) {
      this.#goOn();
      return;
    }
    if (this.#waiting === null && !this.#isNextAlone(connection, 0)) {
      let count = 1;
      while (count < this.#pipeline && !this.#isNextAlone(connection, count)) count++;
      connection.send(count, false);
      return;
    }
    this.#waiting ??= connection;
    if (this.#isSent || this.#connections.some((each) => each.isBusy)) return;
    this.#isSent = true;
    this.#waiting.sendAlone();
  }

  /** It will not send any more; the others go on. */
  lost(connection: Connection): void {
    if (this.#waiting === connection) this.#goOn();
  }

  #goOn(): void {
    this.#waiting = null;
    this.#isSent = false;
    for (const each of this.#connections) if (each.isOpen && !each.isBusy) this.next(each);
  }

  #isNextAlone(connection: Connection, after: number): boolean {
    return this.#rule.runsAlone(connection.client, connection.nextSequence + after);
  }
}
