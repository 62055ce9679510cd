// The table of directives: what may stand in redis.conf, after `--` and in CONFIG SET.
//
// Three lists: directives that this engine obeys; directives of Redis that change nothing here and
// are accepted with any value, so that a stock redis.conf works; and directives of Redis that would
// change what clients see and are refused.

import {
  badEventClass, formatEventClasses, parseEventClasses,
} from '../commands/events/event-classes.ts';
import type {
  SavePoint, OutputLimit, OutputLimits, DirectiveValue, Directive,
} from './directive.ts';
import { packDirectives } from './pack-directives.ts';

const mebibyte = 1024 * 1024;
const largestInt = 2147483647;
const noLimit: OutputLimit = { hardBytes: 0, softBytes: 0, softSeconds: 0 };

/** Redis' own defaults for the three client classes. */
const outputLimits: OutputLimits = {
  normal: noLimit,
  slave: { hardBytes: 256 * mebibyte, softBytes: 64 * mebibyte, softSeconds: 60 },
  pubsub: { hardBytes: 32 * mebibyte, softBytes: 8 * mebibyte, softSeconds: 60 },
};

/** What a signal that ends the server asks for, in the order in which CONFIG GET shows it. */
const shutdownOptions: readonly string[] = ['default', 'save', 'nosave', 'now', 'force'];

const savePoints: readonly SavePoint[] = [
  { seconds: 3600, changes: 1 },
  { seconds: 300, changes: 100 },
  { seconds: 60, changes: 10000 },
];

function plainFileName(value: DirectiveValue): string | null {
  const name = String(value);
  if (name === '') return 'a file name is needed';
  if (name === '.' || name === '..') return `${name} is no file name`;
  return name.includes('/') ? "can't be a path, just a filename" : null;
}

function onlyNo(value: DirectiveValue): string | null {
  return value === false ? null : 'this engine stays in the foreground: leave it to a supervisor';
}

function percentiles(value: DirectiveValue): string | null {
  const isPercent = (text: string): boolean => Number(text) >= 0 && Number(text) <= 100;
  const wrong = !(value as readonly string[]).every(isPercent);
  return wrong ? 'The percentiles should contain double between 0 and 100' : null;
}

function eventClassSpelling(text: string): string {
  return formatEventClasses(parseEventClasses(text) ?? 0);
}

function onlyEventClasses(value: DirectiveValue): string | null {
  return parseEventClasses(String(value)) === null ? badEventClass : null;
}

function notSaveAndNosave(value: DirectiveValue): string | null {
  const options = value as readonly string[];
  const both = options.includes('save') && options.includes('nosave');
  return both ? "shutdown options SAVE and NOSAVE can't be used simultaneously" : null;
}

function onlyNoEviction(value: DirectiveValue): string | null {
  return value === 'noeviction' ? null : 'this engine does not evict keys';
}

