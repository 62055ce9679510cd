// The normal, beta and binomial distributions, as far as intervals, p-values and plans need them.

/** P(Z ≤ z) of the standard normal distribution; R: `pnorm`. Relative error under 1e-12. */
export function normalCdf(z: number): number {
  const tail = 0.5 * upperGammaHalf(z * z / 2);
  return z > 0 ? 1 - tail : tail;
}

/** The z below which a share of `probability` (0 to 1, ends excluded) lies; R: `qnorm`. */
export function normalQuantile(probability: number): number {
  // From the nearer tail, where the distribution function keeps its relative precision.
  if (probability > 0.5) return -normalQuantile(1 - probability);
  return bisect((z) => normalCdf(z) - probability, -40, 0);
}

/** P(X ≤ successes) for X binomial; R: `pbinom`. */
export function binomialCdf(
  successes: number,
  { trials, probability }: { readonly trials: number; readonly probability: number },
): number {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  return betaCdf(1 - probability, trials - successes, successes + 1);
}

/**
 * The regularised incomplete beta function of x (0 to 1), a and b (above 0); R: `pbeta`.
 * Continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions.
 */
export function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a); // where the fraction is quick
  const front = a * Math.log(x) + b * Math.log1p(-x) - Math.log(a)
    - (logGamma(a) + logGamma(b) - logGamma(a + b));
  return Math.exp(front) / fraction((step) => betaTerm(step, x, [a, b]));
}

/** Where an increasing function crosses zero between `low` and `high`, to the last bit or so. */
export function bisect(increasing: (x: number) => number, low: number, high: number): number {
  let [below, above] = [low, high];
  for (let round = 0; round < 200; round++) {
    const middle = (below + above) / 2;
    if (middle === below || middle === above) break;
    if (increasing(middle) < 0) below = middle;
    else above = middle;
  }
  return (below + above) / 2;
}

function betaTerm(step: number, x: number, [a, b]: readonly [number, number]): number {
  const half = Math.floor(step / 2);
  return step % 2 === 0
    ? (half * (b - half) * x) / ((a + step - 1) * (a + step))
    : (-(a + half) * (a + b + half) * x) / ((a + step - 1) * (a + step));
}

/** 1 + t₁/(1 + t₂/(1 + …)) by the method of Lentz. */
function fraction(term: (step: number) => number): number {
  const tiny = 1e-300;
  let [value, c, d] = [1, 1, 0];
  for (let step = 1; step < 100_000; step++) {
    const t = term(step);
    d = 1 / (1 + t * d || tiny);
    c = 1 + t / c || tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

/** Q(1/2, x), the regularised upper incomplete gamma function: erfc of the root of x. */
function upperGammaHalf(x: number): number {
  if (x === 0) return 1;
  if (x > 750) return 0; // below the smallest number, and infinity
  const front = Math.exp(-x) * Math.sqrt(x / Math.PI);
  if (x >= 2) {
    // DLMF 8.9.2: √π·e^x·Q·x^(-1/2) = 1/x ÷ (1 + ½/x ÷ (1 + 1/x ÷ (1 + 3/2/x ÷ …)))
    return front / (x * fraction((step) => step / 2 / x));
  }
  let [term, sum] = [2, 2]; // the power series of the lower function, DLMF 8.11.4 with a = 1/2
  for (let step = 1; term > sum * 1e-17; step++) sum += term *= x / (0.5 + step);
  return 1 - front * sum;
}

/** ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) from 15 on, the recurrence below. */
function logGamma(x: number): number {
  if (x < 15) return logGamma(x + 1) - Math.log(x);
  const square = x * x;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square)
    / square) / square) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}
