// What the keeper learns from INFO: since when Redis may hold acknowledged writes back.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNs } from '../metrics/monotonic.ts';
import { SnapshotKeeper } from './snapshots.ts';

/** Answers everything with an INFO of that moment; `pending` are syncs. */
async function infoServer(
  state: { pending: number; rewriting?: number; saves?: string },
): Promise<net.Server> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const text = `aof_pending_bio_fsync:${state.pending}\r\nrdb_bgsave_in_progress:0\r\n`
        + `aof_rewrite_in_progress:${state.rewriting ?? 0}\r\nrdb_last_bgsave_status:ok\r\n`
        + `${state.saves ?? 'rdb_saves:0'}\r\n`;
      socket.write(`$${text.length}\r\n${text}\r\n`);
      if (bytes.includes('BGSAVE')) server.emit('asked');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Connects to it; both end with the test, passed or not. */
async function keeperOf(t: ExecutionContext, server: net.Server): Promise<SnapshotKeeper> {
  const { port } = server.address() as AddressInfo;
  const keeper = await SnapshotKeeper.connect({ host: '127.0.0.1', port });
  t.teardown(async () => {
    await keeper.close();
    server.close();
  });
  return keeper;
}

/** Once so many spans have ended. */
async function ended(keeper: SnapshotKeeper, count: number): Promise<void> {
  const isEnded = ({ toNs }: { toNs: number }): boolean => toNs < Infinity;
  while (keeper.spansUntil(Infinity).filter(isEnded).length < count) await sleep(5);
}

test('held back at most since the last look without a running sync', async (t) => {
  const state = { pending: 1 };
  const server = await infoServer(state);
  const keeper = await keeperOf(t, server);
  keeper.begin(monotonicNs(), { snapshotsAtMs: [], rewritesAtMs: [] });
  await sleep(120);
  t.is(keeper.heldBackMs(monotonicNs()), Infinity, 'it was never seen without a running sync');
  state.pending = 0;
  while (!Number.isFinite(keeper.heldBackMs(monotonicNs()))) await sleep(5);
  state.pending = 1;
  while (keeper.heldBackMs(monotonicNs()) < 100) await sleep(5); // the sync runs since then
  t.pass();
});

test('snapshots and rewrites begin and end; what runs at the cut ends there', async (t) => {
  const state = { pending: 0, rewriting: 0 };
  const server = await infoServer(state);
  const keeper = await keeperOf(t, server);
  const startNs = monotonicNs();
  keeper.begin(startNs, { snapshotsAtMs: [1], rewritesAtMs: [] });
  await ended(keeper, 1);
  state.rewriting = 1;
  while (keeper.spansUntil(Infinity).length < 2) await sleep(5);
  const cutNs = monotonicNs();
  const [snapshot, rewrite] = keeper.spansUntil(cutNs);
  t.is(snapshot?.kind, 'snapshot');
  t.true((snapshot?.fromNs ?? 0) >= startNs && (snapshot?.toNs ?? 0) <= cutNs);
  t.like(rewrite, { kind: 'rewrite', toNs: cutNs });
});

for (const [what, first, finished] of [
  ['the engine counts it', 'snapshot_steps:1\r\nrdb_saves:4', 'snapshot_steps:1\r\nrdb_saves:5'],
  ['its time', 'rdb_last_save_time:1700000000', 'rdb_saves:9\r\nrdb_last_save_time:1700000001'],
  ['changes', 'rdb_changes_since_last_save:9', 'rdb_changes_since_last_save:8'],
] as const) {
  test(`a snapshot that FLUSHALL ended keeps nothing, a finished one does: ${what}`, async (t) => {
    const state = { pending: 0, saves: first as string };
    const server = await infoServer(state);
    const keeper = await keeperOf(t, server);
    keeper.begin(monotonicNs(), { snapshotsAtMs: [1], rewritesAtMs: [] });
    await ended(keeper, 1);
    t.deepEqual([keeper.floors.length, keeper.failures.length], [0, 0]);
    const again = await keeperOf(t, server);
    server.once('asked', () => {
      state.saves = finished;
    });
    again.begin(monotonicNs(), { snapshotsAtMs: [1], rewritesAtMs: [] });
    await ended(again, 1);
    t.deepEqual([again.floors.length, again.failures.length], [1, 0]);
  });
}
