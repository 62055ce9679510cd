// Effects of commands → bytes of the log: selects databases, keeps a transaction together, begins
// blocks and stamps.
import type { LogBuffer } from '../aof/log-buffer.ts';
import type { CommandContext, EffectSink, SeenElement } from '../commands/context.ts';
import { DirtyKeys } from '../commands/dirty-keys.ts';
import { LogWriter } from './log-writer.ts';
import type { PersistenceOptions, PersistenceSettings } from './settings.ts';

// Within one tick, bytes beyond this are written before the tick ends.
const earlyWriteBytes = 16 * 1024 * 1024;

/** What commands tell the log; does nothing while there is no file. */
export abstract class Effects implements EffectSink {
  /** Which keys hold what may still be lost. */
  readonly dirty: DirtyKeys = new DirtyKeys();
  protected readonly settings: PersistenceSettings;
  protected readonly options: PersistenceOptions;
  protected readonly file: LogWriter;
  protected readonly log: LogBuffer;
  protected selectedDatabase = -1;
  private inTransaction = false;
  private transactionLogged = false;
  private stampedSec = 0;

  constructor(options: PersistenceOptions) {
    this.options = options;
    this.settings = options.settings;
    this.file = new LogWriter(options);
    this.log = this.file.log;
  }

  /** Bytes appended since the start; only grows. */
  get appended(): number {
    return this.file.writtenTotal + this.log.length;
  }

  /** Is a transaction being executed? */
  get transactionOpen(): boolean {
    return this.inTransaction;
  }

  /** In the middle of a tick: keeps the buffer bounded, releases nothing. */
  protected abstract writeEarly(): void;

  request(databaseIndex: number, ctx: CommandContext): void {
    if (this.file.fd < 0) return;
    this.precede(databaseIndex);
    const from = this.log.length;
    this.log.request(ctx);
    this.logged(from);
  }

  command(databaseIndex: number, parts: readonly (string | Uint8Array)[]): void {
    if (this.file.fd < 0) return;
    this.precede(databaseIndex);
    const from = this.log.length;
    this.log.command(parts);
    this.logged(from);
  }

  element(name: Uint8Array, ctx: CommandContext, seen: SeenElement): void {
    if (this.file.fd < 0) return;
    this.precede(ctx.database.index);
    const from = this.log.length;
    this.log.element(name, ctx, seen);
    this.logged(from);
  }

  beginTransaction(): void {
    this.inTransaction = true;
    this.transactionLogged = false;
  }

  endTransaction(): void {
    if (this.transactionLogged && this.file.fd >= 0) {
      if (this.log.blockStart < 0) this.beginBlock();
      this.log.exec();
    }
    this.inTransaction = false;
    this.transactionLogged = false;
    if (this.log.length > earlyWriteBytes) this.writeEarly();
  }

  private precede(databaseIndex: number): void {
    if (this.log.blockStart < 0) this.beginBlock();
    if (this.inTransaction && !this.transactionLogged) {
      this.log.multi();
      this.transactionLogged = true;
    }
    if (databaseIndex === this.selectedDatabase) return;
    this.log.select(databaseIndex);
    this.selectedDatabase = databaseIndex;
  }

  private beginBlock(): void {
    if (this.settings.logTimestamps && !this.transactionLogged) this.stamp();
    this.file.beginBlock();
  }

  /** At most once a second, and between blocks: so the log can be cut there. */
  private stamp(): void {
    const seconds = Math.floor(this.options.clock.wallMs() / 1000);
    if (seconds === this.stampedSec) return;
    this.stampedSec = seconds;
    this.log.annotation(`#TS:${seconds}`);
  }

  private logged(from: number): void {
    const { dirty, log } = this;
    if (dirty.active) dirty.mark(log.bytes, from, log.length, this.appended);
    // A transaction is written at once: cut before its EXEC, it ends where a block does.
    if (log.length > earlyWriteBytes && !this.inTransaction) this.writeEarly();
  }
}
