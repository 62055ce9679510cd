// What tests of disks share: which can be had here, and the words for those that cannot.

import test from 'ava';
import type { TestFn } from 'ava';
import type { FileSystem, TrialDisk } from './disk.ts';
import { diskUnavailable } from './disks.ts';

/** `test.serial` and its title, or `skip` and the reason. */
export function diskTest(
  kind: TrialDisk['kind'], fileSystem: FileSystem = 'ext4',
): { run: TestFn | TestFn['skip']; title: (text: string) => string } {
  const lacks = diskUnavailable(kind, fileSystem);
  if (lacks === null) return { run: test.serial, title: (text) => text };
  return { run: test.serial.skip, title: (text) => `${text} (skipped: ${lacks})` };
}
