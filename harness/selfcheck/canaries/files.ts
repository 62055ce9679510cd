// Data directories as damage or an operator left them: known weaknesses of redis-server 7.0.15.

import fs from 'node:fs';
import path from 'node:path';

/** A file's content by its path below the data directory. */
type Directory = Readonly<Record<string, Buffer>>;

/** A weakness: what happens, and what servers make of it. */
export interface Canary {
  readonly name: string;
  readonly what: string;
  /** What redis-server 7.0.15 does, and what the bundled engine may do. */
  readonly expected: { readonly redis: string; readonly bundled: readonly string[] };
  /** Whether a server that did this kept faith. */
  readonly isRight: (outcome: string) => boolean;
}

/** A directory, started twice, and asked for its keys each time. */
export interface FileCanary extends Canary {
  readonly directives: readonly (readonly [string, string])[];
  readonly files: Directory;
  /** Keys that are asked for, with the value that was acknowledged. */
  readonly keys: Readonly<Record<string, string>>;
}

/** A log that is synced at each write, and no snapshots. */
export const log: readonly (readonly [string, string])[] = [
  ['appendonly', 'yes'], ['appendfsync', 'always'], ['save', ''],
];

/** A command as a log holds it. */
export function command(...parts: readonly string[]): Buffer {
  const text = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('');
  return Buffer.from(`*${parts.length}\r\n${text}`);
}

const select = command('SELECT', '0');

/** A manifest of increments. */
export function manifest(...names: readonly string[]): Buffer {
  return Buffer.from(names.map((name, index) => (
    `file ${name} seq ${index + 1} type i\n`)).join(''));
}

/** Logs that set `first` and `hole`, and `later`. */
export const first: Buffer = Buffer.concat([
  select, command('SET', 'first', '1'), command('SET', 'hole', '1'),
]);
export const second: Buffer = Buffer.concat([select, command('SET', 'later', '1')]);

/** An RDB file of one key `k` with a changed byte, whose checksum is eight zeros. */
export function damagedSnapshot(value: string): Buffer {
  return Buffer.concat([
    Buffer.from('REDIS0010'), Buffer.from([0xfe, 0, 0xfb, 1, 0, 0]),
    Buffer.from([1]), Buffer.from('k'), Buffer.from([value.length]), Buffer.from(value),
    Buffer.from([0xff]), Buffer.alloc(8),
  ]);
}

const refusesTwice = 'refuses; refuses';
const keepsAll = (outcome: string): boolean => outcome === 'serves all; serves all';
const keepsFaith = (outcome: string): boolean => keepsAll(outcome) || outcome === refusesTwice;

export const fileCanaries: readonly FileCanary[] = [
  {
    name: 'truncated-middle-two-starts',
    what: 'a log that others follow ends within a command; the server is started twice',
    directives: log,
    files: {
      'appendonlydir/appendonly.aof.manifest': manifest(
        'appendonly.aof.1.incr.aof', 'appendonly.aof.2.incr.aof',
      ),
      'appendonlydir/appendonly.aof.1.incr.aof': first.subarray(0, -3),
      'appendonlydir/appendonly.aof.2.incr.aof': second,
    },
    keys: { first: '1', hole: '1', later: '1' },
    expected: { redis: 'refuses; serves without hole', bundled: [refusesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'zero-filled-tail',
    what: 'the log ends in zeros, as ext4 leaves it after a power cut',
    directives: log,
    files: {
      'appendonlydir/appendonly.aof.manifest': manifest('appendonly.aof.1.incr.aof'),
      'appendonlydir/appendonly.aof.1.incr.aof': Buffer.concat([first, Buffer.alloc(600)]),
    },
    keys: { first: '1', hole: '1' },
    expected: { redis: refusesTwice, bundled: [refusesTwice, 'serves all; serves all'] },
    isRight: keepsAll,
  },
  {
    name: 'eight-zeros-over-damage',
    what: 'a byte of dump.rdb is changed, and its checksum reads "saved without one"',
    directives: [['appendonly', 'no'], ['save', '']],
    files: { 'dump.rdb': damagedSnapshot('wrong') },
    keys: { k: 'right' },
    expected: {
      redis: 'serves k=wrong; serves k=wrong', bundled: ['serves k=wrong; serves k=wrong'],
    },
    isRight: keepsFaith,
  },
  {
    name: 'log-switched-on-beside-snapshot',
    what: 'appendonly is switched on in redis.conf where there is only a dump.rdb',
    directives: log,
    files: { 'dump.rdb': damagedSnapshot('right') },
    keys: { k: 'right' },
    expected: {
      redis: 'serves without k; serves without k', bundled: ['serves all; serves all'],
    },
    isRight: keepsAll,
  },
];

/** Makes the directory. */
export function lay(files: Directory, directory: string): void {
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
  }
}
