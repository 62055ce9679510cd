// What the server counts, and the text of INFO, with Redis' sections and field names. What commands
// count is in the context's CommandStatistics.

import type { BlockingTable } from '../commands/blocking.ts';
import type { ChannelTable } from '../commands/channels.ts';
import { redisVersion } from '../commands/context.ts';
import type { CommandStatistics, PersistencePort } from '../commands/context.ts';
import type { CommandTimes } from '../commands/monitor/command-times.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { processId } from './host.ts';
import type { HostFacts, ProcessUsage } from './host.ts';
import { commandFields, latencyFields } from './info-commands.ts';

/** Samples that `instantaneous_…` are averaged over: 16 turns of the cron, as in Redis. */
const sampleCount = 16;

/** A rate over the last samples of a counter that only grows. */
export class RateMeter {
  private readonly samples: number[] = [];
  private lastCount = 0;
  private lastMs = 0;

  sample(count: number, nowMs: number): void {
    if (this.lastMs !== 0 && nowMs > this.lastMs) {
      this.samples.push(((count - this.lastCount) * 1000) / (nowMs - this.lastMs));
      if (this.samples.length > sampleCount) this.samples.shift();
    }
    this.lastCount = count;
    this.lastMs = nowMs;
  }

  /** Per second. */
  get perSecond(): number {
    if (this.samples.length === 0) return 0;
    return this.samples.reduce((sum, value) => sum + value, 0) / this.samples.length;
  }
}

/** Most error codes told apart; beyond it they count as ERR, since clients could invent them. */
const maxErrorCodes = 128;
const carriageReturn = 13;
const blank = 32;

/** Counters of connections and traffic. */
export class ServerStatistics {
  connectionsReceived = 0;
  connectionsRejected = 0;
  inputBytes = 0;
  outputBytes = 0;
  peakMemoryBytes = 0;
  startupMemoryBytes = 0;
  errorReplies = 0;
  readonly errorCounts: Map<string, number> = new Map();
  readonly operations: RateMeter = new RateMeter();
  readonly input: RateMeter = new RateMeter();
  readonly output: RateMeter = new RateMeter();

  /** Counts the error reply that begins at `mark` by its first word; other replies may follow. */
  countError(replies: Buffer, mark: number): void {
    this.errorReplies++;
    let end = mark + 1;
    while (end < replies.length && replies[end] !== blank && replies[end] !== carriageReturn) end++;
    // An error inside an EXEC's array: its place is not known, its code is not worth the search.
    const code = replies[mark] === 45 ? replies.toString('latin1', mark + 1, end) : 'ERR';
    const key = this.errorCounts.size < maxErrorCodes || this.errorCounts.has(code) ? code : 'ERR';
    this.errorCounts.set(key, (this.errorCounts.get(key) ?? 0) + 1);
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.connectionsReceived = 0;
    this.connectionsRejected = 0;
    this.inputBytes = 0;
    this.outputBytes = 0;
    this.errorReplies = 0;
    this.errorCounts.clear();
  }
}

/** Everything that INFO shows. */
export interface InfoSource {
  readonly configuration: Configuration;
  readonly keyspace: Keyspace;
  readonly persistence: PersistencePort;
  readonly blocking: BlockingTable;
  readonly channels: ChannelTable;
  readonly commands: CommandStatistics;
  readonly statistics: ServerStatistics;
  readonly times: CommandTimes;
  readonly clientBytes: number;
  readonly host: HostFacts;
  readonly usage: ProcessUsage;
  readonly runId: string;
  readonly port: number;
  readonly clientCount: number;
  readonly startedMs: number;
  readonly nowMs: number;
}

type Field = readonly [name: string, value: string | number];

