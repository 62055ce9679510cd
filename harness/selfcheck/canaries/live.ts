// What redis-server is said to do while its disk fails or a signal comes at a bad moment, asked of
// both servers on a faultfs.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RespClient } from '../../drivers/resp/client.ts';
import { infoFields } from '../../drivers/resp/info.ts';
import { startServing } from '../../drivers/resp/probe.ts';
import { reasonOf } from '../../errors.ts';
import { mountFaultfs } from '../../faultfs/client.ts';
import type { FaultfsMount, FaultRule } from '../../faultfs/client.ts';
import { freePort } from '../../targets/ports.ts';
import type { RunningTarget, Target } from '../../targets/target.ts';
import type { Canary } from './files.ts';

type Directives = readonly (readonly [string, string])[];

/** A weakness that only a running server shows. */
export interface LiveCanary extends Canary {
  readonly directives: Directives;
  readonly play: (stage: Stage) => Promise<string>;
}

/** A server on a faultfs, and the means to play with both. */
interface Stage {
  readonly mount: FaultfsMount;
  readonly running: RunningTarget;
  readonly client: RespClient;
  /** Kills it and starts it again. */
  again(): Promise<RespClient>;
}

const timeoutMs = 30_000;
const pollMs = 20;
const full = { kind: 'error', code: 'ENOSPC' } as const;

