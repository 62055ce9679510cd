// Syncs that are too fast to be true.
import test from 'ava';
import { syncDoubt } from './honesty.ts';

type Row = [fs: string, us: number, isRotational: boolean | null, doubt: RegExp | null];

const rows: Row[] = [
  ['ext4', 130, false, null], ['ext4', 130, null, null], ['xfs', 8000, true, null],
  ['tmpfs', 1, null, /tmpfs is memory/], ['ext4', 3, false, /took 3 µs, which no device can do/],
  ['ext4', 200, true, /200 µs, and the disk turns/],
];

for (const [fs, fdatasyncUs, isRotational, doubt] of rows) {
  test(`${fs}, ${fdatasyncUs} µs, ${isRotational}: ${doubt?.source ?? 'believed'}`, (t) => {
    const found = syncDoubt({ fs, fdatasyncUs, isRotational });
    if (doubt === null) t.is(found, null);
    else t.regex(found ?? '', doubt);
  });
}
