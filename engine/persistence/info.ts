// The fields of INFO persistence, named and ordered as Redis 7.0 has them.
import type { Appender } from './appender.ts';
import type { LoadProgress } from './load-progress.ts';
import type { Rewriter } from './rewrite.ts';
import type { Saver } from './save.ts';
import type { PersistenceSettings } from './settings.ts';

/** What the fields tell of. */
export interface PersistenceParts {
  readonly appender: Appender;
  readonly loading: boolean;
  readonly progress: LoadProgress | null;
  readonly rewriter: Rewriter;
  readonly saver: Saver;
  readonly settings: PersistenceSettings;
}

type Field = readonly [string, string | number];

const okOrErr = (healthy: boolean): string => (healthy ? 'ok' : 'err');
const oneOrZero = (condition: boolean): number => (condition ? 1 : 0);

/**
 * All fields. No process is forked: the copy-on-write fields say how many bytes of old versions
 * were kept for a snapshot (copies of changed keys, pages of changed collections). The fields that
 * begin with snapshot_ are ours.
 */
export function infoFields(persistence: PersistenceParts): readonly Field[] {
  return [
    ...loadingFields(persistence),
    ...saveFields(persistence),
    ...rewriteFields(persistence),
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
    ...logFields(persistence),
    ...progressFields(persistence),
    ...costFields(persistence),
  ];
}

function loadingFields(persistence: PersistenceParts): readonly Field[] {
  const run = persistence.saver.running ?? persistence.rewriter.running;
  const done = run?.keysDone ?? 0;
  const total = run?.keysTotal ?? 0;
  return [
    ['loading', oneOrZero(persistence.loading)],
    ['async_loading', 0],
    ['current_cow_peak', run?.costs.keptPeakBytes ?? 0],
    ['current_cow_size', run?.costs.keptBytes ?? 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', (total === 0 ? 0 : Math.min(100, (done / total) * 100)).toFixed(2)],
    ['current_save_keys_processed', done],
    ['current_save_keys_total', total],
  ];
}

function saveFields({ saver, progress }: PersistenceParts): readonly Field[] {
  return [
    ['rdb_changes_since_last_save', saver.changes],
    ['rdb_bgsave_in_progress', oneOrZero(saver.running !== null)],
    ['rdb_last_save_time', saver.lastSaveSec],
    ['rdb_last_bgsave_status', okOrErr(saver.healthy)],
    ['rdb_last_bgsave_time_sec', saver.lastDurationSec],
    ['rdb_current_bgsave_time_sec', saver.currentDurationSec],
    ['rdb_saves', saver.saves],
    ['rdb_last_cow_size', saver.lastCosts.keptTotalBytes],
    ['rdb_last_load_keys_expired', progress?.keysExpired ?? 0],
    ['rdb_last_load_keys_loaded', progress?.keysLoaded ?? 0],
  ];
}

function rewriteFields({ appender, rewriter, settings }: PersistenceParts): readonly Field[] {
  return [
    ['aof_enabled', oneOrZero(settings.appendOnly)],
    ['aof_rewrite_in_progress', oneOrZero(rewriter.inProgress)],
    ['aof_rewrite_scheduled', oneOrZero(rewriter.scheduled)],
    ['aof_last_rewrite_time_sec', rewriter.lastDurationSec],
    ['aof_current_rewrite_time_sec', rewriter.currentDurationSec],
    ['aof_last_bgrewrite_status', okOrErr(rewriter.healthy)],
    ['aof_rewrites', rewriter.rewrites],
    ['aof_rewrites_consecutive_failures', rewriter.consecutiveFailures],
    ['aof_last_write_status', okOrErr(appender.refusal() === null)],
    ['aof_last_cow_size', rewriter.lastCosts.keptTotalBytes],
  ];
}

function logFields({ appender, rewriter, settings }: PersistenceParts): readonly Field[] {
  if (!settings.appendOnly) return [];
  return [
    ['aof_current_size', rewriter.currentBytes],
    ['aof_base_size', rewriter.rewriteBaseBytes],
    ['aof_pending_rewrite', oneOrZero(rewriter.waitsForBase)],
    ['aof_buffer_length', appender.bufferedBytes],
    ['aof_pending_bio_fsync', oneOrZero(appender.isSyncing)],
    ['aof_delayed_fsync', appender.delayedSyncs],
    ['aof_sync_strategy', appender.strategy.offThread ? 'thread' : 'inline'],
    ['aof_sync_strategy_changes', appender.strategy.changes],
    ['aof_sync_usec', Math.round(appender.strategy.typicalNs / 1000)],
  ];
}

function progressFields({ loading, progress }: PersistenceParts): readonly Field[] {
  if (!loading || progress === null) return [];
  return [
    ['loading_start_time', progress.startedSec],
    ['loading_total_bytes', progress.totalBytes],
    ['loading_rdb_used_mem', progress.usedMemoryBytes],
    ['loading_loaded_bytes', progress.loadedBytes],
    ['loading_loaded_perc', (progress.share * 100).toFixed(2)],
    ['loading_eta_seconds', Math.floor(progress.leftSec)],
  ];
}

/** What the snapshot that runs, or else the last one, cost the main thread. */
function costFields({ saver, rewriter }: PersistenceParts): readonly Field[] {
  const last = rewriter.lastStartSec > saver.lastStartSec ? rewriter : saver;
  const { costs } = saver.running ?? rewriter.running ?? { costs: last.lastCosts };
  return [
    ['snapshot_start_usec', Math.round(costs.startUs)],
    ['snapshot_steps', costs.steps],
    ['snapshot_steps_over_1ms', costs.longSteps],
    ['snapshot_longest_step_usec', Math.round(costs.longestStepUs)],
    ['snapshot_main_thread_usec', Math.round(costs.mainThreadUs)],
  ];
}
