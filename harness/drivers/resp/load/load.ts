// The whole load of one driver process: connect, preload, begin, stop, survive, result.

import { LedgerWriter } from '../../../history/ledger.ts';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import { OperationEncoder } from '../../../workloads/encoder.ts';
import { readsOf } from '../../../workloads/reads.ts';
import type { DriverEvent, DriverOptions, DriverProgress, DriverResult } from '../messages.ts';
import { TakingTurns } from './alone.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection.ts';
import { LiveCheck } from './live-check.ts';
import { Outage } from './outage.ts';
import { Outbox } from './outbox.ts';
import { Pacer } from './pacer.ts';
import { preload } from './preload.ts';
import { Schedule } from './schedule.ts';
import type { Measured } from './meter.ts';
import { Tally } from './tally.ts';

const busyCpuUtilisation = 0.9;
const busyLoopUtilisation = 0.95;
const inTimeShareWanted = 0.99;
/** Batches of an open loop that a connection may have unanswered; more wait their turn. */
const openWindow = 1024;
/** Operations of an open loop in one write at most. */
const openBatch = 64;

/** Runs in the driver's process; says what happens through `say`. */
export class Load implements ConnectionOwner {
  readonly tally: Tally;
  readonly #options: DriverOptions;
  readonly #say: (event: DriverEvent) => void;
  readonly #outage: Outage;
  readonly #connections: Connection[] = [];
  #pacer: Pacer | null = null;
  #turns: TakingTurns | null = null;
  #live: LiveCheck | null = null;
  #phase: DriverProgress['phase'] = 'preload';
  #preloaded = 0;
  #warmup: NodeJS.Timeout | null = null;
  #isFinished = false;
  #lostConnections = 0;
  #lostNs: number | null = null;
  #answeredNs: number | null = null;
  #answeredClients = 0;
  #stoppedNs: number | null = null;
  #unsent = 0;
  /** Each is asked again whenever a connection becomes idle, is lost, or is answered again. */
  readonly #waiting = new Set<() => void>();

