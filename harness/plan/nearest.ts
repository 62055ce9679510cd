// "Did you mean": the nearest valid name by edit distance.

/** Number of inserted, removed, replaced or swapped neighbouring characters between two words. */
export function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row++) {
    rows.push(nextRow(rows, { from, to, row }));
  }
  return cell(rows, from.length, to.length);
}

/** The nearest of `names`, or null when none is near enough to be what was meant. */
export function nearestName(word: string, names: readonly string[]): string | null {
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const distance = distanceToName(wanted, name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` (did you mean 'x'?)`, or the valid names when none is near; empty when there are none. */
export function didYouMean(word: string, names: readonly string[]): string {
  const nearest = nearestName(word, names);
  if (nearest !== null) return ` (did you mean '${nearest}'?)`;
  return names.length === 0 ? '' : ` (valid: ${names.join(', ')})`;
}

/** A prefix of three letters or more is as near as one typing error. */
function distanceToName(wanted: string, name: string): number {
  const distance = editDistance(wanted, name);
  const isPrefix = wanted.length >= 3 && name.startsWith(wanted);
  return isPrefix ? Math.min(distance, 1) : distance;
}

function nextRow(rows: number[][], at: { from: string; to: string; row: number }): number[] {
  const { from, to, row } = at;
  const result = [row];
  for (let column = 1; column <= to.length; column++) {
    const same = from[row - 1] === to[column - 1];
    let least = Math.min(
      cell(rows, row - 1, column) + 1,
      (result[column - 1] ?? 0) + 1,
      cell(rows, row - 1, column - 1) + (same ? 0 : 1),
    );
    const swapped = row > 1 && column > 1
      && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
    if (swapped) least = Math.min(least, cell(rows, row - 2, column - 2) + 1);
    result.push(least);
  }
  return result;
}

function cell(rows: readonly number[][], row: number, column: number): number {
  return rows[row]?.[column] ?? 0;
}
