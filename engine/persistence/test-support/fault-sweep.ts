// A load that saves and rewrites, run again and again, with one fault that begins at the n-th
// storage call: n goes through all of them. After each run a crash and a power cut are taken and
// the engine is started on both: what was acknowledged and promised must be there.
import type { Disk } from '../../io/disk.ts';
import type { MemoryDisk } from '../../io/memory-disk.ts';
import type { AppendFsync, SyncStrategySetting } from '../settings.ts';
import { momentOf, Progress, runLoad } from './scenario.ts';
import type { Moment } from './scenario.ts';
import { memoryDisk, TestEngine } from './test-engine.ts';

/** What goes wrong. */
export interface SweptFault {
  readonly name: string;
  readonly code: string;
  /** Calls that fail; null: all that change something. */
  readonly calls: readonly string[] | null;
  /** Only calls on paths below here fail; null: on any. */
  readonly below: string | null;
  /** Until it is healed, or only once. */
  readonly lasts: boolean;
  /** A write takes so many bytes first. */
  readonly shortBytes?: number;
}

const changing = [
  'open', 'write', 'sync', 'syncAsync', 'truncate', 'truncateOpen', 'close', 'rename', 'unlink',
  'makeDirectory', 'syncDirectory', 'syncDirectoryAsync',
] as const;
const writing = ['open', 'write', 'truncate', 'truncateOpen', 'rename', 'unlink', 'makeDirectory'];
const naming = ['open', 'rename', 'unlink', 'makeDirectory', 'syncDirectory',
  'syncDirectoryAsync'];
const syncs = ['sync', 'syncAsync'];

export const sweptFaults: readonly SweptFault[] = [
  { name: 'EIO once', code: 'EIO', calls: null, below: null, lasts: false },
  { name: 'EIO on write, for a while', code: 'EIO', calls: ['write'], below: null, lasts: true },
  { name: 'a short write, then ENOSPC', code: 'ENOSPC', calls: ['write'], below: null, lasts: true,
    shortBytes: 3 },
  { name: 'ENOSPC, for a while', code: 'ENOSPC', calls: writing, below: null, lasts: true },
  { name: 'EIO on sync, once', code: 'EIO', calls: syncs, below: null, lasts: false },
  { name: 'EIO on sync, for a while', code: 'EIO', calls: syncs, below: null, lasts: true },
  { name: 'EIO on directory sync, for a while', code: 'EIO', below: null, lasts: true,
    calls: ['syncDirectory', 'syncDirectoryAsync'] },
  { name: 'EROFS, for a while', code: 'EROFS', calls: writing, below: null, lasts: true },
  { name: 'the log directory is gone, for a while', code: 'ENOENT', calls: naming,
    below: '/data/appendonlydir', lasts: true },
];

/** Policy and place of the syncs. */
export interface SweptPolicy {
  readonly appendFsync: AppendFsync;
  readonly syncStrategy: SyncStrategySetting;
}

export const sweptPolicies: readonly SweptPolicy[] = [
  { appendFsync: 'always', syncStrategy: 'inline' },
  { appendFsync: 'always', syncStrategy: 'thread' },
  { appendFsync: 'everysec', syncStrategy: 'auto' },
  { appendFsync: 'no', syncStrategy: 'auto' },
];

/** What a sweep found. */
export interface SweepResult {
  /** Storage calls at which the fault began. */
  readonly indexes: number;
  readonly acknowledged: number;
  /** Acknowledged and promised writes that are not there, or no prefix: must be 0. */
  lost: number;
  /** Runs after which the engine did not serve writes again by itself. */
  stuck: number;
  /** The first findings, in words. */
  readonly findings: readonly string[];
}

interface DiskCall {
  readonly name: string;
  readonly args: unknown[];
}

/** A disk that fails from its n-th call on. */
class FailingDisk {
  calls = 0;
  healed = false;
  readonly disk: Disk;
  /** Called before a base takes its name, once the fault has begun. */
  onBase: (() => void) | null = null;
  private began = false;
  private readonly nth: number;

  constructor(inner: MemoryDisk, fault: SweptFault | null, nth: number) {
    this.nth = nth;
    this.disk = new Proxy(inner, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        const counts = (changing as readonly (string | symbol)[]).includes(name);
        return (...args: unknown[]): unknown => {
          if (counts) this.calls++;
          const call = { name: String(name), args };
          if (this.began && namesBase(call)) this.onBase?.();
          if (!counts || fault === null || !this.applies(fault, call)) {
            return Reflect.apply(member, target, args);
          }
          return this.fail(fault, inner, call);
        };
      },
    });
  }

  private applies(fault: SweptFault, { name, args }: DiskCall): boolean {
    if (this.healed || this.calls < this.nth || (this.began && !fault.lasts)) return false;
    if (fault.calls !== null && !fault.calls.includes(name)) return false;
    if (fault.below !== null && !String(args[0]).startsWith(fault.below)) return false;
    this.began = true;
    return true;
  }

  private fail(fault: SweptFault, inner: MemoryDisk, { name, args }: DiskCall): unknown {
    const error = Object.assign(new Error(`${fault.code}: injected, ${name}`), {
      code: fault.code, errno: -5, syscall: name,
    });
    // The memory disk knows what a failed sync of a file costs.
    if (name === 'sync' || name === 'syncAsync') {
      inner.inject({ call: 'sync', code: fault.code });
      return Reflect.apply(inner[name], inner, args);
    }
    if (name === 'syncDirectoryAsync') {
      setImmediate(args[1] as (error: Error) => void, error);
      return undefined;
    }
    if (name === 'write' && fault.shortBytes !== undefined) {
      const [fd, bytes, offset, length] = args as [number, Uint8Array, number, number];
      if (length > fault.shortBytes) return inner.write(fd, bytes, offset, fault.shortBytes);
    }
    // A descriptor is gone even when close fails.
    if (name === 'close') inner.close(args[0] as number);
    throw error;
  }
}

