// Names of dots: none covers a dot or another name as long as there is room.
import test from 'ava';
import { placeLabels } from './label-places.ts';
import type { Named } from './label-places.ts';

const room = { left: 60, right: 840, top: 10, bottom: 360 };

function boxesOf(dots: readonly Named[]): { left: number; right: number; top: number;
  bottom: number }[] {
  return placeLabels(dots, room).map(({ x, y, anchor }, at) => {
    const width = (dots[at]?.text.length ?? 0) * 7;
    const left = anchor === 'start' ? x : x - width;
    return { left, right: left + width, top: y - 11, bottom: y + 3 };
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

test('without room every name still has a place', (t) => {
  const dots = Array.from({ length: 60 }, (): Named => (
    { x: 400, y: 200, radius: 18, text: 'x'.repeat(200) }));
  t.is(placeLabels(dots, room).length, 60);
});
