// Further directories as damage or another version left them, and what redis-server 7.0.15 is said
// to make of each.

import { command, damagedSnapshot, first, log, manifest, second } from './files.ts';
import type { FileCanary } from './files.ts';

const refusesTwice = 'refuses; refuses';
const servesTwice = 'serves all; serves all';
const without = (key: string): string => `serves without ${key}; serves without ${key}`;
const one = 'appendonlydir/appendonly.aof.1.incr.aof';
const listed = 'appendonlydir/appendonly.aof.manifest';
const keys = { first: '1', hole: '1' };
const theManifest = manifest('appendonly.aof.1.incr.aof');
const keepsFaith = (outcome: string): boolean => (
  outcome === servesTwice || outcome === refusesTwice);
const keepsAll = (outcome: string): boolean => outcome === servesTwice;
const always = (): boolean => true;

/** A snapshot of one key `k`, whose header and tail are changed. */
function snapshot(header: string, tail: Buffer = Buffer.alloc(8)): Buffer {
  const bytes = damagedSnapshot('right');
  return Buffer.concat([Buffer.from(header), bytes.subarray(header.length, -8), tail]);
}

const noLog = [['appendonly', 'no'], ['save', '']] as const;
const wrongSum = Buffer.from('12345678');

export const furtherCanaries: readonly FileCanary[] = [
  {
    name: 'torn-tail',
    what: 'the log ends within its last command',
    directives: log, keys,
    files: { [listed]: theManifest, [one]: first.subarray(0, -3) },
    expected: { redis: without('hole'), bundled: [without('hole')] },
    isRight: always,
  },
  {
    name: 'torn-tail-not-allowed',
    what: 'the same with aof-load-truncated no',
    directives: [...log, ['aof-load-truncated', 'no']], keys,
    files: { [listed]: theManifest, [one]: first.subarray(0, -3) },
    expected: { redis: refusesTwice, bundled: [refusesTwice] },
    isRight: always,
  },
  {
    name: 'open-transaction',
    what: 'the log ends within a MULTI',
    directives: log, keys: { ...keys, half: '1' },
    files: {
      [listed]: theManifest,
      [one]: Buffer.concat([first, command('MULTI'), command('SET', 'half', '1')]),
    },
    expected: { redis: without('half'), bundled: [without('half')] },
    isRight: (outcome) => outcome === without('half'),
  },
  {
    name: 'garbage-tail',
    what: 'the log ends in bytes that nobody logged',
    directives: log, keys,
    files: { [listed]: theManifest, [one]: Buffer.concat([first, Buffer.from('garbage\r\n')]) },
    expected: { redis: refusesTwice, bundled: [refusesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'zeros-in-a-value',
    what: 'bytes of a value in the log are zeros, as a lost sector leaves them; no checksums',
    directives: log, keys: { k: 'right' },
    files: {
      [listed]: theManifest,
      [one]: Buffer.concat([command('SELECT', '0'), command('SET', 'k', 'ri\0\0t')]),
    },
    expected: {
      redis: 'serves k=ri\0\0t; serves k=ri\0\0t', bundled: ['serves k=ri\0\0t; serves k=ri\0\0t'],
    },
    isRight: keepsFaith,
  },
  {
    name: 'unknown-command',
    what: 'the log holds a command that the server does not know',
    directives: log, keys,
    files: { [listed]: theManifest, [one]: Buffer.concat([command('FOO', 'a'), first]) },
    expected: { redis: refusesTwice, bundled: [refusesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'missing-file',
    what: 'the manifest names a file that is not there',
    directives: log, keys,
    files: {
      [listed]: manifest('appendonly.aof.1.incr.aof', 'appendonly.aof.2.incr.aof'), [one]: first,
    },
    expected: { redis: refusesTwice, bundled: [refusesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'newer-manifest',
    what: 'the manifest has keys of a later version, and a comment',
    directives: log, keys: { ...keys, later: '1' },
    files: {
      [listed]: Buffer.from('# a comment\nfile appendonly.aof.1.incr.aof seq 1 type i startoffset 0'
        + ' endoffset 50\nfile appendonly.aof.2.incr.aof seq 2 type i startoffset 50\n'),
      [one]: first, 'appendonlydir/appendonly.aof.2.incr.aof': second,
    },
    expected: { redis: servesTwice, bundled: [servesTwice] },
    isRight: keepsAll,
  },
  {
    name: 'wrong-checksum',
    what: 'the checksum of dump.rdb does not match',
    directives: noLog, keys: { k: 'right' },
    files: { 'dump.rdb': snapshot('REDIS0010', wrongSum) },
    expected: { redis: refusesTwice, bundled: [refusesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'bytes-after-the-snapshot',
    what: 'something follows the end of dump.rdb',
    directives: noLog, keys: { k: 'right' },
    files: { 'dump.rdb': snapshot('REDIS0010', Buffer.alloc(108)) },
    expected: { redis: servesTwice, bundled: [servesTwice, refusesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'empty-snapshot',
    what: 'dump.rdb has no bytes',
    directives: noLog, keys: { k: 'right' },
    files: { 'dump.rdb': Buffer.alloc(0) },
    expected: { redis: refusesTwice, bundled: [refusesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'snapshot-of-redis-7.4',
    what: 'dump.rdb of version 12',
    directives: noLog, keys: { k: 'right' },
    files: { 'dump.rdb': snapshot('REDIS0012') },
    expected: { redis: refusesTwice, bundled: [servesTwice] },
    isRight: keepsFaith,
  },
  {
    name: 'snapshot-of-valkey-9',
    what: 'dump.rdb of version 80, with the letters of Valkey',
    directives: noLog, keys: { k: 'right' },
    files: { 'dump.rdb': snapshot('VALKEY080') },
    expected: { redis: refusesTwice, bundled: [servesTwice] },
    isRight: keepsFaith,
  },
];