/** Meanwhile the manifest names the old files and the next increment. */
function namesBase({ name, args }: DiskCall): boolean {
  return name === 'rename' && String(args[1]).includes('.base.');
}

interface Run {
  readonly calls: number;
  readonly progress: Progress;
  readonly moments: readonly Moment[];
  readonly works: boolean;
}

async function runOnce(
  policy: SweptPolicy, fault: SweptFault | null, nth: number,
): Promise<Run> {
  const progress = new Progress();
  const disk = memoryDisk();
  await TestEngine.start({ disk, settings: { appendOnly: true } });
  disk.settle();
  const failing = new FailingDisk(disk, fault, nth);
  failing.healed = true;
  const engine = await TestEngine.start({
    disk: failing.disk, settings: { appendOnly: true, ...policy }, sliceKeys: 6,
  });
  failing.healed = false;
  failing.calls = 0;
  const moments: Moment[] = [];
  failing.onBase = (): void => {
    moments.push(momentOf(disk, progress, 'before a base takes its name'));
  };
  await runLoad(engine, progress);
  moments.push(momentOf(disk, progress, 'before the fault is healed'));
  const { calls } = failing;
  failing.healed = true;
  await letTimePass(engine, progress);
  const works = engine.acknowledge('PING') && progress.acknowledged === progress.sent
    && engine.persistence.refusal() === null;
  moments.push(momentOf(disk, progress, 'at the end'));
  return { calls, progress, works, moments };
}

/** Long enough for the longest back-off of a few failures. */
async function letTimePass(engine: TestEngine, progress: Progress): Promise<void> {
  const { journal } = engine.persistence;
  for (let round = 0; round < 40; round++) {
    await engine.settle();
    engine.clock.advanceMs(round < 8 ? 1000 : 30_000);
    engine.persistence.cron(0);
    if (journal.releasable === journal.appended) progress.acknowledged = progress.sent;
    const done = progress.acknowledged === progress.sent && engine.persistence.refusal() === null;
    if (done && round > 2) break;
  }
  await engine.settle();
}

/** How many writes are there; -1: what is there is no prefix, or refused. */
async function survivors(
  files: Moment['afterKill']['files'], { states }: Progress,
): Promise<number> {
  const engine = new TestEngine({ disk: memoryDisk(files), settings: { appendOnly: true } });
  const refused = await engine.recover().then(() => false, () => true);
  if (refused) return -1;
  const found = engine.contents();
  const witness = Number.parseInt(found.get('0:witness') ?? '0', 10);
  const expected = states[witness];
  const equal = expected !== undefined && expected.size === found.size
    && [...expected].every(([key, value]) => found.get(key) === value);
  return equal ? witness : -1;
}

/** Which storage calls a fault begins at: all, unless given. */
export interface SweptCalls {
  readonly step?: number;
  readonly from?: number;
  /** The last one. */
  readonly to?: number;
}

/** Runs the load again and again, with the fault beginning at each of the calls. */
export async function sweep(
  policy: SweptPolicy, fault: SweptFault, { step = 1, from = 1, to = Infinity }: SweptCalls = {},
): Promise<SweepResult> {
  const { calls } = await runOnce(policy, null, 0);
  const findings: string[] = [];
  let [indexes, acknowledged, lost, stuck] = [0, 0, 0, 0];
  for (let nth = from; nth <= Math.min(calls, to); nth += step) {
    const where = `${policy.appendFsync} (${policy.syncStrategy}), ${fault.name} at call ${nth}`;
    const run = await runOnce(policy, fault, nth);
    indexes++;
    acknowledged += run.progress.acknowledged;
    if (!run.works) {
      stuck++;
      findings.push(`${where}: does not serve writes again`);
    }
    for (const moment of run.moments) {
      const durable = policy.appendFsync === 'always' ? moment.acknowledged : 0;
      for (const [kind, tree, floor] of [
        ['process', moment.afterKill, moment.acknowledged],
        ['power', moment.afterPowerCut, durable],
      ] as const) {
        const found = await survivors(tree.files, run.progress);
        if (found >= floor && found <= moment.sent) continue;
        lost += found < 0 ? Math.max(1, floor) : floor - found;
        findings.push(`${where}, ${moment.call}, ${kind}: ${found} of ${floor} to ${moment.sent}`);
      }
    }
  }
  return { indexes, acknowledged, lost, stuck, findings: findings.slice(0, 5) };
}
