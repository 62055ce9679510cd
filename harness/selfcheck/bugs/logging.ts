// Planted bugs: commands that are not logged, logged twice, or logged as something else.

import { always, everysec, withLog } from './planted.ts';
import type { PlantedBug } from './planted.ts';
import {
  CommandRewriter, deadlineAt, JournalLayer, nameOf, onJournal,
} from './journal-layer.ts';

type Instead = readonly (readonly (string | Uint8Array)[])[] | null;

const hourMs = 3_600_000;

class NoDelete extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    return nameOf(parts) === 'del' || nameOf(parts) === 'unlink' ? [] : null;
  }
}

class DoubleIncrement extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    return nameOf(parts).startsWith('incr') ? [parts, parts] : null;
  }
}

class NoDeadline extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    const at = deadlineAt(parts);
    return at < 0 ? null : [parts.slice(0, at - 1)];
  }
}

/** Logs other deadlines than were asked for. */
abstract class MovedDeadline extends CommandRewriter {
  protected abstract readonly byMs: number;

  instead(parts: readonly Buffer[]): Instead {
    const at = deadlineAt(parts);
    if (at < 0) return null;
    const deadlineMs = Number(parts[at]?.toString()) + this.byMs;
    return [parts.map((part, index) => (index === at ? String(deadlineMs) : part))];
  }
}

class LaterDeadline extends MovedDeadline {
  protected readonly byMs = hourMs;
}

class EarlierDeadline extends MovedDeadline {
  protected readonly byMs = -3 * hourMs;
}

/** In seconds, as an older command would have it. */
class RoundedDeadline extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    const at = deadlineAt(parts);
    if (at < 0) return null;
    const roundedMs = Math.floor(Number(parts[at]?.toString()) / 1000) * 1000;
    return [parts.map((part, index) => (index === at ? String(roundedMs) : part))];
  }
}

class CutValue extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    if (nameOf(parts) !== 'set' || this.count % 10 !== 0) return null;
    return [parts.map((part, index) => (index === 2 ? part.subarray(0, -1) : part))];
  }
}

/** Remembers which keys it has logged, and takes a second SET for the first. */
class FirstSetOnly extends CommandRewriter {
  readonly #logged: Set<string> = new Set();

  instead(parts: readonly Buffer[]): Instead {
    const key = parts[1]?.toString('latin1') ?? '';
    if (nameOf(parts) !== 'set') {
      this.#logged.delete(key);
      return null;
    }
    if (this.#logged.has(key)) return [];
    this.#logged.add(key);
    return null;
  }
}

class NextKey extends CommandRewriter {
  instead(parts: readonly Buffer[]): Instead {
    const key = parts[1]?.toString('latin1') ?? '';
    if (nameOf(parts) !== 'set' || !key.startsWith('k:') || this.count % 10 !== 0) return null;
    const other = `${key.slice(0, -1)}${(Number(key.at(-1)) + 1) % 2}`;
    return other === key ? null : [parts.map((part, index) => (index === 1 ? other : part))];
  }
}

class NoMultiEnd extends JournalLayer {
  #count = 0;

  override endTransaction(): void {
    if (++this.#count % 3 !== 0) super.endTransaction();
  }
}

class NoMulti extends JournalLayer {
  override beginTransaction(): void {}

  override endTransaction(): void {}
}

/** Logs nothing but the first command of a MULTI. */
class FirstOfMulti extends CommandRewriter {
  #seen = -1;

  override beginTransaction(): void {
    this.#seen = 0;
    super.beginTransaction();
  }

  override endTransaction(): void {
    this.#seen = -1;
    super.endTransaction();
  }

  instead(): Instead {
    if (this.#seen < 0) return null;
    return this.#seen++ === 0 ? null : [];
  }
}

/** Nothing is ever waited for: neither late syncs nor failed writes hold a reply back. */
class NeverHolds extends JournalLayer {
  override get releasable(): number {
    return this.inner.appended;
  }
}

/** Commits every third turn only, and lets the replies go all the same. */
class LazyCommit extends NeverHolds {
  #turns = 0;

