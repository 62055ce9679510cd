// Floors of a server that acknowledges first and writes later.
import test from 'ava';
import type { OpLog, OpRecord } from '../../engine/io/op-log.ts';
import { WrittenFloors } from './written-floors.ts';

type Row = [call: OpRecord['call'], inode: number, beginNs: number, endNs: number, result?: number];

function logOf(rows: readonly Row[]): OpLog {
  const records = rows.map(([call, inode, beginNs, endNs, result = 0]) => (
    { call, inode, beginNs, endNs, result, path: `${inode}.incr.aof` }
  ));
  return { records } as unknown as OpLog;
}

const cases: { title: string; rows: Row[]; floors: [cutNs: number, floorNs: number | null][] }[] = [
  {
    title: 'a sync vouches for the last write before it, once it has ended',
    rows: [['write', 1, 10, 11], ['write', 1, 20, 21], ['sync', 1, 30, 40], ['write', 1, 35, 36]],
    floors: [[39, null], [40, 20], [99, 20]],
  },
  {
    title: 'a write that ran when the sync began is not covered',
    rows: [['write', 1, 10, 11], ['write', 1, 20, 31], ['sync', 1, 30, 40]],
    floors: [[50, 10]],
  },
  {
    title: 'after a failed sync nothing more is sure',
    rows: [['write', 1, 10, 11], ['sync', 1, 12, 13], ['write', 1, 20, 21], ['sync', 1, 22, 23, -5],
      ['write', 1, 30, 31], ['sync', 1, 32, 33]],
    floors: [[99, 10]],
  },
  {
    title: 'once a second file is written, the first one does not tell any more',
    rows: [['write', 1, 10, 11], ['write', 2, 15, 16], ['write', 1, 20, 21], ['sync', 1, 22, 23]],
    floors: [[99, 15]],
  },
  { title: 'no write, no floor', rows: [['sync', 1, 1, 2]], floors: [[9, null]] },
];

for (const { title, rows, floors } of cases) {
  test(title, (t) => {
    const written = new WrittenFloors(logOf(rows), (file) => file.endsWith('.incr.aof'));
    t.deepEqual(floors.map(([cutNs]) => [cutNs, written.at(cutNs)]), floors);
  });
}
