// Planted bugs: pictures that are not of one moment, and files installed in the wrong order.

import type { Preserver } from '../../../engine/keyspace/keyspace.ts';
import { noCosts } from '../../../engine/persistence/snapshot.ts';
import { Walker } from '../../../engine/persistence/snapshot/walker.ts';
import type {
  SnapshotRequest, SnapshotResult, SnapshotRun, SnapshotWalker,
} from '../../../engine/persistence/snapshot.ts';
import type { PersistenceOptions } from '../../../engine/persistence/settings.ts';
import type { EngineWrappers } from '../../../engine/start.ts';
import type { Keyspace } from '../../../engine/keyspace/keyspace.ts';
import { snapshotsOnly, withLog } from './planted.ts';
import type { PlantedBug } from './planted.ts';
import { DiskLayer, isBase, isLog, isManifest, onDisk } from './disk-layer.ts';

type OpenMode = Parameters<DiskLayer['open']>[1];

const sliceKeys = 2;

/** A walker that sees another keyspace than there is. */
function onKeyspace(change: (keyspace: Keyspace) => Partial<Keyspace>): () => EngineWrappers {
  return () => ({
    walker: (_walker, parts) => {
      const keyspace = Object.create(parts.keyspace, Object.fromEntries(
        Object.entries(change(parts.keyspace)).map(([name, value]) => [name, { value }]),
      )) as Keyspace;
      const seen = withPrivates(keyspace, parts.keyspace);
      return new Walker({ ...parts, keyspace: seen, sliceKeys });
    },
  });
}

/** Methods that are not overridden must run on the real object: it has private fields. */
function withPrivates(view: Keyspace, real: Keyspace): Keyspace {
  return new Proxy(view, {
    get(target, name) {
      const value: unknown = Object.hasOwn(target, name)
        ? Reflect.get(target, name) : Reflect.get(real, name);
      return typeof value === 'function' && !Object.hasOwn(target, name) ? value.bind(real) : value;
    },
  });
}

/** Nobody keeps what is overwritten while the picture is taken. */
const unprotected = onKeyspace((keyspace) => ({
  beginSnapshot: () => keyspace.beginSnapshot({ preserve() {}, flushed() {} } satisfies Preserver),
}));

/** Every fifth key is passed over. */
const holey = onKeyspace((keyspace) => {
  let seen = 0;
  return { inSnapshot: (entry) => ++seen % 5 !== 0 && keyspace.inSnapshot(entry) };
});

/** Keys written since the picture began are written as well: what the walk sees, not the moment. */
const drifting = onKeyspace((keyspace) => ({
  beginSnapshot: () => keyspace.beginSnapshot({ preserve() {}, flushed() {} } satisfies Preserver),
  inSnapshot: () => true,
}));

/** Takes the picture when it has time, not when it is asked. */
class LatePicture implements SnapshotWalker {
  readonly #walker: SnapshotWalker;
  readonly #parts: PersistenceOptions;

  constructor(walker: SnapshotWalker, parts: PersistenceOptions) {
    this.#walker = walker;
    this.#parts = parts;
  }

  start(request: SnapshotRequest, done: (result: SnapshotResult) => void): SnapshotRun {
    let left = 12;
    let run: SnapshotRun | null = null;
    let aborted = false;
    const step = (): void => {
      if (aborted) return;
      if (--left > 0) this.#parts.schedule(step);
      else run = this.#walker.start(request, done);
    };
    this.#parts.schedule(step);
    return {
      keysDone: 0,
      keysTotal: 0,
      costs: noCosts,
      abort() {
        aborted = true;
        run?.abort();
      },
    };
  }

  runNow(request: SnapshotRequest): SnapshotResult {
    return this.#walker.runNow(request);
  }
}

/** Keeps a rename back until the next write to the log. */
abstract class HeldRename extends DiskLayer {
  #held: readonly [from: string, to: string] | null = null;

  protected abstract holds(to: string): boolean;

  override rename(from: string, to: string): void {
    if (this.holds(to)) this.#held = [from, to];
    else this.inner.rename(from, to);
  }

  override write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    if (this.#held !== null && isLog(this.pathOf(fd))) {
      const [from, to] = this.#held;
      this.#held = null;
      this.inner.rename(from, to);
    }
    return this.inner.write(fd, bytes, offset, length);
  }
}

class ManifestBeforeBase extends HeldRename {
  holds(to: string): boolean {
    return isBase(to);
  }
}

/** Every second manifest stays where it was written. */
class ManifestForgotten extends DiskLayer {
  #count = 0;

  override rename(from: string, to: string): void {
    if (isManifest(to) && ++this.#count % 2 === 0) this.inner.unlink(from);
    else this.inner.rename(from, to);
  }
}

/** Writes over the file in place of a temporary one; the rename then has nothing to do. */
abstract class InPlace extends DiskLayer {
  protected abstract placeOf(path: string): string;

  override open(path: string, mode: OpenMode): number {
    return super.open(this.placeOf(path), mode);
  }

  override rename(from: string, to: string): void {
    if (this.placeOf(from) !== to) this.inner.rename(from, to);
  }
}

class ManifestInPlace extends InPlace {
  placeOf(path: string): string {
    return path.replace(/temp-(appendonly\.aof\.manifest)$/, '$1');
  }
}

class SnapshotInPlace extends InPlace {
  placeOf(path: string): string {
    return path.replace(/temp-\d+\.rdb$/, 'dump.rdb');
  }
}

/** Removes the old base as soon as a rewrite begins. */
class OldBaseRemovedEarly extends DiskLayer {
  override open(path: string, mode: OpenMode): number {
    if (path.includes('temp-rewriteaof-bg')) this.#removeBases();
    return super.open(path, mode);
  }

