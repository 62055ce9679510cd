// Where names stand beside dots: as near as can be without covering another dot or name.

/** A dot with a name of so many characters. */
export interface Named {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly text: string;
  /** What lies to both sides of the dot, such as an interval. */
  readonly reach?: readonly [from: number, to: number];
}

/** Where a name begins or ends. */
export interface Place {
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly anchor: 'start' | 'end';
  /** So far from its dot that a line has to lead there. */
  readonly isFar: boolean;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Width of a character and height of a line of `.name`, px, on the generous side. */
const characterWidth = 7.4;
const lineHeight = 16;
const gap = 5;
/** Lines up and down that are tried, nearest first. */
const steps = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6];

/**
 * A place for each name, in the order of the dots; `room` is the plot. Null where there is no free
 * one: a name on top of another can be read by nobody, and the legend has them all.
 */
export function placeLabels(dots: readonly Named[], room: Box): (Place | null)[] {
  const taken: Box[] = dots.flatMap(({ x, y, radius, reach: [left, right] = [x, x] }) => [
    { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius },
    { left, right, top: y - 2, bottom: y + 2 },
  ]);
  const middle = (room.left + room.right) / 2;
  return dots.map((dot) => {
    const sides = dot.x > middle ? ['end', 'start'] as const : ['start', 'end'] as const;
    const candidates = steps.flatMap((step) => sides.map((anchor) => placeOf(dot, anchor, step)));
    const found = candidates.filter(({ box }) => isInside(box, room))
      .find(({ box }) => !taken.some((other) => overlaps(box, other)));
    if (found === undefined) return null;
    taken.push(found.box);
    return found.place;
  });
}

function placeOf(
  { x, y, radius, text }: Named, anchor: Place['anchor'], step: number,
): { place: Place; box: Box } {
  const at = anchor === 'start' ? x + radius + gap : x - radius - gap;
  const width = [...text].length * characterWidth;
  const centre = y + step * lineHeight;
  const tenth = (value: number): number => Math.round(value * 10) / 10;
  const isFar = Math.abs(step) > 1;
  const place: Place = { x: tenth(at), y: tenth(centre + 4), anchor, isFar };
  const left = anchor === 'start' ? at : at - width;
  const half = lineHeight / 2;
  return { place, box: { left, right: left + width, top: centre - half, bottom: centre + half } };
}

function overlaps(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right
    && one.top < other.bottom && other.top < one.bottom;
}

function isInside(box: Box, room: Box): boolean {
  return box.left >= room.left && box.right <= room.right
    && box.top >= room.top && box.bottom <= room.bottom;
}
