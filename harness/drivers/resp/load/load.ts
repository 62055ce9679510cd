// The whole load of one driver process: connect, preload, begin, stop, survive, result.

import { LedgerWriter } from '../../../history/ledger.ts';
import { monotonicNs } from '../../../metrics/monotonic.ts';
import { OperationEncoder } from '../../../workloads/encoder.ts';
import type { DriverEvent, DriverOptions, DriverProgress, DriverResult } from '../messages.ts';
import { Connection } from './connection.ts';
import type { ConnectionOwner } from './connection.ts';
import { Outage } from './outage.ts';
import { Pacer } from './pacer.ts';
import { preload } from './preload.ts';
import { Schedule } from './schedule.ts';
import { Tally } from './tally.ts';

const busyCpuUtilisation = 0.9;
const busyLoopUtilisation = 0.95;
const lateSendUs = 1000;

/** Runs in the driver's process; says what happens through `say`. */
export class Load implements ConnectionOwner {
  readonly tally: Tally;
  readonly #options: DriverOptions;
  readonly #say: (event: DriverEvent) => void;
  readonly #outage: Outage;
  #connections: Connection[] = [];
  #pacer: Pacer | null = null;
  #phase: DriverProgress['phase'] = 'preload';
  #preloaded = 0;
  #warmup: NodeJS.Timeout | null = null;
  #isFinished = false;
  #lostConnections = 0;
  #lostNs: number | null = null;
  #answeredNs: number | null = null;
  #answeredClients = 0;
  #stoppedNs: number | null = null;
  /** Each is asked again whenever a connection becomes idle, is lost, or is answered again. */
  readonly #waiting = new Set<() => void>();

  constructor(options: DriverOptions, say: (event: DriverEvent) => void) {
    const { workload, ledgerPath } = options;
    const header = { clients: workload.clients, workload };
    this.tally = new Tally(ledgerPath === null ? null : new LedgerWriter(ledgerPath, header));
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
    const { ratePerSecond, workload, warmupMs } = this.#options;
    const beginNs = monotonicNs();
    this.tally.beginNs = beginNs;
    if (warmupMs === 0) this.tally.startMeasuring();
    else this.#warmup = setTimeout(() => this.tally.startMeasuring(), warmupMs);
    if (ratePerSecond === null) {
      for (const connection of this.#connections) this.#sendNext(connection);
    } else {
      const schedule = { ratePerSecond, clients: workload.clients, startNs: beginNs };
      this.#pacer = new Pacer(new Schedule(schedule), this.#connections);
      this.#pacer.pump();
    }
  }

  /** Sends nothing more; says `stopped` when what was sent is answered or lost. */
  async stopSending(): Promise<void> {
    this.#stopMeasuring();
    this.#stoppedNs ??= monotonicNs();
    this.#pacer?.stop();
    if (this.#phase === 'load') this.#phase = 'stopped';
    await this.#until(() => this.#connections.every((connection) => !connection.isBusy));
    this.#say({ kind: 'stopped', atNs: monotonicNs() });
  }

  /** Where the server will come back. */
  moved(port: number): void {
    this.#outage.moved(port);
  }

  /** Waits up to `graceMs` for replies and for the end of an outage, then ends everything. */
  async finish(graceMs: number): Promise<DriverResult> {
    this.#stoppedNs ??= monotonicNs();
    this.#pacer?.stop();
    this.#stopMeasuring();
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
    else this.#settled();
  }

  lost(connection: Connection, why: string): void {
    if (this.#isFinished) return;
    if (this.#lostConnections++ === 0) {
      this.#stopMeasuring();
      this.#lostNs = this.tally.lastAcknowledgedNs ?? monotonicNs();
      this.tally.latencyBeforeOutageUs = this.tally.latency.percentilesUs();
      this.tally.firstError ??= `connection lost: ${why}`;
      this.#phase = 'outage';
      this.#say({ kind: 'lost', atNs: this.#lostNs });
    }
    this.#outage.add(connection.client);
    this.#settled();
  }

  #sendNext(connection: Connection): void {
    if (this.#pacer === null) connection.send(this.#options.pipeline, false);
    else this.#pacer.sendDue(connection);
  }

  async #connectAll(): Promise<void> {
    const { host, port, workload, pipeline } = this.#options;
    const encoder = new OperationEncoder(workload);
    const opened: Promise<void>[] = [];
    for (let client = 0; client < workload.clients; client++) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const options = { host, port, client, pipeline, encoder, owner: this };
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
   * was meant to be sent meanwhile has waited until now.
   */
  #recordOutage(client: number, atNs: number): void {
    const connection = this.#connections[client];
    if (connection === undefined || this.#lostNs === null) return;
    if (this.#pacer === null) {
      const fromNs = connection.batch.sentNs > 0 ? connection.batch.sentNs : this.#lostNs;
      this.tally.latency.record((atNs - fromNs) / 1000);
    } else {
      this.#pacer.skipped(client, atNs, this.tally.latency);
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
    const latencyUs = tally.latency.percentilesUs();
    const sendLagUsP99 = this.#pacer === null ? null : this.#pacer.sendLag.valueAtUs(99);
    const isBusy =
      measured.cpuUtilisation >= busyCpuUtilisation ||
      measured.loopUtilisation >= busyLoopUtilisation;
    return {
      operations: tally.operations,
      acknowledged: tally.acknowledged,
      errors: tally.errors,
      unknown: tally.unknown,
      measuredMs: measured.measuredMs,
      measuredAcknowledged: measured.acknowledged,
      qps: measured.measuredMs > 0 ? (measured.acknowledged * 1000) / measured.measuredMs : null,
      latencyUs,
      latencyBeforeOutageUs: tally.latencyBeforeOutageUs ?? latencyUs,
      histogram: tally.latency.encode(),
      lostNs: this.#lostNs,
      answeredNs: this.#answeredNs,
      outageMs: this.#outageMs(),
      lostConnections: this.#lostConnections,
      beginNs: tally.beginNs,
      stoppedNs: this.#stoppedNs,
      lastAcknowledgedNs: tally.lastAcknowledgedNs,
      cpuUtilisation: measured.cpuUtilisation,
      loopUtilisation: measured.loopUtilisation,
      sendLagUsP99,
      generatorLimited: sendLagUsP99 === null ? isBusy : sendLagUsP99 > lateSendUs,
      firstError: tally.firstError,
      timeline: tally.timeline,
    };
  }

  #outageMs(): number | null {
    if (this.#lostNs === null || this.#answeredNs === null) return null;
    return (this.#answeredNs - this.#lostNs) / 1e6;
  }
}
