// Start-up. Two phases: first everything is read and decided, and loaded into memory; only when
// all of it is well are files touched. So a start that refuses changes nothing, and the next one
// refuses for the same reason.
import type { Cut } from '../aof/cut.ts';
import { AofReader } from '../aof/reader.ts';
import { isTornTail } from '../aof/torn-tail.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { EngineError } from '../errors.ts';
import { RdbDecoder } from '../rdb/decoder.ts';
import { beginsAsSnapshot } from '../rdb/file-window.ts';
import { LoadProgress } from './load-progress.ts';
import { ReplayTarget } from './replay.ts';
import type { ReplayPort } from './replay.ts';
import type { PersistenceOptions } from './settings.ts';

/** What recovery found. */
export interface RecoverySummary {
  readonly source: 'nothing' | 'rdb' | 'aof';
  /** Keys in the keyspace afterwards. */
  readonly keysLoaded: number;
  readonly seconds: number;
}

/** A file of the log to load, in order. */
export interface LogFileToLoad {
  readonly path: string;
  readonly name: string;
  readonly role: 'base' | 'incr';
  readonly sizeBytes: number;
  /** Its writer began it with a block: see LogFile. */
  readonly inBlocks?: boolean;
  /** How long the manifest says it is: see LogFile. */
  readonly bytes?: number;
}

/** How to load a snapshot. */
export interface SnapshotLoad {
  /** It is the base of a log: keys past their deadline stay. */
  readonly base: boolean;
  /** Keys that are there already are replaced; else the snapshot is refused. */
  readonly replace?: boolean;
}

/** Loading, which may pause at each yield. */
type Steps<T> = Generator<undefined, T, undefined>;

const stepBytes = 2 * 1024 * 1024;

/** Loads files into the keyspace; changes no file. */
export class Loader {
  readonly progress: LoadProgress;
  private readonly options: PersistenceOptions;
  private readonly replay: ReplayPort;
  private readonly isStopped: () => boolean;

  /** `isStopped`: the process is about to end, nothing is read or changed any more. */
  constructor(
    options: PersistenceOptions, replay: ReplayPort, isStopped: () => boolean = () => false,
  ) {
    this.options = options;
    this.replay = replay;
    this.isStopped = isStopped;
    this.progress = new LoadProgress(options);
  }

  private get keyspace(): Keyspace {
    return this.options.keyspace;
  }

  /**
   * Loads a snapshot; `base`: it is the base of a log.
   * @throws {EngineError} RDB_BAD, RDB_UNSUPPORTED, ARENA_FULL
   */
  loadSnapshot(path: string, how: SnapshotLoad): Promise<number> {
    return this.inSteps(this.snapshotSteps(path, how));
  }

  /** As loadSnapshot, before it returns. */
  loadSnapshotNow(path: string, how: SnapshotLoad): number {
    return atOnce(this.snapshotSteps(path, how));
  }

  /**
   * Loads the files of a log. Returns where the last one is to be cut, or null.
   * @throws {EngineError} AOF_BAD, AOF_TRUNCATED, and what loadSnapshot throws
   */
  loadLog(files: readonly LogFileToLoad[]): Promise<Cut | null> {
    return this.inSteps(this.logSteps(files));
  }

  /** As loadLog, before it returns. */
  loadLogNow(files: readonly LogFileToLoad[]): Cut | null {
    return atOnce(this.logSteps(files));
  }

  private *snapshotSteps(path: string, how: SnapshotLoad): Steps<number> {
    const { options, progress } = this;
    const decoder = new RdbDecoder({
      disk: options.disk,
      path,
      keyspace: this.keyspace,
      collections: this.replay.context.collections,
      replace: how.replace ?? false,
      checksum: options.settings.rdbChecksum,
      keepExpired: how.base,
      nowMs: options.clock.wallMs(),
    });
    try {
      while (!decoder.step(stepBytes)) {
        progress.usedMemoryBytes = Number(decoder.aux.get('used-mem') ?? 0);
        progress.readTo(decoder.offset);
        yield;
      }
    } finally {
      decoder.close();
    }
    progress.readTo(decoder.offset);
    progress.keysLoaded += decoder.keysLoaded;
    progress.keysExpired += decoder.keysExpired;
    const version = decoder.aux.get('redis-ver') ?? decoder.aux.get('valkey-ver') ?? 'unknown';
    options.log('notice', `Loading RDB produced by version ${version}`);
    if (decoder.unchecked && options.settings.rdbChecksum) {
      options.log('warning', `${path} was saved without a checksum: damage that keeps its structure`
        + ' whole would not be noticed. Save again with rdbchecksum yes.');
    }
    options.log('notice', `Done loading RDB, keys loaded: ${decoder.keysLoaded}, keys expired:`
      + ` ${decoder.keysExpired}, empty keys skipped: ${decoder.keysEmpty}.`);
    return decoder.offset;
  }

