// Recovery in phases, as a client sees it: spawned, listening, first read answered, first write
// answered. Polls every millisecond, so no phase is known more exactly than that.

import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../../errors.ts';
import { monotonicNs } from '../../metrics/monotonic.ts';
import type { RunningTarget, StartOptions, Target } from '../../targets/target.ts';
import { describeExit, quoteLog } from '../../targets/server-process.ts';
import { startListening } from '../../targets/targets.ts';
import { RespClient } from './client.ts';
import { ReplyError } from './codec.ts';
import type { Argument } from './codec.ts';

/** The one key that a probe writes; it is removed again and no workload uses its name. */
export const probeKey: string = 'plugpull:probe';

/** When each phase ended, CLOCK_MONOTONIC ns. */
export interface RecoveryTimes {
  readonly spawnedNs: number;
  readonly listeningNs: number;
  /** First read that was answered by data and not by -LOADING or another error. */
  readonly firstReadNs: number;
  readonly firstWriteNs: number;
}

/** How a recovery is watched. */
export interface ProbeOptions {
  /** Longest time from now to the first answered write. */
  readonly timeoutMs: number;
  /** When it was listening, if `waitListening` was asked already. */
  readonly listeningNs?: number;
}

const pollMs = 1;
const lastWordsLines = 20;

/**
 * Watches a target that was just started until it takes writes again.
 * @throws {HarnessError} TARGET_FAILED when it dies or does not get there in time, with its words.
 */
export async function probeRecovery(
  running: RunningTarget,
  options: ProbeOptions,
): Promise<RecoveryTimes> {
  const deadlineNs = monotonicNs() + options.timeoutMs * 1e6;
  const listeningNs = options.listeningNs ?? (await running.waitListening(options.timeoutMs));
  const prober = new Prober(running, deadlineNs);
  try {
    const firstReadNs = await prober.untilAnswered('GET', probeKey);
    const firstWriteNs = await prober.untilAnswered('SET', probeKey, '1');
    await prober.untilAnswered('DEL', probeKey);
    return { spawnedNs: running.spawnedNs, listeningNs, firstReadNs, firstWriteNs };
  } finally {
    prober.close();
  }
}

/**
 * Waits until a target that listens has loaded its data, if only an empty directory: until then
 * it answers every command with an error.
 * @throws {HarnessError} TARGET_FAILED when it dies or does not get there in time, with its words.
 */
export async function waitServing(running: RunningTarget, timeoutMs: number): Promise<void> {
  const prober = new Prober(running, monotonicNs() + timeoutMs * 1e6);
  try {
    await prober.untilAnswered('GET', probeKey);
  } finally {
    prober.close();
  }
}

/**
 * Starts a target that is to be loaded and waits until it serves what it was started on.
 * @throws {HarnessError} TARGET_FAILED with its last words; nothing is left running then.
 */
export async function startServing(
  target: Target, options: StartOptions, timeoutMs: number,
): Promise<RunningTarget> {
  const { running } = await startListening(target, options, timeoutMs);
  try {
    await waitServing(running, timeoutMs);
    return running;
  } catch (error) {
    await running.stop();
    throw error;
  }
}

class Prober {
  readonly #running: RunningTarget;
  readonly #deadlineNs: number;
  #client: RespClient | null = null;
  #lastError = 'it was not asked';

  constructor(running: RunningTarget, deadlineNs: number) {
    this.#running = running;
    this.#deadlineNs = deadlineNs;
  }

  /** Sends the command again and again until no error comes back; resolves to when. */
  async untilAnswered(...command: readonly Argument[]): Promise<number> {
    for (;;) {
      const leftMs = (this.#deadlineNs - monotonicNs()) / 1e6;
      if (leftMs <= 0) throw this.#failure(`did not answer ${String(command[0])} in time`);
      try {
        const { host, port } = this.#running;
        this.#client ??= await RespClient.connect({ host, port, timeoutMs: leftMs });
        await this.#client.call(...command);
        return monotonicNs();
      } catch (error) {
        await this.#note(error);
      }
      await sleep(pollMs);
    }
  }

  close(): void {
    this.#client?.close();
  }

  async #note(error: unknown): Promise<void> {
    if (!(error instanceof Error)) throw error;
    this.#lastError = error.message;
    if (error instanceof ReplyError) return;
    this.#client?.close();
    this.#client = null;
    const gone = await Promise.race([this.#running.exited, sleep(20)]);
    if (gone !== undefined) throw this.#failure(`ended by itself (${describeExit(gone)})`);
  }

  #failure(what: string): HarnessError {
    const words = quoteLog(this.#running.logTail(lastWordsLines));
    const text = `the recovering server ${what}; last answer: ${this.#lastError}${words}`;
    return new HarnessError('TARGET_FAILED', text);
  }
}
