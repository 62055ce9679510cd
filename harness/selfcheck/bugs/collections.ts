// Planted bugs that only mix `full` can show: collections, the second database, FLUSHALL, SWAPDB.

import type { CommandContext } from '../../../engine/commands/context.ts';
import type { Journal } from '../../../engine/persistence/appender.ts';
import { withLog } from './planted.ts';
import type { PlantedBug } from './planted.ts';
import { CommandRewriter, JournalLayer, nameOf, onJournal } from './journal-layer.ts';

type Instead = readonly (readonly (string | Uint8Array)[])[] | null;

/** A journal that leaves some commands out. */
function without(...names: readonly string[]): new (inner: Journal) => CommandRewriter {
  return class extends CommandRewriter {
    instead(parts: readonly Buffer[]): Instead {
      return names.includes(nameOf(parts)) ? [] : null;
    }
  };
}

class DoublePush extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    return nameOf(parts).endsWith('push') ? [parts, parts] : null;
  }
}

class OtherEnd extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    return nameOf(parts) === 'lpush' ? [['RPUSH', ...parts.slice(1)]] : null;
  }
}

class OtherScore extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    if (nameOf(parts) !== 'zadd' || this.count % 3 !== 0) return null;
    return [parts.map((part, index) => (index === 2 ? String(Number(part.toString()) + 1) : part))];
  }
}

class OneDatabase extends JournalLayer {
  override request(_databaseIndex: number, ctx: CommandContext): void {
    super.request(0, ctx);
  }

  override command(_databaseIndex: number, parts: readonly (string | Uint8Array)[]): void {
    super.command(0, parts);
  }
}

const anyTrace = ['hole', 'split', 'phantom', 'resurrected', 'deadline', 'lost'] as const;

export const collectionBugs: readonly PlantedBug[] = [
  {
    name: 'swap-not-logged', what: 'SWAPDB does not reach the log',
    settings: withLog, crashes: ['process'], finds: anyTrace, within: 40,
    wrap: onJournal(without('swapdb')),
  },
  {
    name: 'flush-not-logged', what: 'FLUSHALL does not reach the log',
    settings: withLog, crashes: ['process'], finds: anyTrace, within: 100,
    wrap: onJournal(without('flushall')),
  },
  {
    name: 'one-database-logged', what: 'the log tells of database 0 only',
    settings: withLog, crashes: ['process'], finds: anyTrace, within: 20,
    wrap: onJournal(OneDatabase),
  },
  {
    name: 'pop-not-logged', what: 'LPOP and RPOP do not reach the log',
    settings: withLog, crashes: ['process'], finds: ['resurrected', 'hole', 'split'], within: 20,
    wrap: onJournal(without('lpop', 'rpop')),
  },
  {
    name: 'push-twice', what: 'a push to a list is logged twice',
    settings: withLog, crashes: ['process'], finds: ['phantom', 'hole', 'split'], within: 10,
    wrap: onJournal(DoublePush),
  },
  {
    name: 'push-at-the-other-end', what: 'LPUSH is logged as RPUSH',
    settings: withLog, crashes: ['process'], finds: ['hole', 'split'], within: 20,
    wrap: onJournal(OtherEnd),
  },
  {
    name: 'field-removal-not-logged', what: 'HDEL, SREM and ZREM do not reach the log',
    settings: withLog, crashes: ['process'], finds: ['resurrected', 'hole', 'split'], within: 20,
    wrap: onJournal(without('hdel', 'srem', 'zrem')),
  },
  {
    name: 'score-wrong', what: 'every third score is logged one too high',
    settings: withLog, crashes: ['process'], finds: ['phantom', 'hole', 'split'], within: 20,
    wrap: onJournal(OtherScore),
  },
  {
    name: 'collection-deadline-not-logged', what: 'PEXPIREAT does not reach the log',
    settings: withLog, crashes: ['process'], finds: ['deadline'], within: 20,
    wrap: onJournal(without('pexpireat')),
  },
];
