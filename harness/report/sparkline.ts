// A row of numbers as a row of blocks: how a rate went lately, in the width of a word.

const blocks = '▁▂▃▄▅▆▇█';

/** One block for each value; the tallest is the largest of them, the lowest stands for 0. */
export function sparkline(values: readonly number[]): string {
  const most = values.reduce((high, value) => Math.max(high, value), 0);
  return values.map((value) => {
    const share = most === 0 ? 0 : Math.max(0, value) / most;
    return blocks[Math.min(blocks.length - 1, Math.round(share * (blocks.length - 1)))] ?? '';
  }).join('');
}
