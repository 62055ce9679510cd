// `no-appendfsync-on-rewrite yes` under `appendfsync always`: what is acknowledged while a rewrite
// runs is not synced. Redis on faultfs, whose op log gives the power cut; the bundled engine in the
// simulation.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readOpLog } from '../../../engine/io/op-log.ts';
import { CrashImager } from '../../crash/image.ts';
import { RespClient } from '../../drivers/resp/client.ts';
import { faultfsUnavailable, mountFaultfs } from '../../faultfs/client.ts';
import { monotonicNs } from '../../metrics/monotonic.ts';
import { planSimulation } from '../../simulation/plan.ts';
import { simulate } from '../../simulation/simulate.ts';
import { freePort } from '../../targets/ports.ts';
import type { Target } from '../../targets/target.ts';
import type { Canary } from './files.ts';
import { startListening } from '../../targets/targets.ts';

const loses = 'loses what was acknowledged';
const losesNothing = 'loses nothing';
const simulatedTrials = 60;
const slowKeyUs = 20_000;
const keysBefore = 100;

export const noSyncOnRewrite: Canary = {
  name: 'no-appendfsync-on-rewrite',
  what: 'no-appendfsync-on-rewrite yes under appendfsync always, a power cut during a rewrite',
  expected: { redis: loses, bundled: [loses] },
  isRight: (outcome) => outcome === losesNothing,
};

/** Why Redis cannot be asked here, or null. */
export function whyNotRedis(): string | null {
  return faultfsUnavailable();
}

/** The bundled engine, power cuts at seeded instants of simulated runs. */
export async function bundledOutcome(): Promise<string> {
  const scope = {
    settings: ['aof/always'], crashes: ['power'], faults: false, damage: false,
  } as const;
  for (let seed = 1; seed <= simulatedTrials; seed++) {
    const plan = planSimulation(seed, scope);
    const directives = [...plan.directives, ['no-appendfsync-on-rewrite', 'yes'] as const];
    const { failure } = await simulate({ ...plan, directives });
    if (failure !== null) return loses;
  }
  return losesNothing;
}

/** redis-server on faultfs: a SET answered in the midst of a slow rewrite, then the power cut. */
export async function redisOutcome(target: Target): Promise<string> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugpull-canary-'));
  const [backing, opLogPath] = [path.join(root, 'backing'), path.join(root, 'op-log')];
  fs.mkdirSync(backing);
  const mount = await mountFaultfs({ backing, mountPoint: path.join(root, 'mount'), opLogPath });
  try {
    const cutNs = await acknowledgedDuringRewrite(target, mount.mountPoint, `${root}/log`);
    await mount.unmount();
    const image = new CrashImager(readOpLog(fs.readFileSync(opLogPath)), { loadStartNs: 0 });
    const logs = [...image.at(cutNs).files].filter(([name]) => name.endsWith('.incr.aof'));
    const isThere = logs.some(([, bytes]) => Buffer.from(bytes).includes('canary'));
    return isThere ? losesNothing : loses;
  } finally {
    await mount.unmount();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** Returns when the write had been answered, with the rewrite still running. */
async function acknowledgedDuringRewrite(
  target: Target, directory: string, logPath: string,
): Promise<number> {
  const { running } = await startListening(target, {
    directory, port: await freePort(), logPath, record: null,
    directives: [
      ['appendonly', 'yes'], ['appendfsync', 'always'], ['save', ''],
      ['no-appendfsync-on-rewrite', 'yes'],
    ],
  }, 10_000);
  try {
    const client = await RespClient.connect({ port: running.port });
    for (let key = 0; key < keysBefore; key++) await client.call('SET', `k${key}`, 'v');
    await client.call('CONFIG', 'SET', 'rdb-key-save-delay', String(slowKeyUs));
    await client.call('BGREWRITEAOF');
    await client.call('SET', 'canary', '1');
    const cutNs = monotonicNs();
    client.close();
    return cutNs;
  } finally {
    running.kill();
    await running.exited;
  }
}
