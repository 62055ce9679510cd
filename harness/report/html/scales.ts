// From values to places on a chart, and the values that are worth a tick.

/** One direction of a chart. */
export interface Scale {
  /** Where a value lies, in pixels; values outside are brought to the nearer end. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** The ends of an axis in pixels; the first may be the greater, as it is upwards. */
export type PixelRange = readonly [from: number, to: number];

/** A scale from 0 to at least `most`, with round ticks. */
export function linearScale(most: number, range: PixelRange, ticksAbout: number = 5): Scale {
  const top = most > 0 && Number.isFinite(most) ? most : 1;
  const step = roundStep(top / ticksAbout);
  const steps = Math.ceil(top / step - 1e-9);
  const ticks = Array.from({ length: steps + 1 }, (_, index) => index * step);
  return { at: (value) => between(range, value / (steps * step)), ticks };
}

/**
 * A logarithmic scale that holds both values, which are above 0: from one of 1, 2 or 5 times a
 * power of ten to another, with ticks at all of these when they are few, else at powers of ten.
 */
export function logScale([least, most]: readonly [number, number], range: PixelRange): Scale {
  const powers = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(Math.max(most, least)))];
  const all: number[] = [];
  for (let power = powers[0] ?? 0; power <= (powers[1] ?? 0); power++) {
    for (const factor of [1, 2, 5]) all.push(Number(`${factor}e${power}`));
  }
  const low = all.findLast((each) => each <= least * 1.001) ?? least;
  const high = all.find((each) => each >= most * 0.999 && each > low) ?? low * 10;
  const within = all.filter((each) => each >= low && each <= high);
  const ticks = within.length <= 6 ? within
    : within.filter((each) => Number.isInteger(Math.round(Math.log10(each) * 1e9) / 1e9));
  const span = Math.log(high / low);
  return { at: (value) => between(range, Math.log(value / low) / span), ticks };
}

/** Share of the axis that belongs to 0. */
const zeroLane = 0.12;

/** Powers of ten with a lane of its own for 0, which is the value that matters most for losses. */
export function lossScale([least, most]: readonly [number, number], range: PixelRange): Scale {
  const [from, to] = range;
  const above: PixelRange = [from + (to - from) * zeroLane, to];
  const log = logScale([Math.max(least, Number.MIN_VALUE), Math.max(most, least)], above);
  return {
    at: (value) => (value <= 0 ? from + ((to - from) * zeroLane) / 3 : log.at(value)),
    ticks: [0, ...log.ticks],
  };
}

function between([from, to]: PixelRange, share: number): number {
  const inside = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  return Math.round((from + (to - from) * inside) * 10) / 10;
}

/** 1, 2 or 5 times a power of ten, at or above `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((each) => each * power >= step * (1 - 1e-9)) ?? 10;
  return factor * power;
}
