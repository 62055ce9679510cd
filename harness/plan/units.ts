// Numbers for people: digits grouped, units named, no more precision than is known.

/** `1 cell`, `3 cells`, `12,345 writes`; `series` stays as it is. */
export function countText(count: number, noun: string): string {
  return `${groupedText(count)} ${noun}${count === 1 || noun.endsWith('s') ? '' : 's'}`;
}

/** `12,345`; rounded to whole numbers. */
export function groupedText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `480 ms`, `1.5 s`, `42 s`, `1 min 22 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${trimmed(ms / 1000, 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `512 B`, `4.1 kB`, `12 MB`, `1.3 GB`; powers of 1000. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${significant(value)} ${units[unit]}`;
}

/** Three significant digits below 100, whole numbers above: `0.13`, `4.1`, `12.3`, `142`. */
export function significant(value: number): string {
  if (value === 0) return '0';
  if (value >= 99.95) return groupedText(value);
  if (value >= 9.995) return trimmed(value, 1);
  return trimmed(value, 2);
}

/** Three significant digits of a big number, grouped: 142,318 → `142,000`. */
export function roundedText(value: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 2);
  return groupedText(Math.round(value / step) * step);
}

/** `4 %`, `0.4 %`, `78 %` of a share from 0 to 1. */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent >= 1 || percent === 0 ? Math.round(percent) : trimmed(percent, 1)} %`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, '');
}

/** `50000` → `50k`, `1500` → `1500`: how a size is written in a cell id. */
export function sizeText(keys: number): string {
  if (keys >= 1_000_000 && keys % 1_000_000 === 0) return `${keys / 1_000_000}m`;
  return keys >= 1000 && keys % 1000 === 0 ? `${keys / 1000}k` : String(keys);
}
