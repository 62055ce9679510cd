// Size classes: every size gets the smallest block that holds it, and never much more.

import test from 'ava';
import { sizeClasses } from './size-classes.ts';

for (const maxBytes of [2048, 4096, 16384]) {
  test(`every size up to ${maxBytes} bytes gets the smallest class that holds it`, (t) => {
    const classes = sizeClasses(maxBytes);
    t.is(classes.bytes.length, classes.count);
    t.is(classes.bytes[classes.count - 1], maxBytes);
    for (let bytes = 0; bytes <= maxBytes; bytes++) {
      const cls = classes.ofWords[(bytes + 7) >>> 3] as number;
      const block = classes.bytes[cls] as number;
      t.true(block >= bytes && block % 8 === 0, `${bytes} bytes in a block of ${block}`);
      const smaller = classes.bytes[cls - 1] ?? -1;
      t.true(smaller < bytes, `${bytes} fits below ${block}`);
      t.true(bytes < 16 || block - bytes <= Math.max(7, bytes / 32), `${bytes} wastes too much`);
    }
  });
}

test('the classes of a large arena, whole', (t) => {
  t.deepEqual([...sizeClasses(1024).bytes], [
    16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176,
    184, 192, 200, 208, 216, 224, 232, 240, 248, 256, 264, 272, 280, 288, 296, 304, 312, 320, 328,
    336, 344, 352, 360, 368, 376, 384, 392, 400, 408, 416, 424, 432, 440, 448, 456, 464, 472, 480,
    488, 496, 504, 512, 528, 544, 560, 576, 592, 608, 624, 640, 656, 672, 688, 704, 720, 736, 752,
    768, 784, 800, 816, 832, 848, 864, 880, 896, 912, 928, 944, 960, 976, 992, 1008, 1024,
  ]);
});
