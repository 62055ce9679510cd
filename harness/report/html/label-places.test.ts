// Names of dots: none covers a dot or another name as long as there is room.
import test from 'ava';
import { placeLabels } from './label-places.ts';
import type { Named } from './label-places.ts';

const room = { left: 60, right: 840, top: 10, bottom: 360 };

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function boxesOf(dots: readonly Named[]): Box[] {
  return placeLabels(dots, room).flatMap((place, at): Box[] => {
    if (place === null) return [];
    const { x, y, anchor } = place;
    const width = (dots[at]?.text.length ?? 0) * 7;
    const left = anchor === 'start' ? x : x - width;
    return [{ left, right: left + width, top: y - 11, bottom: y + 3 }];
  });
}

for (const { title, dots } of [
  { title: 'far apart', dots: [[100, 50], [700, 300], [400, 180]] },
  { title: 'on one line', dots: [[300, 100], [380, 100], [460, 100], [540, 100], [620, 100]] },
  { title: 'in one spot', dots: [[500, 200], [503, 201], [506, 199], [502, 203], [508, 200]] },
  { title: 'at the edges', dots: [[62, 12], [838, 12], [62, 358], [838, 358], [830, 350]] },
]) {
  test(`names of dots ${title} cover nothing`, (t) => {
    const named = dots.map(([x = 0, y = 0], at): Named => (
      { x, y, radius: 6, text: `rdb+aof/everysec ${at}` }));
    const boxes = boxesOf(named);
    t.is(boxes.length, dots.length, 'each has a place');
    for (const [at, box] of boxes.entries()) {
      t.true(box.left >= room.left && box.right <= room.right, `${at} is inside`);
      for (const [other, { x, y }] of named.entries()) {
        const covers = box.left < x + 5 && box.right > x - 5 && box.top < y + 5
          && box.bottom > y - 5;
        t.false(covers, `name ${at} covers dot ${other}`);
      }
      for (const other of boxes.slice(at + 1)) {
        t.false(box.left < other.right && other.left < box.right
          && box.top < other.bottom && other.top < box.bottom, `names ${at} and another`);
      }
    }
  });
}

test('without room a name is left out before it covers another', (t) => {
  const dots = Array.from({ length: 60 }, (_, at): Named => (
    { x: 400 + (at % 3), y: 200, radius: 6, text: 'rdb+aof/everysec' }));
  const places = placeLabels(dots, room);
  t.is(places.length, dots.length);
  const boxes = boxesOf(dots);
  t.true(boxes.length > 5 && boxes.length < 60, String(boxes.length));
  for (const [at, box] of boxes.entries()) {
    t.false(boxes.slice(at + 1).some((other) => box.left < other.right && other.left < box.right
      && box.top < other.bottom && other.top < box.bottom), String(at));
  }
});