const sections: ReadonlyMap<string, (source: InfoSource) => readonly Field[]> = new Map([
  ['server', serverFields],
  ['clients', clientFields],
  ['memory', memoryFields],
  ['persistence', (source: InfoSource) => source.persistence.infoFields()],
  ['stats', statsFields],
  ['replication', replicationFields],
  ['cpu', cpuFields],
  ['modules', () => []],
  ['commandstats', ({ times }: InfoSource) => commandFields(times)],
  ['errorstats', errorFields],
  ['latencystats', ({ times, configuration }: InfoSource) =>
    latencyFields(times, configuration.words('latency-tracking-info-percentiles'))],
  ['cluster', (): readonly Field[] => [['cluster_enabled', 0]]],
  ['keyspace', keyspaceFields],
]);

const titles: ReadonlyMap<string, string> = new Map([['cpu', 'CPU']]);
const notByDefault = new Set(['commandstats', 'latencystats']);

/** The text of INFO; no sections, `default`, `all` and `everything` as in Redis. */
export function infoText(source: InfoSource, wanted: readonly string[]): string {
  const names = wanted.length === 0 ? ['default'] : wanted;
  const everything = names.includes('all') || names.includes('everything');
  const byDefault = names.includes('default');
  const parts: string[] = [];
  for (const [name, fields] of sections) {
    const shown = names.includes(name) || everything || (byDefault && !notByDefault.has(name));
    if (!shown) continue;
    const title = titles.get(name) ?? name.charAt(0).toUpperCase() + name.slice(1);
    const lines = fields(source).map(([field, value]) => `${field}:${value}\r\n`);
    parts.push(`# ${title}\r\n${lines.join('')}`);
  }
  return parts.join('\r\n');
}

/** Bytes for people, as Redis writes them: 1.02M. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes;
  let unit = '';
  for (unit of ['K', 'M', 'G', 'T', 'P']) {
    value /= 1024;
    if (value < 1024) break;
  }
  return `${value.toFixed(2)}${unit}`;
}

function serverFields(source: InfoSource): readonly Field[] {
  const uptimeSec = Math.floor((source.nowMs - source.startedMs) / 1000);
  const hz = source.configuration.integer('hz');
  return [
    ['redis_version', redisVersion],
    ['redis_mode', 'standalone'],
    ['server_name', 'plugpull'],
    ['os', source.host.os],
    ['arch_bits', 64],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', source.host.multiplexer],
    ['node_version', source.host.nodeVersion],
    ['process_id', processId],
    ['process_supervised', 'no'],
    ['run_id', source.runId],
    ['tcp_port', source.port],
    ['server_time_usec', source.nowMs * 1000],
    ['uptime_in_seconds', uptimeSec],
    ['uptime_in_days', Math.floor(uptimeSec / 86400)],
    ['hz', hz],
    ['configured_hz', hz],
    ['lru_clock', Math.floor(source.nowMs / 1000) % 2 ** 24],
    ['executable', source.host.executable],
    ['config_file', ''],
    ['io_threads_active', 0],
  ];
}

function clientFields(source: InfoSource): readonly Field[] {
  return [
    ['connected_clients', source.clientCount],
    ['cluster_connections', 0],
    ['maxclients', source.configuration.integer('maxclients')],
    ['blocked_clients', source.blocking.count],
    ['tracking_clients', 0],
    ['clients_in_timeout_table', source.blocking.timedCount],
  ];
}

/** What `used_memory` is here: blocks of the arena that are in use, and the JS heap. */
export function usedBytes(source: Pick<InfoSource, 'keyspace' | 'usage'>): number {
  return source.keyspace.arena.usedBytes + source.usage.heapBytes;
}