  override commit(): void {
    if (++this.#turns % 3 === 0) super.commit();
  }
}

export const loggingBugs: readonly PlantedBug[] = [
  {
    name: 'delete-not-logged', what: 'DEL does not reach the log',
    settings: withLog, crashes: ['process'], finds: ['resurrected', 'hole', 'split', 'phantom'],
    within: 10, wrap: onJournal(NoDelete),
  },
  {
    name: 'increment-twice', what: 'INCR is logged as a command, and once more',
    settings: withLog, crashes: ['process'], finds: ['phantom'], within: 5,
    wrap: onJournal(DoubleIncrement),
  },
  {
    name: 'deadline-not-logged', what: 'SET with a deadline is logged without it',
    settings: withLog, crashes: ['process'], finds: ['deadline', 'resurrected'], within: 5,
    wrap: onJournal(NoDeadline),
  },
  {
    name: 'deadline-later', what: 'deadlines are logged an hour late: expired keys come back',
    settings: withLog, crashes: ['process'], finds: ['deadline', 'resurrected'], within: 5,
    wrap: onJournal(LaterDeadline),
  },
  {
    name: 'deadline-earlier', what: 'deadlines are logged three hours early: keys die before them',
    settings: withLog, crashes: ['process'], finds: ['expired-early', 'deadline', 'hole', 'split'],
    within: 5, wrap: onJournal(EarlierDeadline),
  },
  {
    name: 'deadline-in-seconds', what: 'deadlines lose their milliseconds in the log',
    settings: withLog, crashes: ['process'], finds: ['deadline'], within: 5,
    wrap: onJournal(RoundedDeadline),
  },
  {
    name: 'value-cut', what: 'every tenth value is logged without its last byte',
    settings: withLog, crashes: ['process'], finds: ['torn'], within: 10, wrap: onJournal(CutValue),
  },
  {
    name: 'second-set-not-logged', what: 'a SET of a key that was logged before is left out',
    settings: withLog, crashes: ['process'], finds: ['hole', 'lost', 'split'], within: 5,
    wrap: onJournal(FirstSetOnly),
  },
  {
    name: 'key-confused', what: 'every tenth SET is logged for another key',
    settings: withLog, crashes: ['process'], finds: ['phantom', 'hole', 'lost'], within: 10,
    wrap: onJournal(NextKey),
  },
  {
    name: 'multi-end-lost', what: 'every third EXEC does not reach the log',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost', 'split', 'hole'],
    within: 10, wrap: onJournal(NoMultiEnd),
  },
  {
    name: 'multi-first-only', what: 'of a MULTI only the first command is logged',
    settings: withLog, crashes: ['process'], finds: ['split', 'hole', 'lost'], within: 5,
    wrap: onJournal(FirstOfMulti),
  },
  {
    name: 'late-sync-not-waited-for', what: 'replies leave while the log waits for a late sync',
    settings: everysec, crashes: ['process', 'power'], finds: ['lost', 'window', 'hole'],
    within: 200, wrap: onJournal(NeverHolds),
  },
  {
    name: 'commit-every-third-turn',
    what: 'the log is written every third turn, replies leave each',
    settings: withLog, crashes: ['process'], finds: ['lost'], within: 5,
    wrap: onJournal(LazyCommit),
  },
  {
    name: 'always-commits-lazily', what: 'the same under always, looked at by a power cut',
    settings: always, crashes: ['power'], finds: ['lost'], within: 5, wrap: onJournal(LazyCommit),
  },
  {
    // Without blocks, which would keep the commands of a turn together whatever they say.
    name: 'multi-not-logged', what: 'the log does not say where a MULTI begins and ends',
    settings: withLog, crashes: ['process'], finds: ['split', 'hole'], within: 100,
    directives: [['aof-checksum', 'no']], wrap: onJournal(NoMulti),
  },
];