  constructor(options: DriverOptions, say: (event: DriverEvent) => void) {
    const { workload, ledgerPath } = options;
    const header = { clients: workload.clients, workload };
    const ledger = ledgerPath === null ? null : new LedgerWriter(ledgerPath, header);
    this.tally = new Tally(ledger, options);
    this.#options = options;
    this.#say = say;
    this.#outage = new Outage({
      host: options.host,
      port: options.port,
      onAnswered: (client, atNs) => this.#answered(client, atNs),
    });
  }

  /** Fills the target, opens all connections, says `ready`. */
  async prepare(): Promise<void> {
    const startNs = monotonicNs();
    await preload(this.#options, (keys) => (this.#preloaded = keys));
    const preloadMs = (monotonicNs() - startNs) / 1e6;
    await this.#connectAll();
    this.#phase = 'load';
    const clientPorts = this.#connections.map((connection) => connection.localPort);
    const preloadedKeys = this.#preloaded;
    const ready = { preloadedKeys, preloadMs, clientPorts, atNs: monotonicNs() };
    this.#say({ kind: 'ready', ready });
  }

  /** Starts sending. */
  begin(): void {
    const { ratePerSecond, warmupMs } = this.#options;
    const beginNs = monotonicNs();
    this.tally.begin(beginNs);
    if (warmupMs === 0) this.tally.startMeasuring();
    else this.#warmup = setTimeout(() => this.tally.startMeasuring(), warmupMs);
    if (ratePerSecond === null) {
      for (const connection of this.#connections) this.#sendNext(connection);
    } else {
      this.#pacer = new Pacer(this.#schedule(ratePerSecond, beginNs), this.#connections);
      this.#pacer.pump();
    }
  }

  #schedule(ratePerSecond: number, startNs: number): Schedule {
    const { workload, arrivals = 'even', profile = 'flat', loadMs = 0 } = this.#options;
    const { clients, seed } = workload;
    return new Schedule({ ratePerSecond, clients, startNs, arrivals, profile, loadMs, seed });
  }

  /** Sends nothing more; says `stopped` when what was sent is answered or lost. */
  async stopSending(): Promise<void> {
    this.#endSending();
    if (this.#phase === 'load') this.#phase = 'stopped';
    await this.#until(() => this.#connections.every((connection) => !connection.isBusy));
    this.#say({ kind: 'stopped', atNs: monotonicNs() });
  }

  /** Open loop: what was due by now and not sent has waited for nothing, and counts as late. */
  #endSending(): void {
    if (this.#stoppedNs !== null) return;
    const nowNs = monotonicNs();
    this.#stoppedNs = nowNs;
    this.#stopMeasuring();
    this.#pacer?.stop();
    if (this.#pacer === null || this.#lostNs !== null) return;
    const { recorder } = this.tally;
    recorder.advance(nowNs);
    for (const { client } of this.#connections) {
      this.#unsent += this.#pacer.skipped(client, nowNs, recorder);
    }
  }

  /** Where the server will come back. */
  moved(port: number): void {
    this.#outage.moved(port);
  }

  /** Waits up to `graceMs` for replies and for the end of an outage, then ends everything. */
  async finish(graceMs: number): Promise<DriverResult> {
    this.#endSending();
    const isSettled = (): boolean =>
      this.#connections.every((connection) => !connection.isBusy) &&
      this.#answeredClients === this.#lostConnections;
    await this.#until(isSettled, graceMs);
    this.#isFinished = true; // what closes from now on is closed by us
    this.#outage.close();
    for (const connection of this.#connections) connection.close();
    this.tally.close();
    return this.#result();
  }

  /** How far it is. */
  progress(): DriverProgress {
    const isPreload = this.#phase === 'preload';
    return {
      phase: this.#phase,
      operations: isPreload ? this.#preloaded : this.tally.operations,
      acknowledged: isPreload ? this.#preloaded : this.tally.acknowledged,
      errors: this.tally.errors,
      connected: this.#connections.filter((connection) => connection.isOpen).length,
      atNs: monotonicNs(),
    };
  }

  batchDone(connection: Connection): void {
    if (this.#stoppedNs === null) this.#sendNext(connection);
    else if (!connection.isBusy) this.#settled();
  }

  lost(connection: Connection, why: string): void {
    if (this.#isFinished) return;
    this.#turns?.lost(connection);
    if (this.#lostConnections++ === 0) {
      this.#stopMeasuring();
      this.#lostNs = this.tally.lastAcknowledgedNs ?? monotonicNs();
      this.tally.latencyBeforeOutageUs = this.tally.recorder.latency.percentilesUs();
      this.tally.firstError ??= `connection lost: ${why}`;
      this.#phase = 'outage';
      this.#say({ kind: 'lost', atNs: this.#lostNs });
    }
    this.#outage.add(connection.client);
    this.#settled();
  }

  #sendNext(connection: Connection): void {
    if (this.#pacer !== null) this.#pacer.pump();
    else this.#turns?.next(connection);
  }

  async #connectAll(): Promise<void> {
    const { host, port, workload, pipeline, ratePerSecond, readShare = 0 } = this.#options;
    const encoder = new OperationEncoder(workload);
    const reads = readsOf(workload, readShare, Date.now);
    // Cells of speed have mix `set`: there the driver's time is the server's figure.
    if (reads !== null && workload.mix !== 'set') this.#live = new LiveCheck(workload, reads);
    this.#turns = new TakingTurns(encoder, this.#connections, pipeline);
    const window = ratePerSecond === null ? 1 : openWindow;
    // Several due at once on a connection go out in one write.
    const deepest = ratePerSecond === null ? pipeline : Math.max(pipeline, openBatch);
    const shape = {
      pipeline: deepest, window, encoder, outbox: new Outbox(), reads, live: this.#live,
    };
    const opened: Promise<void>[] = [];
    for (let client = 0; client < workload.clients; client++) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const options = { host, port, client, ...shape, owner: this };
      const connection = new Connection(options, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
      this.#connections.push(connection);
      opened.push(promise);
    }
    await Promise.all(opened);
  }

  #answered(client: number, atNs: number): void {
    if (this.#answeredNs === null) {
      this.#answeredNs = atNs;
      this.#say({ kind: 'answered', atNs });
    }
    this.#answeredClients++;
    this.#recordOutage(client, atNs);
    this.#settled();
  }

  /**
   * Closed loop: once a connection, from its last write (or loss) on. Open loop: everything that
   * was in flight, or meant to be sent meanwhile, has waited until now.
   */
  #recordOutage(client: number, atNs: number): void {
    const connection = this.#connections[client];
    if (connection === undefined || this.#lostNs === null) return;
    const { recorder } = this.tally;
    recorder.advance(atNs); // it is known in the second in which it ended
    if (this.#pacer === null) {
      const fromNs = connection.sentNs > 0 ? connection.sentNs : this.#lostNs;
      recorder.hold((atNs - fromNs) / 1000);
    } else {
      for (const startNs of connection.lostNs) recorder.hold((atNs - startNs) / 1000);
      this.#pacer.skipped(client, atNs, recorder);
    }
  }

  #stopMeasuring(): void {
    if (this.#warmup !== null) clearTimeout(this.#warmup);
    this.tally.stopMeasuring();
  }

  /** Resolves when the condition holds, checked at every settling, or when the time is over. */
  #until(condition: () => boolean, timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => end(), timeoutMs);
      const check = (): void => {
        if (condition()) end();
      };
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  #settled(): void {
    for (const check of this.#waiting) check();
  }

  #result(): DriverResult {
    const { tally } = this;
    const measured = tally.measured();
    const { measuredMs, loopLagUs } = measured;
    const series = tally.recorder.end(monotonicNs());
    const latencyUs = tally.recorder.latency.percentilesUs();
    const rate = (count: number): number | null =>
      measuredMs > 0 ? (count * 1000) / measuredMs : null;
    const hasReads = (this.#options.readShare ?? 0) > 0;
    return {
      operations: tally.operations,
      acknowledged: tally.acknowledged,
      errors: tally.errors,
      unknown: tally.unknown,
      measuredMs,
      measuredAcknowledged: measured.acknowledged,
      qps: rate(measured.acknowledged),
      readsPerSecond: rate(measured.reads),
      readLatencyUs: hasReads ? tally.readLatency.percentilesUs() : null,
      latencyUs,
      latencyBeforeOutageUs: tally.latencyBeforeOutageUs ?? latencyUs,
      checkedReads: this.#live?.result() ?? null,
      histogram: tally.recorder.latency.encode(),
      lostNs: this.#lostNs,
      answeredNs: this.#answeredNs,
      outageMs: this.#outageMs(),
      lostConnections: this.#lostConnections,
      beginNs: tally.beginNs,
      stoppedNs: this.#stoppedNs,
      lastAcknowledgedNs: tally.lastAcknowledgedNs,
      cpuUtilisation: measured.cpuUtilisation,
      loopUtilisation: measured.loopUtilisation,
      loopLagUs,
      sendLateUs: this.#pacer?.lateness() ?? null,
      unsent: this.#unsent,
      generatorLimited: this.#isLimited(measured),
      firstError: tally.firstError,
      series,
      steps: tally.recorder.steps,
      seconds: tally.recorder.seconds,
    };
  }

  /** Open loop: it was late. Closed loop: it had no time left. */
  #isLimited({ cpuUtilisation, loopUtilisation }: Measured): boolean {
    if (this.#pacer === null) {
      return cpuUtilisation >= busyCpuUtilisation || loopUtilisation >= busyLoopUtilisation;
    }
    const late = this.#pacer.lateness();
    return late !== null && late.inTimeShare < inTimeShareWanted;
  }

  #outageMs(): number | null {
    if (this.#lostNs === null || this.#answeredNs === null) return null;
    return (this.#answeredNs - this.#lostNs) / 1e6;
  }
}
