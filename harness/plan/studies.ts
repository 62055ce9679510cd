// Cells that measure one thing closely instead of a load that ends in a crash: how long each form
// of persistence takes to come back, what a snapshot or rewrite costs while it runs, and what
// another way in gives.

import { parseSetting } from './settings.ts';
import type { Setting, SettingLabel } from './settings.ts';
import { sizeText } from './units.ts';

/** What recovery starts from. */
export const recoveryForms = [
  'rdb', 'aof-rdb-base', 'aof-resp-base', 'aof-long-tail', 'rdb+aof',
  'aof-quarter-tail', 'aof-fourfold-tail',
] as const;
/**
 * - `rdb`: a snapshot.
 * - `aof-rdb-base`, `aof-resp-base`: a log just rewritten, its base a snapshot or commands.
 * - `aof-quarter-tail`, `aof-long-tail`, `aof-fourfold-tail`: a log just rewritten, and then a
 *   quarter as many commands as there are keys, as many, or four times as many.
 * - `rdb+aof`: both; the log is what is loaded.
 */
export type RecoveryForm = (typeof recoveryForms)[number];

/** Commands logged after the rewrite, for each key. */
export function tailShareOf(form: RecoveryForm): number {
  return tailShares.get(form) ?? 0;
}

const tailShares: ReadonlyMap<RecoveryForm, number> = new Map([
  ['aof-quarter-tail', 0.25], ['aof-long-tail', 1], ['aof-fourfold-tail', 4],
]);

/** Whether the files are in the page cache when the server starts. */
export const cacheStates = ['warm', 'cold'] as const;
export type CacheState = (typeof cacheStates)[number];

/** Background work whose cost is measured; the last with `no-appendfsync-on-rewrite yes`. */
export const snapshotActions = ['bgsave', 'bgrewriteaof', 'bgrewriteaof-unsynced'] as const;
export type SnapshotAction = (typeof snapshotActions)[number];

/** How long the load of such a study is watched before the work, and after it, ms. */
export const studyAroundMs = 1500;

/** Ways in that are measured beside RESP. */
export const edgeNames = ['http'] as const;
export type EdgeName = (typeof edgeNames)[number];

/** Present where a scenario tries several: it is that of the load of this cell. */
interface StudiedLoad {
  readonly valueSizeBytes?: number;
}

/** What a cell studies. */
export type Study =
  | (StudiedLoad & {
    readonly kind: 'recovery'; readonly form: RecoveryForm; readonly cache: CacheState;
  })
  | (StudiedLoad & {
    readonly kind: 'snapshot'; readonly action: SnapshotAction; readonly ratePerSecond?: number;
  })
  | { readonly kind: 'http'; readonly setting: SettingLabel };

/** The persistence that a study is about. */
export function settingOfStudy(study: Study): Setting {
  if (study.kind === 'http') return parseSetting(study.setting);
  if (study.kind === 'snapshot') {
    return study.action === 'bgsave' ? { persist: 'rdb', appendfsync: null } : aof;
  }
  if (study.form === 'rdb') return { persist: 'rdb', appendfsync: null };
  return study.form === 'rdb+aof' ? { persist: 'rdb+aof', appendfsync: 'everysec' } : aof;
}

const aof: Setting = { persist: 'aof', appendfsync: 'everysec' };

/** The directives of a study beyond those of its setting: nothing happens by itself. */
export function directivesOfStudy(study: Study): [string, string][] {
  const base: [string, string][] = [['auto-aof-rewrite-percentage', '0']];
  if (study.kind === 'recovery' && study.form === 'aof-resp-base') {
    return [...base, ['aof-use-rdb-preamble', 'no']];
  }
  if (study.kind === 'snapshot' && study.action === 'bgrewriteaof-unsynced') {
    return [...base, ['no-appendfsync-on-rewrite', 'yes']];
  }
  return base;
}

/**
 * How a study is written in a cell id: `aof-rdb-base/cold`, `bgsave`, `aof/always/http`; with what
 * it tries of the load behind it: `rdb/warm/4kB`, `bgsave/5k-per-s`.
 */
export function studyLabel(study: Study): string {
  if (study.kind === 'http') return `${study.setting}/http`;
  const what = study.kind === 'recovery' ? `${study.form}/${study.cache}` : study.action;
  const { valueSizeBytes: bytes } = study;
  const rate = study.kind === 'snapshot' ? study.ratePerSecond : undefined;
  return [
    what, ...(bytes === undefined ? [] : [`${sizeText(bytes)}B`]),
    ...(rate === undefined ? [] : [`${sizeText(rate)}-per-s`]),
  ].join('/');
}
