// The letters of `notify-keyspace-events`: which keyspace events are published, and where.
//
//   K  to __keyspace@<db>__:<key>, the event is the message
//   E  to __keyevent@<db>__:<event>, the key is the message
//   g generic  $ string  l list  s set  h hash  z sorted set  x expired  e evicted  t stream
//   d module  n new key  m key miss
//   A  all of these but n and m

/** One bit each. */
export const eventClass = {
  keyspace: 0x1, keyevent: 0x2, generic: 0x4, string: 0x8, list: 0x10, set: 0x20, hash: 0x40,
  sortedSet: 0x80, expired: 0x100, evicted: 0x200, stream: 0x400, module: 0x800, new: 0x1000,
  miss: 0x2000,
} as const;

/** In the order in which CONFIG GET shows them. */
const letters: readonly (readonly [letter: string, bit: number])[] = [
  ['g', eventClass.generic], ['$', eventClass.string], ['l', eventClass.list],
  ['s', eventClass.set], ['h', eventClass.hash], ['z', eventClass.sortedSet],
  ['x', eventClass.expired], ['e', eventClass.evicted], ['t', eventClass.stream],
  ['d', eventClass.module], ['n', eventClass.new], ['K', eventClass.keyspace],
  ['E', eventClass.keyevent], ['m', eventClass.miss],
];
const outsideAll: number =
  eventClass.keyspace | eventClass.keyevent | eventClass.miss | eventClass.new;
const all = letters.reduce((bits, [, bit]) => bits | bit, 0) & ~outsideAll;

/** What CONFIG SET says of any other letter. */
export const badEventClass = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";

/** The bits of the letters, or null when one of them is none. */
export function parseEventClasses(text: string): number | null {
  let bits = 0;
  for (const letter of text) {
    const bit = letter === 'A' ? all : letters.find(([known]) => known === letter)?.[1];
    if (bit === undefined) return null;
    bits |= bit;
  }
  return bits;
}

/** The letters as CONFIG GET shows them. As in Redis n is not shown beside A. */
export function formatEventClasses(bits: number): string {
  const whole = (bits & all) === all;
  const covered = whole ? all | eventClass.new : 0;
  const shown = letters.filter(([, bit]) => (bits & bit & ~covered) !== 0);
  return (whole ? 'A' : '') + shown.map(([letter]) => letter).join('');
}
