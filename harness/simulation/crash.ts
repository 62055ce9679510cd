// The crashes of one life: op log → image at an instant → engine started there → everything read
// back → judged. The same images and the same judge as for real runs.

import { readOpLog } from '../../engine/io/op-log.ts';
import type { OpLog } from '../../engine/io/op-log.ts';
import type { MemoryDisk } from '../../engine/io/memory-disk.ts';
import type { DiskTree } from '../../engine/io/memory-disk.ts';
import { Judge } from '../checkers/judge.ts';
import type { RunHistory } from '../checkers/context.ts';
import type { Judgement } from '../checkers/judgement.ts';
import { noFacts } from '../checkers/promise.ts';
import type { DurabilityFacts, Floor } from '../checkers/promise.ts';
import { CrashImager } from '../crash/image.ts';
import type { FileTree } from '../crash/image.ts';
import { drawTear, tornImage } from '../crash/images/torn.ts';
import { completedSnapshots, durableSnapshots, syncFacts } from '../crash/sync-facts.ts';
import { readBack } from '../drivers/resp/read-back.ts';
import { Ledger } from '../history/ledger.ts';
import { parseSetting } from '../plan/settings.ts';
import type { WorkloadSpec } from '../workloads/spec.ts';
import { damaged } from './damage.ts';
import { Random } from './random.ts';
import type { PlannedCut, SimulatedCrash, SimulationPlan } from './plan.ts';
import { ControlClient } from './world/control-client.ts';
import { dataDirectory } from './world/engine.ts';
import type { Booted, SimulatedEngine } from './world/engine.ts';
import type { ClientHistory } from './world/load-client.ts';

/** Starts an engine on an image; `prepare` may make its disk fail. */
export type BootOn = (
  image: FileTree, prepare?: (disk: MemoryDisk) => void,
) => Promise<Booted>;

/** A life that is over. */
export interface LivedLife {
  readonly plan: SimulationPlan;
  readonly workload: WorkloadSpec;
  readonly engine: SimulatedEngine;
  /** What it was started on, and when. */
  readonly image: FileTree;
  readonly bootedNs: number;
  readonly endedNs: number;
  readonly histories: readonly ClientHistory[];
  readonly bootOn: BootOn;
  readonly wallMs: () => number;
}

/** One crash, and what became of it. */
export interface CrashOutcome {
  readonly cutNs: number;
  readonly crash: SimulatedCrash;
  readonly image: FileTree;
  readonly booted: Booted;
  readonly judgement: Judgement;
}

const isLog = (file: string): boolean => file.endsWith('.incr.aof');
const isSnapshot = (file: string): boolean => file.endsWith('.rdb') && !file.includes('/');

/** Crashes one life again and again, at instants in ascending order. */
export class Crashes {
  readonly log: OpLog;
  readonly history: RunHistory;
  readonly #life: LivedLife;
  readonly #imager: CrashImager;
  readonly #judge: Judge;
  readonly #instants: Float64Array;
  readonly #upTo: readonly number[];

