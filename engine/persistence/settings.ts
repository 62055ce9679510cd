// What persistence is built from: its settings (the directives that concern it) and its ports.
import type { Clock } from '../io/clock.ts';
import type { Disk } from '../io/disk.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { WrittenVersion } from '../rdb/format.ts';
import type { SnapshotWriting } from './snapshot/writing.ts';

export type AppendFsync = 'always' | 'everysec' | 'no';

export type SyncStrategySetting = 'auto' | 'inline' | 'thread';

export type LateSync = 'wait' | 'acknowledge';

/** `save <seconds> <changes>`: snapshot after so many seconds if so many changes were made. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** The directives that concern persistence, parsed. Names as in redis.conf, in full words. */
export interface PersistenceSettings {
  /** `dir`, absolute. It must exist. */
  directory: string;
  /** `dbfilename` */
  dbFileName: string;
  /** `appendonly` */
  appendOnly: boolean;
  /** `appenddirname` */
  appendDirectoryName: string;
  /** `appendfilename` */
  appendFileName: string;
  /** `appendfsync` */
  appendFsync: AppendFsync;
  /** `save` */
  savePoints: readonly SavePoint[];
  /** `auto-aof-rewrite-percentage`; 0 = never by itself */
  autoRewritePercentage: number;
  /** `auto-aof-rewrite-min-size` */
  autoRewriteMinBytes: number;
  /** `aof-load-truncated` */
  loadTruncated: boolean;
  /** `aof-load-corrupt-tail-max-size`: so much damage at the end of the log may be cut off. */
  loadCorruptTailMaxBytes: number;
  /** `aof-checksum`: is the log written in blocks with checksums? */
  logChecksum: boolean;
  /** `aof-timestamp-enabled`: does the log say when things were written? */
  logTimestamps: boolean;
  /** `aof-sync-strategy`: where `always` syncs; auto: as measured times advise. */
  syncStrategy: SyncStrategySetting;
  /** `aof-late-sync`: while an `everysec` sync is late, do replies wait or leave, as in Redis? */
  lateSync: LateSync;
  /** `compat-strict`: where this engine is safer than Redis, do as Redis does. */
  compatStrict: boolean;
  /** `aof-use-rdb-preamble` */
  useRdbPreamble: boolean;
  /** `no-appendfsync-on-rewrite` */
  noFsyncOnRewrite: boolean;
  /** `rdbcompression` */
  rdbCompression: boolean;
  /** `rdbchecksum` */
  rdbChecksum: boolean;
  /** `rdb-target`: the version of RDB that is written. */
  rdbTarget: WrittenVersion;
  /** `stop-writes-on-bgsave-error` */
  stopWritesOnSaveError: boolean;
}

/** Redis' defaults, in the directory given. */
export function defaultSettings(directory: string): PersistenceSettings {
  return {
    directory,
    dbFileName: 'dump.rdb',
    appendOnly: false,
    appendDirectoryName: 'appendonlydir',
    appendFileName: 'appendonly.aof',
    appendFsync: 'everysec',
    savePoints: [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10000 },
    ],
    autoRewritePercentage: 100,
    autoRewriteMinBytes: 64 * 1024 * 1024,
    loadTruncated: true,
    loadCorruptTailMaxBytes: 0,
    logChecksum: true,
    logTimestamps: false,
    syncStrategy: 'auto',
    lateSync: 'wait',
    compatStrict: false,
    useRdbPreamble: true,
    noFsyncOnRewrite: false,
    rdbCompression: true,
    rdbChecksum: true,
    rdbTarget: 10,
    stopWritesOnSaveError: true,
  };
}

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

/** One line for the server's log. */
export type Log = (level: LogLevel, text: string) => void;

/** Ports and settings of persistence. */
export interface PersistenceOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly keyspace: Keyspace;
  readonly settings: PersistenceSettings;
  /** Runs a step soon, after pending I/O was served (setImmediate in production). */
  readonly schedule: (step: () => void) => void;
  /** The thread that writes snapshots; without one they are written by steps that are scheduled. */
  readonly snapshotThread?: SnapshotWriting | null;
  readonly log: Log;
  /** For names of temporary files. */
  readonly processId: number;
  /** Is a process with this id alive? Temporary files of live ones are left alone. */
  readonly isAlive: (processId: number) => boolean;
}
