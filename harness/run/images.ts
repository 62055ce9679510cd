// Which crash images of a recorded run are booted: the instants of the plan and the dangerous
// windows in turn; torn ones for `power-torn`, with an exact one among every four.

import { Candidates } from '../crash/images/candidates.ts';
import type { Candidate, Draw } from '../crash/images/candidates.ts';
import { drawTear, tornImage } from '../crash/images/torn.ts';
import { crashWindows } from '../crash/images/windows.ts';
import type { FileTree } from '../crash/image.ts';
import { hashOf, seededDraw } from '../plan/seeds.ts';
import type { Trial } from '../plan/plan.ts';
import type { CoverageRecord } from '../report/record.ts';
import type { PowerCuts } from './cuts.ts';

/** An image that is to be booted. */
export interface PlannedImage extends Candidate {
  /** Exactly what `power` keeps: then the loss curve says what comes back. */
  readonly isExact: boolean;
  /** Makes it; the same each time. */
  image(): FileTree;
}

const exactOneIn = 4;
/** Up to so many instants the plan alone decides. */
const fewInstants = 3;

/** The images of one trial, by time, and the windows that they come from. */
export class ImagePlan {
  images: readonly PlannedImage[];
  readonly #candidates: Candidates;

  constructor(power: PowerCuts, trial: Trial) {
    const { startNs, endNs } = power.span;
    const within = { fromNs: startNs, toNs: endNs };
    const windows = crashWindows(power.log, power.imager.timeline, within);
    this.#candidates = new Candidates(power.log, windows, within);
    this.images = this.#choose(power, trial).sort((a, b) => a.atNs - b.atNs);
  }

  /** The instants of the images, in their order. */
  get instantsNs(): number[] {
    return this.images.map(({ atNs }) => atNs);
  }

  /** The plan with one exact image more. */
  with(power: PowerCuts, atNs: number): this {
    const image = exact(power, this.#candidates.named(atNs));
    this.images = [...this.images, image].sort((a, b) => a.atNs - b.atNs);
    return this;
  }

  /** How often each window was hit, given the digests of the images that were judged. */
  coverage(judged: readonly { readonly window: string; readonly digest: string }[]):
  CoverageRecord[] {
    return this.#candidates.perWindow().map(({ window, candidates }) => {
      const own = judged.filter((each) => each.window === window);
      const distinct = new Set(own.map(({ digest }) => digest)).size;
      return { window, candidates, judged: own.length, distinct };
    });
  }

  #choose(power: PowerCuts, trial: Trial): PlannedImage[] {
    const { cell, cutFractions, seed } = trial;
    const draw = seededDraw(hashOf('images', seed));
    if (cell.crash !== 'power-torn') {
      const isFew = cell.cutInstants <= fewInstants;
      const half = Math.ceil(cutFractions.length / 2);
      const planned = cutFractions.slice(0, isFew ? undefined : half);
      const further = this.#sample(cell.cutInstants - planned.length, draw);
      const atNs = planned.map((fraction) => power.instantAt(fraction));
      const named = atNs.map((each) => this.#candidates.named(each));
      return [...named, ...further].map((each) => exact(power, each));
    }
    const sampled = this.#sample(cell.cutInstants, draw);
    // A server that made no storage call during the load has nothing to tear.
    if (sampled.length === 0) {
      const atNs = cutFractions.slice(0, fewInstants).map((part) => power.instantAt(part));
      return atNs.map((each) => exact(power, this.#candidates.named(each)));
    }
    return sampled.map((candidate, at) => (
      at % exactOneIn === 0
        ? exact(power, candidate) : torn(power, candidate, hashOf('tear', seed, at))
    ));
  }

  #sample(count: number, draw: Draw): Candidate[] {
    return count <= 0 ? [] : this.#candidates.sample(count, draw);
  }
}

function exact(power: PowerCuts, candidate: Candidate): PlannedImage {
  return { ...candidate, isExact: true, image: () => power.imager.at(candidate.atNs) };
}

function torn(power: PowerCuts, candidate: Candidate, seed: number): PlannedImage {
  const image = (): FileTree => {
    const draw = seededDraw(seed);
    const tear = drawTear(draw);
    return tornImage(power.imager.timeline, candidate.atNs, { tear, draw });
  };
  return { ...candidate, isExact: false, image };
}
