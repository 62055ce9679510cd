// Damage to what was durable: no crash does it, disks and people do. An engine may then refuse to
// start, each time; it must not serve what is wrong, and not start the second time either.

import type { FileTree } from '../crash/image.ts';
import { Random } from './random.ts';

/** `flip`: a bit of an RDB file. `shorten`: the end of a log that others follow. */
export const damageKinds = ['flip', 'shorten'] as const;
export type DamageKind = (typeof damageKinds)[number];

/** An image with damage; the image itself where there is nothing to damage. */
export function damaged(image: FileTree, kind: DamageKind, seed: number): FileTree {
  const random = new Random(seed);
  const files = new Map(image.files);
  const path = kind === 'flip' ? pickSnapshot(image, random) : middleLog(image);
  const bytes = files.get(path ?? '');
  if (path === undefined || bytes === undefined) return image;
  files.set(path, kind === 'flip' ? flipped(bytes, random) : shortened(bytes, random));
  return { files, directories: image.directories };
}

function pickSnapshot({ files }: FileTree, random: Random): string | undefined {
  const paths = [...files.keys()].filter((path) => /(dump|base)\.rdb$/.test(path));
  return paths.length === 0 ? undefined : random.pick(paths);
}

/** The log before the last one, if both hold something and the manifest names both. */
function middleLog({ files }: FileTree): string | undefined {
  const manifest = files.get('appendonlydir/appendonly.aof.manifest');
  const text = Buffer.from(manifest ?? []).toString('latin1');
  const logs = [...text.matchAll(/^file (\S+) seq \d+ type i/gm)]
    .map((match) => `appendonlydir/${match[1]}`)
    .filter((path) => (files.get(path)?.length ?? 0) > 0);
  return logs.at(-2);
}

function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  // Not the magic, which is no matter of checksums, and not the checksum itself.
  const at = random.between(9, Math.max(9, copy.length - 9));
  copy[at] = (copy[at] as number) ^ (1 << random.below(8));
  return copy;
}

function shortened(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.subarray(0, bytes.length - random.between(1, Math.min(30, bytes.length)));
}