/** Plays it on a server of its own; the outcome in a few words. */
export async function liveOutcome(target: Target, canary: LiveCanary): Promise<string> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-canary-'));
  const backing = path.join(root, 'backing');
  fs.mkdirSync(backing);
  const mount = await mountFaultfs({ backing, mountPoint: path.join(root, 'mount') });
  const running: RunningTarget[] = [];
  const start = async (): Promise<RespClient> => {
    running.unshift(await startServing(target, {
      directory: mount.mountPoint, port: await freePort(), directives: canary.directives,
      logPath: path.join(root, 'log'), record: null,
    }, timeoutMs));
    return RespClient.connect({ port: running[0]?.port ?? 0, timeoutMs });
  };
  const kill = async (): Promise<void> => {
    running[0]?.kill();
    await running[0]?.exited;
  };
  try {
    const client = await start();
    const [first] = running as [RunningTarget];
    return await canary.play({
      mount, running: first, client, again: async () => {
        await kill();
        return start();
      },
    });
  } finally {
    await mount.setRules([]);
    await kill();
    await mount.unmount();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

type Info = ReadonlyMap<string, string>;

async function untilInfo(client: RespClient, isTime: (info: Info) => boolean): Promise<void> {
  while (!isTime(await infoFields(client))) await sleep(pollMs);
}

const restsFromRewrite = (info: Info): boolean => (
  info.get('aof_rewrite_in_progress') === '0' && info.get('aof_rewrite_scheduled') === '0');
const restsFromSnapshot = (info: Info): boolean => info.get('rdb_bgsave_in_progress') === '0';

/** `yes`, or the first word of the error: MISCONF, say. */
async function takes(client: RespClient, ...command: readonly string[]): Promise<string> {
  return client.call(...command).then(() => 'yes', (error: unknown) => (
    reasonOf(error).split(' ')[0] ?? ''));
}

const failingSnapshot: readonly FaultRule[] = [
  { calls: ['write'], paths: 'temp-*.rdb', fault: full },
];
const endMs = 4000;

/** Sends SIGTERM; whether the server has ended some time after. */
async function afterSigterm({ running }: Stage): Promise<string> {
  process.kill(running.pid, 'SIGTERM');
  const exit = await Promise.race([running.exited, sleep(endMs, null, { ref: false })]);
  return exit === null ? 'goes on' : `ends with ${exit.code ?? exit.signal ?? ''}`;
}

export const liveCanaries: readonly LiveCanary[] = [
  {
    name: 'rewrite-amid-write-errors',
    what: 'no write to the log succeeds, one INCR, a rewrite of the log, room again, '
      + 'kill and start',
    directives: [['appendonly', 'yes'], ['appendfsync', 'everysec'], ['save', '']],
    expected: { redis: '1 counted, 2 found', bundled: ['1 counted, 1 found'] },
    isRight: (outcome) => outcome === '1 counted, 1 found',
    play: async ({ mount, client, running, again }) => {
      await client.call('SET', 'c', '0');
      await mount.setRules([{ calls: ['write'], paths: '**/*.1.incr.aof', fault: full }]);
      // The bundled engine answers when it has written.
      const counted = client.call('INCR', 'c');
      const other = await RespClient.connect({ port: running.port, timeoutMs });
      await untilInfo(other, (info) => info.get('aof_last_write_status') === 'err');
      await takes(other, 'BGREWRITEAOF');
      await untilInfo(other, restsFromRewrite);
      await mount.setRules([]);
      const answer = String(await counted);
      other.close();
      const found = String(await (await again()).call('GET', 'c'));
      return `${answer} counted, ${found} found`;
    },
  },
  {
    name: 'sigterm-amid-the-first-log',
    what: 'CONFIG SET appendonly yes, and SIGTERM before the log has its first base',
    directives: [['save', '']],
    expected: { redis: 'goes on', bundled: ['goes on'] },
    // Without save points nothing else holds the key.
    isRight: (outcome) => outcome === 'goes on',
    play: async (stage) => {
      await stage.client.call('SET', 'k', 'v');
      await stage.mount.setRules([
        { calls: ['write'], paths: 'temp-rewriteaof-*', fault: { kind: 'delay', delayMs: 1000 } },
      ]);
      await stage.client.call('CONFIG', 'SET', 'appendonly', 'yes');
      return afterSigterm(stage);
    },
  },
  {
    name: 'snapshot-fails',
    what: 'with save points, BGSAVE meets a full disk, then one with room',
    directives: [['save', '3600 1']],
    expected: { redis: 'MISCONF, then yes', bundled: ['MISCONF, then yes'] },
    isRight: (outcome) => outcome === 'MISCONF, then yes',
    play: async ({ mount, client }) => {
      await client.call('SET', 'a', '1');
      await mount.setRules(failingSnapshot);
      await takes(client, 'BGSAVE');
      await untilInfo(client, restsFromSnapshot);
      const amid = await takes(client, 'SET', 'b', '1');
      await mount.setRules([]);
      await takes(client, 'BGSAVE');
      await untilInfo(client, restsFromSnapshot);
      return `${amid}, then ${await takes(client, 'SET', 'b', '1')}`;
    },
  },
  {
    name: 'sigterm-cannot-save',
    what: 'with save points and changes, SIGTERM while the disk is full',
    directives: [['save', '3600 1']],
    expected: { redis: 'goes on', bundled: ['goes on'] },
    isRight: (outcome) => outcome === 'goes on',
    play: async (stage) => {
      await stage.client.call('SET', 'a', '1');
      await stage.mount.setRules(failingSnapshot);
      return afterSigterm(stage);
    },
  },
  {
    name: 'rewrites-keep-failing',
    what: 'the log grows past its mark, and every rewrite of it meets a full disk',
    directives: [
      ['appendonly', 'yes'], ['save', ''], ['auto-aof-rewrite-percentage', '1'],
      ['auto-aof-rewrite-min-size', '1kb'],
    ],
    expected: { redis: 'pauses', bundled: ['pauses'] },
    isRight: (outcome) => outcome === 'pauses',
    play: async ({ mount, client }) => {
      await mount.setRules([{ calls: ['write'], paths: 'temp-rewriteaof-*', fault: full }]);
      await client.pipeline(Array.from({ length: 100 }, (_, key) => (
        ['SET', `k${key}`, 'v'.repeat(100)])));
      const [failures, all] = [new Set<string>(), 12];
      for (const endsMs = Date.now() + endMs; Date.now() < endsMs; await sleep(pollMs)) {
        failures.add((await infoFields(client)).get('aof_rewrites') ?? '');
      }
      return failures.size < all ? 'pauses' : `tries again and again: ${failures.size}`;
    },
  },
];
