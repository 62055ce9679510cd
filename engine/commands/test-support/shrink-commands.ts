// A long run of commands at which two servers differ → the few commands that suffice for it. First
// the shortest beginning, found by bisection with a digest at its end; then commands are left out,
// halves first, then arguments.

const digest: readonly string[] = ['DEBUG', 'DIGEST'];
/** So many commands apart a long run compares the data as a whole. */
const digestInterval = 500;

/** Words of one command. */
export type Command = readonly string[];

/** Where two servers first answered differently. */
export interface Difference {
  readonly at: number;
  readonly ours: string;
  readonly theirs: string;
}

/** Runs commands on both servers, emptied before; null when all replies are equal. */
export type FindDifference = (commands: readonly Command[]) => Promise<Difference | null>;

/** What suffices to make two servers differ. */
export interface SmallDifference extends Difference {
  readonly commands: readonly Command[];
  /** False when a second run of the same commands showed nothing: then nothing was left out. */
  readonly repeats: boolean;
}

/** Runs a long sequence with digests in between; a difference is made as small as it gets. */
export async function smallestDifference(
  find: FindDifference, commands: readonly Command[],
): Promise<SmallDifference | null> {
  const checked = commands.flatMap((parts, i) =>
    ((i + 1) % digestInterval === 0 ? [parts, digest] : [parts]));
  checked.push(digest);
  const seen = await find(checked);
  if (seen === null) return null;
  const fails: Fails<Command> = async (some) => (await find([...some, digest])) !== null;
  const began = checked.slice(0, seen.at + 1).filter((parts) => parts !== digest);
  if (!await fails(began)) return { ...seen, commands: began, repeats: false };
  const few = await fewest(await shortestBeginning(began, fails), fails);
  for (let i = 0; i < few.length; i++) {
    few[i] = await fewest(few[i] as Command, (words) => fails(few.with(i, words)));
  }
  const shown = await find([...few, digest]);
  return { ...(shown ?? seen), commands: [...few, digest], repeats: shown !== null };
}

/** A small difference as lines: one command each, then both replies. */
export function differenceText(difference: SmallDifference): string {
  const { at, ours, theirs, repeats } = difference;
  const commands = difference.commands.map((parts) => JSON.stringify(parts).slice(0, 500));
  const shown = commands.length > 100 ? ['…', ...commands.slice(-100)] : commands;
  const head = repeats
    ? `${commands.length} commands suffice to differ`
    : `seen once after ${commands.length} commands, not in a second run`;
  return [`${head}:`, ...shown, `reply ${at}: ours ${ours.slice(0, 500)}, `
    + `theirs ${theirs.slice(0, 500)}`].join('\n');
}

type Fails<T> = (items: readonly T[]) => Promise<boolean>;

async function shortestBeginning<T>(items: readonly T[], fails: Fails<T>): Promise<readonly T[]> {
  let [passing, failing] = [0, items.length];
  while (failing - passing > 1) {
    const middle = (passing + failing) >> 1;
    if (await fails(items.slice(0, middle))) failing = middle;
    else passing = middle;
  }
  return items.slice(0, failing);
}

/** Leaves out ever smaller pieces until each item that is left is needed. */
async function fewest<T>(items: readonly T[], fails: Fails<T>): Promise<T[]> {
  let left = [...items];
  for (let size = left.length >> 1; size > 0;) {
    const before = left.length;
    for (let from = left.length - size; from >= 0; from -= size) {
      const without = left.toSpliced(from, size);
      if (without.length > 0 && await fails(without)) left = without;
    }
    if (size > 1) size >>= 1;
    else if (left.length === before) return left;
  }
  return left;
}
