// Planted bugs: starts that read too little, too much or the wrong thing, and say nothing.

import type { Clock } from '../../../engine/io/clock.ts';
import type { PathStat, ReadAt } from '../../../engine/io/disk.ts';
import type { EngineWrappers } from '../../../engine/start.ts';
import { withLog } from './planted.ts';
import type { PlantedBug } from './planted.ts';
import { DiskLayer, isLog, isManifest, onDisk } from './disk-layer.ts';

type OpenMode = Parameters<DiskLayer['open']>[1];

/** Shows readers another content than a file has. What was opened for writing is as it is. */
abstract class OtherContent extends DiskLayer {
  readonly #contents: Map<number, Uint8Array> = new Map();

  /** What readers of a file shall see; null: what is there. */
  protected abstract contentOf(path: string, real: () => Buffer): Uint8Array | null;

  override open(path: string, mode: OpenMode): number {
    const fd = super.open(path, mode);
    if (mode !== 'read') return fd;
    const content = this.contentOf(path, () => this.#realOf(path, fd));
    if (content !== null) this.#contents.set(fd, content);
    return fd;
  }

  override read(fd: number, target: Uint8Array, at: ReadAt): number {
    const content = this.#contents.get(fd);
    if (content === undefined) return this.inner.read(fd, target, at);
    const part = content.subarray(at.position, at.position + at.length);
    target.set(part, at.offset);
    return part.length;
  }

  override close(fd: number): void {
    this.#contents.delete(fd);
    super.close(fd);
  }

  override stat(path: string): PathStat | null {
    const stat = this.inner.stat(path);
    if (stat?.kind !== 'file') return stat;
    const content = this.contentOf(path, () => this.#read(path));
    return content === null ? stat : { ...stat, sizeBytes: content.length };
  }

  #read(path: string): Buffer {
    const fd = this.inner.open(path, 'read');
    try {
      return this.#realOf(path, fd);
    } finally {
      this.inner.close(fd);
    }
  }

  #realOf(path: string, fd: number): Buffer {
    const length = this.inner.stat(path)?.sizeBytes ?? 0;
    const bytes = Buffer.alloc(length);
    this.inner.read(fd, bytes, { offset: 0, length, position: 0 });
    return bytes;
  }
}

/** Where each command of a log begins, and its end. */
function commandStarts(log: Buffer): number[] {
  const starts: number[] = [];
  for (let at = log.indexOf('*'); at >= 0; at = log.indexOf('\n*', at + 1)) {
    starts.push(at === 0 ? 0 : at + 1);
  }
  return starts;
}

/** The last command of the last log is not read, and so cut off. */
class TailCutTooFar extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!isLog(path)) return null;
    const log = real();
    const last = commandStarts(log).at(-1) ?? 0;
    return log.subarray(0, Math.min(log.length, last + 5));
  }
}

/** Half a command that ends the log is left there, and appended to. */
class TailNotCut extends DiskLayer {
  override truncate(path: string, lengthBytes: number): void {
    if (!isLog(path)) this.inner.truncate(path, lengthBytes);
  }
}

/** The cut of a torn tail leaves some bytes of it. */
class TailCutTooShort extends DiskLayer {
  override truncate(path: string, lengthBytes: number): void {
    const length = this.inner.stat(path)?.sizeBytes ?? 0;
    this.inner.truncate(path, isLog(path) ? Math.min(length, lengthBytes + 3) : lengthBytes);
  }
}

/** The cut of a torn tail takes the whole command before it along. */
class TornTailCutTooFar extends DiskLayer {
  override truncate(path: string, lengthBytes: number): void {
    this.inner.truncate(path, isLog(path) ? Math.max(0, lengthBytes - 40) : lengthBytes);
  }
}

/** Nine tenths of a log are enough. */
class StopsEarly extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!isLog(path)) return null;
    const log = real();
    const end = commandStarts(log).findLast((start) => start <= log.length * 0.9) ?? log.length;
    return log.subarray(0, end);
  }
}

/** The first command of each log is passed over. */
class StartsLate extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!isLog(path)) return null;
    const log = real();
    // The first is SELECT.
    const starts = commandStarts(log);
    return starts.length < 3 ? null : Buffer.concat([
      log.subarray(0, starts[1]), log.subarray(starts[2]),
    ]);
  }
}

/** Each log is replayed twice. */
class ReplaysTwice extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!isLog(path)) return null;
    const log = real();
    return Buffer.concat([log, log]);
  }
}

/** The lines of a manifest that are files: without the checksum in its first one. */
function filesIn(manifest: Buffer): string[] {
  return manifest.toString('latin1').match(/^[^#].*\n/gm) ?? [];
}

/** The manifest is read without its last line. */
class LastFileIgnored extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!isManifest(path)) return null;
    const lines = filesIn(real());
    return lines.length < 2 ? null : Buffer.from(lines.slice(0, -1).join(''));
  }
}