  private *logSteps(files: readonly LogFileToLoad[]): Steps<Cut | null> {
    const { options, progress } = this;
    progress.totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const target = new ReplayTarget(this.replay, options.clock.wallMs());
    let cut: Cut | null = null;
    for (const [index, file] of files.entries()) {
      const beganNs = options.clock.monotonicNs();
      const last = nothingFollows(files, index);
      cut = (yield* this.logFileSteps(file, target, last)) ?? cut;
      progress.fileDone(file.sizeBytes);
      if (file.sizeBytes === 0) continue;
      const seconds = (options.clock.monotonicNs() - beganNs) / 1e9;
      options.log('notice',
        `DB loaded from ${file.role} file ${file.name}: ${seconds.toFixed(3)} seconds`);
    }
    return cut;
  }

  private *logFileSteps(
    file: LogFileToLoad, target: ReplayTarget, last: boolean,
  ): Steps<Cut | null> {
    let startOffset = 0;
    refuseEmptySnapshot(file);
    if (file.role === 'base' && beginsAsSnapshot(this.options.disk, file.path)) {
      startOffset = yield* this.snapshotSteps(file.path, { base: true });
    }
    target.beginFile();
    const { options, progress } = this;
    const { log } = options;
    const reader = new AofReader({ disk: options.disk, path: file.path, target, startOffset });
    try {
      while (!reader.step(stepBytes)) {
        progress.readTo(reader.offset);
        yield;
      }
    } finally {
      reader.close();
    }
    if (reader.end === 'whole') {
      if (file.bytes === undefined || file.sizeBytes >= file.bytes) return null;
      this.judgeShorter(file, file.bytes, last);
    } else {
      this.judgeEnd(file, reader, last);
    }
    log('warning', `!!! Truncating the AOF ${file.name} at offset ${reader.validBytes} !!!`);
    const { validBytes: lengthBytes, cutBlockStart: blockStart } = reader;
    return { path: file.path, lengthBytes, blockStart };
  }

  /** Cut between two commands a file looks whole: refuses it, or says that this is its end now. */
  private judgeShorter(file: LogFileToLoad, bytes: number, last: boolean): void {
    const { path, role, sizeBytes } = file;
    if (!last || role === 'base' || !this.options.settings.loadTruncated) {
      throw shorter(file, sizeBytes, bytes);
    }
    this.options.log('warning', `!!! Warning: ${path} has ${sizeBytes} of the ${bytes} bytes that`
      + ' the manifest says, and nothing follows it !!!');
  }

  /** A file is not whole: refuses it, or says why it may be cut. */
  private judgeEnd(file: LogFileToLoad, reader: AofReader, last: boolean): void {
    const { log, settings } = this.options;
    const { damage } = reader;
    const tailBytes = file.sizeBytes - reader.validBytes;
    if (damage === null) {
      // A base was durable before it was named: no crash takes anything of it.
      const { bytes = 0, role } = file;
      if (role === 'base' && reader.validBytes < bytes) {
        throw shorter(file, reader.validBytes, bytes);
      }
      this.judgeTruncation(file, reader, last);
      return;
    }
    if (!last || !settings.loadTruncated) throw damage;
    if (tailBytes <= settings.loadCorruptTailMaxBytes) {
      log('warning', `${damage.message}. The ${tailBytes} bytes from there on are cut off, as`
        + ' aof-load-corrupt-tail-max-size allows');
      return;
    }
    const { disk } = this.options;
    const { validBytes: fromOffset, sizeBytes } = reader;
    const inBlocks = reader.followsBlock || (file.inBlocks === true && fromOffset === 0);
    const torn = !settings.compatStrict
      && isTornTail({ disk, path: file.path, fromOffset, sizeBytes, inBlocks });
    if (!torn) throw damage;
    log('warning', `!!! Warning: the last ${tailBytes} bytes of the AOF file ${file.name} were not`
      + ' synced when the power went: some of their sectors are missing !!!');
  }

