// A load with snapshots and rewrites, and a watch over it: at each storage call it keeps what a
// crash there would leave, and how many writes were acknowledged by then.
import type { Disk } from '../../io/disk.ts';
import type { DiskTree, MemoryDisk } from '../../io/memory-disk.ts';
import type { TestEngine } from './test-engine.ts';

/** A moment of the load. */
export interface Moment {
  /** The call that was about to be made. */
  readonly call: string;
  readonly acknowledged: number;
  readonly sent: number;
  /** What a crash of the process leaves, and what a power cut leaves. */
  readonly afterKill: DiskTree;
  readonly afterPowerCut: DiskTree;
}

/** How far the load has come. */
export class Progress {
  sent = 0;
  acknowledged = 0;
  /** Contents after each number of writes. */
  readonly states: ReadonlyMap<string, string>[] = [new Map()];
}

const watched = [
  'open', 'write', 'sync', 'syncAsync', 'truncate', 'truncateOpen', 'close', 'rename', 'unlink',
  'makeDirectory', 'syncDirectory', 'syncDirectoryAsync',
] as const;

/** What the disk would leave now. */
export function momentOf(disk: MemoryDisk, progress: Progress, call: string): Moment {
  return {
    call,
    acknowledged: progress.acknowledged,
    sent: progress.sent,
    afterKill: disk.tree(),
    afterPowerCut: disk.powerCut().tree(),
  };
}

/** The disk, with a moment taken before each call that changes it. */
export function watch(disk: MemoryDisk, progress: Progress, moments: Moment[]): Disk {
  return new Proxy(disk, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const counts = (watched as readonly (string | symbol)[]).includes(name);
      return (...args: unknown[]): unknown => {
        if (counts) moments.push(momentOf(disk, progress, String(name)));
        return Reflect.apply(member, target, args);
      };
    },
  });
}

/** Sends the next write: one tick. */
function write(engine: TestEngine, progress: Progress): void {
  const n = progress.sent + 1;
  const kinds: readonly (readonly string[])[] = [
    ['SET', `k${n % 7}`, `value ${n}`], ['INCR', 'counter'], ['APPEND', 'long', `${n},`],
    ['DEL', `k${(n + 3) % 7}`, 'none'], ['SET', `t${n % 5}`, 'x'.repeat(n * 3), 'PX', '90000000'],
  ];
  const command = kinds[n % kinds.length] as readonly string[];
  engine.run('MULTI');
  engine.run(...command);
  engine.run('SET', 'witness', String(n));
  const refused = engine.run('EXEC').startsWith('-');
  const { journal } = engine.persistence;
  const token = journal.appended;
  if (!refused) {
    progress.sent = n;
    progress.states[n] = engine.contents();
  }
  journal.commit();
  if (!refused && journal.releasable >= token) progress.acknowledged = n;
}

/** Writes that a load sends. */
export const writes = 22;

/** Runs the load; ends early when the engine asks for its end. */
export async function runLoad(engine: TestEngine, progress: Progress): Promise<void> {
  for (let round = 0; round < writes; round++) {
    write(engine, progress);
    if (round % 11 === 1) engine.run('BGSAVE', 'SCHEDULE');
    if (round % 11 === 6) engine.run('BGREWRITEAOF');
    engine.runSteps(1);
    // How many syncs end meanwhile differs from round to round.
    for (let turn = round % 3; turn < 4; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    passTime(engine, progress, 300);
  }
  // Time for retries of what failed.
  for (let round = 0; round < 6; round++) {
    await engine.settle();
    passTime(engine, progress, 1000);
  }
  await engine.settle();
}

function passTime(engine: TestEngine, progress: Progress, milliseconds: number): void {
  engine.clock.advanceMs(milliseconds);
  engine.persistence.cron(0);
  // A retry may have released what was held.
  const { journal } = engine.persistence;
  if (journal.releasable === journal.appended) progress.acknowledged = progress.sent;
}