/** The base is left out: the manifest is read without its first file. */
class BaseIgnored extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!isManifest(path)) return null;
    const lines = filesIn(real());
    return lines.length < 2 ? null : Buffer.from(lines.slice(1).join(''));
  }
}

/** The sum at the end of an RDB file reads as eight zeros: "saved without a checksum". */
class ChecksumIgnored extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!path.endsWith('.rdb')) return null;
    const bytes = real();
    bytes.fill(0, Math.max(0, bytes.length - 8));
    return bytes;
  }
}

/** A file of the log that ends within a command is as good as whole, wherever it stands. */
class TruncatedMiddleAccepted extends OtherContent {
  contentOf(path: string, real: () => Buffer): Uint8Array | null {
    if (!isLog(path)) return null;
    const log = real();
    return wholeCommands(log);
  }
}

function wholeCommands(log: Buffer): Buffer {
  let at = 0;
  while (at < log.length) {
    const end = commandEnd(log, at);
    if (end < 0) return log.subarray(0, at);
    at = end;
  }
  return log;
}

/** Where the command or comment that begins at `at` ends; −1: beyond the log. */
function commandEnd(log: Buffer, at: number): number {
  const lineEnd = log.indexOf('\n', at);
  if (lineEnd < 0) return -1;
  if (log[at] !== 0x2a) return lineEnd + 1;
  let left = Number(log.toString('latin1', at + 1, lineEnd - 1));
  let next = lineEnd + 1;
  for (; left > 0; left--) {
    const end = log.indexOf('\n', next);
    if (end < 0) return -1;
    next = end + 1 + Number(log.toString('latin1', next + 1, end - 1)) + 2;
    if (next > log.length) return -1;
  }
  return next;
}

/** As Redis 7.0.15: a damaged file is cut before the start is refused, so the next one succeeds. */
class CutBeforeRefusal extends DiskLayer {
  override open(path: string, mode: OpenMode): number {
    if (isLog(path) && mode === 'read') {
      const length = this.inner.stat(path)?.sizeBytes ?? 0;
      const fd = super.open(path, mode);
      const bytes = Buffer.alloc(length);
      this.inner.read(fd, bytes, { offset: 0, length, position: 0 });
      const whole = wholeCommands(bytes).length;
      // The descriptor still reads what it has read: this start refuses, the next one will not.
      if (whole < length) this.#later = () => this.inner.truncate(path, whole);
      return fd;
    }
    return super.open(path, mode);
  }

  #later: (() => void) | null = null;

  override close(fd: number): void {
    super.close(fd);
    this.#later?.();
    this.#later = null;
  }
}

/** The log is overlooked where there is a snapshot beside it. */
class SnapshotPreferred extends DiskLayer {
  #isRecovering = true;

  override stat(path: string): PathStat | null {
    return this.#hides(path) ? null : this.inner.stat(path);
  }

  override list(path: string): string[] {
    return this.#hides(path) ? [] : this.inner.list(path);
  }

  override open(path: string, mode: OpenMode): number {
    if (mode === 'read' && this.#hides(path)) {
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    }
    if (mode !== 'read') this.#isRecovering = false;
    return super.open(path, mode);
  }

  #hides(path: string): boolean {
    return this.#isRecovering && path.includes('appendonlydir')
      && this.inner.stat('/data/dump.rdb') !== null;
  }
}

/** A start removes what it takes for left over: the newest log. */
class NewestLogRemoved extends DiskLayer {
  override list(path: string): string[] {
    return this.inner.list(path);
  }

  override open(path: string, mode: OpenMode): number {
    if (mode === 'read' && isLog(path)) {
      const fd = super.open(path, mode);
      this.inner.unlink(path);
      return fd;
    }
    return super.open(path, mode);
  }

  override stat(path: string): PathStat | null {
    return this.inner.stat(path);
  }
}

/** The engine's clock is not the world's. */
function clockOffBy(offMs: number): () => EngineWrappers {
  return () => ({
    clock: (clock: Clock): Clock => ({
      wallMs: () => clock.wallMs() + offMs,
      monotonicNs: () => clock.monotonicNs(),
    }),
  });
}

/** It has the right time when it starts, and has it for ever: what a start loads is right. */
function clockStandsStill(): EngineWrappers {
  return {
    clock: (clock: Clock): Clock => {
      const startedMs = clock.wallMs();
      return { wallMs: () => startedMs, monotonicNs: () => clock.monotonicNs() };
    },
  };
}

const hourMs = 3_600_000;