  constructor(life: LivedLife) {
    this.#life = life;
    this.log = readOpLog(life.engine.opLog.bytes());
    this.#imager = new CrashImager(this.log, {
      loadStartNs: life.bootedNs, initial: life.image,
    });
    const { workload } = life;
    this.history = { workload, ledger: ledgerOf(workload, life.histories), releases: null };
    this.#judge = new Judge(this.history);
    this.#instants = instantsOf(this.log, life);
    this.#upTo = life.histories.map((history) => history.count);
  }

  /** Crashes at the planned instant, starts the engine on what is left, and judges it. */
  async crash(cut: PlannedCut): Promise<CrashOutcome> {
    const cutNs = instantOf(this.#instants, cut.at);
    const { booted, on, isDamaged } = await this.#recovered(
      this.#imageOf({ log: this.log, imager: this.#imager }, cutNs, cut), cut,
    );
    const survivors = booted.kind === 'serving' ? await this.#read(booted.engine) : null;
    const excuse = booted.kind === 'refused' ? this.#excuse(cut, cutNs, isDamaged) : null;
    const judgement = this.#judge.judge({
      question: { ...parseSetting(this.#life.plan.setting), crash: cut.crash, target: 'bundled' },
      cutNs, deadNs: cutNs, survivors,
      refusal: booted.kind === 'refused' && excuse === null
        ? { file: null, words: booted.words, repair: null } : null,
      facts: this.#facts(cutNs, cut.crash),
      notApplied: excuse === null ? [] : [excuse],
    });
    return { cutNs, crash: cut.crash, image: on, booted, judgement };
  }

  /** Why an engine may refuse to start; null: it must not. */
  #excuse({ crash }: PlannedCut, cutNs: number, isDamaged: boolean): string | null {
    // Of what is damaged an engine may say so; what it must not do is serve it.
    if (isDamaged) return 'damage was seen and refused';
    if (crash !== 'power-torn') return null;
    // A log whose sync failed is followed by a new one until a base replaces both. When a power cut
    // tears the old one before that, it looks like damage, and cutting there would throw away the
    // new one, of which some may have been synced: two failures in a row are for people to see.
    return syncFacts(this.log, cutNs, isLog).failedSyncs > 0
      ? 'a sync had failed, and the log that it left was torn and refused' : null;
  }

  /** Starts on the image, with what the plan does to the start itself. */
  async #recovered(
    image: FileTree, cut: PlannedCut,
  ): Promise<{ booted: Booted; on: FileTree; isDamaged: boolean }> {
    const { bootOn } = this.#life;
    let on = cut.damage === null ? image : damaged(image, cut.damage, cut.seed);
    const isDamaged = on !== image;
    if (cut.fault !== null) {
      const { fault } = cut;
      const failed = await bootOn(on, (disk) => disk.inject(fault));
      on = relative(diskOf(failed).tree());
    }
    if (cut.again !== null) on = await this.#crashedAgain(on, cut, cut.again);
    const booted = await bootOn(on);
    if (!isDamaged || booted.kind === 'serving') return { booted, on, isDamaged };
    // Refused: then it must be refused the second time as well.
    on = relative(diskOf(booted).tree());
    return { booted: await bootOn(on), on, isDamaged };
  }

  /** What a crash in the midst of recovery leaves. */
  async #crashedAgain(image: FileTree, cut: PlannedCut, at: number): Promise<FileTree> {
    const booted = await this.#life.bootOn(image);
    if (booted.kind === 'refused') return image;
    const log = readOpLog(booted.engine.opLog.bytes());
    const loadStartNs = log.records[0]?.beginNs ?? 0;
    const imager = new CrashImager(log, { loadStartNs, initial: image });
    const times = Float64Array.from(log.records.flatMap(({ beginNs, endNs }) => [beginNs, endNs]));
    if (times.length === 0) return image;
    return this.#imageOf({ log, imager }, instantOf(times.sort(), at), cut);
  }

  #imageOf({ log, imager }: Recorded, cutNs: number, { crash, seed }: PlannedCut): FileTree {
    if (crash === 'power') return imager.at(cutNs);
    if (crash === 'power-torn') return torn(imager, cutNs, seed);
    return withHalfWrite(imager.liveAt(cutNs), log, { cutNs, seed });
  }

  async #read(engine: SimulatedEngine): ReturnType<typeof readBack> {
    const { workload, wallMs } = this.#life;
    return readBack(new ControlClient(engine), {
      workload, upTo: this.#upTo, preloadKeys: 0, wallMs,
    });
  }

  #facts(cutNs: number, crash: SimulatedCrash): DurabilityFacts {
    const { bootedNs, plan } = this.#life;
    const recovered = { atNs: bootedNs, reason: 'it had survived an earlier crash' };
    const { appendfsync } = parseSetting(plan.setting);
    if (appendfsync === null) {
      return { ...noFacts, floors: [recovered, ...this.#snapshots(cutNs, crash)] };
    }
    const syncs = syncFacts(this.log, cutNs, isLog);
    const { lastSyncBeganNs: atNs } = syncs;
    const reason = 'a sync of the log that began after it had ended';
    const synced = atNs === null ? [] : [{ atNs, reason }];
    // What a failed sync should have made durable nobody can bound in time; floors still hold.
    const tickMs = syncs.failedSyncs > 0 ? Infinity : noFacts.tickMs;
    return { ...noFacts, syncs, tickMs, floors: [recovered, ...synced] };
  }

  #snapshots(cutNs: number, crash: SimulatedCrash): Floor[] {
    const { timeline } = this.#imager;
    const [facts, reason] = crash === 'process'
      ? [completedSnapshots(timeline, cutNs, isSnapshot), 'the snapshot was complete']
      : [durableSnapshots(timeline, cutNs, isSnapshot), 'the rename of the snapshot was durable'];
    return facts.map((fact) => ({ atNs: fact.openedNs, reason }));
  }
}

