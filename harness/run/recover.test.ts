// Which file a server complains about, taken from its last words.
import test from 'ava';
import { fileIn } from './recover.ts';

type Row = readonly [title: string, words: readonly string[], file: string | null];

const rows: readonly Row[] = [
  ['nothing said', [], null],
  ['no file named', ['Short read or OOM loading DB.', 'Fatal error loading the DB.'], null],
  ['what was loaded is not what failed', [
    'DB loaded from base file appendonly.aof.1.base.rdb: 0.001 seconds',
    'Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup of your '
    + 'AOF file, then use ./redis-check-aof --fix <filename.manifest>',
  ], 'appendonly.aof.1.incr.aof'],
  ['loaded and no complaint', [
    'DB loaded from base file appendonly.aof.1.base.rdb: 0.001 seconds',
  ], null],
  ['a path', ['/data/dump.rdb: offset 9: expected a version'], '/data/dump.rdb'],
  ['a placeholder alone', ['use ./redis-check-aof --fix <filename.manifest>'], null],
];

for (const [title, words, file] of rows) {
  test(title, (t) => {
    t.is(fileIn(words), file);
  });
}