/** Directives that this engine obeys; those about the encodings of collections stand apart. */
export const directives: readonly Directive[] = [
  {
    name: 'port', kind: 'integer', initial: 6379, mutability: 'immutable', min: 0, max: 65535,
    help: 'TCP port; 0 asks the system for a free one',
  },
  {
    name: 'bind', kind: 'words', initial: ['127.0.0.1', '-::1'], mutability: 'immutable',
    help: 'addresses to listen on; a leading - makes one optional',
  },
  {
    name: 'protected-mode', kind: 'flag', initial: true, mutability: 'mutable',
    help: 'refuse clients that do not come over loopback',
  },
  {
    name: 'unixsocket', kind: 'text', initial: '', mutability: 'immutable',
    help: 'path of a Unix socket to listen on as well; with port 0 on nothing else',
  },
  {
    name: 'unixsocketperm', kind: 'octal', initial: 0, mutability: 'immutable', min: 0, max: 0o777,
    help: 'permissions of the Unix socket, octal; 0 = as the system makes it',
  },
  {
    name: 'tcp-backlog', kind: 'integer', initial: 511, mutability: 'immutable', min: 0,
    max: largestInt, help: 'connections that may wait to be accepted',
  },
  {
    name: 'io-uring', kind: 'flag', initial: true, mutability: 'immutable',
    help: 'serve sockets through io_uring where Linux and Node offer it',
  },
  {
    name: 'tcp-keepalive', kind: 'integer', initial: 300, mutability: 'mutable', min: 0,
    max: largestInt, help: 'seconds before an idle connection is probed; 0 = never',
  },
  {
    name: 'timeout', kind: 'integer', initial: 0, mutability: 'mutable', min: 0, max: largestInt,
    help: 'seconds before an idle client is closed; 0 = never',
  },
  {
    name: 'maxclients', kind: 'integer', initial: 10000, mutability: 'mutable', min: 1,
    max: 4294967295, help: 'clients connected at the same time',
  },
  {
    name: 'databases', kind: 'integer', initial: 16, mutability: 'immutable', min: 1, max: 10000,
    help: 'numbered databases',
  },
  {
    name: 'dir', kind: 'text', initial: '.', mutability: 'protected',
    help: 'directory of the data files; it must exist',
  },
  {
    name: 'dbfilename', kind: 'text', initial: 'dump.rdb', mutability: 'protected',
    check: plainFileName, help: 'name of the snapshot',
  },
  {
    name: 'save', kind: 'save', initial: savePoints, mutability: 'mutable',
    help: 'snapshot after <seconds> if <changes> were made; "" = never',
  },
  {
    name: 'stop-writes-on-bgsave-error', kind: 'flag', initial: true, mutability: 'mutable',
    help: 'refuse writes while snapshots fail',
  },
  {
    name: 'rdbcompression', kind: 'flag', initial: true, mutability: 'mutable',
    help: 'compress strings in snapshots',
  },
  {
    name: 'rdbchecksum', kind: 'flag', initial: true, mutability: 'immutable',
    help: 'write and check the checksum of snapshots',
  },
  {
    name: 'rdb-target', kind: 'choice', initial: '10', mutability: 'mutable',
    choices: ['10', '11', '12'],
    help: 'version of RDB to write: 10 for Redis 7.0, 11 for 7.2 and Valkey, 12 for 7.4',
  },
  {
    name: 'appendonly', kind: 'flag', initial: false, mutability: 'mutable',
    help: 'keep an append only file',
  },
  {
    name: 'appendfilename', kind: 'text', initial: 'appendonly.aof', mutability: 'immutable',
    check: plainFileName, help: 'prefix of the files of the append only file',
  },
  {
    name: 'appenddirname', kind: 'text', initial: 'appendonlydir', mutability: 'immutable',
    check: plainFileName, help: 'directory of the append only file, inside dir',
  },
  {
    name: 'appendfsync', kind: 'choice', initial: 'everysec', mutability: 'mutable',
    choices: ['everysec', 'always', 'no'], help: 'when writes are synced to the disk',
  },
  {
    name: 'no-appendfsync-on-rewrite', kind: 'flag', initial: false, mutability: 'mutable',
    help: 'do not sync while a rewrite or a snapshot runs',
  },
  {
    name: 'auto-aof-rewrite-percentage', kind: 'integer', initial: 100, mutability: 'mutable',
    min: 0, max: largestInt, help: 'growth in percent that starts a rewrite; 0 = never',
  },
  {
    name: 'auto-aof-rewrite-min-size', kind: 'memory', initial: 64 * mebibyte,
    mutability: 'mutable', min: 0, help: 'size below which no rewrite starts by itself',
  },
  {
    name: 'aof-load-truncated', kind: 'flag', initial: true, mutability: 'mutable',
    help: 'start although the last command of the log is cut short',
  },
  {
    name: 'aof-load-corrupt-tail-max-size', kind: 'memory', initial: 0, mutability: 'mutable',
    min: 0, help: 'damage of so many bytes at the end of the log is cut off at start; 0 = never',
  },
  {
    name: 'aof-checksum', kind: 'flag', initial: true, mutability: 'mutable',
    help: 'write the log in blocks with checksums, which Redis skips',
  },
  {
    name: 'aof-timestamp-enabled', kind: 'flag', initial: false, mutability: 'mutable',
    help: 'note in the log when things were written',
  },
  {
    name: 'aof-sync-strategy', kind: 'choice', initial: 'auto', mutability: 'mutable',
    choices: ['auto', 'inline', 'thread'],
    help: 'where appendfsync always syncs: auto measures the disk and decides',
  },
  {
    name: 'aof-late-sync', kind: 'choice', initial: 'wait', mutability: 'mutable',
    choices: ['wait', 'acknowledge'],
    help: 'everysec, a sync is late: do replies to writes wait, or leave as in Redis',
  },
  {
    name: 'compat-strict', kind: 'flag', initial: false, mutability: 'mutable',
    help: 'do as Redis does where this engine is safer: see COMPAT.md',
  },
  {
    name: 'aof-use-rdb-preamble', kind: 'flag', initial: true, mutability: 'mutable',
    help: 'write the base of the log as a snapshot',
  },
  {
    name: 'maxmemory', kind: 'memory', initial: 0, mutability: 'mutable', min: 0,
    help: 'refuse commands that need memory above this; 0 = no limit',
  },
  {
    name: 'maxmemory-policy', kind: 'choice', initial: 'noeviction', mutability: 'mutable',
    choices: [
      'volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl', 'allkeys-lru',
      'allkeys-lfu', 'allkeys-random', 'noeviction',
    ],
    check: onlyNoEviction, help: 'what to do at maxmemory; only noeviction',
  },
  {
    name: 'hll-sparse-max-bytes', kind: 'memory', initial: 3000, mutability: 'mutable', min: 0,
    help: 'a sparse HyperLogLog longer than this becomes dense',
  },
  {
    name: 'arena-bytes', kind: 'memory', initial: 16 * 1024 * mebibyte, mutability: 'immutable',
    min: mebibyte, max: 16 * 1024 * mebibyte,
    help: 'address space reserved for the data; memory is used as it is needed',
  },
  {
    name: 'proto-max-bulk-len', kind: 'memory', initial: 512 * mebibyte, mutability: 'mutable',
    min: mebibyte, max: 1024 * mebibyte, help: 'longest string in a request',
  },
  {
    name: 'client-query-buffer-limit', kind: 'memory', initial: 1024 * mebibyte,
    mutability: 'mutable', min: mebibyte, max: 2048 * mebibyte - 1,
    help: 'longest unfinished request',
  },
  {
    name: 'client-output-buffer-limit', kind: 'output-limits', initial: outputLimits,
    mutability: 'mutable', help: 'unsent output above which a client is closed',
  },
  {
    name: 'hz', kind: 'integer', initial: 10, mutability: 'mutable', min: 1, max: 500,
    clips: true, help: 'how often a second background work runs',
  },
  {
    name: 'loglevel', kind: 'choice', initial: 'notice', mutability: 'mutable',
    choices: ['debug', 'verbose', 'notice', 'warning'], help: 'least important line to log',
  },
  {
    name: 'logfile', kind: 'text', initial: '', mutability: 'immutable',
    help: 'file to log to; "" = standard output',
  },
  {
    name: 'shutdown-on-sigterm', kind: 'choices', initial: ['default'], mutability: 'mutable',
    choices: shutdownOptions, check: notSaveAndNosave,
    help: 'how SIGTERM ends the server: default, or any of save, nosave, now, force',
  },
  {
    name: 'shutdown-on-sigint', kind: 'choices', initial: ['default'], mutability: 'mutable',
    choices: shutdownOptions, check: notSaveAndNosave,
    help: 'how SIGINT ends the server, in the same way',
  },
  {
    name: 'daemonize', kind: 'flag', initial: false, mutability: 'immutable', check: onlyNo,
    help: 'only no',
  },
  {
    name: 'notify-keyspace-events', kind: 'text', initial: '', mutability: 'mutable',
    check: onlyEventClasses, spelling: eventClassSpelling,
    help: 'which events of keys are published: letters of KEg$lshzxnmA; "" = none',
  },
  {
    name: 'requirepass', kind: 'text', initial: '', mutability: 'mutable',
    help: 'password that clients must give with AUTH; "" = none',
  },
  {
    name: 'rename-command', kind: 'renames', initial: [], mutability: 'immutable', hidden: true,
    help: '<command> <new name>; "" as the new name takes it away',
  },
  {
    name: 'rest-port', kind: 'integer', initial: -1, mutability: 'immutable', min: -1, max: 65535,
    help: 'HTTP port for @upstash/redis; 0 asks the system for one, -1 = none',
  },
  {
    name: 'rest-token', kind: 'text', initial: '', mutability: 'mutable',
    help: 'bearer token of the HTTP port; "" = requirepass, else loopback only',
  },
  {
    name: 'rest-max-request-size', kind: 'memory', initial: 16 * mebibyte, mutability: 'mutable',
    min: 1024, help: 'longest body of an HTTP request',
  },
  {
    name: 'slowlog-log-slower-than', kind: 'integer', initial: 10000, mutability: 'mutable',
    min: -1, help: 'µs that a command may take before SLOWLOG keeps it; -1 = never',
  },
  {
    name: 'slowlog-max-len', kind: 'integer', initial: 128, mutability: 'mutable', min: 0,
    max: largestInt, help: 'slow commands that are kept',
  },
  {
    name: 'latency-monitor-threshold', kind: 'integer', initial: 0, mutability: 'mutable', min: 0,
    help: 'ms from which on LATENCY keeps spikes; 0 = none',
  },
  {
    name: 'latency-tracking', kind: 'flag', initial: true, mutability: 'mutable',
    help: 'keep histograms of the times of commands',
  },
  {
    name: 'latency-tracking-info-percentiles', kind: 'words', initial: ['50', '99', '99.9'],
    mutability: 'mutable', check: percentiles, help: 'what INFO latencystats shows of them',
  },
  ...packDirectives,
  {
    name: 'enable-debug-command', kind: 'choice', initial: 'no', mutability: 'immutable',
    choices: ['no', 'yes', 'local'], help: 'who may call DEBUG',
  },
  {
    name: 'op-log-file', kind: 'text', initial: '', mutability: 'immutable',
    help: 'record every storage call and every reply to this file (for crash tests)',
  },
  {
    name: 'sync-delay-ms', kind: 'integer', initial: 0, mutability: 'immutable', min: 0,
    max: 60000, help: 'make every sync so much longer (for crash tests, with op-log-file)',
  },
];
