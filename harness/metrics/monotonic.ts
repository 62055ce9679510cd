// The one clock of the harness: integer nanoseconds of CLOCK_MONOTONIC, so that times taken in the
// driver, in the parent and in the target's op log can be compared.

/**
 * performance.now() starts at zero in each process. The offset to hrtime is taken from the
 * tightest of a few brackets, so that a preemption between the two readings does not bias it.
 */
function calibrateOffsetNs(): number {
  let bestWidthNs = Infinity;
  let offsetNs = 0;
  for (let round = 0; round < 20; round++) {
    const beforeNs = hrtimeNs();
    const localMs = performance.now();
    const afterNs = hrtimeNs();
    if (afterNs - beforeNs >= bestWidthNs) continue;
    bestWidthNs = afterNs - beforeNs;
    offsetNs = (beforeNs + afterNs) / 2 - localMs * 1e6;
  }
  return offsetNs;
}

function hrtimeNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

const offsetNs = calibrateOffsetNs();

/** Now, in integer nanoseconds of CLOCK_MONOTONIC; comparable across processes of one machine. */
export function monotonicNs(): number {
  return Math.round(performance.now() * 1e6 + offsetNs);
}