interface Recorded {
  readonly log: OpLog;
  readonly imager: CrashImager;
}

/** What a power cut leaves besides what was synced, drawn from the seed of the cut. */
function torn(imager: CrashImager, cutNs: number, seed: number): FileTree {
  const random = new Random(seed);
  const draw = (low: number, high: number): number => random.between(low, high);
  return tornImage(imager.timeline, cutNs, { tear: drawTear(draw), draw });
}

/** A write that SIGKILL interrupts may have been done in part. */
function withHalfWrite(
  image: FileTree, log: OpLog, { cutNs, seed }: { cutNs: number; seed: number },
): FileTree {
  const write = log.records.find(({ call, result, beginNs, endNs }) => (
    call === 'write' && result > 0 && beginNs <= cutNs && endNs > cutNs));
  const before = image.files.get(write?.path ?? '');
  if (write === undefined || before?.length !== write.offsetBytes) return image;
  const part = write.data.subarray(0, new Random(seed).below(write.result + 1));
  const files = new Map(image.files).set(write.path, Buffer.concat([before, part]));
  return { files, directories: image.directories };
}

function diskOf(booted: Booted): MemoryDisk {
  return booted.kind === 'refused' ? booted.disk.memory : booted.engine.disk.memory;
}

/** The data directory of a whole disk. */
function relative({ files, directories }: DiskTree): FileTree {
  const prefix = `${dataDirectory}/`;
  const below = (path: string): boolean => path.startsWith(prefix);
  return {
    files: new Map([...files].filter(([path]) => below(path))
      .map(([path, bytes]) => [path.slice(prefix.length), bytes])),
    directories: directories.filter(below).map((path) => path.slice(prefix.length)),
  };
}

/** Every instant of a life at which something changed. */
function instantsOf({ records, releases }: OpLog, { bootedNs, endedNs }: LivedLife): Float64Array {
  const times = [bootedNs, endedNs];
  for (const { beginNs, endNs } of records) {
    times.push(beginNs);
    if (endNs !== Infinity) times.push(endNs);
  }
  for (const { atNs } of releases) times.push(atNs);
  return Float64Array.from(times).sort();
}

/** The instant at a fraction of all of them. */
function instantOf(instants: Float64Array, at: number): number {
  return instants[Math.min(instants.length - 1, Math.floor(at * instants.length))] as number;
}

/** What the clients did in all lives so far, as a ledger. */
export function ledgerOf(
  workload: WorkloadSpec, histories: readonly ClientHistory[],
): Ledger {
  const starts = new Float64Array(histories.length + 1);
  histories.forEach(({ count }, client) => {
    starts[client + 1] = (starts[client] as number) + count;
  });
  return new Ledger({ clients: workload.clients, workload }, {
    starts, tornBytes: 0,
    sentNs: Float64Array.from(histories.flatMap(({ sentNs }) => sentNs)),
    ackedNs: Float64Array.from(histories.flatMap(({ ackedNs }) => ackedNs)),
    status: Uint8Array.from(histories.flatMap(({ status }) => status)),
  });
}