  override unlink(path: string): void {
    if (this.inner.stat(path) !== null) this.inner.unlink(path);
  }

  #removeBases(): void {
    const directory = '/data/appendonlydir';
    if (this.inner.stat(directory) === null) return;
    const [base] = this.inner.list(directory).filter((name) => name.includes('.base.'));
    if (base !== undefined) this.inner.unlink(`${directory}/${base}`);
  }
}

/** Removes the old log when a rewrite ends, before the manifest that lets go of it. */
class OldLogRemovedEarly extends DiskLayer {
  override rename(from: string, to: string): void {
    this.inner.rename(from, to);
    if (!isBase(to)) return;
    const directory = to.slice(0, to.lastIndexOf('/'));
    const logs = this.inner.list(directory).filter(isLog);
    for (const name of logs.slice(0, -1)) this.inner.unlink(`${directory}/${name}`);
  }

  override unlink(path: string): void {
    if (this.inner.stat(path) !== null) this.inner.unlink(path);
  }
}

/** A rewrite that ends empties the log that was written during it. */
class RewriteDropsNew extends DiskLayer {
  override rename(from: string, to: string): void {
    this.inner.rename(from, to);
    if (!isBase(to)) return;
    for (const path of this.paths.values()) {
      if (isLog(path) && this.inner.stat(path) !== null) this.inner.truncate(path, 0);
    }
  }
}

/** A rewrite begins its new log with what ended the old one. */
class RewriteDoubles extends DiskLayer {
  #last: Uint8Array = new Uint8Array(0);

  override open(path: string, mode: OpenMode): number {
    const fd = super.open(path, mode);
    if (isLog(path) && mode === 'truncate' && this.#last.length > 0) {
      this.inner.write(fd, this.#last, 0, this.#last.length);
    }
    return fd;
  }

  override write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    const block = bytes.subarray(offset, offset + length);
    if (isLog(this.pathOf(fd))) this.#last = Uint8Array.from(block);
    return this.inner.write(fd, bytes, offset, length);
  }
}

export const snapshotBugs: readonly PlantedBug[] = [
  {
    name: 'picture-unprotected', what: 'what is overwritten while a snapshot runs is not in it',
    settings: snapshotsOnly, crashes: ['process'], finds: ['floor', 'hole', 'split'], within: 40,
    wrap: unprotected,
  },
  {
    name: 'picture-of-two-moments', what: 'a snapshot writes what its walk finds, whenever',
    settings: ['rdb', ...withLog], crashes: ['process'],
    finds: ['phantom', 'hole', 'split', 'floor', 'resurrected'], within: 40, wrap: drifting,
  },
  {
    name: 'picture-late', what: 'the picture of a rewrite is taken after its new log has begun',
    settings: withLog, crashes: ['process'], finds: ['phantom', 'refused', 'split', 'hole'],
    within: 60,
    wrap: () => ({ walker: (walker, parts) => new LatePicture(walker, parts) }),
  },
  {
    name: 'snapshot-passes-keys-over', what: 'every fifth key is missing in snapshots',
    settings: ['rdb', ...withLog], crashes: ['process'],
    finds: ['floor', 'hole', 'split', 'lost'], within: 10, wrap: holey,
  },
  {
    name: 'manifest-before-base', what: 'the manifest names the new base before it is there',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost'], within: 40,
    wrap: onDisk(ManifestBeforeBase),
  },
  {
    name: 'manifest-forgotten', what: 'every second new manifest does not replace the old one',
    settings: withLog, crashes: ['process'], finds: ['lost', 'refused', 'hole', 'floor'],
    within: 40,
    wrap: onDisk(ManifestForgotten),
  },
  {
    name: 'manifest-in-place', what: 'the manifest is overwritten in its place',
    settings: withLog, crashes: ['process', 'power'], finds: ['refused', 'lost'], within: 200,
    wrap: onDisk(ManifestInPlace),
  },
  {
    name: 'snapshot-in-place', what: 'dump.rdb is overwritten in its place',
    settings: snapshotsOnly, crashes: ['process', 'power'], finds: ['refused', 'floor'], within: 20,
    wrap: onDisk(SnapshotInPlace),
  },
  {
    name: 'old-base-removed-early', what: 'the old base goes when a rewrite begins',
    settings: withLog, crashes: ['process'], finds: ['refused', 'lost'], within: 20,
    wrap: onDisk(OldBaseRemovedEarly),
  },
  {
    name: 'old-log-removed-early', what: 'the old log goes before the manifest lets go of it',
    settings: withLog, crashes: ['process', 'power'], finds: ['refused', 'lost'], within: 100,
    wrap: onDisk(OldLogRemovedEarly),
  },
  {
    name: 'rewrite-drops-writes', what: 'what was written during a rewrite is gone after it',
    settings: withLog, crashes: ['process'], finds: ['lost', 'hole', 'refused', 'split'],
    within: 20, wrap: onDisk(RewriteDropsNew),
  },
  {
    name: 'rewrite-doubles-writes', what: 'what ended the old log begins the new one',
    settings: withLog, crashes: ['process'], finds: ['phantom', 'refused', 'resurrected'],
    within: 40, wrap: onDisk(RewriteDoubles),
  },
];