export const recoveryBugs: readonly PlantedBug[] = [
  {
    name: 'tail-cut-too-far', what: 'a start cuts the last command off the log, whole as it is',
    settings: withLog, crashes: ['process'], finds: ['lost', 'split'], within: 5,
    wrap: onDisk(TailCutTooFar),
  },
  {
    name: 'torn-tail-cut-too-far', what: 'the cut of a torn tail takes a whole command along',
    settings: withLog, crashes: ['process'], finds: ['lost', 'refused', 'split', 'hole'],
    within: 200, faults: true, wrap: onDisk(TornTailCutTooFar),
  },
  {
    name: 'torn-tail-not-cut', what: 'a torn tail stays, and is appended to',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost', 'hole', 'torn'],
    within: 200, faults: true, wrap: onDisk(TailNotCut),
  },
  {
    name: 'torn-tail-cut-too-short', what: 'the cut of a torn tail leaves some of it',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost', 'hole', 'torn'],
    within: 200, faults: true, wrap: onDisk(TailCutTooShort),
  },
  {
    name: 'stops-early', what: 'a start reads nine tenths of a log and says nothing',
    settings: withLog, crashes: ['process'], finds: ['lost', 'hole', 'refused'], within: 5,
    wrap: onDisk(StopsEarly),
  },
  {
    name: 'starts-late', what: 'a start passes the first command of a log over',
    settings: withLog, crashes: ['process'], finds: ['hole', 'refused', 'split', 'lost'],
    within: 10, wrap: onDisk(StartsLate),
  },
  {
    name: 'replayed-twice', what: 'a start replays each log twice',
    settings: withLog, crashes: ['process'], finds: ['phantom', 'refused', 'resurrected'],
    within: 5, wrap: onDisk(ReplaysTwice),
  },
  {
    name: 'last-file-ignored', what: 'a start overlooks the last line of the manifest',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost', 'floor'], within: 5,
    wrap: onDisk(LastFileIgnored),
  },
  {
    name: 'base-ignored', what: 'a start overlooks the base once there is one worth loading',
    settings: withLog, crashes: ['process'], finds: ['hole', 'split', 'lost'], within: 40,
    wrap: onDisk(BaseIgnored),
  },
  {
    name: 'snapshot-preferred', what: 'a start loads dump.rdb and overlooks the log beside it',
    settings: ['rdb+aof/always', 'rdb+aof/everysec'], crashes: ['process'],
    finds: ['lost', 'hole', 'refused'], within: 40, wrap: onDisk(SnapshotPreferred),
  },
  {
    name: 'newest-log-removed', what: 'a start removes the log after reading it',
    settings: withLog, crashes: ['process'], finds: ['lost', 'refused', 'floor'], within: 10,
    wrap: onDisk(NewestLogRemoved),
  },
  {
    name: 'clock-slow', what: 'the engine\'s clock is an hour slow: expired keys are still there',
    settings: ['rdb', ...withLog], crashes: ['process'], finds: ['resurrected', 'stale'],
    within: 20, wrap: clockOffBy(-hourMs),
  },
  {
    name: 'clock-fast', what: 'the engine\'s clock is three hours fast: keys die before their time',
    settings: ['rdb', ...withLog], crashes: ['process'],
    finds: ['expired-early', 'split', 'hole', 'stale'], within: 10, wrap: clockOffBy(3 * hourMs),
  },
  {
    name: 'clock-stands-still', what: 'the engine\'s clock stands still from its start: keys stay '
      + 'after their deadline while it lives, and are gone after a crash',
    settings: ['rdb', ...withLog], crashes: ['process', 'power'], finds: ['stale'], within: 60,
    wrap: clockStandsStill,
  },
  {
    name: 'checksum-ignored', what: 'the checksum of an RDB file counts for nothing',
    settings: ['rdb', ...withLog], crashes: ['process'], damage: true,
    finds: ['torn', 'phantom', 'hole', 'deadline', 'split', 'floor', 'lost', 'expired-early'],
    within: 60, wrap: onDisk(ChecksumIgnored),
  },
  {
    name: 'truncated-middle-accepted', what: 'a log that ends within a command is loaded though '
      + 'others follow it',
    settings: withLog, crashes: ['process'], damage: true,
    finds: ['hole', 'split', 'lost', 'phantom'], within: 200,
    directives: [['aof-checksum', 'no']], wrap: onDisk(TruncatedMiddleAccepted),
  },
  {
    name: 'refused-then-accepted', what: 'a damaged log is cut before it is refused: the second '
      + 'start succeeds',
    settings: withLog, crashes: ['process'], damage: true,
    finds: ['hole', 'split', 'lost', 'phantom'], within: 200,
    directives: [['aof-checksum', 'no']], wrap: onDisk(CutBeforeRefusal),
  },
];
