// DEBUG RELOAD and DEBUG LOADAOF: everything is taken from the files again while the server stands
// still. What clients wrote since then is lost, as in Redis.
import type { LogDirectory } from '../aof/log-directory.ts';
import type { CommandOutcome, ReloadMode } from '../commands/context.ts';
import type { Appender } from './appender.ts';
import { Loader } from './recovery.ts';
import type { ReplayPort } from './replay.ts';
import type { Saver } from './save.ts';
import type { PersistenceOptions } from './settings.ts';
import { planStart } from './startup.ts';

/** What reloading works on. */
export interface ReloadParts {
  readonly options: PersistenceOptions;
  readonly saver: Saver;
  readonly appender: Appender;
  readonly replay: ReplayPort;
  /** Of the log, not read yet. */
  readonly directory: LogDirectory;
}

const ok: CommandOutcome = { kind: 'ok', text: 'OK' };

/** Saves, empties the keyspace and loads the snapshot, as the mode says. */
export function reload(parts: ReloadParts, mode: ReloadMode): CommandOutcome {
  const { options, saver } = parts;
  if (mode.save) {
    const saved = saver.save('command');
    if (saved.kind === 'error') return saved;
  }
  if (mode.flush) options.keyspace.flushAll();
  try {
    const path = `${options.settings.directory}/${options.settings.dbFileName}`;
    new Loader(options, parts.replay).loadSnapshotNow(path, { base: false, replace: mode.merge });
  } catch (error) {
    options.log('warning', `DEBUG RELOAD failed: ${String(error)}`);
    return {
      kind: 'error', text: 'ERR Error trying to load the RDB dump, check server logs',
    };
  }
  options.log('warning', 'DB reloaded by DEBUG RELOAD');
  return ok;
}

/** Empties the keyspace and loads the log. */
export function reloadLog(parts: ReloadParts): CommandOutcome {
  const { appender, options, saver } = parts;
  if (appender.isHeld) {
    const text = 'ERR An append only file rewriting is just beginning, try again';
    return { kind: 'error', text };
  }
  if (appender.enabled) appender.flush();
  try {
    const settings = { ...options.settings, appendOnly: true };
    const plan = planStart({ ...options, settings }, parts.directory);
    if (plan.kind !== 'log') {
      return { kind: 'error', text: `ERR There is no append only file in ${settings.directory}` };
    }
    options.keyspace.flushAll();
    new Loader(options, parts.replay).loadLogNow(plan.files);
  } catch (error) {
    options.log('warning', `DEBUG LOADAOF failed: ${String(error)}`);
    return {
      kind: 'error', text: 'ERR Error trying to load the AOF files, check server logs',
    };
  }
  saver.loaded();
  options.log('warning', 'Append Only File loaded by DEBUG LOADAOF');
  return ok;
}
