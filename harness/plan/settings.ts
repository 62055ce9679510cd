// A persistence setting, its label, and the directives that make a server have it.

import { HarnessError } from '../errors.ts';
import { didYouMean } from './nearest.ts';

/** How a target keeps its data. */
export const persistNames = ['none', 'rdb', 'aof', 'rdb+aof'] as const;
export type Persist = (typeof persistNames)[number];

/** When the append-only file is synced. */
export const fsyncNames = ['always', 'everysec', 'no'] as const;
export type Fsync = (typeof fsyncNames)[number];

/** One way to keep data; `appendfsync` is null where there is no append-only file. */
export interface Setting {
  readonly persist: Persist;
  readonly appendfsync: Fsync | null;
}

/** How a setting is written everywhere: `none`, `rdb`, `aof/everysec`, `rdb+aof/always`. */
export type SettingLabel = 'none' | 'rdb' | `aof/${Fsync}` | `rdb+aof/${Fsync}`;

/** Every label that exists, cheapest promise first. */
export const settingLabels: readonly SettingLabel[] = [
  'none', 'rdb',
  'aof/no', 'aof/everysec', 'aof/always',
  'rdb+aof/no', 'rdb+aof/everysec', 'rdb+aof/always',
];

/** The label of a setting. */
export function settingLabel(setting: Setting): SettingLabel {
  const { persist, appendfsync } = setting;
  return (appendfsync === null ? persist : `${persist}/${appendfsync}`) as SettingLabel;
}

/**
 * The setting of a label.
 * @throws {HarnessError} USAGE when there is no such setting.
 */
export function parseSetting(label: string): Setting {
  const [persist, appendfsync] = label.split('/');
  if (!settingLabels.some((known) => known === label)) {
    throw new HarnessError('USAGE', `no setting '${label}'${didYouMean(label, settingLabels)}`);
  }
  return {
    persist: persistNames.find((name) => name === persist) ?? 'none',
    appendfsync: fsyncNames.find((name) => name === appendfsync) ?? null,
  };
}

/** True when the setting keeps snapshots. */
export function keepsRdb(setting: Setting): boolean {
  return setting.persist === 'rdb' || setting.persist === 'rdb+aof';
}

/**
 * The directives that make a server have this setting and nothing besides: `save ""` always,
 * because snapshots of a trial are asked for at seeded moments and never come from save points.
 */
export function settingDirectives(setting: Setting): [string, string][] {
  const directives: [string, string][] = [['save', '']];
  if (setting.appendfsync === null) return [...directives, ['appendonly', 'no']];
  return [...directives, ['appendonly', 'yes'], ['appendfsync', setting.appendfsync]];
}

/** Directives that the flags of a setting or the harness itself decide, with whose they are. */
export const reservedDirectives: Readonly<Record<string, string>> = {
  'appendonly': 'the setting decides it: use --persist or `settings`',
  'appendfsync': 'the setting decides it: use --fsync or `settings`',
  'port': 'the harness chooses a free one',
  'bind': 'the harness binds to loopback',
  'dir': 'the harness gives each trial a fresh directory',
  'logfile': 'the harness reads the log of the server',
  'daemonize': 'the harness kills the server by its process id',
  'op-log-file': 'the harness records where the crash model needs it',
};