function memoryFields(source: InfoSource): readonly Field[] {
  const { keyspace, usage, statistics, host } = source;
  const used = usedBytes(source);
  statistics.peakMemoryBytes = Math.max(statistics.peakMemoryBytes, used);
  const peak = statistics.peakMemoryBytes;
  const limit = source.configuration.integer('maxmemory');
  return [
    ['used_memory', used],
    ['used_memory_human', humanBytes(used)],
    ['used_memory_rss', usage.rssBytes],
    ['used_memory_rss_human', humanBytes(usage.rssBytes)],
    ['used_memory_peak', peak],
    ['used_memory_peak_human', humanBytes(peak)],
    ['used_memory_peak_perc', `${((used / peak) * 100).toFixed(2)}%`],
    ['used_memory_overhead', usage.heapBytes],
    ['used_memory_startup', statistics.startupMemoryBytes],
    ['used_memory_dataset', keyspace.arena.usedBytes],
    ['used_memory_dataset_perc', `${((keyspace.arena.usedBytes / used) * 100).toFixed(2)}%`],
    ['arena_used_bytes', keyspace.arena.usedBytes],
    ['arena_reserved_bytes', keyspace.arena.reservedBytes],
    ['arena_peak_bytes', keyspace.arena.peakBytes],
    ['arena_capacity_bytes', keyspace.arena.capacityBytes],
    ['total_system_memory', host.totalMemoryBytes],
    ['total_system_memory_human', humanBytes(host.totalMemoryBytes)],
    ['maxmemory', limit],
    ['maxmemory_human', humanBytes(limit)],
    ['maxmemory_policy', source.configuration.text('maxmemory-policy')],
    ['mem_fragmentation_ratio', (usage.rssBytes / used).toFixed(2)],
    ['mem_fragmentation_bytes', usage.rssBytes - used],
    ['mem_clients_normal', source.clientBytes],
    ['mem_allocator', 'arena'],
  ];
}

function statsFields(source: InfoSource): readonly Field[] {
  const { channels, statistics, commands } = source;
  return [
    ['total_connections_received', statistics.connectionsReceived],
    ['total_commands_processed', commands.commandsProcessed],
    ['instantaneous_ops_per_sec', Math.round(statistics.operations.perSecond)],
    ['total_net_input_bytes', statistics.inputBytes],
    ['total_net_output_bytes', statistics.outputBytes],
    ['instantaneous_input_kbps', (statistics.input.perSecond / 1024).toFixed(2)],
    ['instantaneous_output_kbps', (statistics.output.perSecond / 1024).toFixed(2)],
    ['rejected_connections', statistics.connectionsRejected],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', commands.expiredKeys],
    ['expired_subkeys', commands.expiredFields],
    ['evicted_keys', 0],
    ['keyspace_hits', commands.keyspaceHits],
    ['keyspace_misses', commands.keyspaceMisses],
    ['pubsub_channels', channels.size('channels')],
    ['pubsub_patterns', channels.size('patterns')],
    ['pubsubshard_channels', channels.size('shardChannels')],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['unexpected_error_replies', 0],
    ['total_error_replies', statistics.errorReplies],
  ];
}

function replicationFields(source: InfoSource): readonly Field[] {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', source.runId],
    ['master_replid2', '0'.repeat(40)],
    ['master_repl_offset', 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', 1048576],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  ];
}

function cpuFields({ usage }: InfoSource): readonly Field[] {
  return [
    ['used_cpu_sys', usage.cpuSystemSec.toFixed(6)],
    ['used_cpu_user', usage.cpuUserSec.toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ];
}

function errorFields({ statistics }: InfoSource): readonly Field[] {
  return [...statistics.errorCounts].map(([code, count]) =>
    [`errorstat_${code}`, `count=${count}`] as const);
}

function keyspaceFields({ keyspace }: InfoSource): readonly Field[] {
  return keyspace.databases
    .filter((database) => database.size > 0)
    .map(({ index, size, deadlineCount, fieldDeadlineCount }) => {
      // As Redis 8 shows them, but only where there are any.
      const fields = fieldDeadlineCount === 0 ? '' : `,subexpiry=${fieldDeadlineCount}`;
      return [`db${index}`, `keys=${size},expires=${deadlineCount},avg_ttl=0${fields}`] as const;
    });
}
