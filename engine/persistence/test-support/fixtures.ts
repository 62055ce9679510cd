// The data directories of real servers in testdata/fixtures.br: README.md there has the format.
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

/** What the server that wrote a directory said of it. */
export interface Expected {
  readonly mode: string;
  readonly debugDigest: string;
  /** `database:key in hex` → type, DEBUG DIGEST-VALUE, PEXPIRETIME (-1: none). */
  readonly keys?: Readonly<Record<string, readonly [string, string, number]>>;
  /** Of the directories with field deadlines, instead of `keys`; -1: none. */
  readonly hashes?: Readonly<Record<string, {
    readonly fields: Readonly<Record<string, string>>;
    readonly fieldExpireAtMs: Readonly<Record<string, number>>;
    readonly keyExpireAtMs: number;
  }>>;
}

/** One directory: its files by their paths, and what they hold. */
export interface Fixture {
  readonly name: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly expected: Expected;
  /** Whether it is a log and no snapshot. */
  readonly isLog: boolean;
}

/** All directories. */
export function readFixtures(): Fixture[] {
  const packed = readFileSync(new URL('../testdata/fixtures.br', import.meta.url));
  const all = brotliDecompressSync(packed);
  const begin = 4 + all.readUInt32LE(0);
  const index = JSON.parse(all.toString('utf8', 4, begin)) as Record<string, [number, number]>;
  const found = new Map<string, Map<string, Buffer>>();
  for (const [path, [offset, length]] of Object.entries(index)) {
    const [name = '', ...rest] = path.split('/');
    const files = found.get(name) ?? new Map<string, Buffer>();
    files.set(rest.join('/'), all.subarray(begin + offset, begin + offset + length));
    found.set(name, files);
  }
  return [...found].map(([name, files]) => {
    const expected = JSON.parse(String(files.get('expected.json'))) as Expected;
    files.delete('expected.json');
    return { name, files, expected, isLog: !files.has('dump.rdb') };
  });
}
