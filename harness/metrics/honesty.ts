// Is a disk's word to be trusted? A sync that returns faster than the medium can store says that
// something between us and it answers on its behalf. Pure.

/** What is known of a disk. */
export interface DiskFigures {
  /** Type of the file system. */
  readonly fs: string;
  /** Median of an fdatasync after an append of 4 KiB, µs. */
  readonly fdatasyncUs: number;
  /** Null where nobody knows. */
  readonly isRotational: boolean | null;
}

const inMemory: readonly string[] = ['tmpfs', 'ramfs'];
/** No device answers a write and a flush sooner: what does has not stored it. */
const leastUs = 15;
/** A plate turns once in 4 to 11 ms; half a turn on average must pass. */
const leastRotationUs = 1500;

/** Why a sync on this disk is not believed, in a sentence; null when it is. */
export function syncDoubt({ fs, fdatasyncUs, isRotational }: DiskFigures): string | null {
  if (inMemory.includes(fs)) return `${fs} is memory: a sync there stores nothing`;
  const took = `an fdatasync took ${fdatasyncUs} µs`;
  if (fdatasyncUs < leastUs) return `${took}, which no device can do: something lies about syncs`;
  if (isRotational === true && fdatasyncUs < leastRotationUs) {
    return `${took}, and the disk turns: a cache without a battery answers, or something lies`;
  }
  return null;
}
