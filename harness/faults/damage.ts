// Damage to the files while no server runs: what a disk, an operator or a bad restore does.

import fs from 'node:fs';
import path from 'node:path';
import { fileSizes } from '../crash/materialize.ts';
import { monotonicNs } from '../metrics/monotonic.ts';
import { plainFault } from './fault.ts';
import type { Fault } from './fault.ts';

type Damage = (file: string, bytes: number) => void;

interface Row {
  /** Chooses the files; the last one in order of names is harmed. */
  readonly files: RegExp;
  readonly damage: Damage;
}

const logs = /\.incr\.aof$/;
const largest = /\.(?:aof|rdb)$/;
const remove: Damage = (file) => fs.rmSync(file);

const rows: Readonly<Record<string, Row>> = {
  'bit-flip': { files: largest, damage: flipBit },
  'truncate-log': { files: logs, damage: (file, bytes) => fs.truncateSync(file, bytes - 7) },
  'truncate-rdb': { files: /\.rdb$/, damage: (file, bytes) => fs.truncateSync(file, bytes >> 1) },
  'zero-tail': { files: logs, damage: (file) => fs.appendFileSync(file, new Uint8Array(4096)) },
  'remove-base': { files: /\.base\.(?:rdb|aof)$/, damage: remove },
  'remove-incr': { files: logs, damage: remove },
  'remove-manifest': { files: /\.manifest$/, damage: remove },
  'remove-rdb': { files: /^[^/]*\.rdb$/, damage: remove },
};

/** Their names. */
export const damageNames: readonly string[] = [...Object.keys(rows), 'stale-copy'];

/** The damage of that name. */
export function damageFault(name: string): Fault {
  const row = rows[name];
  if (row === undefined) return staleCopy();
  return {
    ...plainFault, name, when: 'down',
    inject: () => Promise.resolve({ cutNs: monotonicNs(), applied: true, why: name }),
    damage: (directory) => {
      const found = [...fileSizes(directory)]
        .filter(([file, bytes]) => row.files.test(file) && bytes > 16 && !/temp-/.test(file));
      const chosen = name === 'bit-flip'
        ? found.toSorted((one, other) => one[1] - other[1]).at(-1)
        : found.toSorted(([one], [other]) => (one < other ? -1 : 1)).at(-1);
      if (chosen === undefined) return null;
      const [file, bytes] = chosen;
      row.damage(path.join(directory, file), bytes);
      return `${name}: ${file} (${bytes} bytes)`;
    },
  };
}

function flipBit(file: string, bytes: number): void {
  const handle = fs.openSync(file, 'r+');
  const byte = new Uint8Array(1);
  const at = bytes >> 1;
  fs.readSync(handle, byte, 0, 1, at);
  fs.writeSync(handle, new Uint8Array([(byte[0] as number) ^ 1]), 0, 1, at);
  fs.closeSync(handle);
}

/** The persistence files go back to what they were when it was injected: an old backup. */
function staleCopy(): Fault {
  let copy: ReadonlyMap<string, Buffer> = new Map();
  return {
    ...plainFault, name: 'stale-copy', when: 'down',
    inject: ({ disk }) => {
      copy = new Map([...fileSizes(disk.directory).keys()]
        .filter((file) => /\.(?:aof|rdb|manifest)$/.test(file) && !/temp-/.test(file))
        .map((file) => [file, fs.readFileSync(path.join(disk.directory, file))]));
      const applied = copy.size > 0;
      return Promise.resolve({ cutNs: monotonicNs(), applied, why: `${copy.size} files copied` });
    },
    damage: (directory) => {
      if (copy.size === 0) return null;
      for (const [file, bytes] of copy) fs.writeFileSync(path.join(directory, file), bytes);
      return `stale-copy: ${[...copy.keys()].join(', ')} as they were`;
    },
  };
}
