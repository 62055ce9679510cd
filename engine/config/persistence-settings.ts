// From directives to the settings of persistence.

import type {
  AppendFsync, LateSync, PersistenceSettings, SyncStrategySetting,
} from '../persistence/settings.ts';
import type { WrittenVersion } from '../rdb/format.ts';
import type { Configuration } from './configuration.ts';

type Setting = {
  readonly [Key in keyof PersistenceSettings]: readonly [
    directive: string,
    read: (configuration: Configuration, directive: string) => PersistenceSettings[Key],
  ];
};

const text = (configuration: Configuration, name: string): string => configuration.text(name);
const flag = (configuration: Configuration, name: string): boolean => configuration.flag(name);
const integer = (configuration: Configuration, name: string): number =>
  configuration.integer(name);

const settings: Setting = {
  directory: ['dir', text],
  dbFileName: ['dbfilename', text],
  appendOnly: ['appendonly', flag],
  appendDirectoryName: ['appenddirname', text],
  appendFileName: ['appendfilename', text],
  appendFsync: ['appendfsync', (from, name) => from.text(name) as AppendFsync],
  savePoints: ['save', (from) => from.savePoints()],
  autoRewritePercentage: ['auto-aof-rewrite-percentage', integer],
  autoRewriteMinBytes: ['auto-aof-rewrite-min-size', integer],
  loadTruncated: ['aof-load-truncated', flag],
  loadCorruptTailMaxBytes: ['aof-load-corrupt-tail-max-size', integer],
  logChecksum: ['aof-checksum', flag],
  logTimestamps: ['aof-timestamp-enabled', flag],
  syncStrategy: ['aof-sync-strategy', (from, name) => from.text(name) as SyncStrategySetting],
  lateSync: ['aof-late-sync', (from, name) => from.text(name) as LateSync],
  compatStrict: ['compat-strict', flag],
  useRdbPreamble: ['aof-use-rdb-preamble', flag],
  noFsyncOnRewrite: ['no-appendfsync-on-rewrite', flag],
  rdbCompression: ['rdbcompression', flag],
  rdbChecksum: ['rdbchecksum', flag],
  rdbTarget: ['rdb-target', (from, name) => Number(from.text(name)) as WrittenVersion],
  stopWritesOnSaveError: ['stop-writes-on-bgsave-error', flag],
};

/** All settings. */
export function persistenceSettings(configuration: Configuration): PersistenceSettings {
  return persistenceChange(configuration, null) as PersistenceSettings;
}

/** Those settings whose directives are among `names`; null = all. */
export function persistenceChange(
  configuration: Configuration,
  names: ReadonlySet<string> | null,
): Partial<PersistenceSettings> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([, [directive]]) => names === null || names.has(directive))
      .map(([key, [directive, read]]) => [key, read(configuration, directive)]),
  );
}