  /** A file ends too early, or with zeros: refuses it, or says that it will be cut. */
  private judgeTruncation(file: LogFileToLoad, reader: AofReader, last: boolean): void {
    const { log, settings } = this.options;
    const { end, validBytes, zeroBytes } = reader;
    const zeros = zeroBytes > 0 ? `, and the last ${zeroBytes} bytes are zeros` : '';
    const where = `the last whole command ends at offset ${validBytes}`
      + ` of ${file.sizeBytes}${zeros}`;
    if (!last) {
      throw new EngineError('AOF_BAD', `Fatal error: the truncated file is not the last file:`
        + ` ${file.path}: ${where}, and later files hold commands that followed what is missing.`
        + ' Restore the file from a copy, or remove the later files from the manifest');
    }
    if (zeroBytes > 0 && settings.compatStrict) {
      throw new EngineError('AOF_BAD', `Bad file format reading the append only file ${file.path}:`
        + ` ${where}. Make a backup, then use plugpull check-aof --fix on the manifest, or start`
        + ' with compat-strict no');
    }
    if (!settings.loadTruncated) {
      throw new EngineError('AOF_TRUNCATED', 'Unexpected end of file reading the append only file'
        + ` ${file.path}: ${where}. You can: 1) Make a backup of your AOF file, then use`
        + ' plugpull check-aof --fix <filename.manifest>. 2) Alternatively you can set the'
        + " 'aof-load-truncated' configuration option to yes and restart the server");
    }
    if (end === 'in-transaction') {
      log('warning', `Revert incomplete MULTI/EXEC transaction from AOF file ${file.name}`);
    }
    log('warning', zeroBytes > 0
      ? `!!! Warning: the AOF file ${file.name} ends with ${zeroBytes} zeros, as a power cut`
        + ' leaves them !!!'
      : `!!! Warning: short read while loading the AOF file ${file.name}!!!`);
  }

  /** Takes steps with pauses between them, in which the server answers. */
  private async inSteps<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      await this.unlessStopped();
      const step = steps.next();
      if (step.done === true) return step.value;
      await new Promise<void>((resolve) => this.options.schedule(resolve));
    }
  }

  /** Waits for ever once loading was stopped. */
  unlessStopped(): Promise<void> {
    return this.isStopped() ? new Promise(() => {}) : Promise.resolve();
  }
}

function shorter({ path }: LogFileToLoad, validBytes: number, bytes: number): EngineError {
  return new EngineError('AOF_BAD', `${path} is damaged at offset ${validBytes}: expected ${bytes}`
    + ' bytes, as the manifest says, found the end of the file. Restore the file from a copy; to go'
    + ` on without what is missing, remove 'bytes ${bytes}' and the first line from the manifest`);
}

/** What follows a broken file must be nothing: it would be applied to a hole. */
export function nothingFollows(
  files: readonly Pick<LogFileToLoad, 'sizeBytes'>[], index: number,
): boolean {
  return files.slice(index + 1).every(({ sizeBytes }) => sizeBytes === 0);
}

/**
 * A base in commands may be empty; one that is named a snapshot has a beginning at least.
 * @throws {EngineError} RDB_BAD
 */
export function refuseEmptySnapshot({ path, role, sizeBytes }: LogFileToLoad): void {
  if (role !== 'base' || sizeBytes > 0 || !path.endsWith('.base.rdb')) return;
  throw new EngineError('RDB_BAD', `${path} is damaged at offset 0: expected the magic 'REDIS',`
    + ' found the end of the file. Restore another copy; what the increments hold would be applied'
    + ' to nothing');
}

function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
